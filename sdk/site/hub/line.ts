/** The one way of a process to its hub, whichever of its sites asks: with one pause while the hub is down, and one bound on what waits. */
import { retryAfterSeconds } from '../../http/retry-after.js'
import { SessionHubError } from '../../protocol/errors.js'
import { type JsonObject, parseJsonObject } from '../../protocol/json.js'
import { hubPaths, limits } from '../../protocol/wire.js'
import type { Log } from '../../settings/log.js'
import type { AppSettings } from '../options.js'
import { createBatches } from './batches.js'
import { createPatience } from './patience.js'
import { createPause } from './pause.js'
import type { HubTransport, RawReply, Speech } from './transport.js'

export interface HubLine {
  /** @throws SessionHubError `unavailable` when there is no usable answer */
  ask(asked: Asked): Promise<Reply>
  /** Whether a visitor may be sent there: it has answered a moment ago, or answers now. Never rejects. */
  isReachable(): Promise<boolean>
  /** It was heard by another way than an answer, so nobody waits any longer. */
  heard(): void
}

export interface Reply extends RawReply {
  readonly body: JsonObject
  readonly retryAfterSeconds: number | undefined
}

interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: object
  /** In whose name. */
  readonly speech?: Speech
  /** Whether it is left undone while the hub has too much to do. */
  readonly canWait?: boolean
  /** Of which trace it is part (W3C Trace Context). */
  readonly traceparent?: string | undefined
}

/** A proxy's words for a hub that is silent. */
const GATEWAY_TROUBLE = [502, 504]
/** With `Retry-After`, a hub's own word for all of it; `429` is about one site or visitor. */
const TOO_MUCH = 503
const CLOCK_EVERY_MS = 60_000
/** A hub that answered so lately is there. */
const RECENT_MS = 5000

/** So many requests wait for the hub at once: what else remembers who waits (reads, renewals, sign-ins) is bounded by it (R31). */
const MOST_UNDER_WAY = 10_000

/** A session's data and claims, and around them the view; or a full list of sessions. */
const MAX_REPLY_BYTES = Math.max(limits.dataBytes + limits.claimsBytes + 4096, limits.listedSessions * 4096)
const replyBounds = { depth: limits.jsonDepth + 2, keys: 4096 }

export function createHubLine(
  { now }: Pick<AppSettings, 'now'>,
  { send }: Pick<HubTransport, 'send'>,
  log: Log,
  mostUnderWay = MOST_UNDER_WAY,
): HubLine {
  const pause = createPause(now, log)
  const sendInBatches = createBatches(send, now)
  const patience = createPatience(now)
  let underWay = 0
  let clockSeenMs = -Infinity
  let answeredMs = -Infinity

  async function ask(asked: Asked): Promise<Reply> {
    // Too many visitors say nothing of the hub.
    if (underWay >= mostUnderWay)
      throw new SessionHubError('unavailable', 'Too many requests are already waiting for the hub')
    if (asked.canWait) patience.check()
    const attempt = pause.begin()
    let raw
    underWay += 1
    try {
      raw = await sendInBatches({ ...asked, maxBytes: MAX_REPLY_BYTES })
      if (GATEWAY_TROUBLE.includes(raw.status)) throw new Error('gateway')
    } catch (cause) {
      pause.failed(attempt)
      throw new SessionHubError('unavailable', 'The hub does not answer', { cause })
    } finally {
      underWay -= 1
    }
    // Whatever it says, it is there. An answer that cannot be read is one visitor's trouble, not everyone's.
    heard()
    lookAtClock(raw.date)
    const waitSeconds = retryAfterSeconds(raw.retryAfter, now())
    if (raw.status === TOO_MUCH && waitSeconds !== undefined) patience.wait(waitSeconds)
    try {
      const { body = parseJsonObject(raw.text, replyBounds) } = raw
      return { ...raw, body, retryAfterSeconds: waitSeconds }
    } catch {
      throw new SessionHubError('unavailable', `The hub's answer, of status ${raw.status}, is not from a hub`)
    }
  }

  function heard(): void {
    pause.succeeded()
    answeredMs = now()
  }

  /** Tokens of a wrong clock are refused without a word about clocks, so each answer of the hub is a chance to notice. */
  function lookAtClock(date: string | undefined): void {
    if (Math.abs(now() - clockSeenMs) < CLOCK_EVERY_MS) return
    clockSeenMs = now()
    const differenceSeconds = Math.round((now() - Date.parse(date ?? '')) / 1000)
    if (Math.abs(differenceSeconds) > limits.skewSeconds) {
      log({
        level: 'error',
        event: 'clock_differs',
        differenceSeconds,
        description: `This clock is ${Math.abs(differenceSeconds)} s ${differenceSeconds > 0 ? 'ahead of' : 'behind'} the hub's; set both by NTP`,
      })
    }
  }

  return {
    ask,
    heard,
    async isReachable() {
      if (Math.abs(now() - answeredMs) < RECENT_MS) return true
      try {
        const { status } = await ask({ method: 'GET', path: hubPaths.health })
        return status === 200
      } catch {
        return false
      }
    },
  }
}
