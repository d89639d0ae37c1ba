/** What can be found again, by a handle or an id. */
import assert from 'node:assert/strict'

import type { Store } from '../../../hub/index.js'
import { NOW_MS, held, newHandle, newSession, write } from './records.js'
import type { StoreSuite } from './suite.js'

export function readingTests(suite: StoreSuite): void {
  const { describe } = suite
  let store: Store
  const it = suite.it((opened) => {
    store = opened.store
  })

  describe('find', () => {
    it('gives a handle with its session, every field as it was written', async () => {
      const session = newSession({
        subject: 'ada',
        claims: { roles: ['a', 'ü'] },
        data: { cart: { n: 1.5, x: null } },
      })
      const handle = newHandle(session)
      await write(store, { sessions: [session], handles: [handle] })

      assert.deepEqual(await store.find(handle.hash), { handle, session })
    })

    it('gives nothing for a hash that nobody holds', async () => {
      assert.equal(await store.find(newHandle(newSession()).hash), undefined)
    })

    it('still gives sessions that ended or expired: the flows judge them by their own clock', async () => {
      const session = newSession({ endedAtMs: 2, endReason: 'signed-out', expiresAtMs: 3, authTimeMs: 1 })
      const handle = newHandle(session, { activatedAtMs: 1, expiresAtMs: 1 })
      await write(store, { sessions: [session], handles: [handle] })

      assert.deepEqual(await store.find(handle.hash), { handle, session })
    })

    it('shares no object with its caller', async () => {
      const data = { cart: ['book'] }
      const session = newSession({ data })
      const handle = newHandle(session)
      await write(store, { sessions: [session], handles: [handle] })
      data.cart.push('changed after the write')
      const found = await store.find(handle.hash)
      ;(found!.session.data as typeof data).cart.push('changed after the read')

      assert.deepEqual((await store.find(handle.hash))?.session.data, { cart: ['book'] })
    })
  })

  describe('handles', () => {
    it('adds one more handle to a session', async () => {
      const { session, handle } = await held(store)
      const another = newHandle(session, { site: 'hub' })
      await write(store, { handles: [another] })

      assert.deepEqual(await store.find(another.hash), { handle: another, session })
      assert.deepEqual(await store.find(handle.hash), { handle, session })
    })

    it('takes a handle whose session was swept meanwhile, and it stands for nothing', async () => {
      const handle = newHandle(newSession())
      await write(store, { handles: [handle] })

      assert.equal(await store.find(handle.hash), undefined)
    })
  })

  describe('places', () => {
    it('gives each place of each session once, and none where a ticket was not redeemed', async () => {
      const [one, two, three] = [await held(store), await held(store), await held(store)]
      const more = [
        newHandle(one.session),
        newHandle(one.session, { site: 'https://travel.example' }),
        newHandle(one.session, { site: 'hub red' }),
        newHandle(one.session, { site: 'https://magazine.example', activatedAtMs: null }),
        newHandle(two.session, { site: 'https://travel.example' }),
      ]
      await write(store, { handles: more, forget: [two.handle.hash] })

      const asked = [one.session.id, two.session.id, newSession().id, 'no id']
      const found = new Map([...(await store.places(asked))].map(([id, names]) => [id, [...names].sort()]))
      assert.deepEqual(
        found,
        new Map([
          [one.session.id, ['https://shop.example', 'https://travel.example', 'hub red']],
          [two.session.id, ['https://travel.example']],
        ]),
      )
      assert.deepEqual(await store.places([]), new Map())
      assert.deepEqual([...(await store.places([three.session.id])).values()], [['https://shop.example']])
    })
  })

  describe('sessions', () => {
    it('gives those that there are, ended ones too, each once', async () => {
      const one = await held(store)
      const two = await held(store, { endedAtMs: NOW_MS, endReason: 'signed-out' })
      const ids = [two.session.id, 'nobody', one.session.id, two.session.id, newSession().id]
      const found = await store.sessions(ids)
      assert.deepEqual([...found.keys()].sort(), [one.session.id, two.session.id].sort())
      for (const { session } of [one, two]) assert.deepEqual(found.get(session.id), session)
      assert.deepEqual([...(await store.sessions([]))], [])
    })
  })
}
