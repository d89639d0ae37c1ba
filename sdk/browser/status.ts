import type { Outcome } from '../protocol/wire.js'

/** What the last sync came to. */
export interface Status {
  /** `null` before the first sync, and where none was needed. */
  readonly outcome: Outcome | null
  /**
   * Why there is nothing to share, or what failed: an error code of the protocol, or `blocked` (the browser keeps the hub's
   * cookie from frames), `timeout`, `unreachable`, `bot`, `insecure_context`.
   */
  readonly reason: string | null
  /** The step of the ladder on which the hub was reached. */
  readonly rung: 'frame' | null
  /** How many network requests the last sync took; 0 where the state showed that nothing has changed. */
  readonly requests: number
  /** When, in milliseconds since 1970; 0 before the first sync. */
  readonly atMs: number
}

export const nothingYet: Status = { outcome: null, reason: null, rung: null, requests: 0, atMs: 0 }
