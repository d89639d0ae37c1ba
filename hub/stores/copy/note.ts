/** What a hub is told when it opens a store that is being copied or was copied. */
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { integer, orNull, text } from '../rows.js'
import type { CopyNote } from './end.js'

/** Reads a row, whose columns are the same in every engine. @throws TypeError if it is damaged */
export const noteOf = (row: unknown): CopyNote => ({
  copy: text(row, 'copy'),
  role: text(row, 'role') === 'source' ? 'source' : 'target',
  other: text(row, 'other'),
  isDone: integer(row, 'is_done') !== 0,
  atMs: integer(row, 'at_ms'),
  progress: orNull(row, 'progress', text),
})

/** The note as a row. */
export const noteColumns = ({ copy, role, other, isDone, atMs, progress }: CopyNote) => ({
  copy,
  role,
  other,
  is_done: isDone ? 1 : 0,
  at_ms: atMs,
  progress,
})

/** Waiting does not help: a hub that went on here would give answers that the other store never learns of. */
export const closedByCopy = (note: CopyNote): SessionHubError =>
  new SessionHubError('options_invalid', `The session store ${whyClosed(note)}`)

function whyClosed({ role, other, isDone, atMs }: CopyNote): string {
  if (role === 'target')
    return `is an unfinished copy of ${other}: run the same "session-hub store copy" again, and it goes on where it stopped`
  const reopen = 'or take this store again by "session-hub store reopen"'
  return isDone
    ? `was copied to ${other} on ${day(atMs)}: let the hub use that one, ${reopen}`
    : `is being copied to ${other}: run the same "session-hub store copy" to its end, ${reopen}`
}

export const day = (atMs: number) => new Date(atMs).toISOString().slice(0, 10)
