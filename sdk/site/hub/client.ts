/** The acts that one site asks of the hub, with the hub's own error codes. */
import type {
  ActAsBody,
  BackchannelLinkBody,
  BackchannelRedeemBody,
  ClaimsBody,
  CountReply,
  EndBody,
  EndOtherBody,
  LinkReply,
  ListReply,
  RedeemedView,
  SessionView,
  SignInBody,
  SistersReply,
  UpdateBody,
} from '../../protocol/bodies.js'
import {
  parseCountReply,
  parseLinkReply,
  parseListReply,
  parseRedeemedView,
  parseSessionView,
  parseSistersReply,
} from '../../protocol/bodies.js'
import { isErrorCode, SessionHubError } from '../../protocol/errors.js'
import type { JsonObject } from '../../protocol/json.js'
import { type BackchannelAct, endReasons, hubPaths, limits } from '../../protocol/wire.js'
import type { TicketKey } from '../../tokens/keys.js'
import type { Traces } from '../../settings/traces.js'
import { random128 } from '../../tokens/random.js'
import type { HubLine, Reply } from './line.js'
import type { TellRefused } from './refusals.js'
import type { Speaker } from './speaker.js'

/** Every method rejects with the hub's error code, or with `unavailable` if there is no usable answer (R21). */
export interface HubClient {
  redeem(body: BackchannelRedeemBody): Promise<RedeemedView>
  /** Simultaneous reads of one handle become one request. */
  read(handle: string): Promise<SessionView>
  update(body: UpdateBody): Promise<SessionView>
  claims(body: ClaimsBody): Promise<SessionView>
  signIn(body: SignInBody): Promise<SessionView>
  end(body: EndBody): Promise<void>
  list(handle: string): Promise<ListReply>
  endOther(body: EndOtherBody): Promise<CountReply>
  link(body: BackchannelLinkBody): Promise<LinkReply>
  /** This site's share of the session becomes a session of its own, with a new handle. */
  part(handle: string): Promise<SessionView>
  /** The user behind this handle begins to act as a user of this site, with a new handle. */
  actAs(body: ActAsBody): Promise<SessionView>
  /** Ends the acting, again with a new handle. */
  stopActing(handle: string): Promise<SessionView>
  sisters(): Promise<SistersReply>
  /**
   * Checks whether the hub accepts all of this site's keys, once a minute at most: that may be why a ticket cannot be opened.
   *
   * @throws SessionHubError `unavailable` if it does not
   */
  requireAccepted(ticketKeys: ReadonlyMap<string, TicketKey>): Promise<void>
  /** Whether a visitor may be sent to the hub: it has answered a moment ago, or answers now. Never rejects. */
  isReachable(): Promise<boolean>
}

/** How long the hub's last answer on this site's keys is trusted. */
const ACCEPTED_MS = 60_000

/** The hub's codes for a site that it does not know by these keys. */
const REFUSALS = ['site_token_invalid', 'site_unknown', 'ticket_key_unknown']

/**
 * @param speak gives the credentials of the site or application that asks
 * @param refused turns a refusal that concerns the site itself into the act's error
 * @param traces follows the acts, if tracing is on
 */
export const createHubClient = (
  line: HubLine,
  speak: Speaker,
  now: () => number,
  refused: TellRefused,
  traces?: Traces,
): HubClient => new LineClient(line, speak, now, refused, traces)

/** A class, because there is one per site, and an application may have thousands: an object literal would create each method anew. */
class LineClient implements HubClient {
  readonly #line: HubLine
  readonly #speak: Speaker
  readonly #now: () => number
  readonly #refused: TellRefused
  readonly #traces: Traces | undefined
  #lookedMs = -Infinity
  #look: Promise<SessionHubError | undefined> = Promise.resolve(undefined)
  readonly #reads = new Map<string, Promise<SessionView>>()

  constructor(
    line: HubLine,
    speak: Speaker,
    now: () => number,
    refused: TellRefused,
    traces: Traces | undefined,
  ) {
    this.#line = line
    this.#speak = speak
    this.#now = now
    this.#refused = refused
    this.#traces = traces
  }

