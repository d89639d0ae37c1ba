/** When the SDK does nothing: before consent, for bots, where the page is no secure context, in a tab that nobody looks at. */
import { expect } from 'chai'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { startWorld, type World } from '../support/world.js'

describe('a page that the SDK leaves alone, in Chromium', () => {
  let world: World
  let browser: TestBrowser
  let page: TestPage
  let shop: string

  before(async () => {
    browser = await startBrowser('allowed')
  })
  beforeEach(async () => {
    world = await startWorld({ sites: ['shop'] })
    shop = world.siteOf('shop').origin
    page = await browser.newPage()
  })
  afterEach(async () => {
    await page.page.close()
    await world.close()
  })
  after(() => browser.close())

  const hubRequests = () => world.hub.listener.seen.length
  const isLoaded = () => page.page.waitForFunction(() => typeof SessionHub === 'object')

  it('asks and stores nothing before consent, and syncs when it is told to', async () => {
    await page.open(`${shop}/?start=manual`)
    await isLoaded()
    expect(
      await page.page.evaluate(() => [SessionHub.status.atMs, localStorage.length, frames.length]),
    ).to.deep.equal([0, 0, 0])
    expect(hubRequests()).to.equal(0)

    expect(await page.sync()).to.include({ outcome: 'none', requests: 1 })
    expect(hubRequests()).to.equal(1)
  })

  it('syncs when the browser is idle, where the page wants that', async () => {
    expect((await page.visit(`${shop}/?start=idle`)).detail).to.include({ outcome: 'none' })
  })

  it('does nothing for a search engine, and the same page syncs for a visitor', async () => {
    const own = await browser.browser.userAgent()
    await page.page.setUserAgent({ userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' })
    await page.open(shop)
    await page.page.waitForFunction(() => 'SessionHub' in window && SessionHub.status.reason === 'bot')
    expect(hubRequests()).to.equal(0)

    await page.page.setUserAgent({ userAgent: own })
    expect((await page.visit(shop)).detail).to.include({ outcome: 'none' })
  })

  it('does nothing where the page is no secure context: its cookies would not be kept', async () => {
    await page.page.evaluateOnNewDocument(() => {
      Object.defineProperty(window, 'isSecureContext', { value: false })
    })
    await page.open(shop)
    await page.page.waitForFunction(
      () => 'SessionHub' in window && SessionHub.status.reason === 'insecure_context',
    )
    expect(hubRequests()).to.equal(0)
  })

  it('waits in a tab that nobody looks at until somebody does', async () => {
    await page.page.evaluateOnNewDocument(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: true })
    })
    await page.open(shop)
    await isLoaded()
    expect(hubRequests()).to.equal(0)

    await page.page.evaluate(() => {
      Reflect.deleteProperty(document, 'hidden')
      document.dispatchEvent(new Event('visibilitychange'))
    })
    expect((await page.event('synced')).detail).to.include({ outcome: 'none' })
  })

  it('refuses an option that it does not know, and names those that it does', async () => {
    await page.visit(shop)
    const message = await page.page.evaluate((hub) => {
      try {
        SessionHub.createClient({ hub, intervall: 5 } as never)
        return ''
      } catch (error) {
        return (error as Error).message
      }
    }, world.hub.origin)
    expect(message).to.include('"intervall"').and.include('interval')
  })
})
