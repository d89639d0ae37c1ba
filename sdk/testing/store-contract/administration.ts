/** What an administrator asks for: sessions by the time they began, and what administrators did. */
import assert from 'node:assert/strict'

import type { Session, SessionSearch, Store } from '../../../hub/index.js'
import { HOUR_MS, NEVER, NOW_MS, newAuditRow, newSession, newSpend, newSubject, write } from './records.js'
import type { StoreSuite } from './suite.js'

const SHOP = 'https://shop.example'
const TRAVEL = 'https://travel.example'

export function administrationTests(suite: StoreSuite): void {
  const { describe } = suite
  let store: Store
  const it = suite.it((opened) => {
    store = opened.store
  })

  const found = async (search: Partial<SessionSearch> = {}) => {
    const sessions = await store.search({ nowMs: NOW_MS, limit: 50, ...search })
    return sessions.map(({ id }) => Buffer.from(id, 'base64url').toString())
  }
  /** Ids are base64url, here of a readable name. */
  const began = (name: string, minutesAgo: number, fields: Partial<Session> = {}) =>
    newSession({
      id: Buffer.from(name).toString('base64url'),
      createdAtMs: NOW_MS - minutesAgo * 60_000,
      ...fields,
    })

  describe('search', () => {
    it('finds live sessions, the newest first, every field as it was written', async () => {
      const [old, young] = [began('old', 9), began('young', 1, { subject: 'ada', agent: 'Firefox' })]
      await write(store, { sessions: [old, young] })

      assert.deepEqual(await store.search({ nowMs: NOW_MS, limit: 50 }), [young, old])
    })

    it('finds none that has ended, alone or with all of its subject, and none that has expired', async () => {
      await write(store, {
        sessions: [
          began('live', 1, { subject: 'ada', generation: 3 }),
          began('cut', 2, { subject: 'ada', generation: 2 }),
          began('ended', 3, { endedAtMs: NOW_MS - 1, endReason: 'revoked' }),
          began('expired', 4, { expiresAtMs: NOW_MS }),
        ],
        subjects: [
          newSubject({ subject: 'ada', generation: 3, endedUpTo: 2, endedAtMs: 1, endReason: 'revoked' }),
        ],
      })

      assert.deepEqual(await found(), ['live'])
    })

    it('finds by subject, by site, by time, and by all of them together', async () => {
      await write(store, {
        sessions: [
          began('1', 10, { subject: 'ada', site: SHOP }),
          began('2', 20, { subject: 'ada', site: TRAVEL }),
          began('3', 30, { subject: 'bob', site: SHOP }),
          began('4', 40, { site: SHOP }),
        ],
      })
      const minutes = (ago: number) => NOW_MS - ago * 60_000

      assert.deepEqual(await found({ subject: 'ada' }), ['1', '2'])
      assert.deepEqual(await found({ site: SHOP }), ['1', '3', '4'])
      assert.deepEqual(await found({ fromMs: minutes(30), beforeMs: minutes(10) }), ['2', '3'])
      assert.deepEqual(await found({ subject: 'ada', site: TRAVEL }), ['2'])
      assert.deepEqual(await found({ subject: 'ada', site: SHOP, beforeMs: minutes(10) }), [])
      assert.deepEqual(await found({ site: SHOP, fromMs: minutes(30) }), ['1', '3'])
    })

    for (const narrowed of [{}, { subject: 'ada' }, { site: SHOP }]) {
      it(`goes on page by page, by ${Object.keys(narrowed).join() || 'nothing'}, also among those that began together`, async () => {
        const sessions = Array.from({ length: 23 }, (_, at) =>
          began(`s${String(at).padStart(2, '0')}`, at < 12 ? 5 : 6, { subject: 'ada', site: SHOP }),
        )
        await write(store, { sessions })
        const pages: string[][] = []
        let after: Pick<Session, 'createdAtMs' | 'id'> | undefined
        do {
          const page = await store.search({ ...narrowed, nowMs: NOW_MS, limit: 5, ...(after && { after }) })
          pages.push(page.map(({ id }) => id))
          after = page.at(-1)
        } while (after && pages.length < 9)

        assert.deepEqual(
          pages.map((page) => page.length),
          [5, 5, 5, 5, 3, 0],
        )
        assert.equal(new Set(pages.flat()).size, 23)
      })
    }

    it('goes on where the page ended, though what stood there is gone, and new ones came', async () => {
      await write(store, { sessions: [began('a', 1), began('b', 2), began('c', 3)] })
      const [, last] = await store.search({ nowMs: NOW_MS, limit: 2 })
      await write(store, {
        sessions: [began('b', 2, { endedAtMs: NOW_MS, endReason: 'revoked' }), began('new', 0)],
      })

      assert.deepEqual(await found({ after: last! }), ['c'])
    })

    it('keeps to the time also where a page goes on', async () => {
      await write(store, { sessions: [began('a', 1), began('b', 2), began('c', 3), began('d', 4)] })
      const [first] = await store.search({ nowMs: NOW_MS, limit: 1 })

      assert.deepEqual(await found({ after: first!, beforeMs: NOW_MS - 2 * 60_000 }), ['c', 'd'])
    })
  })

  describe('audit', () => {
    it('gives what was done, the newest first, every field as it was written', async () => {
      const rows = [
        newAuditRow({ who: 'ada', act: 'sign-in' }),
        newAuditRow({ subject: 'bob', site: SHOP, sessions: 3, outcome: 'refused', from: '::1' }),
      ]
      await write(store, { audit: rows })

      assert.deepEqual(await store.audit({ limit: 50 }), [
        { ...rows[1], seq: 2 },
        { ...rows[0], seq: 1 },
      ])
    })

    it('gives what was done to one subject, page by page', async () => {
      for (const subject of ['ada', 'bob', 'ada', null, 'ada'])
        await write(store, { audit: [newAuditRow({ subject })] })

      const first = await store.audit({ subject: 'ada', limit: 2 })
      const second = await store.audit({ subject: 'ada', beforeSeq: first.at(-1)!.seq, limit: 2 })

      assert.deepEqual(
        [...first, ...second].map(({ seq }) => seq),
        [5, 3, 1],
      )
    })

    it('keeps nothing of a transaction that fails', async () => {
      await store
        .transact({ handles: [] }, () => {
          throw new Error('no')
        })
        .catch(() => undefined)
      await write(store, { audit: [newAuditRow()] })

      assert.equal((await store.audit({ limit: 50 })).length, 1)
    })

    it('is swept by its time, and a number is never used twice', async () => {
      await write(store, {
        audit: [newAuditRow({ atMs: 1 }), newAuditRow({ atMs: 2 }), newAuditRow({ atMs: 3 })],
      })
      const swept = await store.sweep({ ...NEVER, auditBeforeMs: 3 }, 1)
      await store.sweep({ ...NEVER, auditBeforeMs: 4 }, 50)
      await write(store, { audit: [newAuditRow()] })

      assert.equal(swept.audit, 1)
      assert.deepEqual(
        (await store.audit({ limit: 50 })).map(({ seq }) => seq),
        [4],
      )
    })
  })

  it('isSpent tells what was spent from what was not, under the same issuer alone', async () => {
    const spend = newSpend({ expiresAtMs: NOW_MS + HOUR_MS })
    await store.transact({ handles: [], spend }, () => ({ result: undefined }))

    assert.equal(await store.isSpent(spend.issuer, spend.jti), true)
    assert.equal(await store.isSpent('admin', spend.jti), false)
    assert.equal(await store.isSpent(spend.issuer, newSpend().jti), false)
  })
}
