/** Rate limits (R31), counted in memory per process: they bound what one party can cost; they are not for billing. */
import { SessionHubError } from '../protocol/errors.js'
import { partyOf } from './address.js'
import { boundedCache } from './bounded-cache.js'

/** Counts one request. @throws SessionHubError `rate_limited`, with the seconds to wait */
export type Limiter = (key: string) => Promise<void>

/** How many parties are counted at the same time. Beyond that, the one that has been quiet for longest starts again from zero. */
const MOST_PARTIES = 100_000

export function perMinute(points: number, most = MOST_PARTIES): Limiter {
  const counter = createCounter(points, 60, most)
  return async (key) => {
    counter.take(key)
  }
}

/**
 * The same per network address. An IPv6 customer owns a whole /64, which counts as one address. What is counted separately (`what`) cannot be
 * used up by anything else (R38).
 */
export function perAddressPerMinute(
  points: number,
): (address: string | undefined, what?: string) => Promise<void> {
  const limit = perMinute(points)
  return (address, what = '') => limit(`${partyOf(address)} ${what}`)
}

/** Attempts at a secret: a right one is given back, so that only wrong ones count. */
export interface Tries {
  /**
   * Counts one attempt. Call it before anything is compared, so that twenty attempts at once get no further than five.
   *
   * @throws SessionHubError `rate_limited`
   */
  take(address: string | undefined): Promise<void>
  giveBack(address: string | undefined): Promise<void>
}

export function perAddressTries(points: number, seconds: number): Tries {
  const counter = createCounter(points, seconds, MOST_PARTIES)
  return {
    async take(address) {
      counter.take(partyOf(address))
    },
    async giveBack(address) {
      counter.giveBack(partyOf(address))
    },
  }
}

/** A fixed window for each party, beginning with its first request. */
function createCounter(points: number, seconds: number, most: number) {
  const taken = boundedCache<{ count: number }>(most, { ttl: seconds * 1000 })
  return {
    take(party: string): void {
      const known = taken.get(party)
      if (!known) taken.set(party, { count: 1 })
      else if (known.count < points) known.count += 1
      else {
        throw new SessionHubError('rate_limited', 'Too many requests', {
          retryAfterSeconds: Math.max(1, Math.ceil(taken.getRemainingTTL(party) / 1000)),
        })
      }
    },
    giveBack(party: string): void {
      const known = taken.get(party)
      if (known && known.count > 0) known.count -= 1
    },
  }
}
