/** The keys that a session token may be signed with: given, or fetched from the site. Each is bound to one algorithm (R2). */
import { type CryptoKey, importJWK, importSPKI, type JWK } from 'jose'

import { SessionHubError } from '../protocol/errors.js'
import { isKeyId } from '../protocol/formats.js'
import { isJsonObject, type JsonObject } from '../protocol/json.js'
import { mendPem, readKeyText } from '../tokens/key-text.js'

/** The only signature algorithms of a session token. */
type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'HS256'

export interface BoundKey {
  readonly alg: Algorithm
  readonly key: CryptoKey
}

/** By `kid`; `undefined` stands for a key without a name, which verifies a token with any `kid`. */
export type BoundKeys = ReadonlyMap<string | undefined, BoundKey>

/**
 * A public key as a JWK or as the text of a PEM file, or the site's secret as a JWK (`oct`). A JWK may also be text, and any text may be in
 * base64. A PEM has no name and verifies a token with any `kid`.
 */
export type VerifyingKey = object | string

/** A JWK Set (RFC 7517): the address of the site's list, or the list itself. */
export type Jwks = string | { readonly keys: readonly object[] }

const PEM_ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const
const MOST_KEYS = 32

/** @throws SessionHubError `options_invalid` */
export async function bindKeys(given: readonly unknown[], what: string): Promise<BoundKeys> {
  if (given.length === 0 || given.length > MOST_KEYS)
    throw wrong(`${what} has to list 1 to ${MOST_KEYS} keys`)
  const keys = new Map<string | undefined, BoundKey>()
  for (const each of given) {
    const one = ofText(each, what)
    const [kid, bound] = typeof one === 'string' ? await ofPem(one, what) : await ofJwk(one, what)
    if (keys.has(kid)) throw wrong(`${what}: two keys have the kid "${kid ?? ''}"`)
    keys.set(kid, bound)
  }
  if (keys.has(undefined) && keys.size > 1)
    throw wrong(`${what}: of several keys, each needs a "kid"; give them as JWKs`)
  return keys
}

function ofText(given: unknown, what: string): unknown {
  if (typeof given !== 'string') return given
  try {
    return readKeyText(given) ?? given
  } catch {
    // The parser's message would quote the key (R30).
    throw wrong(`${what} begins as JSON but cannot be read`)
  }
}

/**
 * Imports the keys that a site publishes. Keys of a kind that this version does not know are ignored; if one is a secret, the whole list is refused.
 */
export async function bindPublished(body: unknown, what: string): Promise<BoundKeys> {
  const list = isJsonObject(body) ? body.keys : undefined
  if (!Array.isArray(list)) throw wrong(`${what} is not a JWK Set`)
  if (list.some((jwk) => isJsonObject(jwk) && jwk.kty === 'oct')) throw wrong(`${what} holds a secret`)
  if (list.length === 0)
    throw wrong(`${what} is empty: the site signs with a secret, which is never published`)
  const known = (list as readonly unknown[]).filter((jwk) => !isJsonObject(jwk) || algorithmOf(jwk))
  return bindKeys(known, what)
}

async function ofJwk(jwk: unknown, what: string): Promise<[kid: string | undefined, BoundKey]> {
  if (!isJsonObject(jwk)) throw wrong(`${what} has to be a JWK, or the text of a PEM file`)
  const { kid } = jwk
  if (kid !== undefined && !isKeyId(kid))
    throw wrong(`${what}: a "kid" has 1 to 64 letters, digits, "-" or "_"`)
  const alg = algorithmOf(jwk)
  if (!alg) throw wrong(`${what} has to be a key for ${PEM_ALGORITHMS.join(', ')} or HS256`)
  if (alg !== 'HS256' && jwk.d !== undefined)
    throw wrong(`${what} is a private key; give only its public half, without "d"`)
  if (alg === 'HS256' && !(typeof jwk.k === 'string' && /^[A-Za-z0-9_-]{43}$/.test(jwk.k)))
    throw wrong(`${what}: a secret has exactly 256 bits (43 base64url characters)`)
  try {
    return [
      kid,
      { alg, key: alg === 'HS256' ? await secret(jwk) : ((await importJWK(jwk as JWK, alg)) as CryptoKey) },
    ]
  } catch (cause) {
    throw wrong(`${what} cannot be read as a key for ${alg}`, cause)
  }
}

const secret = (jwk: JsonObject) =>
  crypto.subtle.importKey('jwk', jwk, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])

function algorithmOf({ kty, crv, alg }: JsonObject): Algorithm | undefined {
  const own: Algorithm | undefined =
    kty === 'EC' && crv === 'P-256'
      ? 'ES256'
      : kty === 'OKP' && crv === 'Ed25519'
        ? 'EdDSA'
        : kty === 'RSA'
          ? 'RS256'
          : kty === 'oct'
            ? 'HS256'
            : undefined
  return alg === undefined || alg === own || (own === 'EdDSA' && alg === 'Ed25519') ? own : undefined
}

async function ofPem(text: string, what: string): Promise<[kid: undefined, BoundKey]> {
  const pem = mendPem(text)
  if (pem.includes('PRIVATE KEY')) throw wrong(`${what} is a private key; give only its public half`)
  for (const alg of PEM_ALGORITHMS) {
    try {
      return [undefined, { alg, key: await importSPKI(pem, alg) }]
    } catch {
      // The key may be of another kind.
    }
  }
  throw wrong(
    `${what} has to be a JWK, or the text of a PEM file with a public key for ${PEM_ALGORITHMS.join(', ')}`,
  )
}

export const wrong = (what: string, cause?: unknown) =>
  new SessionHubError('options_invalid', `verifySession: ${what}`, { cause })
