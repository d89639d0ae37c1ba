/** Keys, parsed once at start-up into the form that jose needs, each bound to one algorithm (R2). */
import { hkdfSync } from 'node:crypto'

import type { CryptoKey, JWK } from 'jose'

import { SessionHubError } from '../protocol/errors.js'
import { isKeyId } from '../protocol/formats.js'
import { isJsonObject } from '../protocol/json.js'
import { isOnP256 } from './p256.js'

export type { CryptoKey }

/** A key with the name by which its counterpart is found. */
export interface NamedKey {
  readonly kid: string
  readonly key: CryptoKey
}

/** Seals tickets, and signs what it seals. */
export interface TicketKey extends NamedKey {
  readonly signing: CryptoKey
  /** Tells whether two keys are the same, and reveals nothing of the key: 128 bits, in base64url. */
  readonly tag: string
}

/** Keys of one issuer by `kid`; a `kid` means nothing outside its issuer (R7). */
export type KeySet = ReadonlyMap<string, CryptoKey>

export type SignatureAlgorithm = 'ES256' | 'HS256' | 'EdDSA' | 'RS256'

/** Signs offers and site tokens. */
export const importSigningKey = (jwk: unknown, where: string) => importPart(jwk, where, 'private')

/** Verifies them. A private key given by mistake is refused rather than trimmed: it should not be here at all. */
export const importVerifyingKey = (jwk: unknown, where: string) => importPart(jwk, where, 'public')

/**
 * Checks everything that an import would check, at a twentieth of its cost: a hub with thousands of sites imports a key only when it is first used.
 *
 * @throws SessionHubError `options_invalid`
 */
export function checkVerifyingKey(jwk: unknown, where: string): string {
  const { kid, coordinates } = checkPart(jwk, where, 'public')
  if (!isOnP256(coordinates.x, coordinates.y)) throw refused(where, offCurve(kid))
  return kid
}

/** The same for a ticket key. @throws SessionHubError `options_invalid` */
export const checkTicketKey = (jwk: unknown, where: string): string => checkSecret(jwk, where).kid

/**
 * Encrypts and decrypts tickets: 256 bits for `dir` with A256GCM, held as an imported key. What is encrypted is signed with a key that is
 * derived from it.
 */
export async function importTicketKey(jwk: unknown, where: string): Promise<TicketKey> {
  const { kid, key } = await importSecret(jwk, where, 'A256GCM')
  const secret = Buffer.from((jwk as { readonly k: string }).k, 'base64url')
  const { key: signing } = await derive({ kid, secret }, 'ticket+jwt', 'HS256')
  const tag = Buffer.from(hkdfSync('sha256', secret, '', 'session-hub ticket key tag', 16)).toString(
    'base64url',
  )
  return { kid, key, signing, tag }
}

/** Signs and verifies a site's own session tokens. */
export const importSessionKey = (jwk: unknown, where: string) => importSecret(jwk, where, 'HS256')

/** What another key is derived from, so that the site need not store that key too. */
interface Source {
  readonly kid: string
  readonly secret: Uint8Array
}

/**
 * The key for a site's other messages to itself, derived from its session key: session tokens keep a key of their own (R4), and the owner has
 * no further key to manage. HKDF, RFC 5869.
 */
export const deriveStartKey = (from: Source) => derive(from, 'start+jwt', 'HS256')

/** The same, to encrypt the target of a redirect. */
export const deriveTargetKey = (from: Source) => derive(from, 'target', 'A256GCM')

async function derive({ kid, secret }: Source, purpose: string, alg: 'HS256' | 'A256GCM'): Promise<NamedKey> {
  const derived = Buffer.from(hkdfSync('sha256', secret, '', `session-hub ${purpose}`, 32))
  return { kid, key: await webCryptoSecret(derived.toString('base64url'), alg, kid, purpose) }
}

/** @throws SessionHubError `options_invalid` if two keys share a `kid` */
export const keySet = (keys: readonly NamedKey[], where: string): KeySet =>
  new Map([...byKid(keys, where)].map(([kid, { key }]) => [kid, key]))

