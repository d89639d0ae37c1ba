/**
 * What one sync and one session cost, as `npm run bench` measured it. Each figure names its group. All were measured on one day and one machine, so
 * they can be compared. After a change that makes one of them cheaper, run `npm run bench -- transfer stores` on an otherwise idle machine, and write
 * its medians here.
 */

export const MEASURED_ON = '2026-11-28'
export const MEASURED_WITH = 'two slow processors that were also doing other work'

/**
 * Group `transfer`: "GET /frame with a ticket" and "of that, at the hub", less the SQLite store's part below. It is the hub's own work for a sync,
 * with any store: HTTP, signatures, encryption.
 */
export const HUB_MICROS = 1210

export type EngineName = 'SQLite' | 'PostgreSQL' | 'Redis'

interface Cost {
  /** Group `stores`: "of that, in the hub", or all of it for a store inside the process. Microseconds of CPU time per sync. */
  readonly hubMicros: number
  /** Group `stores`: "of that, in the server". */
  readonly serverMicros: number
  /** Group `stores`: "bytes of a session with three handles, indexes included". */
  readonly sessionBytes: number
}

export const COSTS: Readonly<Record<EngineName, Cost>> = {
  SQLite: { hubMicros: 317, serverMicros: 0, sessionBytes: 988 },
  PostgreSQL: { hubMicros: 802, serverMicros: 1367, sessionBytes: 1173 },
  Redis: { hubMicros: 361, serverMicros: 250, sessionBytes: 3298 },
}
