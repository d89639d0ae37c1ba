/** How many sessions are live, in a store that can tell. */
import assert from 'node:assert/strict'

import type { Store } from '../../../hub/index.js'
import { NEVER, NOW_MS, newSession, newSubject, write } from './records.js'
import type { StoreSuite } from './suite.js'

export function countingTests(suite: StoreSuite): void {
  const { describe } = suite
  let store: Store
  const it = suite.it((opened) => {
    store = opened.store
  })

  describe('countLive, where there is one', () => {
    it('counts no session that has ended or expired, to the millisecond', async () => {
      if (!store.countLive) return
      assert.equal(await store.countLive(NOW_MS), 0)
      await write(store, {
        sessions: [
          newSession(),
          newSession({ expiresAtMs: NOW_MS + 1 }),
          newSession({ expiresAtMs: NOW_MS }),
          newSession({ endedAtMs: NOW_MS - 1, endReason: 'signed-out' }),
          newSession({ endedAtMs: NOW_MS - 2, endReason: 'signed-out', expiresAtMs: NOW_MS - 1 }),
        ],
      })
      assert.equal(await store.countLive(NOW_MS), 2)
      assert.equal(await store.countLive(NOW_MS + 1), 1)
    })

    it('counts none that a cut has ended, after a sweep at the latest', async () => {
      if (!store.countLive) return
      const of = { subject: 'ada', expiresAtMs: NOW_MS + 1 }
      await write(store, {
        sessions: [newSession({ ...of, generation: 1 }), newSession({ ...of, generation: 2 })],
        subjects: [
          newSubject({ subject: 'ada', generation: 2, endedUpTo: 1, endedAtMs: 1, endReason: 'revoked' }),
        ],
      })
      await store.sweep(NEVER, 100)
      assert.equal(await store.countLive(NOW_MS), 1)
    })

    it('counts as exactly past a thousand, live ones and expired ones', async () => {
      if (!store.countLive) return
      const many = (fields: object) => Array.from({ length: 700 }, () => newSession(fields))
      for (let at = 0; at < 2; at += 1)
        await write(store, { sessions: [...many({}), ...many({ expiresAtMs: NOW_MS - at })] })
      assert.equal(await store.countLive(NOW_MS), 1400)
    })
  })
}
