/** Whose word on a sign-out the hub takes: the option `companySignOut`, checked at start-up. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { flag, oneOf } from '../../sdk/settings/checks.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'

export interface CompanySignOutOptions {
  /** The identity providers, at most 16. */
  readonly issuers: readonly CompanyIssuer[]
}

/** An OpenID provider of the company's. */
export interface CompanyIssuer {
  /** Its `issuer`, to the letter, such as `https://login.example/realms/staff`. */
  readonly issuer: string
  /** The `client_id` that your sites have there; or several. */
  readonly audience: string | readonly string[]
  /** Its public keys, as a JWK Set (RFC 7517); or `jwksUri`. */
  readonly jwks?: { readonly keys: readonly object[] }
  /** Where it publishes them: `https:`, or `http:` on this machine. Keys are fetched when a token needs them, and kept. */
  readonly jwksUri?: string
  /**
   * What your sites put before the provider's `sub` to make their `subject`. With several issuers each needs its own, and none may begin
   * with another: two providers may both know an `ada`.
   *
   * @default ''
   */
  readonly subjectPrefix?: string
  /**
   * What ends when the token names a session (`sid`): that session, which the sites have named with `idp` in `signIn`, or all of the user's.
   * A token without `sid` always ends all.
   *
   * @default 'session'
   */
  readonly ends?: 'session' | 'user'
  /** Takes tokens whose header says `typ: "JWT"` or nothing, from older providers. @default false */
  readonly acceptsUntyped?: boolean
}

export interface IssuerSettings {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly keys: { readonly jwks: { readonly keys: readonly object[] } } | { readonly uri: URL }
  readonly subjectPrefix: string
  readonly ends: 'session' | 'user'
  readonly acceptsUntyped: boolean
}

const MOST_ISSUERS = 16

/** @throws SessionHubError `options_invalid` */
export function resolveCompanySignOut(where: string, given: unknown): readonly IssuerSettings[] {
  if (!isJsonObject(given)) throw wrong(where, 'it has to be an object with "issuers"')
  refuseUnknown(where, given, ['issuers'])
  const { issuers } = given
  if (!Array.isArray(issuers) || issuers.length === 0 || issuers.length > MOST_ISSUERS)
    throw wrong(where, `"issuers" has to be a list of 1 to ${MOST_ISSUERS}`)
  const settings = issuers.map((one, at) => readIssuer(`${where}: issuers[${at}]`, one))
  for (const one of settings)
    for (const other of settings) {
      if (one === other) continue
      if (one.issuer === other.issuer) throw wrong(where, `"${one.issuer}" is there twice`)
      if (other.subjectPrefix.startsWith(one.subjectPrefix))
        throw wrong(
          where,
          `with several issuers each needs its own "subjectPrefix", and none may begin with another: one could sign out the other's users`,
        )
    }
  return settings
}

function readIssuer(where: string, given: unknown): IssuerSettings {
  if (!isJsonObject(given)) throw wrong(where, 'it has to be an object with "issuer", "audience" and keys')
  const known = ['issuer', 'audience', 'jwks', 'jwksUri', 'subjectPrefix', 'ends', 'acceptsUntyped']
  refuseUnknown(where, given, known)
  const {
    issuer,
    audience,
    jwks,
    jwksUri,
    subjectPrefix = '',
    ends = 'session',
    acceptsUntyped = false,
  } = given
  if (typeof issuer !== 'string' || issuer === '') throw wrong(where, '"issuer" has to be a text')
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  if (audiences.length === 0 || !audiences.every((one) => typeof one === 'string' && one !== ''))
    throw wrong(where, '"audience" has to be your client_id there, or a list of them')
  if ((jwks === undefined) === (jwksUri === undefined)) throw wrong(where, 'give either "jwks" or "jwksUri"')
  if (typeof subjectPrefix !== 'string') throw wrong(where, '"subjectPrefix" has to be a text')
  return {
    issuer,
    audience: audiences as readonly string[],
    keys: jwks === undefined ? { uri: readUri(where, jwksUri) } : { jwks: readKeys(where, jwks) },
    subjectPrefix,
    ends: oneOf(where, 'ends', ends, ['session', 'user']),
    acceptsUntyped: flag(where, 'acceptsUntyped', acceptsUntyped),
  }
}

function readUri(where: string, given: unknown): URL {
  const uri = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  const isOwnMachine = uri && ['localhost', '127.0.0.1', '[::1]'].includes(uri.hostname)
  if (uri?.protocol === 'https:' || (uri?.protocol === 'http:' && isOwnMachine)) return uri
  throw wrong(where, '"jwksUri" has to be an https address')
}

function readKeys(where: string, given: unknown): { keys: readonly object[] } {
  const keys = isJsonObject(given) ? given.keys : undefined
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isJsonObject))
    throw wrong(where, '"jwks" has to be a JWK Set: { "keys": [ … ] }')
  // A shared secret would let whoever has it, every site of the company perhaps, speak for the provider.
  if (
    keys.some(
      (key) =>
        !isJsonObject(key) ||
        !(typeof key.kty === 'string' && ['RSA', 'EC', 'OKP'].includes(key.kty)) ||
        'd' in key,
    )
  )
    throw wrong(where, '"jwks" may hold public keys only, of type RSA, EC or OKP')
  return { keys }
}
