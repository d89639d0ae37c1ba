/** Logs: structured, and without anything that would open a session (R30). */
import { SessionHubError } from '../protocol/errors.js'

/** Everything that is ever logged, in one table. */
export type LogEvent =
  /** A request was refused; `code` says why. */
  | 'request_refused'
  /** A request failed on our side. */
  | 'request_failed'
  /** A ticket was redeemed twice with the right verifier: the session that it gave has been ended (R27). */
  | 'ticket_replayed'
  /** A merge made more data than a session may have; the winner's own data was kept. */
  | 'merge_too_large'
  /** The application's `findSite` failed. */
  | 'site_lookup_failed'
  | 'sweep_failed'
  /** The hub's answer to a request for its keys could not be used; the old keys stay (R9). */
  | 'jwks_refused'
  /** The hub does not answer; sessions live on what is known. */
  | 'hub_unreachable'
  | 'hub_back'
  /** The hub's event stream cannot be had; what ends elsewhere is known when a session token is not fresh any more. */
  | 'stream_lost'
  | 'stream_back'
  /** This machine's clock and the hub's differ by more than the protocol forgives. */
  | 'clock_differs'
  /** The hub will not be told of a sign-out: it refused it for good, or too many were waiting. The site's own cookies were cleared. */
  | 'sign_out_lost'
  /** The application's `onReplaced` hook failed; the session was replaced all the same. Or `tokenClaims`, and no token was made; or the hub's `endAllOnSignOut`; or `merge` gave what is no plain JSON, and the winner's own data was kept. */
  | 'hook_failed'
  /** A path of `fields` led nowhere, or to more than fits; said once for each path. */
  | 'token_field_left_out'

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: LogEvent
  readonly [field: string]: string | number | boolean | undefined
}

/** Receives every entry. Never called with a ticket, cookie, nonce, handle or verifier. */
export type Log = (entry: LogEntry) => void

/** Wraps an application's logger: control characters are encoded, and a logger that throws harms nobody. */
export function safeLog(log: Log | undefined): Log {
  if (!log) return () => undefined
  return (entry) => {
    const clean = Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, encoded(value)]))
    try {
      log(clean as LogEntry)
    } catch {
      // Logging must never decide a request.
    }
  }
}

/** Writes what went wrong with a request: what the client was told, and the cause without its message. */
export function logError(
  log: Log,
  error: SessionHubError,
  where: string,
  more: { site?: string | undefined } = {},
): void {
  const failed = error.status >= 500
  log({
    level: failed ? 'error' : 'info',
    event: failed ? 'request_failed' : 'request_refused',
    where,
    code: error.code,
    description: error.message,
    ...more,
    ...(error.cause !== undefined && { cause: causeOf(error.cause) }),
  })
}

/** What an application's own hook threw, in words; applications throw anything. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : typeof thrown

/**
 * A cause by its names and its place in the code. Its message is left out: a parser's message quotes what it could not
 * parse, and that may be a ticket.
 */
function causeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause
  if (cause instanceof SessionHubError)
    return cause.cause === undefined ? cause.code : `${cause.code} < ${causeOf(cause.cause)}`
  const code = (cause as { code?: unknown }).code
  const place = cause.stack
    ?.split('\n')
    .find((line) => line.startsWith('    at '))
    ?.trim()
  return [cause.name, typeof code === 'string' ? code : undefined, place].filter(Boolean).join(' ')
}

// eslint-disable-next-line no-control-regex -- control characters are just what must not reach a log
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

function encoded(value: LogEntry[string]): LogEntry[string] {
  return typeof value === 'string'
    ? value.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : value
}
