/**
 * A test in a real browser may have a second try, and a third: on a machine that is busy, a browser now and then does in five seconds what it does in
 * one. Each has a world of its own, so each try is a whole one. It is printed, for whoever wonders how often that happens.
 */
const inBrowser = /[\\/]test[\\/]browser[\\/]/

const begun = new WeakSet<object>()

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    const test = this.currentTest
    if (!test || !inBrowser.test(test.file ?? '')) return
    test.retries(2)
    // A second try is a copy, in the same block, of the same function.
    if (test.fn && begun.has(test.fn)) console.log(`      again: ${test.fullTitle()}`)
    if (test.fn) begun.add(test.fn)
  },
}
