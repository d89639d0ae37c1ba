/** Administrators' tokens: 256 random bits after a fixed prefix, by which secret scanners find lost ones. */
import { timingSafeEqual } from 'node:crypto'

import { random256, sha256 } from '../../sdk/tokens/random.js'
import type { Admin } from '../flows/permissions.js'
import type { AdminToken } from './options.js'

const PREFIX = 'session-hub-admin-'

/** A new token, and what the hub has to know about it. */
export function generateAdminToken(admin: Admin): { token: string; registration: AdminToken } {
  const token = PREFIX + random256()
  return { token, registration: { ...admin, sha256: sha256(token) } }
}

/** Finds the holder of a token. Hashes are compared in constant time, so the duration reveals nothing about the token. */
export function holderOf(tokens: readonly AdminToken[], token: string): AdminToken | undefined {
  const hash = Buffer.from(sha256(token))
  return tokens.filter((known) => timingSafeEqual(Buffer.from(known.sha256), hash))[0]
}
