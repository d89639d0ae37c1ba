/** How many requests each party may make per minute (R31). */
import { type Limiter, perAddressPerMinute, perMinute } from '../../sdk/http/rate-limit.js'

export interface RateLimits {
  /** One network address, for everything that a browser asks. Many visitors can share one. @default 1200 */
  readonly perAddress: number
  /** One session: how often it may ask for a ticket. @default 60 */
  readonly perSession: number
  /** One site, on the back-channel. @default 60000 */
  readonly perSite: number
}

export const defaultRateLimits: RateLimits = { perAddress: 1200, perSession: 60, perSite: 60_000 }

export interface Limiters {
  readonly address: (address: string | undefined) => Promise<void>
  readonly session: Limiter
  readonly site: Limiter
}

export const createLimiters = (limits: RateLimits): Limiters => ({
  address: perAddressPerMinute(limits.perAddress),
  session: perMinute(limits.perSession),
  site: perMinute(limits.perSite),
})
