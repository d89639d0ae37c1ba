/**
 * Random names in places that others can read: a handle inside a session token, or a session's id on an administrator's page or in a ticket.
 * Services may read them and logs may keep them, but a wrapped name opens nothing. AES key wrap (RFC 3394) is made for secrets that are random
 * themselves: it needs no nonce, and refuses what it has not wrapped (R36).
 */
import { hkdfSync, type KeyObject } from 'node:crypto'

import { keyWrap } from './key-wrap.js'

export interface Wrap {
  readonly wrap: (name: string) => string
  /** @throws for anything that this key has not wrapped */
  readonly unwrap: (wrapped: string) => string
}

type Wrapped = 'handle' | 'session' | 'grant'

/**
 * @param secret the wrapping key is derived from it (HKDF, RFC 5869)
 * @param what the kind of name: what was wrapped as one kind cannot be unwrapped as another
 */
export function createWrap(secret: Uint8Array | KeyObject, what: Wrapped): Wrap {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `session-hub ${what}`, 32))
  return {
    wrap: (name) => keyWrap.wrap(key, Buffer.from(name, 'base64url')).toString('base64url'),
    unwrap: (wrapped) => keyWrap.unwrap(key, Buffer.from(wrapped, 'base64url')).toString('base64url'),
  }
}

const made = new WeakMap<KeyObject, Map<Wrapped, Wrap>>()

/** The same for a secret that is used again and again: deriving the key takes longer than wrapping. */
export function wrapUnder(secret: KeyObject, what: Wrapped): Wrap {
  const wraps = made.get(secret) ?? new Map<Wrapped, Wrap>()
  made.set(secret, wraps)
  const wrap = wraps.get(what) ?? createWrap(secret, what)
  wraps.set(what, wrap)
  return wrap
}
