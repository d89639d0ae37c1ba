/** Reads a session where no answer can be given, such as for a web socket, and reports its end for as long as somebody wants to know. */
import { type ErrorCode, SessionHubError, toSessionHubError } from '../../protocol/errors.js'
import { logError, reasonOf } from '../../settings/log.js'
import type { Visit } from '../visit.js'
import type { Ended } from './followers.js'
import type { HeldSession, SiteSession } from './held-session.js'
import { isTrusted, load } from './load.js'
import type { SessionParts } from './parts.js'

export type EndedListener = (reason: Ended) => unknown

/** What `site.read` has found. */
export interface ReadSession {
  /** As `req.session`, or `null` if the visitor has none. It can be read and updated, but none can begin here. */
  readonly session: SiteSession | null
  /**
   * Why there is none, or `null` if the visitor simply has none: `unavailable` (the hub cannot be asked), `session_ended`, `origin_denied`
   * (another site's page opens the web socket), `session_ambiguous`, `host_denied`.
   */
  readonly reason: ErrorCode | null
  /**
   * Calls the listener once when the session ends, wherever that happens; soon if it has already ended. While the hub can be reached, that
   * takes less than a second. An exception from the listener is logged.
   *
   * @returns a function that removes the listener; call it when the socket closes
   */
  readonly onEnded: (listener: EndedListener) => () => void
}

export const noSession = (reason: ErrorCode | null): ReadSession => ({
  session: null,
  reason,
  onEnded: (listener) => {
    requireListener(listener)
    return () => undefined
  },
})

/** @throws SessionHubError `session_ambiguous`, only with `takesBearer` */
export async function readSession(
  site: SessionParts,
  visit: Visit,
  takesBearer: boolean,
): Promise<ReadSession> {
  if (isFromElsewhere(visit, site.settings.origin)) return noSession('origin_denied')
  if (takesBearer) await site.carrier.acceptBearer(visit)
  const known = site.loaded.get(visit.request)
  // A web socket's request stays for hours: what was true when it arrived may no longer hold.
  const isStill = known?.token && isTrusted(site, known.token)
  const session = isStill ? known : await load(site, visit)
  if (session.token)
    return {
      session,
      reason: null,
      onEnded: (listener) => follow(site, visit, session, requireListener(listener)),
    }
  return noSession(session.ended ? 'session_ended' : session.isStale ? 'unavailable' : null)
}

/** R18: any page may open a web socket to this site and read what comes over it. The browser's `Origin` says which site's page it is. */
const isFromElsewhere = ({ headers }: Visit, origin: string): boolean =>
  asksForSocket(headers) && headers.origin !== undefined && headers.origin !== origin

/** Over HTTP/1.1 by `Upgrade` (RFC 6455); over HTTP/2 and 3 by `:protocol` (RFC 8441, RFC 9220), which some servers and proxies remove. */
const asksForSocket = (headers: Visit['headers']): boolean =>
  ['upgrade', ':protocol', 'sec-websocket-version'].some((name) => headers[name] !== undefined) ||
  headers['sec-fetch-mode'] === 'websocket'

function requireListener(listener: unknown): EndedListener {
  if (typeof listener !== 'function')
    throw new SessionHubError('request_invalid', 'onEnded: the listener has to be a function')
  return listener as EndedListener
}

/** @returns a function that stops it */
function follow(site: SessionParts, visit: Visit, first: HeldSession, listener: EndedListener): () => void {
  const { followers, endings, settings, log } = site
  let session = first
  let isOver = false
  let isLooking = false
  let leave: (() => void) | undefined

  function stop(): void {
    isOver = true
    clearInterval(timer)
    leave?.()
    followers.delete(tell)
  }

  function tell(reason: Ended): void {
    if (isOver) return
    stop()
    // Always asynchronous: a listener that is called at once would not yet have the function that stops it.
    Promise.resolve(reason)
      .then(listener)
      .catch((cause: unknown) => {
        log({ level: 'error', event: 'hook_failed', hook: 'onEnded', description: reasonOf(cause) })
      })
  }

  /** Judges the session as a new request with the same cookies would be judged. */
  async function look(): Promise<void> {
    if (isLooking || isOver) return
    isLooking = true
    try {
      const next = await load(site, visit)
      if (next.token) watch(next)
      else tell(next.ended?.endReason ?? 'unknown')
    } catch (thrown) {
      logError(log, toSessionHubError(thrown), 'read')
      tell('unknown')
    } finally {
      isLooking = false
    }
  }

  function watch(next: HeldSession): void {
    session = next
    leave?.()
    leave =
      next.token &&
      endings.watch(next.token, {
        ended: tell,
        mayHaveEnded: () => void look(),
        unknown: () => void look(),
      })
    // It may have been reported already, before `leave` existed.
    if (isOver) leave?.()
  }

  /** Asking the hub prolongs a session. While the stream reports every end, the hub is only asked when the session would expire. */
  const isKnownToLive = () =>
    site.isListening() && !session.isStale && (session.expiresAt ?? 0) * 1000 > settings.now()

  // As often as requests would ask (R28).
  const timer = setInterval(() => {
    if (!isKnownToLive()) void look()
  }, settings.freshForSeconds * 500).unref()

  followers.add(tell)
  watch(first)
  return stop
}
