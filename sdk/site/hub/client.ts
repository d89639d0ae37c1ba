/** What a site asks of its hub: acts, with the hub's own error codes; and not at all while it is down. */
import type {
  BackchannelLinkBody,
  BackchannelRedeemBody,
  CountReply,
  EndBody,
  EndOtherBody,
  LinkReply,
  ListReply,
  SessionView,
  SignInBody,
  SistersReply,
  UpdateBody,
} from '../../protocol/bodies.js'
import {
  parseCountReply,
  parseLinkReply,
  parseListReply,
  parseSessionView,
  parseSistersReply,
} from '../../protocol/bodies.js'
import { isErrorCode, SessionHubError } from '../../protocol/errors.js'
import { type JsonObject, parseJsonObject } from '../../protocol/json.js'
import { type BackchannelAct, endReasons, hubPaths, limits } from '../../protocol/wire.js'
import type { Log } from '../../settings/log.js'
import { random128 } from '../../tokens/random.js'
import { type HubTransport, type RawReply, StaleConnectionError } from './transport.js'
import type { SiteSettings } from '../options.js'
import { createPause } from './pause.js'

/** Every method rejects with the hub's error code, or with `unavailable` when there is no usable answer (R21). */
export interface HubClient {
  redeem(body: BackchannelRedeemBody): Promise<SessionView>
  /** Reads of one handle at the same time become one request. */
  read(handle: string): Promise<SessionView>
  update(body: UpdateBody): Promise<SessionView>
  signIn(body: SignInBody): Promise<SessionView>
  end(body: EndBody): Promise<void>
  list(handle: string): Promise<ListReply>
  endOther(body: EndOtherBody): Promise<CountReply>
  link(body: BackchannelLinkBody): Promise<LinkReply>
  /** This site's share of the session becomes one of its own, with a new handle. */
  part(handle: string): Promise<SessionView>
  sisters(): Promise<SistersReply>
  /** Whether a visitor may be sent there: it has answered a moment ago, or answers now. Never rejects. */
  isReachable(): Promise<boolean>
  /** The hub's published keys, as they came. */
  jwks(): Promise<JsonObject>
}

interface Reply extends RawReply {
  readonly body: JsonObject
}

interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: object
  readonly bearerToken?: string
  /** @default true */
  readonly isRepeatable?: boolean
  /** Whether everything else waits when this one fails. @default true */
  readonly isTelling?: boolean
}

/** A proxy's words for a hub that is silent. */
const GATEWAY_TROUBLE = [502, 504]
const CLOCK_EVERY_MS = 60_000
/** A hub that answered so lately is there. */
const RECENT_MS = 5000

/** So many requests wait for the hub at once: what else remembers who waits (reads, renewals, sign-ins) is bounded by it (R31). */
const MOST_UNDER_WAY = 10_000

/** A session's data and claims, and around them the view; or a full list of sessions. */
const MAX_REPLY_BYTES = Math.max(limits.dataBytes + limits.claimsBytes + 4096, limits.listedSessions * 2048)
const replyBounds = { depth: limits.jsonDepth + 2, keys: 4096 }

