/** One request to a site with its answer, whichever server has received it: all that the core knows of either. */
import type { BodySource } from '../http/body.js'
import type { RequestHead } from '../http/head.js'
import type { Reply } from '../http/reply.js'
import type { OpenEvents } from '../http/server-sent-events.js'
import { SessionHubError } from '../protocol/errors.js'

export interface Visit extends RequestHead, BodySource {
  /** Path and query below the place where the application has put this site. */
  readonly url: string
  /** Path and query as they were sent. */
  readonly fullUrl: string
  /** The network address, for rate limits. */
  readonly address: string | undefined
  /** Whether the address is that of a proxy of one's own, as far as that can be seen. */
  readonly isProxyUntrusted: boolean
  /** The framework's own request: what the application's hooks get, and whose session it is. */
  readonly request: object
  /** What is where the application looks for its session. */
  readonly shown: unknown
  /** Puts a session there. */
  show(session: object): void
  /** Calls back once the answer has been sent, where something may have taken that place meanwhile. */
  whenSent(act: () => void): void
  /** Whether the answer can still carry cookies. */
  readonly isOpen: boolean
  /** Of several cookies with one name, the last is sent. Nothing that the application does to the answer takes them out (R41). */
  addCookies(cookies: readonly string[]): void
  /** A header that belongs to this visitor. */
  addHeader(name: string, value: string): void
  /** Refuses an address that is too long, as the server itself would: that an answer is ours must not show (R39). */
  refuseAddress(): void
  /** Sends the whole answer. */
  reply(reply: Reply): unknown
  readonly openEvents: OpenEvents
}

/**
 * Before the hub is asked for anything that this answer has to tell the visitor (R41).
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
