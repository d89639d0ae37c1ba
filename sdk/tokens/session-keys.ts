/** The keys of a site's session token: a secret, or a pair whose public half other services may have. Each is bound to one algorithm (R2). */
import { createPrivateKey, type KeyObject } from 'node:crypto'

import { calculateJwkThumbprint, importJWK, type JWK } from 'jose'

import { SessionHubError } from '../protocol/errors.js'
import { isKeyId } from '../protocol/formats.js'
import { isJsonObject, type JsonObject } from '../protocol/json.js'
import { mendPem } from './key-text.js'
import { type CryptoKey, importSessionKey, type NamedKey, type SignatureAlgorithm } from './keys.js'

export interface SessionKey extends NamedKey {
  readonly alg: SignatureAlgorithm
  /** The same key if it is a secret. */
  readonly verifying: CryptoKey
  /** The public key as it may be published; `null` for a secret, which is never published. */
  readonly publicJwk: JsonObject | null
  readonly signatureBytes: number
  /** Key material that only the site has, from which other keys are derived. */
  readonly secret: Uint8Array
}

/** RFC 7518, section 3.3. */
const LEAST_RSA_BITS = 2048
/** A longer signature leaves too little room in a cookie for what it signs. */
const MOST_RSA_BITS = 4096

/** @param given a JWK, or the text of a PEM file */
export async function importSessionTokenKey(given: unknown, where: string): Promise<SessionKey> {
  const jwk = typeof given === 'string' ? await jwkOfPem(given, where) : given
  if (!isJsonObject(jwk) || jwk.kty === 'oct' || jwk.kty === undefined) return symmetric(jwk, where)
  const { kid, d } = jwk
  if (!isKeyId(kid)) throw refused(where, 'a key needs a "kid" of 1 to 64 letters, digits, "-" or "_"')
  const kind = kindOf(jwk, kid, where)
  if (typeof d !== 'string')
    throw refused(where, `key "${kid}" is only the public half; the private one is needed to sign`)
  const publicPart = membersOf(jwk, kind.publicMembers)
  const privatePart = { ...publicPart, ...membersOf(jwk, ['d', ...kind.privateMembers]) }
  try {
    const [key, verifying] = await Promise.all(
      [privatePart, publicPart].map((part) => importJWK(part, kind.alg, { extractable: false })),
    )
    return {
      kid,
      alg: kind.alg,
      key: key as CryptoKey,
      verifying: verifying as CryptoKey,
      publicJwk: { ...publicPart, kid, alg: kind.alg, use: 'sig' },
      signatureBytes: kind.signatureBytes,
      secret: Buffer.from(d, 'base64url'),
    }
  } catch (cause) {
    throw refused(where, `key "${kid}" cannot be read as a key for ${kind.alg}`, cause)
  }
}

async function symmetric(jwk: unknown, where: string): Promise<SessionKey> {
  const { kid, key } = await importSessionKey(jwk, where)
  const k = isJsonObject(jwk) && typeof jwk.k === 'string' ? jwk.k : ''
  const secret = Buffer.from(k, 'base64url')
  return { kid, alg: 'HS256', key, verifying: key, publicJwk: null, signatureBytes: 32, secret }
}

interface Kind {
  readonly alg: SignatureAlgorithm
  readonly publicMembers: readonly string[]
  readonly privateMembers: readonly string[]
  readonly signatureBytes: number
}

function kindOf({ kty, crv, n, alg }: JsonObject, kid: string, where: string): Kind {
  const modulusBytes = Buffer.from(typeof n === 'string' ? n : '', 'base64url').length
  const kind: Kind | undefined =
    kty === 'EC' && crv === 'P-256'
      ? { alg: 'ES256', publicMembers: ['kty', 'crv', 'x', 'y'], privateMembers: [], signatureBytes: 64 }
      : kty === 'OKP' && crv === 'Ed25519'
        ? { alg: 'EdDSA', publicMembers: ['kty', 'crv', 'x'], privateMembers: [], signatureBytes: 64 }
        : kty === 'RSA'
          ? {
              alg: 'RS256',
              publicMembers: ['kty', 'n', 'e'],
              privateMembers: ['p', 'q', 'dp', 'dq', 'qi'],
              signatureBytes: modulusBytes,
            }
          : undefined
  if (!kind)
    throw refused(
      where,
      `key "${kid}" has to be a secret, or a pair on P-256 (ES256), Ed25519 (EdDSA) or of RSA (RS256)`,
    )
  if (alg !== undefined && alg !== kind.alg && !(kind.alg === 'EdDSA' && alg === 'Ed25519'))
    throw refused(
      where,
      `key "${kid}" says "alg": ${JSON.stringify(alg)}; such a key is used for ${kind.alg} alone`,
    )
  if (kty === 'RSA' && !(modulusBytes * 8 >= LEAST_RSA_BITS && modulusBytes * 8 <= MOST_RSA_BITS))
    throw refused(where, `key "${kid}" has to have ${LEAST_RSA_BITS} to ${MOST_RSA_BITS} bits`)
  return kind
}

/** A PEM file contains no name, so the `kid` is the RFC 7638 thumbprint: the same wherever the key is used. */
async function jwkOfPem(text: string, where: string): Promise<JsonObject> {
  const pem = mendPem(text)
  if (/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem))
    throw refused(where, 'the PEM holds only the public half; the private one is needed to sign')
  let key: KeyObject
  let jwk: JWK
  try {
    key = createPrivateKey(pem)
    jwk = key.export({ format: 'jwk' })
  } catch (cause) {
    throw refused(where, 'the PEM holds no private key that can be read without a passphrase', cause)
  }
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) }
}

const membersOf = (jwk: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => names.includes(name)))

const refused = (where: string, what: string, cause?: unknown) =>
  new SessionHubError('options_invalid', `${where}: ${what}`, { cause })
