/** Two applications of express-session, with Passport and connect-flash, whose session is the hub's: one visitor in a real Chromium. */
import { expect } from 'chai'
import { expressSession } from 'session-hub/express-session'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { passportApp, SECRET } from '../support/passport-app.js'
import { startWorld, type World } from '../support/world.js'

describe('two applications of express-session, in Chromium', () => {
  let world: World
  let browser: TestBrowser
  let page: TestPage

  before(async () => {
    world = await startWorld({ sites: [] })
    for (const name of ['shop', 'travel'])
      await world.addSite(
        name,
        (app, site) => {
          app.use(site.router)
          app.get('/page', (req, res) => {
            res.send(`<!doctype html><title>${name}</title>
              <form method="post" action="/login"><input name="username"><input name="password"><button>Sign in</button></form>
              ${site.scriptTag(req)}`)
          })
          passportApp(app, expressSession(site, { secret: `${name}: ${SECRET}`, shared: ['cart'] }))
        },
        { sessionProperty: 'hub' },
      )
    browser = await startBrowser('allowed')
    page = await browser.newPage()
  })
  after(async () => {
    await browser.close()
    await world.close()
  })

  const pageOf = (name: string) => `${world.siteOf(name).origin}/page`

  it('share the cart, a sign-in by Passport’s form, and its logout', async () => {
    await page.visit(pageOf('shop'))
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()

    expect((await page.visit(pageOf('travel'))).detail).to.include({ outcome: 'replace' })
    expect(await page.fetch('/')).to.deep.include({ user: null, cart: ['boots'], said: {} })
    await page.page.type('[name=username]', 'ada')
    await page.page.type('[name=password]', 'right')
    await Promise.all([page.page.waitForNavigation(), page.page.click('button')])
    expect(await page.page.evaluate(() => location.pathname)).to.equal('/')
    await page.visit(pageOf('travel'))
    await page.sync()

    await page.visit(pageOf('shop'))
    expect(await page.fetch('/')).to.deep.include({ user: { id: 'ada' }, cart: ['boots'] })
    expect(await page.fetch('/logout', {})).to.deep.include({ user: null, said: { info: ['Good-bye'] } })
    await page.sync()
    await page.visit(pageOf('travel'))
    expect(await page.fetch('/')).to.deep.include({ user: null, cart: [], said: {} })
    expect(page.scriptErrors).to.deep.equal([])
  })
})
