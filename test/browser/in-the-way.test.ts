/** Never in the way: what a page notices when cookies are blocked, when the hub is stopped, and when it hangs. */
import { expect } from 'chai'

import type { BrowserKind, TestBrowser, TestPage } from '../support/browser.js'
import { useBrowser } from '../support/stage.js'
import { startWorld, type World } from '../support/world.js'

interface Trouble {
  readonly name: string
  readonly browser: BrowserKind
  /** Begins after the browser has loaded the SDK once, so that its script is in the cache. */
  readonly begin: (world: World) => Promise<void> | void
  readonly event: 'synced' | 'sync-failed'
  readonly reasons: readonly string[]
}

const troubles: readonly Trouble[] = [
  {
    name: 'with cookies blocked',
    browser: 'blocked',
    begin: () => undefined,
    event: 'synced',
    reasons: ['blocked'],
  },
  {
    name: 'in a private window',
    browser: 'incognito',
    begin: () => undefined,
    event: 'synced',
    reasons: ['blocked'],
  },
  {
    name: 'in Firefox, as it comes',
    browser: 'firefox',
    begin: () => undefined,
    event: 'synced',
    reasons: ['blocked'],
  },
  {
    name: 'with the hub stopped',
    browser: 'allowed',
    begin: (world) => world.hub.listener.stop(),
    event: 'sync-failed',
    reasons: ['unreachable'],
  },
  {
    name: 'with the hub hanging',
    browser: 'allowed',
    begin: (world) => {
      world.hub.listener.hang(true)
    },
    event: 'sync-failed',
    reasons: ['timeout'],
  },
]

for (const { name, browser: kind, begin, event, reasons } of troubles) {
  describe(`a page ${name}`, () => {
    let world: World
    let browser: TestBrowser
    let page: TestPage
    let shop: string
    let magazine: string

    useBrowser(kind, (started) => (browser = started))
    beforeEach(async () => {
      world = await startWorld({ site: { hubTimeoutMs: 500 } })
      page = await browser.newPage()
      shop = world.siteOf('shop').origin
      magazine = world.siteOf('magazine').origin
      await page.visit(shop)
    })
    afterEach(() => world.close())

    it('works, throws nothing, and says why there is no sharing', async () => {
      await begin(world)
      await page.page.evaluate(() => {
        localStorage.clear()
      })
      const said = await page.visit(shop)
      expect(said.name).to.equal(event)
      expect(said.detail.reason).to.be.oneOf([...reasons])
      expect(await page.fetch('/whoami')).to.include({ session: 'none' })
      expect(page.scriptErrors).to.deep.equal([])
    })

    it('lets its visitor sign in and out at this site', async () => {
      await page.visit(magazine)
      await begin(world)
      expect(await page.fetch('/sign-in', { name: 'ada' })).to.include({ subject: 'ada' })
      expect(await page.fetch('/who')).to.include({ session: 'signed-in', subject: 'ada' })
      expect(await page.page.evaluate(() => SessionHub.signOut())).to.equal(true)
      expect(await page.fetch('/who')).to.include({ session: 'none' })
      expect(page.scriptErrors).to.deep.equal([])
    })
  })
}

describe('a page whose hub hangs', () => {
  let world: World
  let browser: TestBrowser

  useBrowser('allowed', (started) => (browser = started))
  beforeEach(async () => {
    world = await startWorld()
  })
  afterEach(() => world.close())

  it('has loaded before the sync gives up', async () => {
    const tab = await browser.newPage()
    world.hub.listener.hang(true)
    await tab.page.goto(world.siteOf('shop').origin, { waitUntil: 'load' })
    expect(world.hub.listener.seen.some(({ url }) => url.startsWith('/frame'))).to.equal(true)
    expect(await tab.eventsNamed('sync-failed')).to.deep.equal([])
    expect((await tab.event('sync-failed')).detail).to.include({ reason: 'timeout' })
  })

  it("is told the hub's decision after all, when the hub was only slow", async () => {
    const tab = await browser.newPage()
    world.hub.listener.hang(1)
    await tab.page.goto(world.siteOf('shop').origin, { waitUntil: 'load' })
    expect((await tab.event('synced')).detail).to.include({ outcome: 'none' })
  })
})

describe('a site while its hub is down', () => {
  let world: World
  let browser: TestBrowser
  let page: TestPage
  let shop: string

  useBrowser('allowed', (started) => (browser = started))
  beforeEach(async () => {
    world = await startWorld({ site: { hubTimeoutMs: 300 } })
    page = await browser.newPage()
    shop = world.siteOf('shop').origin
    await page.visit(shop)
  })
  afterEach(() => world.close())

  it('keeps a known session past its freshness, for as long as the grace lasts', async () => {
    await page.fetch('/sign-in', { name: 'ada' })
    await world.hub.listener.stop()
    world.advance(301)
    expect(await page.fetch('/who')).to.include({ subject: 'ada', isStale: true })
    world.advance(3600)
    expect(await page.fetch('/who')).to.include({ session: 'none' })
  })

  it('tells the hub of a sign-in when it is back, and the visitor is signed in on the other site', async () => {
    await world.hub.listener.stop()
    await page.fetch('/sign-in', { name: 'ada' })
    await world.hub.listener.start()
    world.advance(30)
    expect(await page.fetch('/who')).to.include({ subject: 'ada', isStale: false })
    await page.sync()

    await page.visit(world.siteOf('travel').origin)
    expect(await page.fetch('/whoami')).to.include({ subject: 'ada' })
  })

  it('does not sign a visitor in again who signed out while it was down', async () => {
    await page.fetch('/sign-in', { name: 'ada' })
    await page.sync()
    await world.hub.listener.stop()
    await page.page.evaluate(() => SessionHub.signOut())
    const told = world.hub.listener.next(({ url, status }) => url === '/backchannel/end' && status === 200)
    await world.hub.listener.start()
    await told

    expect(await page.sync()).to.include({ outcome: 'none' })
    expect(await page.fetch('/who')).to.include({ session: 'none' })
  })
})
