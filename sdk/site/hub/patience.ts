/** A hub that has too much to do says when to come back (`Retry-After`): until then, this process asks it nothing that can wait. */
import { SessionHubError } from '../../protocol/errors.js'

export interface Patience {
  /** @throws SessionHubError `unavailable`, with the seconds that are left */
  check(): void
  wait(seconds: number): void
}

export function createPatience(now: () => number): Patience {
  let lengthMs = 0
  let untilMs = 0
  return {
    check() {
      const leftMs = untilMs - now()
      // Longer than it was to last: the clock was set back.
      if (leftMs <= 0 || leftMs > lengthMs) return
      throw new SessionHubError('unavailable', 'The hub has asked for a pause', {
        retryAfterSeconds: Math.ceil(leftMs / 1000),
      })
    },
    wait(seconds) {
      // Up to half as long again: not all sites come back in one moment.
      lengthMs = seconds * 1000 * (1 + Math.random() / 2)
      untilMs = now() + lengthMs
    },
  }
}
