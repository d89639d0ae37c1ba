/** How many requests each party may make per minute (R31), and that nobody spends what another needs (R38). */
import { type Limiter, perAddressPerMinute, perMinute } from '../../sdk/http/rate-limit.js'

export interface RateLimits {
  /** One network address, for what a browser asks for one site. Many visitors can share one. @default 1200 */
  readonly perAddress: number
  /** One session, for what pages of one site ask: how often it may ask for a ticket. @default 60 */
  readonly perSession: number
  /** One site, on the back-channel; its sign-outs are counted apart. @default 60000 */
  readonly perSite: number
}

export const defaultRateLimits: RateLimits = { perAddress: 1200, perSession: 60, perSite: 60_000 }

/**
 * What is counted together. A page can cause requests of its own site's kind only: what shows a site is counted for that site, and windows,
 * which anybody's link can lead here, apart from frames.
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

export function createLimiters(limits: RateLimits): Limiters {
  const session = perMinute(limits.perSession)
  return {
    address: perAddressPerMinute(limits.perAddress),
    session: (handleHash, kind) => session(`${handleHash} ${kind}`),
    site: perMinute(limits.perSite),
  }
}
