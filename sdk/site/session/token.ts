/** The JWT in the site's session cookie: what the site knows of the session without asking the hub. */
import type { SessionView } from '../../protocol/bodies.js'
import { parseSessionClaims, type SessionClaims, sessionMembers } from '../../protocol/claims.js'
import { frozen } from '../../protocol/frozen.js'
import type { Json, JsonObject } from '../../protocol/json.js'
import { cookieNames, limits } from '../../protocol/wire.js'
import { random128 } from '../../tokens/random.js'
import { signToken } from '../../tokens/sign.js'
import { readKeyId, verifyToken } from '../../tokens/verify.js'
import { boundedCache } from '../../http/bounded-cache.js'
import type { SiteSessionKey } from '../keys.js'
import type { SiteSettings } from '../options.js'
import type { SessionActor } from '../token-session.js'
import type { TokenContent } from './token-content.js'
import type { Visit } from '../visit.js'

interface ProvisionalSignIn {
  readonly subject: string
  readonly claims: JsonObject
  readonly remember: boolean
  readonly idp?: string
}

/** A token and its content. */
export interface IssuedToken {
  readonly token: string
  readonly claims: SessionClaims
}

export interface SessionTokens {
  /**
   * Makes the token for a session that the hub has just shown.
   *
   * @param unlike makes no token if it would say the same of the session as this one
   */
  issue(view: SessionView, handle: string, visit: Visit): Promise<IssuedToken>
  issue(
    view: SessionView,
    handle: string,
    visit: Visit,
    unlike: SessionClaims,
  ): Promise<IssuedToken | undefined>
  /** For a sign-in that the hub does not know of yet: it has no handle. */
  issueProvisional(who: ProvisionalSignIn, was: string | null, visit: Visit): Promise<IssuedToken>
  /** The content of a token that was read before; not a promise, because this is the common case. The caller checks its times. */
  known(token: string): SessionClaims | undefined
  /** The same for any token; `undefined` if it is not one of ours. */
  read(token: string): Promise<SessionClaims | undefined>
}

/**
 * Whether a token may be trusted without asking the hub. A token from the future may not, beyond what two clocks of one site may differ: this
 * clock was set back. The token is ours all the same, and nothing that this site signed is discarded because of a clock.
 */
export const isFresh = ({ iat, exp }: SessionClaims, nowMs: number): boolean =>
  nowMs < exp * 1000 && iat * 1000 <= nowMs + limits.ownSkewSeconds * 1000

/** The administrator who acts as the session's user, by its token; empty if nobody does. */
export const actorOf = ({ act, until }: Pick<SessionClaims, 'act' | 'until'>): { actor?: SessionActor } =>
  act && until !== undefined ? { actor: { subject: act.sub, until } } : {}

type Members = Omit<SessionClaims, 'iss' | 'aud' | 'iat' | 'exp'>

/** A cookie's name, `=` and value: some browsers silently drop a longer one (RFC 6265, section 6.1). */
const COOKIE_BYTES = 4096

/** How much JSON a session token may contain so that browsers keep its cookie, and the cookie of a sign-in that waits. */
function mostPayloadBytes({ cookieName, sessionKeys: [{ alg, kid, signatureBytes }] }: SiteSettings): number {
  const name = Math.max(cookieName.length, cookieNames.posted.length)
  const header = JSON.stringify({ alg, typ: 'session+jwt', kid })
  const letters =
    COOKIE_BYTES - name - '='.length - lettersOf(header.length) - lettersOf(signatureBytes) - '..'.length
  return Math.floor((letters * 3) / 4)
}

/** The length as base64url. */
const lettersOf = (bytes: number) => Math.ceil((bytes * 4) / 3)

/** The content of tokens that were read before, of all sites, by the whole text: each signature is checked once per process. */
export const createReadTokens = () => boundedCache<SessionClaims>(20_000)

export const createSessionTokens = (
  settings: SiteSettings,
  content: TokenContent,
  read = createReadTokens(),
): SessionTokens => new OwnSessionTokens(settings, content, read)

/** A class, because there is one per site, and an application may have thousands. */
class OwnSessionTokens implements SessionTokens {
  readonly #settings: SiteSettings
  readonly #content: TokenContent
  readonly #read: ReturnType<typeof createReadTokens>
  readonly #mostBytes: number

  constructor(settings: SiteSettings, content: TokenContent, read: ReturnType<typeof createReadTokens>) {
    this.#settings = settings
    this.#content = content
    this.#read = read
    this.#mostBytes = mostPayloadBytes(settings)
  }