  async redeem(body: BackchannelRedeemBody) {
    return parsed(parseRedeemedView, await this.#act('redeem', { use: random128(), ...body }))
  }

  async update(body: UpdateBody) {
    return parsed(parseSessionView, await this.#act('update', once(body)))
  }

  async claims(body: ClaimsBody) {
    return parsed(parseSessionView, await this.#act('claims', { jti: random128(), ...body }))
  }

  async signIn(body: SignInBody) {
    return parsed(parseSessionView, await this.#act('sign-in', { ...this.#newId(), ...body }))
  }

  async end(body: EndBody) {
    await this.#act('end', body)
  }

  async list(handle: string) {
    return parsed(parseListReply, await this.#act('list', { handle }))
  }

  async endOther(body: EndOtherBody) {
    return parsed(parseCountReply, await this.#act('end-other', { jti: random128(), ...body }))
  }

  read(handle: string) {
    let reading = this.#reads.get(handle)
    if (!reading) {
      reading = this.#act('read', { handle })
        .then((body) => parsed(parseSessionView, body))
        .finally(() => this.#reads.delete(handle))
      this.#reads.set(handle, reading)
    }
    return reading
  }

  async part(handle: string) {
    return parsed(parseSessionView, await this.#act('part', { jti: random128(), handle }))
  }

  async actAs(body: ActAsBody) {
    return parsed(parseSessionView, await this.#act('act-as', { jti: random128(), ...body }))
  }

  async stopActing(handle: string) {
    return parsed(parseSessionView, await this.#act('stop-acting', { jti: random128(), handle }))
  }

  async link(body: BackchannelLinkBody) {
    return parsed(parseLinkReply, await this.#act('link', body))
  }

  async sisters() {
    return parsed(parseSistersReply, await this.#act('sisters', {}))
  }

  async requireAccepted(ticketKeys: ReadonlyMap<string, TicketKey>) {
    if (Math.abs(this.#now() - this.#lookedMs) >= ACCEPTED_MS) {
      this.#lookedMs = this.#now()
      // A hub that does not answer has said nothing about this site.
      const tags = [...ticketKeys.values()].map(({ tag }) => tag)
      this.#look = this.#act('keys', { ticket_keys: tags }).then(
        () => undefined,
        (thrown: unknown) => (isRefusal(thrown) ? thrown : undefined),
      )
    }
    const refusal = await this.#look
    if (refusal !== undefined) throw refusal
  }

  isReachable() {
    return this.#line.isReachable()
  }

  /**
   * Each act may arrive twice, because the line sends it again if the answer was lost. An act that must not happen twice has an id, and the
   * hub acts on it once.
   */
  #act(name: BackchannelAct, body: object): Promise<JsonObject> {
    if (!this.#traces) return this.#ask(name, body)
    return this.#traces.span({ kind: 'client', name }, ({ traceparent }) =>
      this.#ask(name, body, traceparent),
    )
  }

  async #ask(name: BackchannelAct, body: object, traceparent?: string): Promise<JsonObject> {
    const reply = await this.#line.ask({
      method: 'POST',
      path: `${hubPaths.backchannel}/${name}`,
      body,
      speech: await this.#speak(),
      canWait: name !== 'end',
      traceparent,
    })
    if (reply.status === 200) return reply.body
    const error = errorOf(reply)
    throw REFUSALS.includes(error.code) ? this.#refused(error) : error
  }

  /** A sign-in may also be reported late, with an id that the site has kept. */
  #newId() {
    return { jti: random128(), exp: Math.floor(this.#now() / 1000) + limits.siteTokenSeconds }
  }
}

/** Applying a plain patch to an existing session twice has no further effect. */
const once = (body: UpdateBody): UpdateBody =>
  body.handle === null || body.version !== undefined ? { ...body, jti: random128() } : body

const isRefusal = (thrown: unknown): thrown is SessionHubError =>
  thrown instanceof SessionHubError &&
  thrown.cause instanceof SessionHubError &&
  REFUSALS.includes(thrown.cause.code)

function parsed<Answer>(parse: (value: unknown) => Answer, body: JsonObject): Answer {
  try {
    return parse(body)
  } catch (cause) {
    throw new SessionHubError('unavailable', 'The hub gave an answer that this version does not understand', {
      cause,
    })
  }
}

function errorOf({ status, body, retryAfterSeconds }: Reply): SessionHubError {
  const { error, error_description: description, end_reason: said, superseded } = body
  if (!isErrorCode(error)) return new SessionHubError('unavailable', `The hub answered with status ${status}`)
  const endReason = endReasons.find((reason) => reason === said)
  return new SessionHubError(error, typeof description === 'string' ? description : error, {
    endReason,
    isSuperseded: superseded === true,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}
