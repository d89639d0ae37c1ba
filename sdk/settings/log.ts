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
  /** A merge made more data than a session may have: what fits was kept, and the rest stayed in the session that gave way. */
  | 'merge_too_large'
  /** A change of claims has left out another session of the user's, whose own claims would have been too large with it. */
  | 'claims_too_large'
  /** The application's `findSite` failed. */
  | 'site_lookup_failed'
  /** The application's `findOrigin`, or `keys` for an origin, failed, was slow, or gave what cannot be used. */
  | 'origin_lookup_failed'
  /** A registered site works, but hardly as it was meant. */
  | 'site_doubtful'
  /** The configuration works, but hardly as it was meant. */
  | 'config_doubtful'
  | 'sweep_failed'
  /** The store of `limits.store` does not count; each process counts in its own memory. */
  | 'limits_store_away'
  | 'limits_store_back'
  /** The hub has more to do than it can, and refuses some requests with 503: its event loop is `lateMs` late, or its store that far behind. Once a minute. */
  | 'overloaded'
  /** The hub begins; `description` says what the store's server would lose in a failover. */
  | 'store_opened'
  /** The store's server does not answer yet; the hub is `unavailable` until it does. */
  | 'store_waiting'
  /** The store could not be opened, and is not tried again: the hub stays `unavailable`. */
  | 'store_failed'
  /** The hub's answer to a request for its keys could not be used; the old keys stay (R9). */
  /** The hub does not answer; sessions live on what is known. */
  | 'hub_unreachable'
  | 'hub_back'
  /** The hub's event stream cannot be had; what ends elsewhere is known when a session token is not fresh any more. */
  | 'stream_lost'
  | 'stream_back'
  /** The hub does not accept this site's keys; `site`, `app` and `kid` say which. Once a minute and registration. */
  | 'site_refused'
  /** A site token was refused on the back-channel; `site` and `kid` are what it names, believed or not. */
  | 'site_token_refused'
  /** A proxy's word of where visitors come from arrives, and is not taken: all of them share one rate limit. Once in a process. */
  | 'proxy_untrusted'
  /** This machine's clock and the hub's differ by more than the protocol forgives. */
  | 'clock_differs'
  /** The hub will not be told of a sign-out: it refused it for good, or too many were waiting. The site's own cookies were cleared. */
  | 'sign_out_lost'
  /** The application's `onReplaced` hook failed; the session was replaced all the same. Or `tokenClaims`, and no token was made; or the hub's `endAllOnSignOut`; or `merge` gave what is no plain JSON, and `fill` merged those keys. Or what `site.fetch` calls failed after the session had changed: 500, with the cookies. */
  | 'hook_failed'
  /** A path of `fields` led nowhere, or to more than fits; said once for each path. */
  | 'token_field_left_out'
  /** Somebody acts as a user at this `site` from now on; the audit says who, as whom and why. */
  | 'acting_started'
  /** And does so no more. */
  | 'acting_stopped'
  /** The company's identity provider has said that a user has signed out there; `sessions` of theirs have ended. */
  | 'company_sign_out'
  /** Within a minute there were so many more (`times`) entries of the event `of` with this `code`. */
  | 'repeated'

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: LogEvent
  readonly [field: string]: string | number | boolean | undefined
}

/** Receives every entry. Never called with a ticket, cookie, nonce, handle or verifier. */
export type Log = (entry: LogEntry) => void

/**
 * Wraps an application's logger. Strangers write into paths and names: control characters are encoded, what looks like a secret is left out,
 * what is long is cut, and what repeats is counted (R40). A logger that throws harms nobody.
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

/** Of one kind so many entries are written in so long; how many more there were is one entry, afterwards. */
const REPEATS = { most: 20, inMs: 60_000 }

/** By level, event and code, which no stranger can make up: so there are few kinds. */
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

/** Writes what went wrong with a request: what the client was told, and the cause without its message. */
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

/** With `host_denied`: which host was asked for, and which one there is. A proxy has changed it, or an option is wrong. */
export const hostsOf = ({ code }: SessionHubError, host: string | undefined, ownHost: string) =>
  code === 'host_denied' ? { host, ownHost } : {}

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

/** What begins a line, commands a terminal, is seen by nobody, or turns the writing round. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Longer than anything that we say ourselves. */
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
