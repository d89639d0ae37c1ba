/** One world and one fresh browser for each test of a block. */
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
  beforeEach(async () => {
    stage.world = await startWorld(options)
    stage.browser = await startBrowser(kind)
    stage.tab = await stage.browser.newPage()
    stage.hub = stage.world.hub.origin
    stage.shop = stage.world.siteOf('shop').origin
    stage.travel = stage.world.siteOf('travel').origin
  })
  afterEach(async () => {
    await stage.browser.close()
    await stage.world.close()
  })
  tests(stage)
}
