/** R44. Reads a `logout_token` (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6): whose sign-out it is, if it is valid. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isSubject } from '../../sdk/protocol/fields.js'
import { isJsonObject } from '../../sdk/protocol/json.js'
import { limits } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { CompanySignOut } from '../flows/company-sessions.js'
import { fetchKeys } from './fetch-keys.js'
import type { IssuerSettings } from './options.js'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Asymmetric algorithms only (R2): if a public key served as a secret, anybody could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** The provider's clock is not under our control. */
const TOLERANCE_SECONDS = 30
/** A provider sends the token at once, and repeats it for a while. Its `jti` is kept until the token expires. */
const MOST_AGE_SECONDS = 86_400

/** The codes of jose for keys that cannot be fetched, or are invalid. */
const KEY_TROUBLE = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']

const TEXT_LENGTH = 255

/** @returns what ends @throws SessionHubError `logout_token_invalid`; `unavailable` if the provider's keys cannot be fetched */
export type ReadLogoutToken = (token: string) => Promise<CompanySignOut>

export function createReadLogoutToken(
  issuers: readonly IssuerSettings[],
  now: () => number,
): ReadLogoutToken {
  const known = new Map(issuers.map((one) => [one.issuer, { ...one, key: keySource(one) }]))
  return async (token) => {
    if (token.length > limits.tokenLength) throw refused('The logout token is too long')
    // Tells only whose keys to try (R7). It is believed after the signature has been verified.
    const issuer = known.get(claimedIssuer(token))
    if (!issuer) throw refused('The issuer of the logout token is not configured')
    const claims = await verified(token, issuer, now)
    return signOutOf(claims, issuer)
  }
}

/** Keys never come from an address that a token names: `jku`, `jwk` and `x5u` of its header are not read. */
function keySource({ keys }: IssuerSettings): JWTVerifyGetKey {
  return 'uri' in keys
    ? createRemoteJWKSet(keys.uri, { timeoutDuration: 5000, [customFetch]: fetchKeys })
    : createLocalJWKSet(keys.jwks as unknown as JSONWebKeySet)
}

function claimedIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? ''
  } catch (cause) {
    throw refused('The logout token is no JWT', cause)
  }
}

async function verified(
  token: string,
  { issuer, audience, acceptsUntyped, key }: IssuerSettings & { readonly key: JWTVerifyGetKey },
  now: () => number,
): Promise<JWTPayload> {
  let result
  try {
    result = await jwtVerify(token, key, {
      issuer,
      audience: [...audience],
      algorithms: ALGORITHMS,
      clockTolerance: TOLERANCE_SECONDS,
      maxTokenAge: MOST_AGE_SECONDS,
      requiredClaims: ['jti', 'iat', 'exp', 'events'],
      currentDate: new Date(now()),
    })
  } catch (cause) {
    // Any other fault lies on the way to the keys, not in the token: the provider tries again.
    if (cause instanceof errors.JOSEError && !KEY_TROUBLE.includes(cause.code))
      throw refused('The logout token is not valid', cause)
    throw new SessionHubError('unavailable', 'The keys of the identity provider cannot be fetched', { cause })
  }
  const type = result.protectedHeader.typ?.toLowerCase().replace(/^application\//, '')
  const isTyped = type === 'logout+jwt' || (acceptsUntyped && (type === undefined || type === 'jwt'))
  if (!isTyped) throw refused('The logout token has another type than "logout+jwt"')
  return result.payload
}

function signOutOf(claims: JWTPayload, { issuer, subjectPrefix, ends }: IssuerSettings): CompanySignOut {
  const { sub, sid, jti, exp = 0, iat = 0, events } = claims
  // An ID token may look much like a logout token, but is no sign-out.
  if (!isJsonObject(events) || !isJsonObject(events[EVENT])) throw refused('The token is no logout token')
  if ('nonce' in claims) throw refused('A logout token has no nonce')
  if (!isText(jti) || exp - iat > MOST_AGE_SECONDS)
    throw refused('The logout token has a wrong "jti" or "exp"')
  if ((sub === undefined && sid === undefined) || !isTextOrNone(sub) || !isTextOrNone(sid))
    throw refused('A logout token has a "sub", a "sid", or both')
  const subject = sub === undefined ? undefined : subjectPrefix + sub
  if (subject !== undefined && !isSubject(subject)) throw refused('The "sub" is no subject')
  const isWhole = sid === undefined || (ends === 'user' && subject !== undefined)
  return {
    subject,
    idp: isWhole ? undefined : sha256(JSON.stringify([issuer, sid])),
    issuer,
    jti,
    expiresAtMs: (exp + TOLERANCE_SECONDS) * 1000,
  }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH
const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || isText(value)

const refused = (message: string, cause?: unknown) =>
  new SessionHubError('logout_token_invalid', message, { cause })
