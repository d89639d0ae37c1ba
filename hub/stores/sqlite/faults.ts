/** What can be wrong with the file, by errno or SQLite's result code, in words that say what to do. */
import { SessionHubError } from '../../../sdk/protocol/errors.js'

export const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

const REFUSALS = {
  NO_FOLDER: 'is in no folder that exists: create the folder, or set another path',
  NOT_WRITABLE: 'cannot be written: let this user write to the file and its folder, or set another path',
  NOT_OURS: 'is not a session database: move it away, or set another path',
  NEWER: 'was written by a newer version of Session Hub: start that version, or set another path',
}

const REFUSED: Readonly<Record<string | number, keyof typeof REFUSALS>> = {
  ENOENT: 'NO_FOLDER',
  ENOTDIR: 'NO_FOLDER',
  EACCES: 'NOT_WRITABLE',
  EPERM: 'NOT_WRITABLE',
  EROFS: 'NOT_WRITABLE',
  [SQLITE_READONLY]: 'NOT_WRITABLE',
  [SQLITE_CANTOPEN]: 'NOT_WRITABLE',
  EISDIR: 'NOT_OURS',
  [SQLITE_NOTADB]: 'NOT_OURS',
}

export function openFault(thrown: unknown, file: string): SessionHubError {
  const refused = REFUSED[faultCode(thrown) ?? '']
  return refused ? refusal(file, refused, thrown) : unavailable(thrown)
}

export const refusal = (file: string, why: keyof typeof REFUSALS, cause?: unknown) =>
  new SessionHubError('options_invalid', `The session database "${file}" ${REFUSALS[why]}`, { cause })

export function faultCode(thrown: unknown): string | number | undefined {
  if (!(thrown instanceof Error)) return undefined
  if ('errcode' in thrown && typeof thrown.errcode === 'number') return thrown.errcode & 0xff // without the detail
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

/** A fault of the store while the hub runs never means "allowed" (R21). */
export const unavailable = (cause: unknown) =>
  cause instanceof SessionHubError
    ? cause
    : new SessionHubError('unavailable', 'The session store does not answer', { cause })

/** Every failure in here is a fault of the store, which never means "allowed" (R21). */
export function attempt<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    throw unavailable(cause)
  }
}
