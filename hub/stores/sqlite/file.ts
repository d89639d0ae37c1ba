/** Opening the database file: ours or refused, private, in write-ahead mode, of this version. */
import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'

import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { faultCode, openFault, refusal, SQLITE_BUSY } from './faults.js'
import { integer } from './rows.js'
import { APPLICATION_ID, MIGRATIONS } from './schema.js'

export function openDatabase(path: string, busyTimeoutMs: number): DatabaseSyncInstance {
  const file = resolve(path) // absolute, so that SQLite does not read "file:..." as a URI with options
  let database: DatabaseSyncInstance | undefined
  try {
    closeSync(openSync(file, 'a', 0o600)) // SQLite would create it with 0644, and gives -wal and -shm the same mode
    database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    // Before the first change, so that a file that is not ours stays as it is; in a transaction, so that the answers fit
    // together while another process migrates.
    database.exec('BEGIN')
    versionOf(database, file)
    database.exec('COMMIT')
    useWriteAheadLog(database, busyTimeoutMs)
    migrate(database, file)
    return database
  } catch (thrown) {
    database?.close()
    throw thrown instanceof SessionHubError ? thrown : openFault(thrown, file)
  }
}

function migrate(database: DatabaseSyncInstance, file: string): void {
  database.exec('BEGIN IMMEDIATE') // of several processes that start at once, one migrates
  for (const statements of MIGRATIONS.slice(versionOf(database, file))) {
    database.exec(`${statements}; PRAGMA application_id = ${APPLICATION_ID}`)
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  }
  database.exec('COMMIT')
}

/** @throws SessionHubError `options_invalid` when this version must not touch the file. */
function versionOf(database: DatabaseSyncInstance, file: string): number {
  const owner = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  const isNew = owner === 0 && version === 0 && pragma(database, 'schema_version') === 0
  if (owner !== APPLICATION_ID && !isNew) throw refusal(file, 'NOT_OURS')
  if (version > MIGRATIONS.length) throw refusal(file, 'NEWER')
  return version
}

function pragma(database: DatabaseSyncInstance, name: string): number {
  const row: unknown = database.prepare(`PRAGMA ${name}`).get()
  return integer(row, name)
}

/** SQLite does not wait for the lock here, whatever the busy timeout: two processes that make one new file need it. */
function useWriteAheadLog(database: DatabaseSyncInstance, busyTimeoutMs: number): void {
  const deadlineMs = Date.now() + busyTimeoutMs
  for (;;) {
    try {
      // A checkpoint every 16 MiB of log instead of 4: fewer of them meet the same pages again.
      database.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000',
      )
      return
    } catch (thrown) {
      if (faultCode(thrown) !== SQLITE_BUSY || Date.now() >= deadlineMs) throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
