/** A database file as one end of a copy. While it is open here, no hub can open it. */
import { resolve } from 'node:path'

import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import type { CopyEnd, CopyNote, Numbers, Written } from '../copy/end.js'
import { noteColumns, noteOf } from '../copy/note.js'
import { keysOf, type Kind, type Row, rowOf } from '../copy/rows.js'
import { integer, text } from '../rows.js'
import { createEraser } from './erasing.js'
import { faultCode, openFault, SQLITE_BUSY, unavailable } from './faults.js'
import { closeDatabase, openDatabase } from './file.js'
import { resolveOptions } from './options.js'
import { prepareStatements } from './statements.js'

/** A copy does not wait long for a lock, because a hub that holds it has to be stopped anyway. */
const BUSY_MS = 200

/**
 * @param path the file, which is created if it does not exist
 * @throws SessionHubError `options_invalid`, also if a hub has the database open
 */
export async function openSqliteEnd(path: string): Promise<CopyEnd> {
  const database = opened(path)
  try {
    keepToOneself(database, resolve(path))
    await finishErasing(database)
    return copyEnd(database, resolve(path))
  } catch (thrown) {
    closeDatabase(database)
    throw thrown instanceof SessionHubError ? thrown : openFault(thrown, path)
  }
}

function opened(path: string): DatabaseSyncInstance {
  try {
    return openDatabase(resolveOptions({ path, busyTimeoutMs: BUSY_MS }))
  } catch (thrown) {
    const cause = thrown instanceof SessionHubError ? thrown.cause : thrown
    throw faultCode(cause) === SQLITE_BUSY ? inUse(resolve(path), cause) : thrown
  }
}

const inUse = (file: string, cause: unknown) =>
  new SessionHubError(
    'options_invalid',
    `A hub, or another copy, has "${file}" open: stop all of its processes first`,
    { cause },
  )

/**
 * SQLite leaves its write-ahead mode only if nobody else has the file open. After that it keeps the first lock until the file is closed or
 * this process has ended, however it ends.
 */
function keepToOneself(database: DatabaseSyncInstance, file: string): void {
  try {
    database.exec('PRAGMA file.journal_mode = DELETE')
    database.exec('PRAGMA file.locking_mode = EXCLUSIVE; PRAGMA file.synchronous = FULL')
    database.exec('BEGIN EXCLUSIVE; COMMIT')
  } catch (thrown) {
    if (faultCode(thrown) !== SQLITE_BUSY) throw thrown
    throw inUse(file, thrown)
  }
}

/** Finishes earlier erasures: the rest of an erased subject must not come back to life in the copy. */
async function finishErasing(database: DatabaseSyncInstance): Promise<void> {
  const run = async <Result>(work: () => Result) => inTransaction(database, work)
  await createEraser(prepareStatements(database), { run, drain: () => undefined, waitedMs: () => 0 }).finish()
}

function inTransaction<Result>(database: DatabaseSyncInstance, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (thrown) {
    database.exec('ROLLBACK')
    throw thrown
  }
}

function copyEnd(database: DatabaseSyncInstance, name: string): CopyEnd {
  /** Everything is synchronous. A failure is a fault of the store. */
  const attempt = async <Result>(work: () => Result): Promise<Result> => {
    try {
      return work()
    } catch (thrown) {
      throw unavailable(thrown)
    }
  }
  const put = new Map<Kind, ReturnType<DatabaseSyncInstance['prepare']>>()
  const putFor = (kind: Kind, row: Row) => {
    const statement = put.get(kind) ?? database.prepare(putOf(kind, row))
    put.set(kind, statement)
    return statement
  }

  return {
    name,
    note: () =>
      attempt(() => {
        const row: unknown = database.prepare('SELECT * FROM copying').get()
        return row === undefined ? undefined : noteOf(row)
      }),
    begin: (note: CopyNote) =>
      attempt(() => {
        database
          .prepare('INSERT INTO copying VALUES (:copy, :role, :other, :is_done, :at_ms, :progress)')
          .run(noteColumns(note))
        // The file is locked, so nobody else can have done this since it was opened.
        return true
      }),
    count: (kind) =>
      attempt(() => integer(database.prepare(`SELECT count(*) AS rows FROM "${kind}"`).get(), 'rows')),
    numbers: () =>
      attempt(() => {
        const row: unknown = database
          .prepare(
            `SELECT epoch, ${lastOf('ending')}, ${lastOf('audit')}, ${lastOf('site')} FROM ending_epoch`,
          )
          .get()
        return {
          epoch: text(row, 'epoch'),
          lastEnding: integer(row, 'last_ending'),
          lastAudit: integer(row, 'last_audit'),
          lastSite: integer(row, 'last_site'),
        }
      }),
    read: (kind, after, limit) =>
      attempt(() => {
        const keys = keysOf[kind].map((key) => `"${key}"`).join(', ')
        const values = after === undefined ? [] : (JSON.parse(after) as (string | number)[])
        const behind = after === undefined ? '' : `WHERE (${keys}) > (${values.map(() => '?').join(', ')})`
        const found = database
          .prepare(`SELECT * FROM "${kind}" ${behind} ORDER BY ${keys} LIMIT ?`)
          .all(...values, limit)
        const rows = found.map((row) => rowOf(kind, row))
        const last = rows.length < limit ? undefined : rows.at(-1)
        return { rows, ...(last && { next: JSON.stringify(keysOf[kind].map((key) => last[key])) }) }
      }),
    write: ({ copy, kind, rows, from, to }: Written) =>
      attempt(() =>
        inTransaction(database, () => {
          const noted = database
            .prepare(`UPDATE copying SET progress = ? WHERE copy = ? AND role = 'target' AND progress IS ?`)
            .run(to, copy, from)
          if (noted.changes !== 1) return false
          for (const row of rows) putFor(kind, row).run({ ...row })
          return true
        }),
      ),
    setNumbers: ({ epoch, lastEnding, lastAudit, lastSite }: Numbers) =>
      attempt(() => {
        inTransaction(database, () => {
          database.prepare('UPDATE ending_epoch SET epoch = ?').run(epoch)
          for (const [table, last] of Object.entries({
            ending: lastEnding,
            audit: lastAudit,
            site: lastSite,
          })) {
            database.prepare('DELETE FROM file.sqlite_sequence WHERE name = ?').run(table)
            database.prepare('INSERT INTO file.sqlite_sequence (name, seq) VALUES (?, ?)').run(table, last)
          }
        })
      }),
    finish: (role) =>
      attempt(() => {
        database.exec(role === 'source' ? 'UPDATE copying SET is_done = 1' : 'DELETE FROM copying')
      }),
    reopen: () =>
      attempt(() => {
        database.exec('DELETE FROM copying')
      }),
    close: () =>
      attempt(() => {
        if (database.isOpen) closeDatabase(database)
      }),
  }
}

const lastOf = (table: string) =>
  `coalesce((SELECT seq FROM file.sqlite_sequence WHERE name = '${table}'), 0) AS last_${table}`

/** DO UPDATE, never REPLACE: REPLACE deletes the row first, and a session's handles would go with it. */
function putOf(kind: Kind, row: Row): string {
  const columns = Object.keys(row)
  const rest = columns.filter((column) => !keysOf[kind].includes(column))
  return `
    INSERT INTO "${kind}" (${columns.join(', ')}) VALUES (${columns.map((column) => `:${column}`).join(', ')})
    ON CONFLICT (${keysOf[kind].join(', ')}) DO UPDATE SET ${rest.map((column) => `${column} = excluded.${column}`).join(', ')}`
}
