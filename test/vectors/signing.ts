/** What valid and invalid vectors are made with: the test keys, and one token that all others differ from. */
import { createHmac, createPrivateKey, sign } from 'node:crypto'

import { base64url, type Claims, type JwsParts, type Part } from '../support/forge.js'

export interface TestKey extends Claims {
  readonly kid: string
  readonly alg: 'ES256' | 'EdDSA' | 'RS256' | 'HS256'
}
export type TestKeys = Readonly<Record<string, TestKey>>

export const readTestKeys = (text: string): TestKeys =>
  Object.fromEntries((JSON.parse(text) as { keys: TestKey[] }).keys.map((key) => [key.kid, key]))

/** One entry of `session-tokens.json`; the README beside it says what each member means. */
export interface Vector {
  readonly name: string
  readonly keys: readonly string[]
  readonly issuer: string
  readonly audience?: string
  readonly fields?: readonly (string | readonly string[])[]
  readonly sessionField?: string
  readonly now: number
  readonly token: string
  readonly expected?: object
  readonly error?: 'token_invalid' | 'token_expired'
}

/** 2030-01-01, 00:00:00 UTC. */
export const NOW = 1_893_456_000
export const ISSUER = 'https://shop.example'

/** Of no real handle: 54 characters, as a wrapped one has. */
const WRAPPED = 'dGhpcyBpcyBubyBoYW5kbGUgYXQgYWxsLCBidXQgaGFzIGl0cyBsZQ'
export const STATE = 'AAECAwQFBgcICQoLDA0ODw'

export const plain: Claims = {
  iss: ISSUER,
  aud: ISSUER,
  iat: NOW - 60,
  exp: NOW + 240,
  sk: WRAPPED,
  st: STATE,
  sg: 'EBESExQVFhcYGRobHB0eHw',
  gen: 3,
  sub: 'ada',
  auth_time: NOW - 3600,
}

export const headerOf = ({ alg, kid }: TestKey): Claims => ({ alg, typ: 'session+jwt', kid })

/** By the key's own algorithm, whatever the header says. */
export function signed({ header, payload }: JwsParts, { alg, kid: _kid, ...jwk }: TestKey): string {
  const text = `${base64url(header)}.${base64url(payload)}`
  const data = Buffer.from(text)
  if (alg === 'HS256') return `${text}.${hmac(text, Buffer.from(String(jwk.k), 'base64url'))}`
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const digest = alg === 'EdDSA' ? null : 'sha256'
  return `${text}.${base64url(sign(digest, data, { key, dsaEncoding: 'ieee-p1363' }))}`
}

export const hmac = (text: string, secret: Buffer): string =>
  base64url(createHmac('sha256', secret).update(text).digest())

/** The common case: an honest header. */
export const token = (key: TestKey, payload: Part): string => signed({ header: headerOf(key), payload }, key)

/** Signed with one of the keys. */
export function keyNamed(keys: TestKeys, kid: string): TestKey {
  const key = keys[kid]
  if (!key) throw new Error(`There is no test key "${kid}"`)
  return key
}
