/** How many requests each party may make per minute (R31). No party spends what another needs (R38). */
import type { KeyObject } from 'node:crypto'

import { partyOf } from '../../sdk/http/address.js'
import { type Limiter, perMinute } from '../../sdk/http/rate-limit.js'
import type { Log } from '../../sdk/settings/log.js'
import { createSharedLimits, type LimitStore } from './shared-limits.js'

export interface RateLimits {
  /** Requests from one network address, from browsers for one site. Many visitors can share one address. @default 1200 */
  readonly perAddress: number
  /** Requests of one session from pages of one site: how often it may ask for a ticket. @default 60 */
  readonly perSession: number
  /** Requests of one site on the back-channel. Its sign-outs are counted separately. @default 60000 */
  readonly perSite: number
}

/** What the option `limits` may hold. */
export interface RateLimitOptions extends Partial<RateLimits> {
  /**
   * A store in which all processes count together, such as `(options) => new RateLimiterRedis({ ...options, storeClient })`. @default each in its own
   * memory
   */
  readonly store?: LimitStore
}

/** The limits of the whole hub, and the share that one process allows by itself. */
export interface SplitLimits {
  readonly whole: RateLimits
  readonly share: RateLimits
  readonly store: LimitStore | undefined
}

export const defaultRateLimits: RateLimits = { perAddress: 1200, perSession: 60, perSite: 60_000 }

/**
 * Requests of one kind are counted together. A page can cause requests only of its own site's kind: requests that show their site count for that
 * site. Windows, which a link of anybody can lead here, are counted separately from frames.
 */
type Kind =
  | `${string} frame`
  | `${string} window`
  | 'stranger'
  | 'look-up'
  | 'token'
  | 'unlock'
  | 'you'
  | 'admin'
  | 'company'

export interface Limiters {
  readonly address: (address: string | undefined, kind: Kind) => Promise<void>
  readonly session: (handleHash: string, kind: Kind) => Promise<void>
  readonly site: Limiter
}

export async function createLimiters(limits: SplitLimits, secret: KeyObject, log: Log): Promise<Limiters> {
  const { whole, share, store } = limits
  const shared = store && createSharedLimits({ store, secret, log })
  const limiterOf = async (limit: keyof RateLimits, name: string): Promise<Limiter> => {
    const alone = perMinute(share[limit])
    return shared ? shared(name, whole[limit], alone) : alone
  }
  const address = await limiterOf('perAddress', 'per_address')
  const session = await limiterOf('perSession', 'per_session')
  return {
    address: (from, kind) => address(`${partyOf(from)} ${kind}`),
    session: (handleHash, kind) => session(`${handleHash} ${kind}`),
    site: await limiterOf('perSite', 'per_site'),
  }
}
