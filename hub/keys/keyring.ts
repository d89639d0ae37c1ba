/** The hub's keys and which of them signs now. They live in a file or the environment, never in the store (R26). */
import { createSecretKey, type KeyObject } from 'node:crypto'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { is256Bits } from '../../sdk/protocol/formats.js'
import type { JsonObject } from '../../sdk/protocol/json.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import { importSigningKey, type NamedKey } from '../../sdk/tokens/keys.js'

/** A private JWK with the times of its life, in seconds since 1970. */
export interface HubSigningKey {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly kid: string
  readonly x: string
  readonly y: string
  readonly d: string
  /** Published at once, but signs only from here on: sites must have had time to see it (R9). @default 0 */
  readonly signsFrom?: number
  /** No longer published from here on. @default never */
  readonly retiresAt?: number
}

/** What `session-hub keys` writes. */
export interface HubKeys {
  readonly signing: readonly HubSigningKey[]
  /** 256 bits as base64url, for the tags that only the hub itself reads. */
  readonly secret: string
}

export interface Keyring {
  /** For state tags and frame proofs. */
  readonly secret: KeyObject
  /** The key that signs at this time: of those whose time has come, the newest. */
  signing(nowMs: number): NamedKey
  /** The public halves of all that are not retired, as a JWK Set (RFC 7517). */
  jwks(nowMs: number): { keys: JsonObject[] }
}

interface RingKey extends NamedKey {
  readonly signsFromMs: number
  readonly retiresAtMs: number
  readonly publicJwk: JsonObject
}

/** @throws SessionHubError `options_invalid` */
export async function createKeyring(keys: HubKeys, where = 'keys'): Promise<Keyring> {
  refuseUnknown(where, keys, ['signing', 'secret'])
  if (!is256Bits(keys.secret))
    throw wrong(where, '"secret" has to be 43 base64url characters; "session-hub keys" makes one')
  const signing: readonly HubSigningKey[] = Array.isArray(keys.signing) ? keys.signing : []
  if (signing.length === 0) throw wrong(where, '"signing" has to list at least one key')
  const ring = await Promise.all(signing.map((jwk, index) => ringKey(jwk, `${where}.signing[${index}]`)))
  if (new Set(ring.map(({ kid }) => kid)).size < ring.length)
    throw wrong(where, 'two signing keys have the same "kid"')
  const newestFirst = [...ring].sort((a, b) => b.signsFromMs - a.signsFromMs)

  return {
    secret: createSecretKey(keys.secret, 'base64url'),
    signing(nowMs) {
      const key = newestFirst.find(
        ({ signsFromMs, retiresAtMs }) => signsFromMs <= nowMs && nowMs < retiresAtMs,
      )
      if (!key) throw new SessionHubError('unavailable', 'The hub has no signing key for this time')
      return key
    },
    jwks(nowMs) {
      return { keys: ring.filter(({ retiresAtMs }) => nowMs < retiresAtMs).map(({ publicJwk }) => publicJwk) }
    },
  }
}

async function ringKey(jwk: HubSigningKey, where: string): Promise<RingKey> {
  refuseUnknown(where, jwk, ['kty', 'crv', 'kid', 'x', 'y', 'd', 'alg', 'use', 'signsFrom', 'retiresAt'])
  const { signsFrom = 0, retiresAt = Infinity, x, y } = jwk
  if (typeof signsFrom !== 'number' || !(signsFrom >= 0))
    throw wrong(where, '"signsFrom" has to be a time in seconds since 1970')
  if (typeof retiresAt !== 'number' || !(retiresAt > signsFrom))
    throw wrong(where, '"retiresAt" has to be later than "signsFrom"')
  const { kid, key } = await importSigningKey(jwk, where)
  return {
    kid,
    key,
    signsFromMs: signsFrom * 1000,
    retiresAtMs: retiresAt * 1000,
    publicJwk: { kty: 'EC', crv: 'P-256', kid, x, y, alg: 'ES256', use: 'sig' },
  }
}
