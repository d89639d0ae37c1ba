/** Making tokens: a JWS of one exact type, and around a ticket the JWE. */
import { CompactEncrypt, CompactSign } from 'jose'

import type { JsonObject } from '../protocol/json.js'
import type { TokenType } from '../protocol/wire.js'
import type { NamedKey, SignatureAlgorithm } from './keys.js'

const encoder = new TextEncoder()

/** A compact JWS (RFC 7515) with exactly the headers `alg`, `typ`, `kid`. */
export function signToken(
  type: TokenType,
  claims: JsonObject,
  { kid, key }: NamedKey,
  alg: SignatureAlgorithm = 'ES256',
): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg, typ: type, kid })
    .sign(key)
}

/** Signed first, then encrypted (R3): a compact JWE (RFC 7516), `dir` with A256GCM. */
export function sealToken(jws: string, { kid, key }: NamedKey): Promise<string> {
  return new CompactEncrypt(encoder.encode(jws))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT', kid })
    .encrypt(key)
}
