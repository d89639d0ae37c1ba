/** Creates tokens: a JWS of one exact type, and for a ticket the JWE around it. */
import { base64url, CompactEncrypt, CompactSign } from 'jose'

import type { JsonObject } from '../protocol/json.js'
import type { TokenType } from '../protocol/wire.js'
import { macAtOnce, sealAtOnce } from './at-once.js'
import type { CryptoKey, NamedKey, SignatureAlgorithm } from './keys.js'

const encoder = new TextEncoder()

/** A compact JWS (RFC 7515) with exactly the headers `alg`, `typ`, `kid`. */
export async function signToken(
  type: TokenType,
  claims: JsonObject,
  { kid, key }: NamedKey,
  alg: SignatureAlgorithm = 'ES256',
): Promise<string> {
  const header = { alg, typ: type, kid }
  const payload = JSON.stringify(claims)
  if (alg === 'HS256') {
    const text = `${partOf(key, header)}.${base64url.encode(payload)}`
    const mac = macAtOnce(key, text)
    if (mac !== undefined) return `${text}.${mac}`
  }
  return new CompactSign(encoder.encode(payload)).setProtectedHeader(header).sign(key)
}

/** Signed first, then encrypted (R3): a compact JWE (RFC 7516), `dir` with A256GCM. */
export async function sealToken(jws: string, { kid, key }: NamedKey): Promise<string> {
  const header = { alg: 'dir', enc: 'A256GCM', cty: 'JWT', kid }
  const part = partOf(key, header)
  const rest = sealAtOnce(key, part, jws)
  if (rest !== undefined) return `${part}.${rest}`
  return new CompactEncrypt(encoder.encode(jws)).setProtectedHeader(header).encrypt(key)
}

/** One key signs or seals under few headers, again and again. */
const parts = new WeakMap<CryptoKey, Map<string, string>>()

function partOf(key: CryptoKey, header: { readonly kid: string; readonly typ?: TokenType }): string {
  const known = parts.get(key) ?? new Map<string, string>()
  parts.set(key, known)
  const name = `${header.kid} ${header.typ ?? ''}`
  const part = known.get(name) ?? base64url.encode(JSON.stringify(header))
  known.set(name, part)
  return part
}
