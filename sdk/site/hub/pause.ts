/** While the hub is down, nobody waits for it: after a failure no request is sent for a moment, which is longer each time. */
import { SessionHubError } from '../../protocol/errors.js'
import type { Log } from '../../settings/log.js'

const FIRST_MS = 500
const LONGEST_MS = 10_000

export interface Pause {
  /**
   * @returns the number of this attempt, for `failed`
   * @throws SessionHubError `unavailable` at once, while the pause lasts
   */
  begin(): number
  succeeded(): void
  failed(attempt: number): void
}

export function createPause(now: () => number, log: Log): Pause {
  let lengthMs = 0
  let untilMs = 0
  let failures = 0
  return {
    begin() {
      const leftMs = untilMs - now()
      // If more time is left than the pause was to last, the clock was set back.
      if (leftMs > 0 && leftMs <= lengthMs)
        throw new SessionHubError('unavailable', 'The hub did not answer a moment ago')
      // One request goes ahead and finds out; the others do not wait for it.
      if (lengthMs > 0) untilMs = now() + lengthMs
      return failures
    },
    succeeded() {
      if (lengthMs === 0) return
      log({ level: 'info', event: 'hub_back' })
      lengthMs = untilMs = 0
      // What began before this and fails after it says nothing about the hub that is back.
      failures += 1
    },
    failed(attempt) {
      // Requests that were in progress together fail together: that counts as one failure.
      if (attempt !== failures) return
      failures += 1
      if (lengthMs === 0) log({ level: 'warn', event: 'hub_unreachable' })
      lengthMs = Math.min(LONGEST_MS, Math.max(FIRST_MS, lengthMs * 2))
      untilMs = now() + lengthMs
    },
  }
}
