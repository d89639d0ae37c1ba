/** A clock that is moved by hand. */
import { wrong } from '../settings/refuse-unknown.js'

export interface Clock {
  /** In milliseconds since 1970. Needs no `this`: pass it on as an option. */
  readonly now: () => number
  /** @throws SessionHubError `options_invalid` for anything but a number from 0 */
  readonly advance: (seconds: number) => void
}

/**
 * A clock that stands still until it is moved: what a test expects of a session's times does not depend on how fast the test runs.
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
