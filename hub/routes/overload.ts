/**
 * What the hub does over its capacity: it refuses some of what comes before everything gets slow (503 with `Retry-After`), and goes on as
 * soon as it keeps up. A refusal costs a tenth of an answer, so the rest is answered as quickly as ever.
 *
 * There are two measures: how late the event loop is, and how long work waits in the store's queue, where a loop that takes its turns in
 * time leaves it. Both count only as far as this process is at work meanwhile. What others take of the machine, or a disk that is waited for, is
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

/** Over how long the lateness is a mean. By time, and not by measures: where turns are long, there are few of those, and whoever waits for eight lets a crowd in. */
const OVER_MS = 160
const EVERY_MS = 20

interface Load {
  /** The event loop's lateness of late. */
  readonly lateMs: number
  /** How long work has waited in the store's queue of late. Only requests put work there, so few of them are no excuse. */
  readonly waitedMs: number
  /** How many requests came between two measures, the last ones or since then. */
  readonly requests: number
}

/**
 * Decides for one request.
 *
 * @param chance 0 to 1, drawn for this request
 */
export function isTooMuch({ lateMs, waitedMs, requests }: Load, urgency: Urgency, chance: number): boolean {
  if (urgency === 'must') return false
  const limitMs = LATE_MS[urgency]
  return Math.max(waitedMs, requests < FEW ? 0 : lateMs) - limitMs > chance * limitMs
}

/**
 * The next mean, after one more measure.
 *
 * @param measuredMs the measure before, and this one: a single long turn, such as a garbage collection, is no overload, so the lesser of both counts
 * @param passedMs since the measure before
 */
export const smoothed = (
  lateMs: number,
  measuredMs: readonly [before: number, now: number],
  passedMs: number,
): number => lateMs + (Math.max(0, Math.min(...measuredMs)) - lateMs) * Math.min(1, passedMs / OVER_MS)

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

/** @param waited for how long the oldest work has waited in the store's queue */
export function watchLoad(log: Log, waited: () => number): Overload {
  let [now, before] = [0, 0]
  let [lateMs, waitedMs] = [0, 0]
  let [lateBeforeMs, waitedBeforeMs] = [0, 0]
  let tickMs = performance.now()
  let workedMs = cpuMs()
  let loggedMs = -Infinity
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const nowWorkedMs = cpuMs()
    const [passedMs, busyMs] = [nowMs - tickMs, nowWorkedMs - workedMs]
    const lateNowMs = Math.min(passedMs, busyMs) - EVERY_MS
    const waitedNowMs = waited() * Math.min(1, busyMs / passedMs)
    lateMs = smoothed(lateMs, [lateBeforeMs, lateNowMs], passedMs)
    waitedMs = smoothed(waitedMs, [waitedBeforeMs, waitedNowMs], passedMs)
    lateBeforeMs = lateNowMs
    waitedBeforeMs = waitedNowMs
    tickMs = nowMs
    workedMs = nowWorkedMs
    before = now
    now = 0
  }, EVERY_MS).unref()

  function tell(): void {
    const nowMs = performance.now()
    if (nowMs - loggedMs < LOG_EVERY_MS) return
    loggedMs = nowMs
    log({ level: 'warn', event: 'overloaded', lateMs: Math.round(Math.max(lateMs, waitedMs)) })
  }
  return {
    refuses(urgency) {
      now += 1
      const isRefused = isTooMuch(
        { lateMs, waitedMs, requests: Math.max(now, before) },
        urgency,
        Math.random(),
      )
      if (isRefused) tell()
      return isRefused
    },
    stop() {
      clearInterval(timer)
    },
  }
}
