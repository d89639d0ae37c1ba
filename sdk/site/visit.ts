/** One request to a site with its answer, on whichever server: all that the core knows of either. */
import type { BodySource } from '../http/body.js'
import type { RequestHead } from '../http/head.js'
import type { Reply } from '../http/reply.js'
import type { OpenEvents } from '../http/server-sent-events.js'
import { SessionHubError } from '../protocol/errors.js'

export interface Visit extends RequestHead, BodySource {
  /** Path and query below the place where the application has mounted this site. */
  readonly url: string
  /** Path and query as they were sent. */
  readonly fullUrl: string
  /** The network address, for rate limits. */
  readonly address: string | undefined
  /** Whether the address belongs to one of the application's own proxies, as far as can be told. */
  readonly isProxyUntrusted: boolean
  /** The framework's own request: hooks receive it, and the session belongs to it. */
  readonly request: object
  /** What is now at the place where the application looks for its session. */
  readonly shown: unknown
  /** Puts a session there. */
  show(session: object): void
  /** Calls back once the answer has been sent, if something may have taken that place in the meantime. */
  whenSent(act: () => void): void
  /** Whether the answer can still carry cookies. */
  readonly isOpen: boolean
  /** Of several cookies with one name, the last is sent. Nothing that the application does to the answer removes them (R41). */
  addCookies(cookies: readonly string[]): void
  /** A header that belongs to this visitor. */
  addHeader(name: string, value: string): void
  /** Refuses an address that is too long, as the server itself would, so that nobody can tell that the answer is ours (R39). */
  refuseAddress(): void
  /** Sends the whole answer. */
  reply(reply: Reply): unknown
  readonly openEvents: OpenEvents
}

/**
 * Runs before the hub is asked for anything that this answer has to pass on to the visitor (R41).
 *
 * @throws SessionHubError `headers_sent`
 */
export function requireOpen({ isOpen }: Pick<Visit, 'isOpen'>): void {
  if (!isOpen)
    throw new SessionHubError(
      'headers_sent',
      'The response has begun, or there is none, so no cookie can be set; await this call before you write anything',
    )
}
