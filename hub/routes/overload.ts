/**
 * What the hub does above its capacity: it refuses some requests before all of them get slow (503 with `Retry-After`), and accepts them again as
 * soon as it keeps up. A refusal costs a tenth of an answer, so the other requests are answered as quickly as ever.
 *
 * There are two measures: how late the event loop is, and how long work waits in the store's queue, which a punctual
 * loop does not show. Both count only as far as this process is busy meanwhile. Other users of the machine, or a slow disk, are
 * no reason to send visitors away.
 */
import { type ErrorReply, errorReply } from '../../sdk/http/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Log } from '../../sdk/settings/log.js'

/**
 * How long a request can wait. A refused frame leaves the page as it is, but a site's question is somebody's sign-in, or half of a handover
 * that has begun, so frames are refused first. `must`: sign-outs, opt-outs, and the requests that show how the hub is.
 */
export type Urgency = 'frame' | 'question' | 'must'

/** At this lateness the hub begins to refuse requests, and at twice as much it refuses all. */
const LATE_MS: Readonly<Record<Exclude<Urgency, 'must'>, number>> = { frame: 50, question: 125 }

/** So few requests do not explain a long turn: something else delays the loop, and refusals would help nobody. */
const FEW = 16

/**
 * The time over which the lateness is averaged. It is a time, not a number of measures: when turns are long, measures are few, and a wait for
 * eight of them would let a crowd in.
 */
const OVER_MS = 160
const EVERY_MS = 20

interface Load {
  /** The recent lateness of the event loop. */
  readonly lateMs: number
  /** How long work has recently waited in the store's queue. Only requests put work there, so a low number of requests is no excuse. */
  readonly waitedMs: number
  /** How many requests came between the last two measures, or since the last one. */
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
 * The next average, after one more measure.
 *
 * @param measuredMs the previous measure and this one. The smaller one counts: a single long turn, such as a garbage collection, is no overload
 * @param passedMs the time since the previous measure
 */
export const smoothed = (
  lateMs: number,
  measuredMs: readonly [before: number, now: number],
  passedMs: number,
): number => lateMs + (Math.max(0, Math.min(...measuredMs)) - lateMs) * Math.min(1, passedMs / OVER_MS)

export interface Overload {
  /** Counts a request. @returns whether to refuse it */
  refuses(urgency: Urgency): boolean
  stop(): void
}

/** Soon enough that nobody gives up, and late enough that the hub has caught up. */
const RETRY_AFTER_SECONDS = 1

/** Built once, because the cost of a refusal is taken from the requests that are answered. */
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

/** @param waited returns for how long the oldest work has waited in the store's queue */
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
