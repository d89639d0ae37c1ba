/** The application's hooks that are only notified: an exception that they throw changes no answer and is logged. */
import type { StoredClaims } from '../protocol/app-types.js'
import type { EndReason, Mode } from '../protocol/wire.js'
import { type Log, reasonOf } from '../settings/log.js'

/** @typeParam Native the server's own request */
export interface ReplacedEvent<Native> {
  readonly req: Native
  /** How the session came. */
  readonly source: Mode
  /** Whether the visitor had nothing on this site that could be lost. */
  readonly wasEmpty: boolean
  /** The origin of the site where the session began, as in `site.sessions()`; `null` if that is no longer known. */
  readonly from: string | null
}

/** @typeParam Native the server's own request */
export interface SignedInEvent<Native> {
  readonly req: Native
  readonly subject: string
  readonly claims: StoredClaims
}

export interface EndedEvent {
  /** The origin of the application on which the session ended. */
  readonly origin: string
  /** The session's user, or `null` for an anonymous visitor. */
  readonly subject: string | null
  readonly reason: EndReason
}

export async function tellHook(
  log: Log,
  hook: 'onReplaced' | 'onSignedIn' | 'onEnded',
  tell: () => void | Promise<void>,
): Promise<void> {
  try {
    await tell()
  } catch (cause) {
    log({ level: 'error', event: 'hook_failed', hook, description: reasonOf(cause) })
  }
}
