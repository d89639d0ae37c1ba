/** What is removed, when, and how much at a time. */
import assert from 'node:assert/strict'

import type { Store } from '../../../hub/index.js'
import { includes } from './includes.js'
import {
  HOUR_MS,
  NEVER,
  NOW_MS,
  answerView,
  held,
  newAuditRow,
  newEnding,
  newHandle,
  newSpend,
  newSubject,
  subjectIn,
  write,
} from './records.js'
import type { StoreSuite } from './suite.js'

export function sweepTests(suite: StoreSuite): void {
  const { describe } = suite
  let store: Store
  const it = suite.it((opened) => {
    store = opened.store
  })

  describe('sweep', () => {
    it('removes what is past its time and keeps what is not, to the millisecond', async () => {
      const due = [
        await held(store, { expiresAtMs: NOW_MS }),
        await held(store, { endedAtMs: NOW_MS - HOUR_MS - 1, endReason: 'signed-out' }),
      ]
      const kept = [
        await held(store, { expiresAtMs: NOW_MS + 1 }),
        await held(store, { endedAtMs: NOW_MS - HOUR_MS, endReason: 'signed-out' }),
      ]
      const { session } = kept[0]!
      const stale = newHandle(session, { activatedAtMs: null, expiresAtMs: NOW_MS })
      const fresh = newHandle(session, { activatedAtMs: null, expiresAtMs: NOW_MS + 1 })
      const active = newHandle(session, { activatedAtMs: 1, expiresAtMs: 1 })
      await write(store, { handles: [stale, fresh, active] })
      const old = newSpend({ expiresAtMs: NOW_MS })
      const young = newSpend({ expiresAtMs: NOW_MS + 1 })
      for (const spend of [old, young]) await store.transact({ handles: [], spend }, answerView)
      const over = newSubject({ untilMs: NOW_MS })
      const present = newSubject({ untilMs: NOW_MS + 1 })
      const [before, since] = [
        newEnding({ atMs: NOW_MS - HOUR_MS - 1 }),
        newEnding({ atMs: NOW_MS - HOUR_MS }),
      ]
      await write(store, { subjects: [over, present], endings: [before, since] })

      const agoMs = NOW_MS - HOUR_MS
      const times = { nowMs: NOW_MS, endedBeforeMs: agoMs, endingsBeforeMs: agoMs, auditBeforeMs: 0 }
      const swept = await store.sweep(times, 100)

      const counts = { sessions: 2, handles: 1, spends: 1, subjects: 1, endings: 1, audit: 0 }
      assert.deepEqual(swept, { cut: 0, ...counts })
      assert.equal(await subjectIn(store, over.subject), undefined)
      assert.deepEqual(await subjectIn(store, present.subject), present)
      assert.deepEqual(await store.endings(0, 9), [{ ...since, seq: 2 }])
      for (const { handle } of due) assert.equal(await store.find(handle.hash), undefined)
      for (const { handle } of kept) assert.notEqual(await store.find(handle.hash), undefined)
      assert.equal(await store.find(stale.hash), undefined)
      assert.notEqual(await store.find(fresh.hash), undefined)
      assert.notEqual(await store.find(active.hash), undefined)
      const again = await Promise.all(
        [old, young].map((spend) => store.transact({ handles: [], spend }, answerView)),
      )
      assert.deepEqual(
        again.map(({ spentBefore }) => spentBefore),
        [undefined, young],
      )
    })

    it('removes a session with its handles, so that nobody holds it if its id ever comes again', async () => {
      const { session, handle } = await held(store, { expiresAtMs: NOW_MS })
      await store.sweep({ nowMs: NOW_MS, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }, 100)
      await write(store, { sessions: [session] })

      assert.equal(await store.find(handle.hash), undefined)
    })

    it('takes at most the limit of each kind, until nothing is left', async () => {
      const { session } = await held(store)
      for (let at = 0; at < 7; at += 1) {
        await held(store, { expiresAtMs: NOW_MS })
        await write(store, {
          handles: [newHandle(session, { activatedAtMs: null, expiresAtMs: NOW_MS })],
        })
        await store.transact({ handles: [], spend: newSpend({ expiresAtMs: NOW_MS }) }, answerView)
        const subject = newSubject({ untilMs: NOW_MS })
        const atMs = NOW_MS - 1
        await write(store, {
          subjects: [subject],
          endings: [newEnding({ atMs })],
          audit: [newAuditRow({ atMs })],
        })
      }

      const times = { nowMs: NOW_MS, endedBeforeMs: 0, endingsBeforeMs: NOW_MS, auditBeforeMs: NOW_MS }
      const all = (count: number) => ({
        cut: 0,
        sessions: count,
        handles: count,
        spends: count,
        subjects: count,
        endings: count,
        audit: count,
      })
      assert.deepEqual(await store.sweep(times, 5), all(5))
      assert.deepEqual(await store.sweep(times, 5), all(2))
      assert.deepEqual(await store.sweep(times, 5), all(0))
    })

    it('removes sessions that a cut has ended as soon as others, and no later for another cut', async () => {
      const cut = (endedUpTo: number, endedAtMs: number) =>
        write(store, {
          subjects: [
            newSubject({ subject: 'ada', generation: 3, endedUpTo, endedAtMs, endReason: 'revoked' }),
          ],
        })
      const sweepAt = (endedBeforeMs: number, limit = 100) =>
        store.sweep({ ...NEVER, nowMs: NOW_MS, endedBeforeMs }, limit)
      const [first, second, third] = [
        await held(store, { subject: 'ada', generation: 1 }),
        await held(store, { subject: 'ada', generation: 2 }),
        await held(store, { subject: 'ada', generation: 3 }),
      ]
      const bystander = await held(store, { subject: 'bob', generation: 1 })
      const left = async () => {
        const found = [first, second, third, bystander].map(({ handle }) => store.find(handle.hash))
        return (await Promise.all(found)).map((one) => one && one.session.endedAtMs)
      }

      await cut(2, NOW_MS - 50)
      includes(await sweepAt(0, 1), { cut: 1, sessions: 0 })
      includes(await sweepAt(0), { cut: 1, sessions: 0 })
      await cut(3, NOW_MS - 20)
      assert.deepEqual(await left(), [NOW_MS - 50, NOW_MS - 50, NOW_MS - 20, null])
      includes(await sweepAt(NOW_MS - 50), { cut: 1, sessions: 0 })
      includes(await sweepAt(NOW_MS - 49), { cut: 0, sessions: 2 })
      includes(await sweepAt(NOW_MS - 19), { sessions: 1 })
      assert.deepEqual(await left(), [undefined, undefined, undefined, null])
    })

    it('removes nothing before its time', async () => {
      const { handle } = await held(store)

      assert.deepEqual(await store.sweep(NEVER, 100), {
        cut: 0,
        sessions: 0,
        handles: 0,
        spends: 0,
        subjects: 0,
        endings: 0,
        audit: 0,
      })
      assert.notEqual(await store.find(handle.hash), undefined)
    })
  })
}
