/** Structured logs, without anything that would open a session (R30). */
import { SessionHubError } from '../protocol/errors.js'

/** Every event that is logged, in one table. */
export type LogEvent =
  /** A request was refused; `code` says why. */
  | 'request_refused'
  /** A request failed on our side. */
  | 'request_failed'
  /** A ticket was redeemed twice with the right verifier: the session that it gave has been ended (R27). */
  | 'ticket_replayed'
  /** A merge made more data than a session may have: what fits was kept, and the rest stayed in the session that gave way. */
  | 'merge_too_large'
  /** A change of claims has skipped another session of the user, whose own claims would have become too large. */
  | 'claims_too_large'
  /** The application's `findSite` failed. */
  | 'site_lookup_failed'
  /** The application's `findOrigin`, or `keys` for an origin, failed, was slow, or returned something unusable. */
  | 'origin_lookup_failed'
  /** A registered site works, but hardly as intended. */
  | 'site_doubtful'
  /** The configuration works, but hardly as intended. */
  | 'config_doubtful'
  | 'sweep_failed'
  /** The store of `limits.store` does not count; each process counts in its own memory. */
  | 'limits_store_away'
  | 'limits_store_back'
  /** The hub is overloaded and refuses some requests with 503: its event loop is `lateMs` late, or its store is that far behind. Once a minute. */
  | 'overloaded'
  /** The hub starts; `description` says what the store's server would lose in a failover. */
  | 'store_opened'
  /** The store's server does not answer yet; the hub is `unavailable` until it does. */
  | 'store_waiting'
  /** The store could not be opened, and the hub does not try again: it stays `unavailable`. */
  | 'store_failed'
  /** The hub's answer to a request for its keys could not be used; the old keys stay (R9). */
  /** The hub does not answer; sessions continue with what is known. */
  | 'hub_unreachable'
  | 'hub_back'
  /** The hub's event stream is not available; a session that ends elsewhere is noticed only when its token is no longer fresh. */
  | 'stream_lost'
  | 'stream_back'
  /** The hub does not accept this site's keys; `site`, `app` and `kid` say which. Once a minute per registration. */
  | 'site_refused'
  /** A site token was refused on the back channel; `site` and `kid` are what it names, true or not. */
  | 'site_token_refused'
  /** A proxy reports where visitors come from, but is not trusted: all of them share one rate limit. Once per process. */
  | 'proxy_untrusted'
  /** This machine's clock and the hub's differ by more than the protocol tolerates. */
  | 'clock_differs'
  /** The hub will not be told of a sign-out: it refused it for good, or too many were waiting. The site's own cookies were cleared. */
  | 'sign_out_lost'
  /**
   * A hook of the application failed. `onReplaced`: the session was replaced all the same. `tokenClaims`: no token was made. Also the hub's
   * `endAllOnSignOut`; or `merge`, which returned something that is not plain JSON, so that `fill` merged those keys; or what `site.fetch`
   * calls, after the session had changed: 500, with the cookies.
   */
  | 'hook_failed'
  /** A path of `fields` led nowhere, or to a value that is too large; logged once for each path. */
  | 'token_field_left_out'
  /** Somebody begins to act as a user at this `site`; the audit says who, as whom and why. */
  | 'acting_started'
  /** The acting has ended. */
  | 'acting_stopped'
  /** The company's identity provider reports that a user has signed out there; `sessions` of that user have ended. */
  | 'company_sign_out'
  /** Within a minute there were `times` more entries of the event `of` with this `code`. */
  | 'repeated'

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: LogEvent
  readonly [field: string]: string | number | boolean | undefined
}

/** Receives every entry. It is never called with a ticket, cookie, nonce, handle or verifier. */
export type Log = (entry: LogEntry) => void

/**
 * Wraps an application's logger. Strangers can write into paths and names: so control characters are encoded, what looks like a secret is left
 * out, long text is cut, and repeated entries are counted (R40). A logger that throws does no harm.
 */
export function safeLog(log: Log | undefined): Log {
  if (!log) return () => undefined
  const write = (entry: LogEntry) => {
    const clean = Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, harmless(value)]))
    try {
      log(clean as LogEntry)
    } catch {
      // Logging must never decide a request.
    }
  }
  const isOneMore = createRepeats(write)
  return (entry) => {
    if (!isOneMore(entry)) write(entry)
  }
}

/** So many entries of one kind are written in this time; one entry afterwards says how many more there were. */
const REPEATS = { most: 20, inMs: 60_000 }

/** By level, event and code, which no stranger can invent, so there are few kinds. */
function createRepeats(write: Log): (entry: LogEntry) => boolean {
  const counts = new Map<string, number>()
  return ({ level, event, code }) => {
    const kind = `${level} ${event} ${code}`
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    if (count === 1) {
      setTimeout(() => {
        const times = (counts.get(kind) ?? 0) - REPEATS.most
        counts.delete(kind)
        if (times > 0) write({ level, event: 'repeated', of: event, code, times })
      }, REPEATS.inMs).unref()
    }
    return count > REPEATS.most
  }
}

/** Logs what went wrong with a request: what the client was told, and the cause without its message. */
export function logError(
  log: Log,
  error: SessionHubError,
  where: string,
  more: { site?: string | undefined; host?: string | undefined; ownHost?: string } = {},
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

/** With `host_denied`: the requested host and the configured one. A proxy has changed the host, or an option is wrong. */
export const hostsOf = ({ code }: SessionHubError, host: string | undefined, ownHost: string) =>
  code === 'host_denied' ? { host, ownHost } : {}

/** Says in words what an application's own hook threw; applications throw anything. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : typeof thrown

/**
 * Describes a cause by its names and its place in the code. Its message is left out, because a parser's message quotes what it could not
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

/** Characters that begin a line, control a terminal, are invisible, or reverse the direction of the text. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Longer than any text of our own. */
const MOST_CHARACTERS = 256

function harmless(value: LogEntry[string]): LogEntry[string] {
  if (typeof value !== 'string') return value
  const text = withoutSecrets(value).replace(CONTROL, (character) => {
    const code = character.codePointAt(0)?.toString(16) ?? ''
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}

/** Tokens, handles, nonces, verifiers and their hashes are all long runs of base64url; words, hosts and file names are not. */
const withoutSecrets = (text: string): string =>
  text.replace(/[\w-]{22,}(?:\.[\w-]*)*/g, (run) => (looksRandom(run) ? '(left out)' : run))

const looksRandom = (run: string): boolean =>
  /[a-z]/.test(run) && /[A-Z]/.test(run) && (/\d/.test(run) || run.length >= 40)