export function createHubClient(
  settings: SiteSettings,
  { send, bearer }: HubTransport,
  log: Log,
  mostUnderWay = MOST_UNDER_WAY,
): HubClient {
  const { now } = settings
  const pause = createPause(now, log)
  const reads = new Map<string, Promise<SessionView>>()
  let underWay = 0
  let clockSeenMs = -Infinity
  let answeredMs = -Infinity

  async function act(name: BackchannelAct, body: object): Promise<JsonObject> {
    const reply = await ask({
      method: 'POST',
      path: `${hubPaths.backchannel}/${name}`,
      body,
      bearerToken: await bearer(),
      isRepeatable: name !== 'part',
    })
    if (reply.status === 200) return reply.body
    throw errorOf(reply)
  }

  async function ask({ isTelling = true, isRepeatable = true, ...asked }: Asked): Promise<Reply> {
    // Too many visitors say nothing of the hub.
    if (underWay >= mostUnderWay)
      throw new SessionHubError('unavailable', 'Too many requests wait for the hub already')
    const attempt = pause.begin()
    let raw
    underWay += 1
    try {
      raw = await send({ ...asked, isRepeatable, maxBytes: MAX_REPLY_BYTES })
      if (GATEWAY_TROUBLE.includes(raw.status)) throw new Error('gateway')
    } catch (cause) {
      // One connection's end is no outage: the next request opens another.
      if (isTelling && !(cause instanceof StaleConnectionError)) pause.failed(attempt)
      throw new SessionHubError('unavailable', 'The hub does not answer', { cause })
    } finally {
      underWay -= 1
    }
    // Whatever it says, it is there. An answer that cannot be read is one visitor's trouble, not everyone's.
    pause.succeeded()
    answeredMs = now()
    lookAtClock(raw.date)
    try {
      return { ...raw, body: parseJsonObject(raw.text, replyBounds) }
    } catch {
      throw new SessionHubError('unavailable', `The hub's answer, of status ${raw.status}, is not from a hub`)
    }
  }

  /** What the hub knows a repeated request by, so that it acts on it once. */
  const newId = () => ({ jti: random128(), exp: Math.floor(now() / 1000) + limits.siteTokenSeconds })

  /** A plain patch of a session that is there does no more by being applied twice. */
  const once = (body: UpdateBody): UpdateBody =>
    body.handle === null || body.version !== undefined ? { ...body, jti: random128() } : body

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
    redeem: async (body) => parsed(parseSessionView, await act('redeem', body)),
    update: async (body) => parsed(parseSessionView, await act('update', once(body))),
    signIn: async (body) => parsed(parseSessionView, await act('sign-in', { ...newId(), ...body })),
    async end(body) {
      await act('end', body)
    },
    list: async (handle) => parsed(parseListReply, await act('list', { handle })),
    endOther: async (body) => parsed(parseCountReply, await act('end-other', body)),
    read(handle) {
      let reading = reads.get(handle)
      if (!reading) {
        reading = act('read', { handle })
          .then((body) => parsed(parseSessionView, body))
          .finally(() => reads.delete(handle))
        reads.set(handle, reading)
      }
      return reading
    },
    part: async (handle) => parsed(parseSessionView, await act('part', { handle })),
    link: async (body) => parsed(parseLinkReply, await act('link', body)),
    sisters: async () => parsed(parseSistersReply, await act('sisters', {})),
    async isReachable() {
      if (Math.abs(now() - answeredMs) < RECENT_MS) return true
      try {
        const { status } = await ask({ method: 'GET', path: hubPaths.health })
        return status === 200
      } catch {
        return false
      }
    },
    async jwks() {
      // This one address may hang, or send too much, while all others answer.
      const reply = await ask({ method: 'GET', path: hubPaths.jwks, isTelling: false })
      if (reply.status !== 200) throw new SessionHubError('unavailable', 'The hub does not give its keys')
      return reply.body
    },
  }
}

function parsed<Answer>(parse: (value: unknown) => Answer, body: JsonObject): Answer {
  try {
    return parse(body)
  } catch (cause) {
    throw new SessionHubError('unavailable', 'The hub gave an answer that this version does not understand', {
      cause,
    })
  }
}

function errorOf({ status, body, retryAfter }: Reply): SessionHubError {
  const { error, error_description: description, end_reason: said, superseded } = body
  if (!isErrorCode(error)) return new SessionHubError('unavailable', `The hub answered with status ${status}`)
  const endReason = endReasons.find((reason) => reason === said)
  return new SessionHubError(error, typeof description === 'string' ? description : error, {
    endReason,
    isSuperseded: superseded === true,
    ...(retryAfter !== undefined && { retryAfterSeconds: Number(retryAfter) }),
  })
}
