/** One world for each test of a block, and a browser as good as fresh. */
import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from './browser.js'
import { startWorld, type World, type WorldOptions } from './world.js'

export interface Stage {
  readonly world: World
  readonly browser: TestBrowser
  readonly tab: TestPage
  readonly hub: string
  readonly shop: string
  readonly travel: string
}

export function inBrowser(kind: BrowserKind, tests: (stage: Stage) => void, options?: WorldOptions): void {
  const stage = {} as { -readonly [Part in keyof Stage]: Stage[Part] }
  useBrowser(kind, (browser) => (stage.browser = browser))
  beforeEach(async () => {
    stage.world = await startWorld(options)
    stage.tab = await stage.browser.newPage()
    stage.hub = stage.world.hub.origin
    stage.shop = stage.world.siteOf('shop').origin
    stage.travel = stage.world.siteOf('travel').origin
  })
  afterEach(() => stage.world.close())
  tests(stage)
}

/** A browser for each test of a block, as good as fresh, and gone before what the block itself closes. One serves them all: see `renew`. */
export function useBrowser(kind: BrowserKind, take: (browser: TestBrowser) => void): void {
  // Its one window is its profile.
  const isShared = kind !== 'incognito'
  let browser: TestBrowser
  const start = async () => {
    take((browser = await startBrowser(kind)))
  }
  if (isShared) {
    before(start)
    // Blocks beside each other may have one name for their browsers.
    beforeEach(() => {
      take(browser)
    })
  } else {
    beforeEach(start)
  }
  afterEach(() => (isShared ? browser.renew() : browser.close()))
  if (isShared) after(() => browser.close())
}
