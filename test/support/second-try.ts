/**
 * A test in a real browser may have a second try, and a third: on a machine that is busy, a browser now and then does in five seconds what it does in
 * one. Each has a world of its own, so each try is a whole one. `report.ts` prints at the end which tests needed that.
 */
const inBrowser = /[\\/]test[\\/]browser[\\/]/

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    if (inBrowser.test(this.currentTest?.file ?? '')) this.currentTest?.retries(2)
  },
}
