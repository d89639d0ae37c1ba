/** What a page does where the hub, or its own site's backend, wants to be asked again later (`Retry-After`). In a real Chromium. */
import { expect } from 'chai'
import type { RequestHandler, Response } from 'express'

import type { TestBrowser, TestPage } from '../support/browser.js'
import { useBrowser } from '../support/stage.js'
import { startWorld, type World } from '../support/world.js'

describe('a page whose site is told to wait', () => {
  let world: World
  let browser: TestBrowser
  let page: TestPage
  let shop: string
  /** Answers in place of the backend, where a ticket is redeemed. */
  let inPlace: ((res: Response) => unknown) | undefined

  useBrowser('allowed', (started) => (browser = started))
  beforeEach(async () => {
    inPlace = undefined
    const inFrontOfSites: RequestHandler = (req, res, next) => {
      if (inPlace && req.path === '/session-hub/redeem') inPlace(res)
      else next()
    }
    world = await startWorld({
      sites: ['shop', 'travel'],
      inFrontOfSites,
      hub: { limits: { perSession: 6 } },
    })
    shop = world.siteOf('shop').origin
    page = await browser.newPage()
    await page.visitLoaded(world.siteOf('travel').origin)
    await page.fetch('/sign-in', { name: 'ada' })
    expect(await page.sync()).to.include({ outcome: 'adopt' })
  })
  afterEach(() => world.close())

  const busy = (retryAfter: string) => (res: Response) =>
    res.status(503).set('retry-after', retryAfter).json({ error: 'unavailable' })
  const failed = { outcome: 'failed', reason: 'unavailable' }
  const frames = () =>
    world.hub.listener.seen.filter(({ url }) => url.startsWith(`/frame?site=${shop}`)).length

  it('asks nothing until then, whoever calls for a sync', async () => {
    inPlace = busy('60')
    expect(await page.visitLoaded(shop)).to.include(failed)
    inPlace = undefined
    const before = frames()
    expect(await page.sync()).to.include({ outcome: null, reason: 'unavailable' })
    expect(frames()).to.equal(before)
  })

  it('asks at once where nobody has said so', async () => {
    inPlace = (res) => res.status(503).json({ error: 'unavailable' })
    expect(await page.visitLoaded(shop)).to.include(failed)
    for (const retryAfter of ['soon', '0']) {
      inPlace = busy(retryAfter)
      expect(await page.sync(), retryAfter).to.include(failed)
    }
    inPlace = undefined
    expect(await page.sync()).to.include({ outcome: 'replace' })
  })

  it('asks nothing on its next page either, and at once where the visitor has clicked', async () => {
    inPlace = busy('60')
    await page.visitLoaded(shop)
    inPlace = undefined
    const before = frames()
    expect((await page.visit(`${shop}/`)).detail).to.include({ outcome: null, reason: 'unavailable' })
    expect(frames()).to.equal(before)
    expect(await page.run(async () => ({ ...(await SessionHub.resolve('hub')) }))).to.include({
      outcome: 'replace',
    })
  })

  it('comes back by itself', async () => {
    let answers = 0
    inPlace = (res) => {
      answers += 1
      inPlace = undefined
      return busy('1')(res)
    }
    expect(await page.visitLoaded(shop)).to.include(failed)
    await page.event('session-replaced')
    expect(answers).to.equal(1)
    expect(await page.fetch('/whoami')).to.include({ session: 'signed-in' })
  })

  it('obeys the hub as well', async () => {
    await page.visitLoaded(shop)
    let status: Record<string, unknown> = {}
    for (let times = 0; times < 10 && status.reason !== 'rate_limited'; times += 1) status = await page.sync()
    expect(status).to.include({ outcome: 'failed', reason: 'rate_limited' })
    const before = frames()
    expect(await page.sync()).to.include({ outcome: null, reason: 'rate_limited' })
    expect(frames()).to.equal(before)
    await page.run(() => localStorage.removeItem('session-hub'))
    expect(await page.sync()).to.include({ outcome: 'failed', reason: 'rate_limited' })
    expect(frames()).to.equal(before + 1)
  })
})
