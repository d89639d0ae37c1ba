/** How many processes, servers, bytes and connections a traffic needs with each engine, by what was measured. */
import { COSTS, type EngineName, HUB_MICROS } from './measured.js'

export interface Traffic {
  /** A day. */
  readonly visitors: number
  /** Of one visitor, a day. */
  readonly visits: number
  readonly syncs: number
  readonly pages: number
  /** The share of a day's visitors, from 0 to 1, who have no session yet. */
  readonly newcomers: number
  /** How long a session is kept that nobody uses. */
  readonly days: number
  /** How many times the average the busiest hour has. */
  readonly peak: number
  /** How busy a processor may be in that hour, from 0 to 1: the rest is for what nobody foresaw. */
  readonly busy: number
  /** Of one machine of hubs. */
  readonly processors: number
  /** How many times as fast such a processor is as the bench's. */
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
  /** The engine's own machines, standbys included; none for a store inside the hub's process. */
  readonly serverMachines: number
  /** Of the server that takes the writes. */
  readonly serverProcessors: number
  readonly connections: number
  readonly bytes: number
  /** What is the first limit, and at how many visitors a day of this kind. */
  readonly first: { readonly what: string; readonly visitors: number }
}

const DAY_SECONDS = 86_400

/**
 * A site asks the hub for a new token after half of `freshForSeconds`, which is 150 seconds: with a page each 50 seconds, at every third page. That is one
 * request which only reads. A sync is two requests, so it counts as half of one, which is more than it costs.
 */
const SYNCS_PER_PAGE = 1 / 3 / 2

/** `maxConnections` of PostgreSQL's store; Redis's store has one connection to read and one to write. */
const CONNECTIONS = { SQLite: 0, PostgreSQL: 10, Redis: 2 }

/** A primary and two others, one of which has each write before it is answered. */
const SERVERS = { SQLite: 0, PostgreSQL: 3, Redis: 3 }

/** The largest servers that are easily had. */
const LARGEST_PROCESSORS = 64
const LARGEST_MEMORY = 512e9

export function demandOf(traffic: Traffic): Demand {
  const { visitors, visits, syncs, pages, newcomers, days, peak } = traffic
  const perVisit = syncs + pages * SYNCS_PER_PAGE
  return {
    syncsPerSecond: ((visitors * visits * perVisit) / DAY_SECONDS) * peak,
    // Who begins one each day, for as long as it is kept; and who comes again.
    sessions: Math.round(visitors * newcomers * days + visitors * (1 - newcomers)),
  }
}

export function sizeOf(engine: EngineName, traffic: Traffic): Sized {
  const { syncsPerSecond, sessions } = demandOf(traffic)
  const { busy, processors, speed, visitors } = traffic
  const { hubMicros, serverMicros, sessionBytes } = COSTS[engine]
  /** Processors that are as busy as they may be. */
  const needed = (micros: number) => (syncsPerSecond * micros) / 1e6 / speed / busy
  const isServer = engine !== 'SQLite'
  // Two of each where a machine may fail without anybody noticing.
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
