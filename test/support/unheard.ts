/** mocha lets a rejection pass that nobody handles. A hub's process would end by it, so tests that may cause one listen. */
import { expect } from 'chai'

/** To be called in a `describe`: each of its tests fails when a rejection is left unheard. */
export function expectNoUnheardRejection(): void {
  let unheard: unknown[]
  const hear = (reason: unknown) => void unheard.push(reason)
  beforeEach(() => {
    unheard = []
    process.on('unhandledRejection', hear)
  })
  afterEach(() => {
    process.off('unhandledRejection', hear)
    expect(unheard, 'rejections that nobody has heard').to.deep.equal([])
  })
}
