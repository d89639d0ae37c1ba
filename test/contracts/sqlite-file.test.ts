/** The file of the SQLite store: whose it is, who may read it, and what becomes of one that is damaged or locked. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { expect } from 'chai'

import { sqliteStore } from '../../hub/stores/sqlite.js'
import { openDatabase } from '../../hub/stores/sqlite/file.js'
import { createPlace } from '../../hub/stores/sqlite/place.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { increment } from '../../sdk/testing/store-contract/increment.js'
import { answerView, codeOf, held, newSpend } from '../support/records.js'
import type { Address } from '../support/store-address.js'
import { inProcesses } from '../support/store-at.js'
import { alter, newFolder } from '../support/stores.js'

describe('the file of the SQLite store', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = newFolder()
    path = join(folder, 'sessions.db')
  })

  it('R26: is readable by its owner only, with its log and its index', async () => {
    const store = sqliteStore(path)
    await held(store)

    for (const file of [path, `${path}-wal`, `${path}-shm`])
      expect(statSync(file).mode & 0o777).to.equal(0o600)
    await store.close()
  })

  it('is made once by processes that start together', async () => {
    for (const round of ['a', 'b', 'c']) {
      const address: Address = { kind: 'sqlite', path: `${path}-${round}` }
      const firsts = await inProcesses(6, address, { do: 'spend', spend: newSpend(), times: 1 })

      expect(firsts.sort()).to.deep.equal([0, 0, 0, 0, 0, 1])
    }
  }).timeout(60_000)

  for (const [when, isWritten] of [
    ['', false],
    [', and written to by a third', true],
  ] as const)
    it(`is no other file when its log is emptied by a process that stops, in the very moment of a look at it${when}`, async () => {
      const other = sqliteStore(path)
      const database = openDatabase({ path, busyTimeoutMs: 2000, cacheMegabytes: 1 })
      const third = new DatabaseSync(path)
      const spends = () =>
        third.exec(
          `INSERT INTO spend (issuer, jti, spent_at_ms, expires_at_ms) VALUES ('a', '${Math.random()}', 1, 1)`,
        )
      let moments = 0
      /** After SQLite has said how long the log is, and before the log is read. */
      function atThatMoment(): void {
        moments += 1
        third.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        if (isWritten) spends()
      }
      spends()
      const place = createPlace(watched(database, 'wal_checkpoint(NOOP)', atThatMoment))
      expect(moments, 'when it is opened').to.equal(1)
      for (const _time of [1, 2, 3]) {
        database.exec('BEGIN IMMEDIATE')
        place.check()
        database.exec(
          `INSERT INTO spend (issuer, jti, spent_at_ms, expires_at_ms) VALUES ('b', '${Math.random()}', 1, 1)`,
        )
        database.exec('COMMIT')
        place.note()
      }
      expect(moments, 'and after each commit').to.equal(4)
      expect(third.prepare(`SELECT count(*) AS written FROM spend WHERE issuer = 'b'`).get()).to.deep.equal({
        written: 3,
      })
      place.close()
      database.close()
      third.close()
      await other.close()
    })

  it('is no other file when two others empty its log and write a new one while it is opened', async () => {
    const other = sqliteStore(path)
    const third = new DatabaseSync(path)
    await held(other)
    const database = openDatabase({ path, busyTimeoutMs: 2000, cacheMegabytes: 1 })
    let isOpening = true
    const place = createPlace(
      watched(database, 'data_version', () => {
        if (!isOpening) return
        third.exec('PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM spend; DELETE FROM handle')
      }),
    )
    isOpening = false
    database.exec('BEGIN IMMEDIATE')
    place.check()
    database.exec('COMMIT')
    place.close()
    database.close()
    third.close()
    await other.close()
  })

  it('is refused with the file and the remedy in one line when its folder does not exist', () => {
    expectRefusal(join(folder, 'nowhere', 'sessions.db'), 'create the folder')
  })

  it('is refused when a folder stands in its place', () => {
    mkdirSync(path)
    expectRefusal(path, 'move it away')
  })

  it('is refused, and left as it was, when it is no database', () => {
    const text = 'These are my notes.\n'.repeat(100)
    writeFileSync(path, text)

    expectRefusal(path, 'move it away')
    expect(readFileSync(path, 'utf8')).to.equal(text)
  })

  it('is refused, and left as it was, when it is the database of another program', () => {
    alter(path, 'CREATE TABLE invoice (id INTEGER)')
    const before = readFileSync(path)

    expectRefusal(path, 'move it away')
    expect(readFileSync(path).equals(before)).to.equal(true)
  })

  it('is refused when a newer version of the hub wrote it', async () => {
    await sqliteStore(path).close()
    alter(path, 'PRAGMA user_version = 999')

    expectRefusal(path, 'newer version')
  })

  it('is refused when an option is misspelt or missing', () => {
    const misspelt = { path, busyTimeout: 5 }

    expect(() => sqliteStore(misspelt))
      .to.throw(SessionHubError, '"busyTimeout"')
      .with.property('code', 'options_invalid')
    expect(() => sqliteStore(':memory:'))
      .to.throw(SessionHubError, 'memoryStore()')
      .with.property('code', 'options_invalid')
    for (const cacheMegabytes of [0, 1.5, 65_537])
      expect(() => sqliteStore({ path, cacheMegabytes }))
        .to.throw(SessionHubError, '"cacheMegabytes"')
        .with.property('code', 'options_invalid')
    expect(existsSync(path)).to.equal(false)
  })

  it('R21: makes the store unavailable where a row was damaged, and nowhere else', async () => {
    const store = sqliteStore(path)
    const damaged = [await held(store), await held(store), await held(store)]
    const intact = await held(store)
    const [one, two, three] = damaged.map(({ session }) => session.id)
    alter(path, `UPDATE session SET data = '{"cart":' WHERE id = '${one!}'`)
    alter(path, `UPDATE session SET claims = '[]' WHERE id = '${two!}'`)
    alter(path, `UPDATE session SET end_reason = 'unheard of' WHERE id = '${three!}'`)

    const codes = await Promise.all(damaged.map(({ handle }) => codeOf(store.find(handle.hash))))
    expect(codes).to.deep.equal(['unavailable', 'unavailable', 'unavailable'])
    expect(await codeOf(store.transact({ handles: [damaged[0]!.handle.hash] }, answerView))).to.equal(
      'unavailable',
    )
    expect(await store.transact({ handles: [intact.handle.hash] }, answerView)).to.have.deep.property(
      'held',
      [intact],
    )
    await store.close()
  })

  it('R21: makes the store unavailable while another process holds the lock, and works again after', async () => {
    const store = sqliteStore({ path, busyTimeoutMs: 50 })
    const { handle, session } = await held(store)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')

    const locked = store.transact({ handles: [] }, answerView)
    expect(await codeOf(locked)).to.equal('unavailable')
    expect(await locked.catch((error: unknown) => (error as Error).cause)).to.be.instanceOf(Error)
    expect(await store.find(handle.hash), 'reading needs no lock').to.deep.equal({ handle, session })
    other.exec('ROLLBACK')
    other.close()
    await increment(store, handle.hash)
    expect((await store.find(handle.hash))?.session.version).to.equal(2)
    await store.close()
  })
})

/** The same connection: something else happens between the answer to this question and what the asker does next, or just before the question. */
function watched(
  database: DatabaseSyncInstance,
  question: 'wal_checkpoint(NOOP)' | 'data_version',
  happens: () => void,
): DatabaseSyncInstance {
  return new Proxy(database, {
    get(target, name) {
      if (name !== 'prepare') {
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      }
      return (sql: string) => {
        const statement = target.prepare(sql)
        if (!sql.includes(question)) return statement
        return {
          get() {
            if (question === 'data_version') happens()
            const row: unknown = statement.get()
            if (question !== 'data_version') happens()
            return row
          },
        }
      }
    },
  })
}

function expectRefusal(path: string, remedy: string): void {
  expect(() => sqliteStore(path))
    .to.throw(SessionHubError)
    .which.satisfies(({ code, message }: SessionHubError) => {
      expect(code).to.equal('options_invalid')
      expect(message).to.include(path).and.to.include(remedy).and.not.to.include('\n')
      return true
    })
}
