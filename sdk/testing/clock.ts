/** A clock that is moved by hand. */
import { wrong } from '../settings/refuse-unknown.js'

export interface Clock {
  /** In milliseconds since 1970. It does not use `this`, so you can pass it on as an option. */
  readonly now: () => number
  /** @throws SessionHubError `options_invalid` for anything but a number of at least 0 */
  readonly advance: (seconds: number) => void
}

/**
 * A clock that stands still until you advance it, so that a session's times in a test do not depend on how fast the test runs.
 *
 * @param startMs milliseconds since 1970 @default the present
 */
export function createClock(startMs: number = Date.now()): Clock {
  let nowMs = startMs
  return {
    now: () => nowMs,
    advance(seconds) {
      if (!Number.isFinite(seconds) || seconds < 0)
        throw wrong('advance', 'a clock is moved by a number of seconds, 0 or more')
      nowMs += seconds * 1000
    },
  }
}
