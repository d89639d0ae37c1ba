/**
 * Checks whether the files are still those that were opened. SQLite goes on writing into a file that was moved, deleted or overwritten:
 * all of that would be answered, and lost at the next start. So nothing is written any more, and `/readyz` says so (R21).
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'

import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { integer, text } from '../rows.js'

export interface Place {
  /**
   * Has to be called with the write lock, so that no other process writes meanwhile.
   *
   * @throws SessionHubError `unavailable`
   */
  check(): void
  /**
   * Remembers what this connection has written, before anybody is answered.
   *
   * @throws SessionHubError `unavailable` if it was written into a log that was cut short
   */
  note(): void
  close(): void
}

/** A different header is a different log: it contains random salts (https://sqlite.org/walformat.html). */
const HEADER_BYTES = 32
/** The header of each page in the log, with a checksum over everything before it. */
const FRAME_HEADER_BYTES = 24

interface Log {
  readonly bytes: number
  readonly header: string
  /** The header before the last page, and its position. */
  readonly last: string
  readonly lastAt: number
}

export function createPlace(database: DatabaseSyncInstance): Place {
  const file = text(
    database.prepare("SELECT file FROM pragma_database_list WHERE name = 'file'").get(),
    'file',
  )
  const version = database.prepare('PRAGMA file.data_version')
  const index = database.prepare('PRAGMA file.wal_checkpoint(NOOP)')
  const frameBytes =
    FRAME_HEADER_BYTES + integer(database.prepare('PRAGMA file.page_size').get(), 'page_size')
  const logFile = `${file}-wal`
  // Without the index of the log, which holds the locks, another process would create a new index and write beside this one.
  const files = [file, logFile, `${file}-shm`]
  const opened = files.map(identityOf)
  // Only the log is opened: SQLite's locks are on the two other files, and closing those would drop the locks (POSIX).
  const log = openSync(logFile, 'r')
  const buffer = Buffer.alloc(HEADER_BYTES)
  // Read before the log: a write by another process in between then counts as its change, and not as a stranger's.
  let dataVersion = dataVersionNow()
  let known = written()
  let fileBytes = statSync(file).size
  let isOpen = true

  function read(bytes: number, at: number): string {
    return buffer.toString('latin1', 0, readSync(log, buffer, 0, bytes, at))
  }
  function look(lastAt: number): Log {
    return {
      bytes: fstatSync(log).size,
      header: read(HEADER_BYTES, 0),
      last: lastAt === 0 ? '' : read(FRAME_HEADER_BYTES, lastAt),
      lastAt,
    }
  }
  /** The length of the log, as SQLite's own index of it says. */
  function written(): Log {
    const frames = integer(index.get(), 'log')
    return look(frames <= 0 ? 0 : HEADER_BYTES + (frames - 1) * frameBytes)
  }
  function dataVersionNow(): number {
    return integer(version.get(), 'data_version')
  }
  /** The file never becomes shorter, because the pages of deleted rows are used again. */
  function isCutShort(): boolean {
    const bytes = statSync(file).size
    if (bytes < fileBytes) return true
    fileBytes = bytes
    return false
  }

  return {
    check() {
      if (files.some((each, index) => identityOf(each) !== opened[index]) || isCutShort()) throw moved()
      const [found, foundVersion] = [look(known.lastAt), dataVersionNow()]
      // If no other connection has changed anything, the log is as this one left it, or empty: a process that stops writes all
      // of it into the file.
      const isOurs =
        found.bytes === 0 ||
        (found.header === known.header && found.last === known.last && found.bytes >= known.bytes)
      if (!isOurs && foundVersion === dataVersion) throw moved()
      known = found
      dataVersion = foundVersion
    },
    note() {
      if (!isOpen) return
      known = written()
      // In a log that a stranger has emptied, SQLite goes on at its old position. Nobody could read that: zeros come before it, and there is no
      // header. The log is empty if another process has since written all of it into the file, as each one does when it stops.
      if (known.lastAt > 0 && known.header !== '' && !isHeader(known.header)) throw moved()
    },
    close() {
      if (isOpen) closeSync(log)
      isOpen = false
    },
  }
}

const isHeader = (header: string) => header.startsWith('\x37\x7f\x06')

function identityOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}

const moved = () =>
  new SessionHubError(
    'unavailable',
    'The session database was moved, replaced or overwritten while the hub ran: put it back and restart the hub',
  )
