/** `verifySession`: tells any service that receives a site's session token what it says. */
import { readCookie } from '../http/cookies.js'
import type { StoredClaims } from '../protocol/app-types.js'
import { sessionForms } from '../protocol/claims.js'
import { SessionHubError } from '../protocol/errors.js'
import { isWrapped } from '../protocol/formats.js'
import { isJsonObject, type Json, type JsonObject } from '../protocol/json.js'
import { originFault } from '../protocol/origins.js'
import {
  byBothNames,
  type FieldRule,
  nameFault,
  readTokenFields,
  sessionFieldFault,
  type TokenField,
} from '../protocol/token-fields.js'
import { cookieNames, limits } from '../protocol/wire.js'
import { readKeyId, verifyToken } from '../tokens/verify.js'
import { bindKeys, bindPublished, type BoundKey, type Jwks, type VerifyingKey, wrong } from './keys.js'
import { createRemoteKeys } from './remote-keys.js'

export interface VerifyOptions {
  /**
   * The HTTPS address of the site's key list (`<endpoint>/jwks.json`), or the list itself. Fetched when a key is unknown, at most once
   * in 30 seconds, and again after ten minutes. While it cannot be fetched, known keys stay valid for a day.
   *
   * @default this or key
   */
  readonly jwks?: Jwks
  /**
   * One key or several, instead of `jwks`: public keys as JWK or PEM, or the site's secret as JWK. Anyone who has the secret (`oct`)
   * can also make sessions: prefer a key pair.
   *
   * @default this or jwks
   */
  readonly key?: VerifyingKey | readonly VerifyingKey[]
  /** The site's origin. */
  readonly issuer: string
  /**
   * The audience that the token must have.
   *
   * @default the issuer
   */
  readonly audience?: string
  /**
   * The site's session cookie.
   *
   * @default '__Host-session'
   */
  readonly cookieName?: string
  /**
   * The site's own option of this name, so that fields can be read by their long names too.
   *
   * @default none
   */
  readonly fields?: readonly TokenField[]
  /**
   * The site's own option of this name.
   *
   * @default 'sk'
   */
  readonly sessionField?: string
  /**
   * The clock, in milliseconds since 1970, for tests.
   *
   * @default Date.now
   */
  readonly now?: () => number
}

