/**
 * Reads tokens. jose does the cryptography; we check the form ourselves, because jose is more lenient than this protocol: it accepts other
 * spellings of `typ`, a missing `exp`, duplicate keys, compression (R1 to R7).
 */
import { base64url, compactDecrypt, compactVerify } from 'jose'

import { SessionHubError } from '../protocol/errors.js'
import { isCompactJwe, isCompactJws, isKeyId } from '../protocol/formats.js'
import { type JsonObject, parseJsonObject } from '../protocol/json.js'
import { limits, type TokenType } from '../protocol/wire.js'
import { isMacAtOnce, openAtOnce } from './at-once.js'
import type { CryptoKey, KeySet, SignatureAlgorithm } from './keys.js'

/** A byte order mark is not JSON (RFC 8259, section 8.1) and must not be skipped: other readers refuse such a token. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Claims inside a token, and below them what an application put there. */
const bounds = { depth: limits.jsonDepth + 1, keys: limits.jsonKeys }

/** Finds the key of a `kid` under one issuer; it may fetch. */
export type KeyLookup = (kid: string) => CryptoKey | undefined | Promise<CryptoKey | undefined>

export const lookup =
  (keys: KeySet): KeyLookup =>
  (kid) =>
    keys.get(kid)

/**
 * The claims of a token whose signature, algorithm and type are right. The caller checks what the claims say.
 *
 * @throws SessionHubError `request_invalid`, with what was wrong for the log
 */
export async function verifyToken(
  type: TokenType,
  token: string,
  keys: KeyLookup,
  alg: SignatureAlgorithm = 'ES256',
): Promise<JsonObject> {
  if (token.length > limits.tokenLength || !isCompactJws(token)) throw refused('not a compact JWS') // R1
  const header = readHeader(token, ['alg', 'typ', 'kid'], type)
  if (header.alg !== alg) throw refused(`the algorithm is not ${alg}`) // R2
  if (header.typ !== type) throw refused(`the type is not ${type}`) // R4
  const key = await keyOf(header, keys)
  const payload = await attempt('the signature is wrong', () => payloadOf(token, key, alg))
  return parseJsonObject(text(payload), bounds) // R6
}

/** @throws if the key has not signed it */
async function payloadOf(token: string, key: CryptoKey, alg: SignatureAlgorithm): Promise<Uint8Array> {
  const end = token.lastIndexOf('.')
  const isRight = alg === 'HS256' ? isMacAtOnce(key, token.slice(0, end), token.slice(end + 1)) : undefined
  if (isRight === undefined) return (await compactVerify(token, key, { algorithms: [alg] })).payload
  if (!isRight) throw new Error('Another key has signed it, or none')
  return base64url.decode(token.slice(token.indexOf('.') + 1, end))
}

/** The key that a token names, whatever else the token is. @throws SessionHubError `request_invalid` */
export function readKeyId(token: string): string {
  if (token.length > limits.tokenLength || !isCompactJws(token)) throw refused('not a compact JWS') // R1
  return kidOf(headerOf(token.slice(0, token.indexOf('.')), ['alg', 'typ', 'kid']))
}

/** Opens a sealed token and returns the JWS inside. */
export async function openToken(token: string, keys: KeyLookup): Promise<string> {
  if (token.length > limits.tokenLength || !isCompactJwe(token)) throw refused('not a compact JWE') // R1, R3
  const header = readHeader(token, ['alg', 'enc', 'cty', 'kid'], 'sealed')
  if (header.alg !== 'dir' || header.enc !== 'A256GCM' || header.cty !== 'JWT')
    throw refused('the encryption is not ours')
  const key = await keyOf(header, keys)
  const plaintext = await attempt(
    'it cannot be decrypted',
    async () => openAtOnce(key, token) ?? byJose(token, key),
  )
  return text(plaintext)
}

async function byJose(token: string, key: CryptoKey): Promise<Uint8Array> {
  const { plaintext } = await compactDecrypt(token, key, {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  })
  return plaintext
}

/** The last header of each kind: the next token of the same key has exactly the same one, so it need not be parsed again. */
const lastHeaders = new Map<string, { readonly part: string; readonly header: JsonObject }>()

function readHeader(token: string, members: readonly string[], kind: TokenType | 'sealed'): JsonObject {
  const part = token.slice(0, token.indexOf('.'))
  const last = lastHeaders.get(kind)
  if (last?.part === part) return last.header
  const header = headerOf(part, members)
  lastHeaders.set(kind, { part, header })
  return header
}

/** The protected header, with exactly these members: so no `jku`, `x5u`, `jwk`, `x5c`, `crit`, `b64`, `zip` (R7). */
function headerOf(part: string, members: readonly string[]): JsonObject {
  const header = parseJsonObject(text(decoded(part)))
  const found = Object.keys(header)
  if (found.length !== members.length || !members.every((member) => Object.hasOwn(header, member))) {
    throw refused(`the header has other members than ${members.join(', ')}`)
  }
  return header
}

function kidOf({ kid }: JsonObject): string {
  if (!isKeyId(kid)) throw refused('the kid has a wrong form')
  return kid
}

async function keyOf(header: JsonObject, keys: KeyLookup): Promise<CryptoKey> {
  const key = await keys(kidOf(header))
  if (!key) throw refused('the kid is unknown')
  return key
}

function decoded(part: string): Uint8Array {
  try {
    return base64url.decode(part)
  } catch (cause) {
    throw refused('it is not base64url', cause)
  }
}

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw refused('it is not UTF-8', cause)
  }
}

async function attempt<Result>(otherwise: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (cause) {
    throw refused(otherwise, cause)
  }
}

const refused = (why: string, cause?: unknown) =>
  new SessionHubError('request_invalid', `The token is refused: ${why}`, { cause })
