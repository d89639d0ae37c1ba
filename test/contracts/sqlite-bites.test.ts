/** Sweeping and erasing a SQLite file with much in it: in bites, between which everything else has its turn. */
import { join } from 'node:path'

import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'

import { sqliteStore } from '../../hub/stores/sqlite.js'
import { openDatabase } from '../../hub/stores/sqlite/file.js'
import { prepareStatements } from '../../hub/stores/sqlite/statements.js'
import type { Session, Store } from '../../hub/stores/store.js'
import { HOUR_MS, newAuditRow, newHandle, newSession, newSubject, NOW_MS, write } from '../support/records.js'
import { newFolder } from '../support/stores.js'

const DUE = { nowMs: NOW_MS, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }

describe('much work in the SQLite store', () => {
  let path: string
  let store: Store

  beforeEach(() => {
    path = join(newFolder(), 'sessions.db')
    store = sqliteStore(path)
  })
  afterEach(() => store.close())

  /** Sessions of one user, each with so many handles. */
  async function user(subject: string, count: number, handles: number, fields: Partial<Session> = {}) {
    const sessions = Array.from({ length: count }, (_, at) =>
      newSession({ subject, generation: at + 1, ...fields }),
    )
    await write(store, {
      subjects: [newSubject({ subject, generation: count })],
      sessions,
      handles: sessions.flatMap((session) => Array.from({ length: handles }, () => newHandle(session))),
    })
    return sessions
  }

  /** How many turns the event loop had meanwhile. */
  async function turnsWhile(work: () => Promise<unknown>): Promise<number> {
    let [turns, isOver] = [0, false]
    const count = () => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    count()
    await work()
    isOver = true
    return turns
  }

  const rows = (table: string): number => {
    const database = new DatabaseSync(path, { readOnly: true })
    const { count } = database.prepare(`SELECT count(*) AS count FROM ${table}`).get() as { count: number }
    database.close()
    return count
  }

  it('is found by an index in each statement of a sweep: none reads all sessions to find the few that are due', () => {
    const database = openDatabase({ path, busyTimeoutMs: 2000, cacheMegabytes: 1 })
    const statements = Object.entries(prepareStatements(database))
    const ofSweeps = statements.filter(([name]) => /^(sweep|settle)/.test(name))
    expect(ofSweeps).to.have.length(9)
    for (const [name, statement] of ofSweeps) {
      const sql = 'sourceSQL' in statement ? statement.sourceSQL : expect.fail(name)
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
      const scans = plan.map(({ detail }) => detail).filter((detail) => detail.startsWith('SCAN'))
      // Of the users, those alone whose sessions were cut and still wait for their end.
      const few = 'SCAN subject USING INDEX subject_to_settle'
      expect(
        scans.filter((scan) => scan !== few),
        name,
      ).to.deep.equal([])
    }
    database.close()
  })

  it('is swept in bites, and counted as a whole', async () => {
    await user('ada', 1500, 3, { expiresAtMs: NOW_MS })
    const kept = await user('bob', 2, 3)
    const turns = await turnsWhile(async () => {
      expect(await store.sweep(DUE, 2000)).to.include({ sessions: 1500, handles: 0 })
    })

    expect(turns).to.be.greaterThan(9 + 5) // nine kinds of work, and more bites of one of them
    expect([rows('session'), rows('handle')]).to.deep.equal([2, 6])
    expect((await store.sessions(kept.map(({ id }) => id))).size).to.equal(2)
  })

  it('is swept in bites too where one session has very many handles', async () => {
    await user('ada', 1, 5000, { expiresAtMs: NOW_MS })
    const turns = await turnsWhile(() => store.sweep(DUE, 200))

    expect(turns).to.be.greaterThan(9 + 5)
    expect([rows('session'), rows('handle')]).to.deep.equal([0, 0])
  })

  it('is erased in bites, and gone when that is answered', async () => {
    await user('ada', 1000, 3)
    await user('bob', 2, 3)
    await write(store, { audit: [newAuditRow({ subject: 'ada' }), newAuditRow({ subject: 'bob' })] })
    const turns = await turnsWhile(() => write(store, { erase: { subject: 'ada', name: 'gone' } }))

    expect(turns).to.be.greaterThan(5)
    expect([rows('session'), rows('handle'), rows('erasing')]).to.deep.equal([2, 6, 0])
    expect((await store.audit({ limit: 9 })).map(({ subject }) => subject)).to.deep.equal(['bob', 'gone'])
  })

  it('is erased without what the user has begun since', async () => {
    await user('ada', 1000, 3)
    const erased = write(store, { erase: { subject: 'ada', name: 'gone' } })
    const later = newSession({ subject: 'ada', generation: 1001 })
    const signedIn = write(store, {
      subjects: [newSubject({ subject: 'ada', generation: 1001 })],
      sessions: [later],
    })
    await Promise.all([erased, signedIn])

    expect([...(await store.sessions([later.id])).keys()]).to.deep.equal([later.id])
    expect(rows('session')).to.equal(1)
  })

  it('is erased by the next sweep where the process ended in the midst of it', async () => {
    await user('ada', 1000, 3)
    const erased = write(store, { erase: { subject: 'ada', name: 'gone' } }).catch(() => 'unavailable')
    await new Promise((resolve) => setImmediate(resolve))
    await store.close()
    expect(await erased).to.equal('unavailable')
    expect([rows('session'), rows('erasing')].every((count) => count > 0)).to.equal(true)

    store = sqliteStore(path)
    await store.sweep({ ...DUE, nowMs: NOW_MS - HOUR_MS }, 200)
    expect([rows('session'), rows('handle'), rows('erasing')]).to.deep.equal([0, 0, 0])
  })

  it('is settled without looking again at what was settled before', async () => {
    await user('ada', 3000, 0)
    await write(store, {
      subjects: [
        newSubject({
          subject: 'ada',
          generation: 3000,
          endedUpTo: 3000,
          endedAtMs: NOW_MS,
          endReason: 'revoked',
        }),
      ],
    })
    const counts = []
    for (let round = 0; round < 4; round += 1)
      counts.push((await store.sweep({ ...DUE, nowMs: 0 }, 1000)).cut)

    expect(counts).to.deep.equal([1000, 1000, 1000, 0])
    const database = new DatabaseSync(path, { readOnly: true })
    const plan = database
      .prepare(
        `EXPLAIN QUERY PLAN SELECT id FROM session WHERE subject = 'ada' AND ended_at_ms IS NULL AND generation <= 3`,
      )
      .all() as { detail: string }[]
    database.close()
    expect(plan[0]!.detail).to.include('subject=? AND ended_at_ms=? AND generation<?')
  })
})
