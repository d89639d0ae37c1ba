/** Computes how many processes, servers, bytes and connections a traffic needs with each engine, from what was measured. */
import { COSTS, type EngineName, HUB_MICROS } from './measured.js'

export interface Traffic {
  /** Visitors per day. */
  readonly visitors: number
  /** Visits of one visitor per day. */
  readonly visits: number
  readonly syncs: number
  readonly pages: number
  /** The share of a day's visitors, from 0 to 1, who have no session yet. */
  readonly newcomers: number
  /** How long an unused session is kept. */
  readonly days: number
  /** The busiest hour's traffic, as a multiple of the average. */
  readonly peak: number
  /** How busy a processor may be in that hour, from 0 to 1. The rest is a reserve for the unforeseen. */
  readonly busy: number
  /** Processors of one hub machine. */
  readonly processors: number
  /** The speed of such a processor, as a multiple of the bench's. */
  readonly speed: number
}

export interface Demand {
  /** In the busiest hour. */
  readonly syncsPerSecond: number
  readonly sessions: number
}

export interface Sized {
  readonly engine: EngineName
  readonly processes: number
  readonly hubMachines: number
  /** The engine's own machines, standbys included; 0 for a store inside the hub's process. */
  readonly serverMachines: number
  /** Processors of the server that takes the writes. */
  readonly serverProcessors: number
  readonly connections: number
  readonly bytes: number
  /** The first limit, and the number of visitors per day at which this traffic reaches it. */
  readonly first: { readonly what: string; readonly visitors: number }
}

const DAY_SECONDS = 86_400

/**
 * A site asks the hub for a new token after half of `freshForSeconds`, which is 150 seconds. With one page every 50 seconds, that is at every third
 * page. It is one read-only request. A sync is two requests, so the request counts as half a sync, which is more than it costs.
 */
const SYNCS_PER_PAGE = 1 / 3 / 2

/** `maxConnections` of the PostgreSQL store. The Redis store has one connection for reads and one for writes. */
const CONNECTIONS = { SQLite: 0, PostgreSQL: 10, Redis: 2 }

/** A primary and two others, one of which has each write before it is answered. */
const SERVERS = { SQLite: 0, PostgreSQL: 3, Redis: 3 }

/** The largest servers that are easily available. */
const LARGEST_PROCESSORS = 64
const LARGEST_MEMORY = 512e9

export function demandOf(traffic: Traffic): Demand {
  const { visitors, visits, syncs, pages, newcomers, days, peak } = traffic
  const perVisit = syncs + pages * SYNCS_PER_PAGE
  return {
    syncsPerSecond: ((visitors * visits * perVisit) / DAY_SECONDS) * peak,
    // Newcomers begin one session each day, which is kept for `days`; returning visitors have one each.
    sessions: Math.round(visitors * newcomers * days + visitors * (1 - newcomers)),
  }
}

export function sizeOf(engine: EngineName, traffic: Traffic): Sized {
  const { syncsPerSecond, sessions } = demandOf(traffic)
  const { busy, processors, speed, visitors } = traffic
  const { hubMicros, serverMicros, sessionBytes } = COSTS[engine]
  /** The number of processors, each as busy as it may be. */
  const needed = (micros: number) => (syncsPerSecond * micros) / 1e6 / speed / busy
  const isServer = engine !== 'SQLite'
  // Two of each, if a machine may fail without anybody noticing.
  const processes = Math.max(isServer ? 2 : 1, Math.ceil(needed(HUB_MICROS + hubMicros)))
  const bytes = sessions * sessionBytes

  const at = (share: number) => visitors / share
  const limits: Record<EngineName, Sized['first'][]> = {
    SQLite: [
      { what: 'its writes, one after another', visitors: at(needed(hubMicros)) },
      { what: 'the processors of one machine', visitors: at(needed(HUB_MICROS + hubMicros) / processors) },
    ],
    PostgreSQL: [
      {
        what: `a primary of ${LARGEST_PROCESSORS} processors`,
        visitors: at(needed(serverMicros) / LARGEST_PROCESSORS),
      },
    ],
    Redis: [
      { what: 'the one processor that it uses', visitors: at(needed(serverMicros)) },
      { what: `${LARGEST_MEMORY / 1e9} GB of memory`, visitors: at(bytes / LARGEST_MEMORY) },
    ],
  }
  return {
    engine,
    processes,
    hubMachines: Math.max(isServer ? 2 : 1, Math.ceil(processes / processors)),
    serverMachines: SERVERS[engine],
    serverProcessors: Math.ceil(needed(serverMicros)),
    connections: processes * CONNECTIONS[engine],
    bytes,
    first: limits[engine].reduce((a, b) => (b.visitors < a.visitors ? b : a)),
  }
}
