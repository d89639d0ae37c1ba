/** Transactions: what they see, and that they write all or nothing. */
import assert from 'node:assert/strict'

import type { Handle, Session, Store } from '../../../hub/index.js'
import { increment } from './increment.js'
import { NOW_MS, answerView, held, newHandle, newSession, newSpend, write } from './records.js'
import type { StoreSuite } from './suite.js'

/** What a transaction sees of what it did not ask for. */
const NOT_ASKED = { subject: undefined, sessions: [], live: 0, session: undefined }

export function transactTests(suite: StoreSuite): void {
  const { describe } = suite
  let store: Store
  const it = suite.it((opened) => {
    store = opened.store
  })

  describe('transact', () => {
    it('shows what was asked for, in that order, with gaps', async () => {
      const one = await held(store)
      const two = await held(store)
      const view = await store.transact({ handles: [two.handle.hash, 'nobody', one.handle.hash] }, answerView)

      assert.deepEqual(view, { ...NOT_ASKED, held: [two, undefined, one], spentBefore: undefined })
    })

    it('replaces a session as a whole record and keeps its handles', async () => {
      const { session, handle } = await held(store)
      const another = newHandle(session)
      await write(store, { handles: [another] })
      const changed: Session = {
        ...session,
        subject: 'ada',
        data: {},
        version: 2,
        endedAtMs: 9,
        endReason: 'replaced',
      }
      await write(store, { sessions: [changed] })

      assert.deepEqual(await store.find(handle.hash), { handle, session: changed })
      assert.deepEqual(await store.find(another.hash), { handle: another, session: changed })
    })

    it('replaces a handle as a whole record, its session included', async () => {
      const one = await held(store)
      const two = await held(store)
      const moved: Handle = {
        ...one.handle,
        sessionId: two.session.id,
        activatedAtMs: NOW_MS,
        expiresAtMs: 5,
      }
      await write(store, { handles: [moved] })

      assert.deepEqual(await store.find(moved.hash), { handle: moved, session: two.session })
    })

    it('forgets the handles that it is told to, and no others', async () => {
      const { session, handle } = await held(store)
      const another = newHandle(session)
      await write(store, { handles: [another], forget: [handle.hash, 'nobody'] })

      assert.equal(await store.find(handle.hash), undefined)
      assert.deepEqual(await store.find(another.hash), { handle: another, session })
    })

    it('leaves nothing behind when decide throws, and rejects with what was thrown', async () => {
      const { session, handle } = await held(store)
      const thrown = new Error('No')
      const spend = newSpend()
      const refused = store.transact({ handles: [handle.hash], spend }, () => {
        throw thrown
      })

      assert.equal(await refused.catch((error: unknown) => error), thrown)
      assert.deepEqual(await store.transact({ handles: [handle.hash], spend }, answerView), {
        ...NOT_ASKED,
        held: [{ handle, session }],
        spentBefore: undefined,
      })
    })

    it('leaves nothing behind when the changes cannot be written, and goes on working', async () => {
      const spend = newSpend()
      const session = newSession()
      const handle = newHandle(session)
      const broken = { ...newSession(), claims: { unwritable: unwritable() } } as unknown as Session
      const changes = { sessions: [session, broken], handles: [handle] }

      assert.equal(
        await store.transact({ handles: [], spend }, () => ({ changes, result: 1 })).catch(() => 'rejected'),
        'rejected',
      )
      assert.equal(await store.find(handle.hash), undefined)
      assert.equal((await store.transact({ handles: [], spend }, answerView)).spentBefore, undefined)
    })

    it('lets none of 100 concurrent transactions lose what another wrote', async () => {
      const { handle } = await held(store, { data: { count: 0 } })
      await Promise.all(Array.from({ length: 100 }, () => increment(store, handle.hash)))

      const found = await store.find(handle.hash)
      assert.deepEqual(found?.session.data, { count: 100 })
      assert.equal(found.session.version, 101)
    })
  })

  describe('spend', () => {
    it('R26: has exactly one first use among 100 at once, and shows it to all others', async () => {
      const spends = Array.from({ length: 100 }, (_, at) => newSpend({ jti: 'one', gave: `handle-${at}` }))
      const views = await Promise.all(
        spends.map((spend) => store.transact({ handles: [], spend }, answerView)),
      )

      const firsts = spends.filter((_, at) => views[at]?.spentBefore === undefined)
      assert.equal(firsts.length, 1)
      const others = views.filter((view) => view.spentBefore !== undefined)
      assert.equal(others.length, 99)
      for (const view of others) assert.deepEqual(view.spentBefore, firsts[0])
    })

    it('R8: counts a jti under its issuer, so that one issuer cannot use up the jti of another', async () => {
      await store.transact(
        { handles: [], spend: newSpend({ issuer: 'https://a.example', jti: 'same' }) },
        answerView,
      )
      const other = newSpend({ issuer: 'https://b.example', jti: 'same' })

      assert.equal((await store.transact({ handles: [], spend: other }, answerView)).spentBefore, undefined)
    })

    it('R26: is written whatever decide answers', async () => {
      const spend = newSpend()
      await store.transact({ handles: [], spend }, () => ({ result: 'refused' }))

      assert.deepEqual((await store.transact({ handles: [], spend }, answerView)).spentBefore, spend)
    })
  })
}

/** A value that no store can write, which shows only during the write. */
const unwritable = () =>
  Object.defineProperty({}, 'boom', { enumerable: true, get: () => raise(new Error('unwritable')) })

function raise(error: Error): never {
  throw error
}
