/** Links to and from sites below a path, where frames are blocked; a proxy removes the path. */
import { expect } from 'chai'
import type { RequestHandler } from 'express'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { siteApp } from '../support/site-app.js'
import { bePatient, untilDecorated } from '../support/sister-links.js'
import { startWorld, type World } from '../support/world.js'

const ENDPOINT = '/app/session-hub'

/** As such a proxy does it; other paths are another application's. */
const withoutPath: RequestHandler = (req, res, next) => {
  const rest = /^\/app(\/.*)$/s.exec(req.url)?.[1]
  if (rest === undefined) res.type('html').send('<!doctype html><title>none</title>')
  else {
    req.url = req.originalUrl = rest
    next()
  }
}

describe('a site below a path, in Chromium with cookies blocked', () => {
  let browser: TestBrowser
  let world: World
  let page: TestPage
  let shop: string
  let travel: string
  let stranger: string
  /** What the shop's backend tells its page in place of the sister's endpoint. */
  let said: string | undefined

  before(async () => (browser = await startBrowser('blocked')))
  after(() => browser.close())

  beforeEach(async () => {
    said = undefined
    world = await startWorld({ sites: ['stranger'] })
    await world.addSite('shop', (app, site) => {
      app.use((req, res, next) => {
        if (req.url !== '/session-hub/link' || said === undefined) next()
        else res.json({ ticket: 'x', endpoint: said })
      })
      app.get('/links', (req, res) => {
        const { to } = req.query as { to: string }
        res.type('html').send(pageTo(travel + to, site.scriptTag(req, { sisterLinks: true })))
      })
      app.use(siteApp('shop', site))
    })
    const options = { endpoint: ENDPOINT, removedPath: '/app' }
    await world.addSite(
      'travel',
      (app, site) => {
        app.use(withoutPath)
        app.get('/links', (req, res) => {
          res.type('html').send(pageTo(`${shop}/plain`, site.scriptTag(req, { sisterLinks: true })))
        })
        app.use(siteApp('travel', site))
      },
      options,
    )
    ;[shop, travel, stranger] = ['shop', 'travel', 'stranger'].map((name) => world.siteOf(name).origin) as [
      string,
      string,
      string,
    ]
    world.register({ ...world.siteOf('shop').registration, sisters: [travel] })
    world.register({ ...world.siteOf('travel').registration, endpoint: ENDPOINT, sisters: [shop] })
    page = await browser.newPage()
  })
  afterEach(async () => {
    await browser.renew()
    await world.close()
  })

  const pageTo = (address: string, tag: string) =>
    `<!doctype html><title>links</title>${tag}<a id=go href="${address}">Go</a>`

  async function follow(links: string, cart: string, to: string): Promise<void> {
    await page.open(new URL('plain', links).href)
    await page.fetch(cart, { item: 'boots' })
    await page.visit(links)
    await untilDecorated(page)
    await bePatient(page)
    await page.click('#go')
    await page.page.waitForFunction((there) => location.href === there, { polling: 20 }, to)
  }
  const posts = (name: string) =>
    world.siteOf(name).listener.seen.filter(({ method, url }) => method === 'POST' && url.includes('/enter'))

  it('gets the session by a link to it, and brings it along by one from it', async () => {
    await follow(`${shop}/links?to=/app/plain`, '/cart', `${travel}/app/plain`)
    expect(posts('travel').map(({ url }) => url.split('?')[0])).to.deep.equal([`${ENDPOINT}/enter`])
    expect((await page.fetch('/app/whoami')).data).to.deep.equal({ cart: ['boots'] })

    await page.fetch('/app/cart', { item: 'map' })
    await page.visit(`${travel}/app/links`)
    await untilDecorated(page)
    await bePatient(page)
    await page.click('#go')
    await page.page.waitForFunction((there) => location.href === there, { polling: 20 }, `${shop}/plain`)
    expect((await page.fetch('/whoami')).data).to.deep.equal({ cart: ['boots', 'map'] })
  })

  it('is reached by an ordinary link where that leads to one of its endpoints', async () => {
    await follow(`${shop}/links?to=${ENDPOINT}/none`, '/cart', `${travel}${ENDPOINT}/none`)
    expect(posts('travel')).to.deep.equal([])
  })

  it('R10: gets the form at its own origin only, whatever the answer says of its endpoint', async () => {
    const port = new URL(stranger).port
    for (said of [
      `//stranger.localhost:${port}`,
      `@stranger.localhost:${port}`,
      `.stranger.localhost:${port}`,
      stranger,
      `/\\stranger.localhost:${port}`,
      '',
    ]) {
      await follow(`${shop}/links?to=/app/plain`, '/cart', `${travel}/app/plain`)
      for (const name of ['stranger', 'travel', 'shop']) expect(posts(name), said).to.deep.equal([])
    }
  })
})
