/** Pages with an embedder policy (COEP), which refuse every frame and script that does not allow them: in real browsers. */
import { expect } from 'chai'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { startWorld, type World } from '../support/world.js'

for (const kind of ['allowed', 'blocked', 'firefox'] as const)
  describe(`a page with an embedder policy, in ${{ allowed: 'Chromium', blocked: 'Chromium with cookies blocked @all', firefox: 'Firefox @all' }[kind]}`, () => {
    let world: World
    let browser: TestBrowser
    let page: TestPage
    let travel: string

    before(async () => {
      browser = await startBrowser(kind)
      world = await startWorld({ sites: ['travel'] })
      const { listener, site } = world.siteOf('travel')
      travel = listener.origin
      listener.use((req, res, next) => {
        if (req.path !== '/isolated') {
          next()
          return
        }
        const { coep, from } = req.query as Record<string, string>
        if (coep)
          res.set({ 'cross-origin-embedder-policy': coep, 'cross-origin-opener-policy': 'same-origin' })
        const own = site.scriptTag(req)
        const tag = from === 'hub' ? `<script async src="${world.hub.origin}/sdk.js"></script>` : own
        res.type('html').send(`<!doctype html><title>isolated</title>${tag}`)
      })
    })
    // A tab for each: a page with a policy is in another group of windows than one without, and Puppeteer then waits for frames of the page
    // before it, which never load.
    beforeEach(async () => (page = await browser.newPage()))
    afterEach(() => page.page.close())
    after(async () => {
      await browser.close()
      await world.close()
    })

    for (const from of ['hub', 'site'])
      for (const coep of ['', 'credentialless', 'require-corp'])
        it(`${coep ? `"${coep}"` : 'of none'}, with the SDK from the ${from}: frame, live.js and ladder.js are there`, async () => {
          await page.open(`${travel}/isolated?coep=${coep}&from=${from}`)
          await page.until(() => 'SessionHub' in window)
          // Forced, whatever the page before it remembers.
          const outcome = kind === 'allowed' ? 'none' : 'blocked'
          expect(await page.sync()).to.include({ outcome })
          expect(await page.run(() => crossOriginIsolated)).to.equal(coep !== '')
          expect(await page.run(() => SessionHub.explain())).to.include('Session Hub, ')
          expect(await page.run(() => SessionHub.signOut())).to.equal(true)
        })

    if (kind === 'blocked')
      for (const coep of ['', 'require-corp'])
        it(`${coep || 'of none'}: shows the hub’s button`, async () => {
          await page.open(`${travel}/isolated?coep=${coep}`)
          await page.event('access-needed')
          await page.run(() => void SessionHub.accessButton(document.body))
          await page.page.waitForSelector('body > iframe')
          const frame = await (await page.page.$('body > iframe'))?.contentFrame()
          await frame?.waitForSelector('button')
        })
  })
