/** Which identity providers may sign users out: the option `companySignOut`, checked at start-up. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { type Check, choice, type OptionRows, readOptions, yesOrNo } from '../../sdk/settings/option-rows.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'

export interface CompanySignOutOptions {
  /** The identity providers, at most 16. */
  readonly issuers: readonly CompanyIssuer[]
}

/** An OpenID provider that the company uses. */
export interface CompanyIssuer {
  /** The provider's `iss`, character by character, such as `https://login.example/realms/staff`. */
  readonly issuer: string
  /** The `client_id` of your sites there, or a list of them. */
  readonly audience: string | readonly string[]
  /**
   * Where the provider publishes its keys; `https:`, or `http:` on this machine.
   *
   * @default either this or jwks
   */
  readonly jwksUri?: string
  /** The public keys themselves, as a JWK Set (RFC 7517). */
  readonly jwks?: { readonly keys: readonly object[] }
  /**
   * What your sites put before the provider's `sub` to make their `subject`. With several issuers, each needs its own, and none may
   * begin with another: two providers may both know an `ada`.
   *
   * @default ''
   */
  readonly subjectPrefix?: string
  /**
   * What a token with a `sid` ends: `'session'` ends the sessions that were signed in with this `sid`; `'user'` ends all sessions of
   * the user. Choose `'user'` if your sites cannot pass `idp`. A token without `sid` always ends all sessions of the user.
   *
   * @default 'session'
   */
  readonly ends?: 'session' | 'user'
  /**
   * Also accepts tokens with the `typ` `JWT` or without one, which older providers send.
   *
   * @default false
   */
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

const audienceOption: Check<readonly string[]> = {
  type: 'string | readonly string[]',
  read(where, name, given) {
    const audiences: readonly unknown[] = Array.isArray(given) ? given : [given]
    if (audiences.length === 0 || !audiences.every((one) => typeof one === 'string' && one !== ''))
      throw wrong(where, `"${name}" has to be your client_id there, or a list of them`)
    return audiences as readonly string[]
  },
}

const aText = (isEmptyAllowed: boolean): Check<string> => ({
  type: 'string',
  read(where, name, given) {
    if (typeof given !== 'string' || (given === '' && !isEmptyAllowed))
      throw wrong(where, `"${name}" has to be a text`)
    return given
  },
})

export const issuerRows = {
  issuer: {
    text: "the provider's `iss`, character by character, such as `https://login.example/realms/staff`",
    required: true,
    check: aText(false),
  },
  audience: {
    text: 'the `client_id` of your sites there, or a list of them',
    required: true,
    check: audienceOption,
  },
  jwksUri: {
    text: 'where the provider publishes its keys; `https:`, or `http:` on this machine',
    shown: 'either this or `jwks`',
    check: { type: 'string', read: (where, _name, given) => readUri(where, given) },
  },
  jwks: {
    text: 'the public keys themselves, as a JWK Set (RFC 7517)',
    check: {
      type: '{ readonly keys: readonly object[] }',
      read: (where, _name, given) => readKeys(where, given),
    },
  },
  subjectPrefix: {
    text: "what your sites put before the provider's `sub` to make their `subject`",
    more: 'With several issuers, each needs its own, and none may begin with another: two providers may both know an `ada`.',
    default: '',
    check: aText(true),
  },
  ends: {
    text: "what a token with a `sid` ends: `'session'` ends the sessions that were signed in with this `sid`; `'user'` ends all sessions of the user. Choose `'user'` if your sites cannot pass `idp`",
    more: 'A token without `sid` always ends all sessions of the user.',
    default: 'session',
    check: choice<'session' | 'user'>("'session' | 'user'", ['session', 'user']),
  },
  acceptsUntyped: {
    text: 'also accepts tokens with the `typ` `JWT` or without one, which older providers send',
    default: false,
    check: yesOrNo,
  },
} satisfies OptionRows

function readIssuer(where: string, given: unknown): IssuerSettings {
  if (!isJsonObject(given)) throw wrong(where, 'it has to be an object with "issuer", "audience" and keys')
  const { jwks, jwksUri, ...settings } = readOptions(where, issuerRows, given)
  const keys = jwks === undefined ? jwksUri && { uri: jwksUri } : jwksUri === undefined && { jwks }
  if (!keys) throw wrong(where, 'give either "jwks" or "jwksUri"')
  return { ...settings, keys }
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
  // With a shared secret, everybody who has it, perhaps every site of the company, could speak for the provider.
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
