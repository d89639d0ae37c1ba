/** The only way from a process to its hub, for all of its sites: with one pause while the hub is down, and one bound on what waits. */
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
  /** @throws SessionHubError `unavailable` if there is no usable answer */
  ask(asked: Asked): Promise<Reply>
  /** Whether a visitor may be sent to the hub: it has answered a moment ago, or answers now. Never rejects. */
  isReachable(): Promise<boolean>
  /** Reports that the hub was heard in another way than by an answer, so that nobody waits any longer. */
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
  /** The site or application in whose name the request is sent. */
  readonly speech?: Speech
  /** Whether the request is skipped while the hub is overloaded. */
  readonly canWait?: boolean
  /** The trace to which the request belongs (W3C Trace Context). */
  readonly traceparent?: string | undefined
}

/** A proxy's answers for a hub that is silent. */
const GATEWAY_TROUBLE = [502, 504]
/** With `Retry-After`, the hub's answer if all of it is overloaded; `429` is about one site or visitor. */
const TOO_MUCH = 503
const CLOCK_EVERY_MS = 60_000
/** A hub that answered this recently is there. */
const RECENT_MS = 5000

/** How many requests wait for the hub at once: this also bounds everything else that remembers who waits (reads, renewals, sign-ins) (R31). */
const MOST_UNDER_WAY = 10_000

/** A session's data and claims, with the view around them; or a full list of sessions. */
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
    // Having too many visitors says nothing about the hub.
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
    // Whatever the answer says, the hub is there. An answer that cannot be read is one visitor's trouble, not everyone's.
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

  /** The hub refuses the tokens of a wrong clock without mentioning clocks, so each of its answers is a chance to notice the difference. */
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
