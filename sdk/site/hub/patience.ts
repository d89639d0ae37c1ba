/** An overloaded hub says when to come back (`Retry-After`): until then, this process sends it nothing that can wait. */
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
      // If more time is left than the pause was to last, the clock was set back.
      if (leftMs <= 0 || leftMs > lengthMs) return
      throw new SessionHubError('unavailable', 'The hub has asked for a pause', {
        retryAfterSeconds: Math.ceil(leftMs / 1000),
      })
    },
    wait(seconds) {
      // Up to half as long again, so that not all sites come back at the same moment.
      lengthMs = seconds * 1000 * (1 + Math.random() / 2)
      untilMs = now() + lengthMs
    },
  }
}
