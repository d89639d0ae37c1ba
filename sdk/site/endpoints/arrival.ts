/** Tells the SDK on the next page how the visitor has arrived, because that page did not sync itself. */
import { setCookie } from '../../http/cookies.js'
import { toSessionHubError } from '../../protocol/errors.js'
import { cookieNames, type Mode, type Outcome } from '../../protocol/wire.js'
import type { SiteContext } from '../context.js'
import type { Visit } from '../visit.js'

export interface Arrival {
  readonly outcome: Outcome
  /** A `ReplaceReason`, or an error code. */
  readonly reason?: string | undefined
  readonly isSignedIn: boolean
}

/** Long enough for a slow page; the SDK removes it. */
const ARRIVAL_SECONDS = 60

export function announce(
  { storage }: Pick<SiteContext, 'storage'>,
  visit: Visit,
  rung: Exclude<Mode, 'frame'>,
  { outcome, reason = '', isSignedIn }: Arrival,
): void {
  const value = [rung, outcome, reason, isSignedIn ? 1 : 0].join('.')
  storage.store(visit, [
    setCookie(cookieNames.arrival, value, { sameSite: 'Lax', httpOnly: false }, ARRIVAL_SECONDS),
  ])
}

/** A visitor in the middle of a journey is sent on, whatever has failed. */
export const failedArrival = (thrown: unknown, isSignedIn: boolean): Arrival => ({
  outcome: 'failed',
  reason: toSessionHubError(thrown).code,
  isSignedIn,
})
