/** What a page can listen to: on the client, and under the same names on `window`. */
import type { JsonObject } from '../protocol/json.js'
import type { EndReason, Mode, ReplaceReason, Rung } from '../protocol/wire.js'
import type { Status } from './status.js'

export interface ClientEvents {
  /** This site's session is another now, the cookie is set: show the cart and the name anew. */
  'session-replaced': Replacement
  /** The session ended, and none took its place. `unknown`: the site's own backend had noticed before. */
  'session-ended': { readonly reason: EndReason | 'unknown' }
  /**
   * Another user is signed in at the hub, and no rule says who gives way. Nothing has changed; ask the visitor, and call
   * `resolve()`. `claims` is what this site may see of the other one.
   */
  'session-conflict': { readonly subject: string; readonly claims: JsonObject }
  /** A sync has come to its end, whatever it found. */
  synced: Status
  /** A sync could not come to its end. The page has lost nothing. */
  'sync-failed': Status
  /**
   * The browser keeps the hub's cookie from the frame. `rungs`: what is left to try. By now a click may call
   * `requestAccess()`: what it needs has been loaded.
   */
  'access-needed': { readonly reason: string; readonly rungs: readonly Rung[] }
}

interface Replacement {
  /** `other-page`: another page of this site did it while this one lay in the back/forward cache. */
  readonly reason: ReplaceReason | 'other-page'
  readonly source: Mode | 'page'
  /** `null` where only the next request shows it. */
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
