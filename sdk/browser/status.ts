import type { Outcome, Rung } from '../protocol/wire.js'

/** The result of the last sync. */
export interface Status {
  /** `null` before the first sync, and if none was needed or allowed. */
  readonly outcome: Outcome | null
  /**
   * Why there is nothing to share, or what failed: an error code of the protocol, or `blocked` (the browser withholds the hub's
   * cookie from frames), `referrer_missing` (the hub cannot see whose page the frame is in), `access_denied`, `not_visible`,
   * `popup_blocked`, `dismissed`, `rung_forbidden`, `timeout`, `unreachable`, `bot`, `insecure_context`, `cookies_off`.
   */
  readonly reason: string | null
  /** The rung by which the session came, or would have come. */
  readonly rung: Rung | null
  /** Whether this browser withholds the hub's cookie from the frame, as far as is known. */
  readonly isBlocked: boolean
  /** How many network requests the last sync took. 0 if the state showed that nothing has changed. */
  readonly requests: number
  /** When, in milliseconds since 1970; 0 before the first sync. */
  readonly atMs: number
}

export const nothingYet: Status = {
  outcome: null,
  reason: null,
  rung: null,
  isBlocked: false,
  requests: 0,
  atMs: 0,
}
