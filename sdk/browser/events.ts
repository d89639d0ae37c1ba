/** The events that a page can listen to: on the client, and under the same names on `window`. */
import type { JsonObject } from '../protocol/json.js'
import type { EndReason, Mode, ReplaceReason, Rung } from '../protocol/wire.js'
import type { Status } from './status.js'

export interface ClientEvents {
  /** This site now has another session, and the cookie is set: render the cart and the name again. */
  'session-replaced': Replacement
  /** The session ended, and none took its place. `unknown`: the site's own backend had noticed it before. */
  'session-ended': { readonly reason: EndReason | 'unknown' }
  /**
   * Another user is signed in at the hub, and no rule says which of the two stays. Nothing has changed; ask the visitor, and call `resolve()`.
   * `claims` is what this site may see of the other user.
   */
  'session-conflict': { readonly subject: string; readonly claims: JsonObject }
  /** A sync has finished, whatever it found. */
  synced: Status
  /** A sync could not finish. The page has lost nothing. */
  'sync-failed': Status
  /**
   * The browser withholds the hub's cookie from the frame. `rungs`: what is left to try. From now on a click may call `requestAccess()`,
   * because everything that it needs has been loaded.
   */
  'access-needed': { readonly reason: string; readonly rungs: readonly Rung[] }
}

interface Replacement {
  /** `other-page`: another page of this site replaced it while this one was in the back/forward cache. */
  readonly reason: ReplaceReason | 'other-page'
  readonly source: Mode | 'page'
  /** `null` if only the next request shows it. */
  readonly signedIn: boolean | null
}

export type EventName = keyof ClientEvents
export type Listener<Name extends EventName> = (detail: ClientEvents[Name]) => void

declare global {
  interface WindowEventMap {
    'session-replaced': CustomEvent<ClientEvents['session-replaced']>
    'session-ended': CustomEvent<ClientEvents['session-ended']>
    'session-conflict': CustomEvent<ClientEvents['session-conflict']>
    synced: CustomEvent<ClientEvents['synced']>
    'sync-failed': CustomEvent<ClientEvents['sync-failed']>
    'access-needed': CustomEvent<ClientEvents['access-needed']>
  }
}
