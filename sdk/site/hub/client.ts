/** What one site asks of the hub: acts, with the hub's own error codes. */
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
import type { JsonObject } from '../../protocol/json.js'
import { type BackchannelAct, endReasons, hubPaths, limits } from '../../protocol/wire.js'
import { random128 } from '../../tokens/random.js'
import type { HubLine, Reply } from './line.js'
import type { Speaker } from './speaker.js'

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
}

/** @param speak in whose name */
export function createHubClient(line: HubLine, speak: Speaker, now: () => number): HubClient {
  const reads = new Map<string, Promise<SessionView>>()

  async function act(name: BackchannelAct, body: object): Promise<JsonObject> {
    const reply = await line.ask({
      method: 'POST',
      path: `${hubPaths.backchannel}/${name}`,
      body,
      speech: await speak(),
      isRepeatable: name !== 'part',
    })
    if (reply.status === 200) return reply.body
    throw errorOf(reply)
  }

  /** What the hub knows a repeated request by, so that it acts on it once. */
  const newId = () => ({ jti: random128(), exp: Math.floor(now() / 1000) + limits.siteTokenSeconds })

  /** A plain patch of a session that is there does no more by being applied twice. */
  const once = (body: UpdateBody): UpdateBody =>
    body.handle === null || body.version !== undefined ? { ...body, jti: random128() } : body

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
    isReachable: () => line.isReachable(),
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
