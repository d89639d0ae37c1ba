/** Copies a running store into one file, and puts such a file back. Neither result is ever half written. */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { resolve } from 'node:path'

import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { sqliteStore } from '../sqlite.js'
import { integer, text } from '../rows.js'
import { faultCode, openFault, refusal, SQLITE_BUSY } from './faults.js'
import { APPLICATION_ID, MIGRATIONS } from './schema.js'

/**
 * Copies the database as it is at one moment, while others go on writing.
 *
 * @param target a file that does not exist yet; it is created readable by its owner only (R26)
 * @param isDraftLeft whether an existing draft belongs to a process that was killed
 * @returns how many sessions it holds
 * @throws SessionHubError `options_invalid`
 */
export function backUp(path: string, target: string, isDraftLeft: boolean): number {
  const [file, copy] = [resolve(path), resolve(target)]
  if (existsSync(copy)) throw there(copy)
  return inPlace(copy, isDraftLeft, (draft) => {
    using(file, (database) => {
      checkOurs(database, file)
      database.exec(`VACUUM file INTO ${literal(draft)}`)
    })
    return using(draft, (database) => checkWhole(database, draft))
  })
}

/**
 * Replaces the database with a backup that has a new epoch of endings. No hub ever opens it with the old epoch.
 *
 * @param isDraftLeft whether an existing draft belongs to a process that was killed
 * @returns how many sessions it holds, and where the previous database is now
 * @throws SessionHubError `options_invalid`, also if a hub has the database open
 */
export async function restore(
  backup: string,
  path: string,
  isDraftLeft: boolean,
): Promise<{ sessions: number; replaced: string | undefined }> {
  const [source, file] = [resolve(backup), resolve(path)]
  if (!existsSync(source)) throw new SessionHubError('options_invalid', `There is no backup "${source}"`)
  const draft = makeDraft(file, isDraftLeft)
  try {
    // The backup is not copied as a file, because that would keep its mode (R26).
    using(source, (database) => {
      checkOurs(database, source)
      database.exec(`VACUUM file INTO ${literal(draft)}`)
    })
    const sessions = using(draft, (database) => checkWhole(database, source))
    // This also brings an older version's tables up to date. Closing it puts everything into the one file.
    const store = sqliteStore(draft)
    await store.renewEpoch().finally(() => store.close())
    sync(draft)
    const replaced = existsSync(file) ? keepAside(file) : undefined
    renameSync(draft, file)
    return { sessions, replaced }
  } catch (thrown) {
    rmSync(draft, { force: true })
    throw thrown instanceof SessionHubError ? thrown : openFault(thrown, file)
  }
}

/**
 * Keeps the database under a second name, until the new one replaces it in one step. A hub that starts in between finds a database and does not
 * create an empty one.
 *
 * Nobody has the database open, and its log is in the file: only then does SQLite leave its write-ahead mode.
 */
function keepAside(file: string): string {
  try {
    using(file, (database) => {
      checkOurs(database, file)
      database.exec('PRAGMA file.journal_mode = DELETE')
    })
  } catch (thrown) {
    if (faultCode(thrown) !== SQLITE_BUSY) throw thrown
    throw new SessionHubError(
      'options_invalid',
      `A hub has "${file}" open: stop all of its processes first`,
      { cause: thrown },
    )
  }
  const aside = `${file}.replaced-${new Date().toISOString().replace(/\D/g, '').slice(0, 17)}`
  try {
    linkSync(file, aside)
  } catch {
    // Not every file system supports links.
    copyFileSync(file, aside, constants.COPYFILE_EXCL)
    sync(aside)
  }
  return aside
}

function inPlace<Result>(target: string, isDraftLeft: boolean, make: (draft: string) => Result): Result {
  const draft = makeDraft(target, isDraftLeft)
  try {
    const result = make(draft)
    sync(draft)
    renameSync(draft, target)
    return result
  } catch (thrown) {
    rmSync(draft, { force: true })
    throw thrown instanceof SessionHubError ? thrown : openFault(thrown, target)
  }
}

/** Private from its first byte: SQLite would make it readable by everybody. */
function makeDraft(target: string, isDraftLeft: boolean): string {
  const draft = `${target}.part`
  try {
    // Includes what SQLite keeps beside it.
    if (isDraftLeft)
      for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${end}`, { force: true })
    closeSync(openSync(draft, 'wx', 0o600))
    chmodSync(draft, 0o600)
  } catch (thrown) {
    throw faultCode(thrown) === 'EEXIST' ? there(draft) : openFault(thrown, target)
  }
  return draft
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** The file is attached, as in the store itself, so that it is released at once. */
function using<Result>(file: string, work: (database: DatabaseSyncInstance) => Result): Result {
  const database = new DatabaseSync(':memory:', { timeout: 2000 })
  try {
    database.exec(`ATTACH ${literal(file)} AS file`)
    try {
      return work(database)
    } finally {
      database.exec('DETACH file')
    }
  } finally {
    database.close()
  }
}

const literal = (file: string) => `'${file.replaceAll("'", "''")}'`

function checkOurs(database: DatabaseSyncInstance, file: string): void {
  const pragma = (name: string) => integer(database.prepare(`PRAGMA file.${name}`).get(), name)
  if (pragma('application_id') !== APPLICATION_ID) throw refusal(file, 'NOT_OURS')
  if (pragma('user_version') > MIGRATIONS.length) throw refusal(file, 'NEWER')
}

function checkWhole(database: DatabaseSyncInstance, file: string): number {
  checkOurs(database, file)
  if (text(database.prepare('PRAGMA file.integrity_check(1)').get(), 'integrity_check') !== 'ok')
    throw new SessionHubError('options_invalid', `The session database "${file}" is damaged`)
  return integer(database.prepare('SELECT count(*) AS sessions FROM file.session').get(), 'sessions')
}

const there = (file: string) =>
  new SessionHubError('options_invalid', `"${file}" already exists: move it away, or name another file`)