/** A request of the Web (`Request`) or of Node. */
export interface WithHeaders {
  readonly headers:
    { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What the token says. It was true when the token was made, at most five minutes ago. */
export interface VerifiedSession {
  readonly status: 'anonymous' | 'signed-in'
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  /**
   * The administrator who acts as the subject (RFC 8693, section 4.1), or `null`. Check it before you do anything in the subject's name: an
   * administrator may only look.
   */
  readonly actor: { readonly subject: string } | null
  /** When the user signed in, in seconds since 1970, or `null`. */
  readonly authTime: number | null
  /** All that the sign-in said about the user, if the site has no `fields`; otherwise empty. */
  readonly claims: StoredClaims
  /** What the site puts into the token by `fields`, under short and long names, and by `tokenClaims`. */
  readonly fields: JsonObject
  /** The same for all tokens of one session on this site. `null` while the hub does not know of the sign-in yet. */
  readonly state: string | null
  /** In seconds since 1970. */
  readonly issuedAt: number
  /**
   * In seconds since 1970. A token is accepted for ten seconds longer, because the clocks of this service and of the site may each differ from
   * the hub's by five.
   */
  readonly expiresAt: number
}

interface Verifier {
  readonly verify: (token: string) => Promise<VerifiedSession>
  readonly cookieName: string
}

/** Declared in `option-rows.ts`, which no service loads. */
export const optionNames = [
  'jwks',
  'key',
  'issuer',
  'audience',
  'cookieName',
  'fields',
  'sessionField',
  'now',
] as const

/** Keys are imported and lists fetched once per options object; the keys of a list's address are shared by all options objects. */
const verifiers = new WeakMap<VerifyOptions, Promise<Verifier>>()
const remote = new Map<string, ReturnType<typeof createRemoteKeys>>()
const MOST_ADDRESSES = 64

/**
 * Verifies a session token: the one in a request's session cookie or in `Authorization: Bearer`, or the token itself. It contacts only the
 * site, now and then, for its public keys. So a session that has ended is noticed only when its token has expired.
 *
 * @example
 * const options = { jwks: 'https://shop.example/session-hub/jwks.json', issuer: 'https://shop.example' }
 * const { subject, fields } = await verifySession(request, options)
 *
 * @throws SessionHubError `token_missing`; `token_invalid` for a token that is forged, or of another site, kind or audience; `token_expired`;
 * `session_ambiguous` for a cookie and a Bearer token of different sessions; `unavailable` if the keys cannot be fetched; `options_invalid`
 */
export async function verifySession(
  from: string | WithHeaders,
  options: VerifyOptions,
): Promise<VerifiedSession> {
  if (!isOptions(options)) throw wrong('an object of options is expected')
  let verifier = verifiers.get(options)
  if (!verifier) verifiers.set(options, (verifier = createVerifier(options)))
  const { verify, cookieName } = await verifier
  if (typeof from === 'string') return verify(from)
  const bearer = /^Bearer +(\S+)$/i.exec(headerOf(from, 'authorization') ?? '')?.[1]
  const cookies = headerOf(from, 'cookie')
  const cookie = readCookie(cookies, cookieName)
  // This includes a cookie that is sent twice, and so counts as none: nobody can say whose it is (R22).
  const hasCookie = (cookies ?? '').split(';').some((pair) => pair.trim().startsWith(`${cookieName}=`))
  const text = bearer ?? cookie
  if (text === undefined) throw new SessionHubError('token_missing', 'There is no session token')
  const session = await verify(text)
  if (bearer !== undefined && hasCookie && bearer !== cookie) {
    const other = cookie === undefined ? undefined : await verify(cookie)
    if (session.state === null || session.state !== other?.state)
      throw new SessionHubError('session_ambiguous', 'A Bearer token came beside a cookie of another session')
  }
  return session
}

const isOptions = (value: unknown): value is VerifyOptions => isJsonObject(value)

function headerOf({ headers }: WithHeaders, name: string): string | undefined {
  if (isWebHeaders(headers)) return headers.get(name) ?? undefined
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

const isWebHeaders = (headers: WithHeaders['headers']): headers is { get(name: string): string | null } =>
  typeof headers.get === 'function'

async function createVerifier(options: VerifyOptions): Promise<Verifier> {
  const unknown = Object.keys(options).find((name) => !optionNames.some((known) => known === name))
  if (unknown !== undefined) throw wrong(`unknown option "${unknown}"; known are ${optionNames.join(', ')}`)
  const {
    issuer,
    audience = issuer,
    cookieName = cookieNames.session,
    sessionField = 'sk',
    now = Date.now,
  } = options
  for (const [name, value] of Object.entries({ issuer, audience })) {
    const fault = originFault(value)
    if (fault) throw wrong(`"${name}": ${fault}`)
  }
  if (typeof cookieName !== 'string' || cookieName === '')
    throw wrong('"cookieName" has to be the name of a cookie')
  const nameFault = sessionFieldFault(sessionField)
  if (nameFault) throw wrong(`"sessionField": ${nameFault}`)
  if (typeof now !== 'function') throw wrong('"now" has to be a function')
  const rules = fieldRules(options.fields ?? [], sessionField)
  const keyOf = await keysOf(options)

  async function verify(token: string): Promise<VerifiedSession> {
    const payload = await opened(token, (kid) => keyOf(kid, now()))
    const session = read(payload, { issuer, audience, sessionField, rules })
    const nowSeconds = now() / 1000
    if (session.issuedAt > nowSeconds + limits.ownSkewSeconds) throw invalid('it was issued in the future')
    if (session.expiresAt + limits.ownSkewSeconds <= nowSeconds)
      throw new SessionHubError('token_expired', 'The session token has expired')
    return session
  }
  return { verify, cookieName }
}

function fieldRules(given: unknown, sessionField: string): readonly FieldRule[] {
  const rules = readTokenFields(given, sessionField)
  if (typeof rules === 'string') throw wrong(`"fields" ${rules}`)
  return rules
}

type KeyOf = (kid: string, nowMs: number) => BoundKey | undefined | Promise<BoundKey | undefined>

async function keysOf({ jwks, key }: VerifyOptions): Promise<KeyOf> {
  if ((jwks === undefined) === (key === undefined)) throw wrong('either "jwks" or "key" is needed')
  if (typeof jwks === 'string') return remoteKeys(jwks)
  const keys =
    key === undefined
      ? await bindPublished(jwks, '"jwks"')
      : await bindKeys(Array.isArray(key) ? (key as readonly unknown[]) : [key], '"key"')
  return (kid) => keys.get(kid) ?? keys.get(undefined)
}

function remoteKeys(address: string): KeyOf {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isLocal = url !== undefined && /^(127\.0\.0\.1|\[::1\]|([a-z0-9-]+\.)*localhost)$/.test(url.hostname)
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)))
    throw wrong('"jwks" has to be an https address such as "https://shop.example/session-hub/jwks.json"')
  let keys = remote.get(url.href)
  if (!keys) {
    if (remote.size >= MOST_ADDRESSES) remote.clear()
    remote.set(url.href, (keys = createRemoteKeys(url.href)))
  }
  return keys
}

