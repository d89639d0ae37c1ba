/** When a token may be used. */
import { SessionHubError } from '../protocol/errors.js'
import { limits } from '../protocol/wire.js'

export interface TokenTimes {
  readonly iat: number
  readonly nbf?: number
  readonly exp: number
}

/**
 * Refuses a token that is not valid yet or no longer valid, or that was made to live longer than it may (R5: a ten-year `exp` is as
 * wrong as a missing one).
 *
 * @param nowMs milliseconds since 1970
 * @returns `'expired'` for a token that was valid once, `'invalid'` for one that never was, otherwise `undefined`
 */
export function timesFault(
  { iat, nbf = iat, exp }: TokenTimes,
  nowMs: number,
  maxSeconds: number,
  skewSeconds: number = limits.skewSeconds,
): 'expired' | 'invalid' | undefined {
  const now = nowMs / 1000
  if (exp <= iat || exp - iat > maxSeconds || iat > now + skewSeconds || nbf > now + skewSeconds)
    return 'invalid'
  return exp + skewSeconds <= now ? 'expired' : undefined
}

/** The same, but throws. */
export function checkTimes(
  times: TokenTimes,
  nowMs: number,
  maxSeconds: number,
  codes: TimeCodes,
  skew?: number,
): void {
  const fault = timesFault(times, nowMs, maxSeconds, skew)
  if (fault === 'expired') throw new SessionHubError(codes.expired, 'The token has expired')
  if (fault)
    throw new SessionHubError(codes.invalid, 'The token is not good at this time; are both clocks right?')
}

export interface TimeCodes {
  readonly expired: 'ticket_expired' | 'offer_expired' | 'site_token_invalid'
  readonly invalid: 'ticket_invalid' | 'offer_invalid' | 'site_token_invalid'
}

/**
 * Whether something happened at most this long ago. A time in the future, beyond what two clocks may differ, does not count: a clock was set
 * back, and nobody knows how long ago it was.
 */
export function isRecent(atSeconds: number, nowMs: number, maxSeconds: number): boolean {
  const ageSeconds = nowMs / 1000 - atSeconds
  return ageSeconds <= maxSeconds && ageSeconds >= -limits.ownSkewSeconds
}
