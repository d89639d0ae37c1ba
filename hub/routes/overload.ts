/**
 * What the hub does over its capacity: it refuses some of what comes before everything gets slow (503 with `Retry-After`), and goes on as
 * soon as it keeps up. A refusal costs a tenth of an answer, so the rest is answered as quickly as ever.
 *
 * The measure is how late the event loop is by this process's own work. What others take of the machine, or a disk that is waited for, is
 * no reason to send visitors away.
 */
import { type ErrorReply, errorReply } from '../../sdk/http/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Log } from '../../sdk/settings/log.js'

/**
 * What may be put off. A frame that is refused leaves the page as it is; a site's question is somebody's sign-in or half of a handover
 * that has begun, so frames go first. `must`: sign-outs, opt-outs, and what others need to see how the hub is.
 */
export type Urgency = 'frame' | 'question' | 'must'

/** From this lateness on some are refused, and at twice as much all. */
const LATE_MS: Readonly<Record<Exclude<Urgency, 'must'>, number>> = { frame: 50, question: 125 }

/** So few requests are no reason for a turn to be long: something else holds up the loop, and to refuse them would help nobody. */
const FEW = 16

/** Of how many measures the lateness is a mean: a single long turn, such as a garbage collection, is no overload. */
const MEASURES = 8
const EVERY_MS = 20

interface Load {
  /** The event loop's lateness of late. */
  readonly lateMs: number
  /** How many requests came between two measures, the last ones or since then. */
  readonly requests: number
}

/**
 * Decides for one request.
 *
 * @param chance 0 to 1, drawn for this request
 */
export function isTooMuch({ lateMs, requests }: Load, urgency: Urgency, chance: number): boolean {
  if (urgency === 'must' || requests < FEW) return false
  const limitMs = LATE_MS[urgency]
  return lateMs - limitMs > chance * limitMs
}

/** The next mean, after one more measure. */
export const smoothed = (lateMs: number, measuredMs: number): number =>
  lateMs + (Math.max(0, measuredMs) - lateMs) / MEASURES

export interface Overload {
  /** Counts a request. @returns whether it is to be refused */
  refuses(urgency: Urgency): boolean
  stop(): void
}

/** Soon enough that nobody gives up, and late enough that the hub has caught up. */
const RETRY_AFTER_SECONDS = 1

/** Made once: what a refusal costs is taken from those that are answered. */
export const overloadedReply: ErrorReply = errorReply(
  new SessionHubError('unavailable', 'The hub has too much to do at the moment', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  }),
)
const LOG_EVERY_MS = 60_000

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export function watchLoad(log: Log): Overload {
  let [now, before] = [0, 0]
  let lateMs = 0
  let tickMs = performance.now()
  let workedMs = cpuMs()
  let loggedMs = -Infinity
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const nowWorkedMs = cpuMs()
    lateMs = smoothed(lateMs, Math.min(nowMs - tickMs, nowWorkedMs - workedMs) - EVERY_MS)
    tickMs = nowMs
    workedMs = nowWorkedMs
    before = now
    now = 0
  }, EVERY_MS).unref()

  function tell(): void {
    const nowMs = performance.now()
    if (nowMs - loggedMs < LOG_EVERY_MS) return
    loggedMs = nowMs
    log({ level: 'warn', event: 'overloaded', lateMs: Math.round(lateMs) })
  }
  return {
    refuses(urgency) {
      now += 1
      const isRefused = isTooMuch({ lateMs, requests: Math.max(now, before) }, urgency, Math.random())
      if (isRefused) tell()
      return isRefused
    },
    stop() {
      clearInterval(timer)
    },
  }
}
