/** Rate limits that all processes of the hub count together, in a separate store (`limits.store`). */
import type { KeyObject } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import type { Limiter } from '../../sdk/http/rate-limit.js'
import { boundedCache } from '../../sdk/http/bounded-cache.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { type Log, reasonOf } from '../../sdk/settings/log.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { partyTag } from '../flows/tags.js'

/**
 * Opens the limiter of one limit. The options are those of rate-limiter-flexible, whose limiters can be used as they are:
 * `(options) => new RateLimiterRedis({ ...options, storeClient, useRedisPackage: true })`.
 */
export type LimitStore = (options: LimiterOptions) => SharedLimiter | Promise<SharedLimiter>

export interface LimiterOptions {
  /** A different prefix for each limit, of lower-case letters and `_`. It can be the name of a table. */
  readonly keyPrefix: string
  /** How many requests one party may make in a window. */
  readonly points: number
  /** How long a window lasts from the party's first request on. Unit: seconds. */
  readonly duration: number
}

export interface SharedLimiter {
  /**
   * Counts one request of a party. The party's name has 22 characters and reveals nothing about it. Rejects with `{ msBeforeNext }` if there were too
   * many requests, and with anything else if it could not count.
   */
  consume(party: string): Promise<unknown>
}

/** How long a request waits for one count at most. */
export const COUNT_WAIT_MS = 200
/** After a failed count, one request in every five seconds asks again. The others are counted in memory at once. */
const PAUSE_MS = 5000
const WINDOW_SECONDS = 60
const OPEN_TRIES = 3
const OPEN_PAUSE_MS = 200
/** How many parties that have spent their limit are remembered. They cost the store nothing until their window ends. */
const MOST_REFUSED = 100_000

interface Counting {
  readonly store: LimitStore
  readonly secret: KeyObject
  readonly log: Log
}

/** Opens limiters that share one presence: if the store is away for one of them, it is away for all. */
export function createSharedLimits({ store, secret, log }: Counting) {
  const presence = createPresence(log)

  /** @param alone counts in this process while the store is away */
  return async (name: string, points: number, alone: Limiter): Promise<Limiter> => {
    const limiter = await open(store, { keyPrefix: `session_hub_${name}`, points, duration: WINDOW_SECONDS })
    const refused = boundedCache<true>(MOST_REFUSED)

    return async (key) => {
      const party = partyTag(secret, key)
      const known = refused.getRemainingTTL(party)
      if (known > 0) throw tooMany(known)
      if (!presence.mayAsk()) return alone(key)
      const counted = await count(limiter, party)
      if ('failed' in counted) {
        presence.failed(counted.failed)
        return alone(key)
      }
      presence.answered()
      if (counted.waitMs === 0) return
      refused.set(party, true, { ttl: counted.waitMs })
      throw tooMany(counted.waitMs)
    }
  }
}

async function open(store: LimitStore, options: LimiterOptions): Promise<SharedLimiter> {
  const limiter: unknown = await tried(() => store(options))
  if (typeof (limiter as Partial<SharedLimiter> | undefined)?.consume === 'function')
    return limiter as SharedLimiter
  throw wrong('createHub: limits', '"store" has to return a limiter, such as a RateLimiterRedis')
}

/** Processes that start together may get in each other's way, such as when each creates the same table in PostgreSQL. */
async function tried<Result>(act: () => Result | Promise<Result>, timesLeft = OPEN_TRIES): Promise<Result> {
  try {
    return await act()
  } catch (thrown) {
    if (timesLeft === 1) throw thrown
    await pause(OPEN_PAUSE_MS)
    return tried(act, timesLeft - 1)
  }
}

/** Returns how long the party has to wait, 0 if not at all, or why the count failed. */
async function count(
  limiter: SharedLimiter,
  party: string,
): Promise<{ waitMs: number } | { failed: unknown }> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${COUNT_WAIT_MS} ms`)), COUNT_WAIT_MS)
  })
  try {
    await Promise.race([limiter.consume(party), tooLate])
    return { waitMs: 0 }
  } catch (thrown) {
    const waitMs = waitIn(thrown)
    return waitMs === undefined ? { failed: thrown } : { waitMs }
  } finally {
    clearTimeout(timer)
  }
}

/** The wait that a foreign store returns is bounded: nobody waits longer than one window (R38). */
function waitIn(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || thrown instanceof Error) return undefined
  const ms: unknown = Reflect.get(thrown, 'msBeforeNext')
  return Number.isFinite(ms) ? Math.min(Math.max(Number(ms), 1), WINDOW_SECONDS * 1000) : undefined
}

const tooMany = (waitMs: number) =>
  new SessionHubError('rate_limited', 'Too many requests', {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
  })

/** Tracks whether the store answers. One log line says that it is away, and one that it is back. */
function createPresence(log: Log) {
  let isAway = false
  let askAgainMs = 0
  return {
    mayAsk(): boolean {
      if (!isAway) return true
      const nowMs = performance.now()
      if (nowMs < askAgainMs) return false
      askAgainMs = nowMs + PAUSE_MS
      return true
    },
    failed(reason: unknown): void {
      askAgainMs = performance.now() + PAUSE_MS
      if (isAway) return
      isAway = true
      log({ level: 'error', event: 'limits_store_away', description: reasonOf(reason) })
    },
    answered(): void {
      if (!isAway) return
      isAway = false
      log({ level: 'info', event: 'limits_store_back' })
    },
  }
}
