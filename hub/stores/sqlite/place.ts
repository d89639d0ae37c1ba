/**
 * Whether the files are still those that were opened. SQLite goes on writing into a file that was moved, deleted or overwritten:
 * all of that would be answered, and be gone after the next start. So nothing is written any more, and `/readyz` says so (R21).
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'

import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { integer, text } from '../rows.js'

export interface Place {
  /**
   * Called with the write lock, so that no other process writes meanwhile.
   *
   * @throws SessionHubError `unavailable`
   */
  check(): void
  /** Remembers what this connection has written. */
  note(): void
  close(): void
}

/** Another header is another log: it has random salts (https://sqlite.org/walformat.html). */
const HEADER_BYTES = 32

export function createPlace(database: DatabaseSyncInstance): Place {
  const file = text(
    database.prepare("SELECT file FROM pragma_database_list WHERE name = 'file'").get(),
    'file',
  )
  const version = database.prepare('PRAGMA file.data_version')
  const files = [file, `${file}-wal`] as const
  const opened = files.map(identityOf)
  // Only the log: SQLite's locks are on the two other files, and closing those would drop them (POSIX).
  const log = openSync(files[1], 'r')
  const header = Buffer.alloc(HEADER_BYTES)
  let known = look()
  let dataVersion = dataVersionNow()
  let isOpen = true

  function look(): { header: string; bytes: number } {
    const read = readSync(log, header, 0, HEADER_BYTES, 0)
    return { header: header.toString('latin1', 0, read), bytes: fstatSync(log).size }
  }
  function dataVersionNow(): number {
    return integer(version.get(), 'data_version')
  }

  return {
    check() {
      if (files.some((each, index) => identityOf(each) !== opened[index])) throw moved()
      const [found, foundVersion] = [look(), dataVersionNow()]
      // Where no other connection has changed anything, the log is as this one left it, or empty: another process that stops writes all
      // of it into the file.
      const isOurs = found.bytes === 0 || (found.header === known.header && found.bytes >= known.bytes)
      if (!isOurs && foundVersion === dataVersion) throw moved()
      known = found
      dataVersion = foundVersion
    },
    note() {
      if (isOpen) known = look()
    },
    close() {
      if (isOpen) closeSync(log)
      isOpen = false
    },
  }
}

function identityOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}

const moved = () =>
  new SessionHubError(
    'unavailable',
    'The session database was moved, replaced or overwritten while the hub ran: put it back and restart the hub',
  )