  issue(view: SessionView, handle: string, visit: Visit): Promise<IssuedToken>
  issue(
    view: SessionView,
    handle: string,
    visit: Visit,
    unlike?: SessionClaims,
  ): Promise<IssuedToken | undefined>
  async issue(
    view: SessionView,
    handle: string,
    visit: Visit,
    unlike?: SessionClaims,
  ): Promise<IssuedToken | undefined> {
    const content = this.#content
    const { subject, claims, data, auth_time: authTime, actor, acting_until: until } = view
    const acting = actor !== undefined && until !== undefined ? { act: { sub: actor }, until } : {}
    const members = {
      sk: handle,
      st: view.session_tag,
      ...(view.subject_tag !== null && { sg: view.subject_tag, gen: view.generation }),
      ...(subject !== null && { sub: subject }),
      ...(authTime !== null && { auth_time: authTime }),
      ...(content.isWhole && Object.keys(claims).length > 0 && { claims }),
      ...acting,
    }
    const said = { subject, claims, data, authTime, ...actorOf(acting) }
    const dated = this.#dated(members, view.expires_at)
    const wire = this.#wireOf(dated)
    const extra = await content.write(said, visit, this.#roomBeside(wire))
    if (unlike?.sk === handle && JSON.stringify(unlike.extra) === JSON.stringify(extra)) return undefined
    return this.#sign(dated, wire, extra)
  }

  async issueProvisional(
    { subject, claims, remember, idp }: ProvisionalSignIn,
    was: string | null,
    visit: Visit,
  ): Promise<IssuedToken> {
    const authTime = Math.floor(this.#settings.now() / 1000)
    const members = {
      sub: subject,
      auth_time: authTime,
      jti: random128(),
      ...(was !== null && { was }),
      // All claims, whatever the fields are, because the hub is told of them later from this token.
      ...(Object.keys(claims).length > 0 && { claims }),
      ...(!remember && { remember }),
      ...(idp !== undefined && { idp }),
    }
    const said = { subject, claims, data: {}, authTime }
    const dated = this.#dated(members)
    const wire = this.#wireOf(dated)
    const extra = await this.#content.write(said, visit, this.#roomBeside(wire))
    return this.#sign(dated, wire, extra)
  }

  known(token: string): SessionClaims | undefined {
    const claims = this.#read.get(token)
    // A token that another site of this application has read belongs to that site.
    return claims?.iss === this.#settings.origin ? claims : undefined
  }

  async read(token: string): Promise<SessionClaims | undefined> {
    const before = this.known(token)
    if (before) return before
    const { origin, sessionKeys } = this.#settings
    try {
      const kid = readKeyId(token)
      const key = sessionKeys.find((one) => one.kid === kid)
      if (!key) return undefined
      const payload = await verifyToken('session+jwt', token, () => key.verifying, key.alg)
      const claims = this.#inClear(payload, key)
      if (claims.iss !== origin || claims.aud !== origin || !isPlausible(claims)) return undefined
      // Once per token, and not per request: all of the visitor's requests share it.
      this.#read.set(token, frozen(claims))
      return claims
    } catch {
      return undefined
    }
  }

  /** @param until the end of the session's life: the hub is asked in good time before it, and may know of a later one */
  #dated(members: Members, until = Infinity): SessionClaims {
    const { origin, now, freshForSeconds } = this.#settings
    const iat = Math.floor(now() / 1000)
    const freshSeconds = Math.max(1, Math.min(freshForSeconds, Math.floor((until - iat) / 2)))
    return { iss: origin, aud: origin, iat, exp: iat + freshSeconds, ...members }
  }

  /** The claims without the site's own members. */
  #wireOf({ sk, was, ...plain }: Omit<SessionClaims, 'extra'>): JsonObject {
    const {
      sessionField,
      sessionKeys: [signing],
    } = this.#settings
    return {
      ...plain,
      ...(sk !== undefined && { [sessionField]: signing.wrap(sk) }),
      ...(was !== undefined && { was: signing.wrap(was) }),
    }
  }

  /** How much room these members leave for the site's own content, as JSON: a brace and a comma join the two. */
  #roomBeside(wire: JsonObject): number {
    return this.#mostBytes - Buffer.byteLength(JSON.stringify(wire)) + 1
  }

  async #sign(claims: SessionClaims, wire: JsonObject, extra: JsonObject): Promise<IssuedToken> {
    const [signing] = this.#settings.sessionKeys
    return {
      token: await signToken('session+jwt', { ...wire, ...extra }, signing, signing.alg),
      claims: frozen({ ...claims, extra }),
    }
  }

  /** The protocol's own members by their names, and whatever else the site has added. */
  #inClear(payload: JsonObject, { unwrap }: SiteSessionKey): SessionClaims {
    const { sessionField } = this.#settings
    const own: Record<string, Json> = {}
    const extra: Record<string, Json> = {}
    for (const [name, value] of Object.entries(payload)) {
      if (name === sessionField) own.sk = value
      // If the site adds nothing to its tokens, it has made none with a member that is not listed (R5).
      else if (sessionMembers.includes(name) || !this.#content.isOpen) own[name] = value
      else extra[name] = value
    }
    const claims = parseSessionClaims(own)
    return {
      ...claims,
      ...(claims.sk !== undefined && { sk: unwrap(claims.sk) }),
      ...(claims.was !== undefined && { was: unwrap(claims.was) }),
      extra,
    }
  }
}

/** R5, R28: a token that claims to be fresh for longer than five minutes was not made by this code. */
const isPlausible = ({ iat, exp }: SessionClaims): boolean => exp > iat && exp - iat <= limits.freshSeconds
