/** Handles by which an administrator acts as a user of one site. */
import assert from 'node:assert/strict'

import type { Handle, Store } from '../../../hub/index.js'
import { NEVER, NOW_MS, held, newAuditRow, newHandle, write } from './records.js'
import type { OpenedWorld, StoreSuite } from './suite.js'

export function actingTests(suite: StoreSuite): void {
  let store: Store
  let world: OpenedWorld
  const acting = { subject: 'ada', claims: { plan: 'gold', roles: ['ü'] }, untilMs: NOW_MS + 1 }
  const reason = 'Ticket 4711: the cart is empty'
  const it = suite.it((opened) => {
    store = opened.store
    world = opened
  })

  /** A handle on the session of an administrator, who acts as ada. */
  async function actingHandle(fields: Partial<Handle> = {}) {
    const { session, handle: plain } = await held(store, { subject: 'root' })
    const handle = newHandle(session, { site: 'https://shop.example acting', acting, ...fields })
    await write(store, { handles: [handle] })
    return { session, plain, handle }
  }
  const isThere = async ({ hash }: Handle) => (await store.find(hash)) !== undefined

  it('are given as they were written, alone and in a transaction; the others say nothing of it', async () => {
    const { session, plain, handle } = await actingHandle()
    assert.deepEqual(await store.find(handle.hash), { handle, session })
    assert.deepEqual(await store.find(plain.hash), { handle: plain, session })
    assert.ok(!('acting' in plain))
    const seen = await store.transact({ handles: [handle.hash, plain.hash] }, (view) => ({ result: view }))
    assert.deepEqual(seen.held, [
      { handle, session },
      { handle: plain, session },
    ])
  })

  it('are replaced as whole records', async () => {
    const { session, handle } = await actingHandle()
    const { acting: _none, ...rest } = handle
    await write(store, { handles: [rest] })
    assert.deepEqual(await store.find(handle.hash), { handle: rest, session })
  })

  if (suite.opener !== undefined)
    it('are kept over a restart', async () => {
      const { session, handle } = await actingHandle()
      await store.close()
      store = await world.reopen()
      assert.deepEqual(await store.find(handle.hash), { handle, session })
    })

  it('go when the user whom they show is erased; the administrator’s own stay', async () => {
    const { plain, handle } = await actingHandle()
    const other = await actingHandle({ acting: { ...acting, subject: 'bob' } })
    await write(store, { erase: { subject: 'ada', name: 'gone' } })
    assert.equal(await isThere(handle), false)
    assert.equal(await isThere(plain), true)
    assert.equal(await isThere(other.handle), true)
  })

  it('are swept when they are as long over as sessions that have ended, to the millisecond', async () => {
    const over = await actingHandle()
    const lately = await actingHandle({ acting: { ...acting, untilMs: NOW_MS + 2 } })
    const swept = await store.sweep({ ...NEVER, endedBeforeMs: NOW_MS + 2 }, 100)
    assert.equal(swept.handles, 1)
    assert.equal(await isThere(over.handle), false)
    assert.equal(await isThere(over.plain), true)
    assert.equal(await isThere(lately.handle), true)
  })

  it('leave rows in the audit that say why and until when; an erased user’s say no more why', async () => {
    const row = newAuditRow({ act: 'act-as', subject: 'ada', who: 'root', reason, untilMs: NOW_MS + 1 })
    const stop = newAuditRow({ act: 'stop-acting', subject: 'bob', who: 'root', reason })
    await write(store, { audit: [row, stop] })
    assert.deepEqual(await store.audit({ limit: 9 }), [
      { ...stop, seq: 2 },
      { ...row, seq: 1 },
    ])
    await write(store, { erase: { subject: 'bob', name: 'bob' } })
    assert.deepEqual(
      (await store.audit({ limit: 1 }))[0],
      {
        ...stop,
        seq: 2,
      },
      'where the audit goes on naming the user',
    )
    await write(store, { erase: { subject: 'ada', name: 'gone' } })
    const { reason: _said, ...rest } = row
    assert.deepEqual((await store.audit({ limit: 9 }))[1], { ...rest, subject: 'gone', seq: 1 })
  })
}