/** @throws SessionHubError `options_invalid` if two keys share a `kid` */
export function byKid<Key extends Pick<NamedKey, 'kid'>>(
  keys: readonly Key[],
  where: string,
): ReadonlyMap<string, Key> {
  const found = new Map<string, Key>()
  for (const key of keys) {
    const { kid } = key
    if (found.has(kid))
      throw new SessionHubError('options_invalid', `${where}: two keys have the kid "${kid}"`)
    found.set(kid, key)
  }
  return found
}

async function importPart(jwk: unknown, where: string, part: 'private' | 'public'): Promise<NamedKey> {
  const { kid, coordinates } = checkPart(jwk, where, part)
  return { kid, key: await imported(coordinates, 'ES256', kid, where) }
}

function checkPart(
  jwk: unknown,
  where: string,
  part: 'private' | 'public',
): { kid: string; coordinates: JWK } {
  const { kid, members } = named(jwk, where)
  const { kty, crv, x, y, d, alg } = members
  if (kty !== 'EC' || crv !== 'P-256')
    throw refused(where, `key "${kid}" has to be an EC key on P-256, for ES256`)
  if (alg !== undefined && alg !== 'ES256')
    throw refused(where, `key "${kid}" says "alg": ${JSON.stringify(alg)}; only ES256 is used`)
  if (part === 'private' && !d)
    throw refused(where, `key "${kid}" is only the public half; the private one is needed to sign`)
  if (part === 'public' && d)
    throw refused(where, `key "${kid}" is a private key; give only its public half, without "d"`)
  return { kid, coordinates: { kty: 'EC', crv: 'P-256', x, y, ...(part === 'private' && { d }) } as JWK }
}

async function importSecret(jwk: unknown, where: string, alg: 'A256GCM' | 'HS256'): Promise<NamedKey> {
  const { kid, k } = checkSecret(jwk, where)
  return { kid, key: await webCryptoSecret(k, alg, kid, where) }
}

function checkSecret(jwk: unknown, where: string): { kid: string; k: string } {
  const { kid, members } = named(jwk, where)
  const { kty, k } = members
  if (kty !== 'oct' || typeof k !== 'string')
    throw refused(where, `key "${kid}" has to be a symmetric key, "kty": "oct"`)
  // A shorter secret can be guessed, and a longer one is not an A256GCM key.
  if (!/^[A-Za-z0-9_-]{43}$/.test(k))
    throw refused(where, `key "${kid}" has to have exactly 256 bits (43 base64url characters)`)
  return { kid, k }
}

/** jose returns raw bytes for `oct` keys and would import them again at each use; an imported key is several times cheaper. */
async function webCryptoSecret(
  k: string,
  alg: 'A256GCM' | 'HS256',
  kid: string,
  where: string,
): Promise<CryptoKey> {
  const algorithm = alg === 'A256GCM' ? { name: 'AES-GCM', length: 256 } : { name: 'HMAC', hash: 'SHA-256' }
  const usages = alg === 'A256GCM' ? (['encrypt', 'decrypt'] as const) : (['sign', 'verify'] as const)
  try {
    return await crypto.subtle.importKey('jwk', { kty: 'oct', k }, algorithm, false, [...usages])
  } catch (cause) {
    throw refused(where, `key "${kid}" cannot be read`, cause)
  }
}

/** Loaded only here: code that checks keys but imports none, such as a command that lists sites, does not wait for it. */
async function imported(jwk: JWK, alg: string, kid: string, where: string): Promise<CryptoKey> {
  const { importJWK } = await import('jose')
  try {
    return (await importJWK(jwk, alg, { extractable: false })) as CryptoKey
  } catch (cause) {
    throw refused(where, offCurve(kid), cause)
  }
}

function named(jwk: unknown, where: string): { kid: string; members: Record<string, unknown> } {
  if (!isJsonObject(jwk)) throw refused(where, 'a key is a JWK object; "session-hub keys" makes one')
  const { kid } = jwk
  if (!isKeyId(kid)) throw refused(where, 'a key needs a "kid" of 1 to 64 letters, digits, "-" or "_"')
  return { kid, members: jwk }
}

const offCurve = (kid: string) => `key "${kid}" cannot be read: its coordinates are not on P-256`

const refused = (where: string, what: string, cause?: unknown) =>
  new SessionHubError('options_invalid', `${where}: ${what}`, { cause })
