/** Opens the database file, or refuses it if it is not ours. The file is private, in write-ahead mode and of this version. Also closes it. */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { faultCode, openFault, refusal, SQLITE_BUSY } from './faults.js'
import { integer } from '../rows.js'
import type { SqliteOptions } from './options.js'
import { APPLICATION_ID, MIGRATIONS } from './schema.js'

/**
 * How many pages of the log a checkpoint copies at once, 4 KiB each, while the event loop stands still. Measured at 100,000 sessions, 8 redemptions
 * at a time: 250 pages stop it for 27 ms, 500 for 43, 1,000 for 57, 2,000 for 91 to 141 and 4,000 for 133 (99.9th percentile of its turns). From 250
 * to 2,000 pages the rate stays between 820 and 1,260 redemptions a second, in no order.
 */
const CHECKPOINT_PAGES = 500
/** The log's file is cut to this size after a long read, such as a backup, has made it grow. */
const LONGEST_LOG_BYTES = 16 * 1_048_576

/**
 * Attaches the file as `file` to a connection without a file of its own. A connection's own file would stay open, with its log
 * unwritten, until the garbage collector has found the last prepared statement. DETACH closes an attached file at once.
 */
export function openDatabase({
  path,
  busyTimeoutMs,
  cacheMegabytes,
}: Required<SqliteOptions>): DatabaseSyncInstance {
  const file = resolve(path) // absolute, so that SQLite does not read "file:..." as a URI with options
  let database: DatabaseSyncInstance | undefined
  try {
    makePrivate(file)
    database = new DatabaseSync(':memory:', { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    database.exec(`ATTACH '${file.replaceAll("'", "''")}' AS file`)
    // This comes before the first change, so that a file that is not ours stays as it is. It is one transaction, so that the answers agree
    // while another process migrates.
    database.exec('BEGIN')
    versionOf(database, file)
    database.exec('COMMIT')
    useWriteAheadLog(database, busyTimeoutMs)
    tune(database, cacheMegabytes)
    migrate(database, file)
    return database
  } catch (thrown) {
    database?.close()
    throw thrown instanceof SessionHubError ? thrown : openFault(thrown, file)
  }
}

/**
 * Writes the log into the file and releases both, so that the one file is the whole backup. SQLite itself does this only for the last
 * connection, and not if two close at the same time.
 */
export function closeDatabase(database: DatabaseSyncInstance): void {
  try {
    database.exec('PRAGMA file.wal_checkpoint(TRUNCATE)')
    database.exec('DETACH file')
  } finally {
    database.close()
  }
}

/**
 * SQLite would create the file with mode 0644; it gives `-wal` and `-shm` the file's mode. An existing file is not opened here:
 * closing it again would drop the locks of every other store of this process on it (POSIX), and with them what keeps its log alive.
 */
function makePrivate(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isDirectory()) throw refusal(file, 'NOT_OURS')
  if (found) accessSync(file, constants.R_OK | constants.W_OK)
  else closeSync(openSync(file, 'a', 0o600))
}

function migrate(database: DatabaseSyncInstance, file: string): void {
  database.exec('BEGIN IMMEDIATE') // of several processes that start at once, one migrates
  for (const statements of MIGRATIONS.slice(versionOf(database, file))) {
    database.exec(`${statements}; PRAGMA file.application_id = ${APPLICATION_ID}`)
    database.exec(`PRAGMA file.user_version = ${MIGRATIONS.length}`)
  }
  database.exec('COMMIT')
}

/** @throws SessionHubError `options_invalid` if this version must not touch the file. */
function versionOf(database: DatabaseSyncInstance, file: string): number {
  const owner = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  const isNew = owner === 0 && version === 0 && pragma(database, 'schema_version') === 0
  if (owner !== APPLICATION_ID && !isNew) throw refusal(file, 'NOT_OURS')
  if (version > MIGRATIONS.length) throw refusal(file, 'NEWER')
  return version
}

function pragma(database: DatabaseSyncInstance, name: string): number {
  const row: unknown = database.prepare(`PRAGMA file.${name}`).get()
  return integer(row, name)
}

/** No memory map: with one, a file that another program truncates would end the process, while without one a read only fails. */
function tune(database: DatabaseSyncInstance, cacheMegabytes: number): void {
  database.exec(`
    PRAGMA file.synchronous = NORMAL;
    PRAGMA file.cache_size = -${cacheMegabytes * 1000};
    PRAGMA file.journal_size_limit = ${LONGEST_LOG_BYTES};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
}

/** SQLite does not wait for the lock here, whatever the busy timeout is. Two processes that create one new file need the wait. */
function useWriteAheadLog(database: DatabaseSyncInstance, busyTimeoutMs: number): void {
  const deadlineMs = performance.now() + busyTimeoutMs
  for (;;) {
    try {
      database.exec('PRAGMA file.journal_mode = WAL')
      return
    } catch (thrown) {
      if (faultCode(thrown) !== SQLITE_BUSY || performance.now() >= deadlineMs) throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