/** The payload of a token whose form, algorithm, type and signature are right. */
async function opened(token: string, keyOf: (kid: string) => ReturnType<KeyOf>): Promise<JsonObject> {
  try {
    const key = await keyOf(readKeyId(token))
    if (!key) throw invalid('its key is unknown')
    return await verifyToken('session+jwt', token, () => key.key, key.alg)
  } catch (cause) {
    if (cause instanceof SessionHubError && cause.code !== 'request_invalid') throw cause
    throw invalid('its form, type or signature is wrong', cause)
  }
}

interface Expected {
  readonly issuer: string
  readonly audience: string
  readonly sessionField: string
  readonly rules: readonly FieldRule[]
}

function read(payload: JsonObject, { issuer, audience, sessionField, rules }: Expected): VerifiedSession {
  const extra: Record<string, Json> = {}
  for (const [name, value] of Object.entries(payload)) {
    const form =
      name === sessionField ? isWrapped : Object.hasOwn(sessionForms, name) ? sessionForms[name] : undefined
    if (form ? !form(value) : nameFault(name, sessionField))
      throw invalid(`its "${name}" has a wrong form, or does not belong there`)
    if (!form) extra[name] = value
  }
  const { iss, aud, iat, exp, sub = null, auth_time: authTime = null, claims = {}, st = null, act } = payload
  if (iss !== issuer) throw invalid('it is of another site')
  if (aud !== audience) throw invalid('it is for another audience')
  // R5, R28
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat || exp - iat > limits.freshSeconds)
    throw invalid('its times are wrong')
  return {
    status: sub === null ? 'anonymous' : 'signed-in',
    subject: typeof sub === 'string' ? sub : null,
    actor: isJsonObject(act) && typeof act.sub === 'string' ? { subject: act.sub } : null,
    authTime: typeof authTime === 'number' ? authTime : null,
    claims: isJsonObject(claims) ? claims : {},
    fields: byBothNames(extra, rules),
    state: typeof st === 'string' ? st : null,
    issuedAt: iat,
    expiresAt: exp,
  }
}

const invalid = (why: string, cause?: unknown) =>
  new SessionHubError('token_invalid', `The session token is refused: ${why}`, { cause })
