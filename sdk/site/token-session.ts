/** The session as the application sees it when it adds members to the token. */
import type { StoredClaims, StoredData } from '../protocol/app-types.js'

/** The administrator who acts as the session's user. */
export interface SessionActor {
  /** The administrator's own subject. */
  readonly subject: string
  /** When the acting ends, in seconds since 1970. */
  readonly until: number
}

/** The session as `tokenClaims` sees it. */
export interface TokenSession {
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  readonly claims: StoredClaims
  /** Empty as long as the hub does not know of the sign-in. */
  readonly data: StoredData
  /** In seconds since 1970, or `null`. */
  readonly authTime: number | null
  /** The administrator who acts as the user, if any. */
  readonly actor?: SessionActor
}
