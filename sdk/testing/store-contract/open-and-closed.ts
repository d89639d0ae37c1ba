/** A store that is open, and one that has been closed. */
import assert from 'node:assert/strict'

import type { Store } from '../../../hub/index.js'
import { NEVER, NOW_MS, codeOf, held } from './records.js'
import type { StoreSuite } from './suite.js'

export function openAndClosedTests(suite: StoreSuite): void {
  let store: Store
  const it = suite.it((opened) => {
    store = opened.store
  })

  it('answers a ping while it is open', async () => {
    await store.ping()
  })

  it('R21: is unavailable once it is closed, in every method, and closes twice without trouble', async () => {
    const { session, handle } = await held(store)
    let decided = false
    await store.close()
    await store.close()

    const calls = [
      store.find(handle.hash),
      store.transact({ handles: [handle.hash] }, () => ({ result: (decided = true) })),
      store.sessions([session.id]),
      store.list('ada', NOW_MS, 1),
      store.places([session.id]),
      store.endings(0, 1),
      store.endingsRange(),
      store.renewEpoch(),
      store.ping(),
      store.sweep(NEVER, 1),
      ...(store.countLive ? [store.countLive(NOW_MS)] : []),
    ]
    assert.deepEqual(
      await Promise.all(calls.map(codeOf)),
      calls.map(() => 'unavailable'),
    )
    assert.equal(decided, false, 'decide was called')
  })
}
