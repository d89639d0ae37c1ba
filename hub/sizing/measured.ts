/**
 * What one sync and one session cost, as `npm run bench` has measured it. Each figure says by which group; all are of one day and one machine, so they compare.
 * After a change that makes one of them cheaper, run `npm run bench -- transfer stores` on a machine that does nothing else, and write its medians here.
 */

export const MEASURED_ON = '2026-11-28'
export const MEASURED_WITH = 'a slow machine of two processors'

/**
 * Group `transfer`: "GET /frame with a ticket" and "of that, at the hub", less the SQLite store's part below. What the hub itself does for a sync, with any
 * store: HTTP, signatures, encryption.
 */
export const HUB_MICROS = 1000

export type EngineName = 'SQLite' | 'PostgreSQL' | 'Redis'

interface Cost {
  /** Group `stores`: "of that, in the hub", or all of it for a store inside the process. Microseconds of CPU time a sync. */
  readonly hubMicros: number
  /** Group `stores`: "of that, in the server". */
  readonly serverMicros: number
  /** Group `stores`: "bytes of a session with three handles, indexes included". */
  readonly sessionBytes: number
}

export const COSTS: Readonly<Record<EngineName, Cost>> = {
  SQLite: { hubMicros: 355, serverMicros: 0, sessionBytes: 1187 },
  PostgreSQL: { hubMicros: 1600, serverMicros: 1583, sessionBytes: 1337 },
  Redis: { hubMicros: 450, serverMicros: 187, sessionBytes: 2488 },
}
