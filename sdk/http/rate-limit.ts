/** Rate limits (R31). Counted in memory, per process: they bound what one party can cost, they do not bill anyone. */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'

import { SessionHubError } from '../protocol/errors.js'
import { partyOf } from './address.js'

/** Counts one request. @throws SessionHubError `rate_limited`, with the seconds to wait */
export type Limiter = (key: string) => Promise<void>

export function perMinute(points: number): Limiter {
  const counter = new RateLimiterMemory({ points, duration: 60 })
  return (key) => consume(counter, key)
}

async function consume(counter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await counter.consume(key)
  } catch (refused) {
    const waitMs = (refused as Partial<RateLimiterRes>).msBeforeNext ?? 60_000
    throw new SessionHubError('rate_limited', 'Too many requests', {
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    })
  }
}

/** The same per network address. An IPv6 customer owns a whole /64, so that counts as one. */
export function perAddressPerMinute(points: number): (address: string | undefined) => Promise<void> {
  const limit = perMinute(points)
  return (address) => limit(partyOf(address))
}

/** Tries at a secret: a right one is given back, so that only wrong ones count. */
export interface Tries {
  /** Counts one; to be asked before anything is compared, so that twenty at once are no more than five. @throws SessionHubError `rate_limited` */
  take(address: string | undefined): Promise<void>
  giveBack(address: string | undefined): Promise<void>
}

export function perAddressTries(points: number, seconds: number): Tries {
  const counter = new RateLimiterMemory({ points, duration: seconds })
  return {
    take: (address) => consume(counter, partyOf(address)),
    async giveBack(address) {
      await counter.reward(partyOf(address), 1)
    },
  }
}
