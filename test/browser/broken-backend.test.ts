/** What `explain()` says of a site whose own backend is broken: that it is, how it answers, and where to look. In a real Chromium. */
import { expect } from 'chai'
import type { RequestHandler, Response } from 'express'
import { generateSite } from 'session-hub/hub'

import type { TestBrowser, TestPage } from '../support/browser.js'
import { useBrowser } from '../support/stage.js'
import { startWorld, type World } from '../support/world.js'

const MEND = 'Next: mend the backend: POST /session-hub/sisters has to reach session-hub/site'

describe('explain(), where the backend of the site', () => {
  let world: World
  let browser: TestBrowser
  let page: TestPage
  let shop: string
  /** Answers in place of the backend. */
  let inPlace: ((res: Response) => unknown) | undefined

  useBrowser('allowed', (started) => (browser = started))
  beforeEach(async () => {
    inPlace = undefined
    const inFrontOfSites: RequestHandler = (req, res, next) => {
      if (inPlace && req.method === 'POST' && req.path.startsWith('/session-hub/')) inPlace(res)
      else next()
    }
    world = await startWorld({ sites: ['shop', 'travel'], inFrontOfSites })
    shop = world.siteOf('shop').origin
    page = await browser.newPage()
    await page.open(`${shop}/?start=manual`)
    await page.until(() => 'SessionHub' in window)
  })
  afterEach(() => world.close())

  const explained = () =>
    page.run(async () => {
      await SessionHub.sync()
      return SessionHub.explain()
    })

  it('is well, says so, and that nothing is to be done', async () => {
    const said = await explained()
    expect(said).to.include("This site's backend answers: fine.").and.to.include('Next: nothing.')
  })

  const answers: [string, (res: Response) => unknown][] = [
    ['answers 500, with a page of its own', (res) => res.status(500).send('<h1>Oops</h1>')],
    ['answers HTML, with 200: something else has the path', (res) => res.send('<p>')],
    ['answers 502, by the proxy in front', (res) => res.status(502).end()],
    ['answers JSON of its own', (res) => res.status(403).json({ message: 'CSRF' })],
    ['hangs up', (res) => res.destroy()],
  ]
  for (const [what, answer] of answers)
    it(what, async () => {
      await page.fetch('/sign-in', { name: 'ada' })
      inPlace = answer
      const said = await explained()
      expect(said).to.include("This site's backend answers: unreachable.").and.to.include(MEND)
      expect(said).to.include('reason: unreachable')
    })

  it('has other keys than those that are registered, though this visitor has no session to lose', async () => {
    world.register((await generateSite(shop)).registration)
    const said = await explained()
    expect(said).to.include("This site's backend answers: unavailable.")
    expect(said).to.include(
      "Next: see the log of this site's backend, then the hub's: a key, the registration",
    )
    expect(world.log.map(({ event }) => event)).to.include('site_refused')
  })
})
