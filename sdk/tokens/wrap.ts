/**
 * Random names where others can read them: a handle inside a session token, a session's id on an administrator's page or in a ticket. Services may read
 * them and logs may keep them; what stands there opens nothing. AES key wrap (RFC 3394): made for secrets that are random
 * themselves, it needs no nonce, and refuses what it has not made (R36).
 */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject } from 'node:crypto'

/** RFC 3394, section 2.2.3.1. */
const INITIAL = Buffer.alloc(8, 0xa6)

export interface Wrap {
  readonly wrap: (name: string) => string
  /** @throws for anything that this key has not wrapped */
  readonly unwrap: (wrapped: string) => string
}

/**
 * @param secret the key for wrapping is drawn from it (HKDF, RFC 5869)
 * @param what is wrapped: what was wrapped as one thing is no other
 */
export function createWrap(secret: Uint8Array | KeyObject, what: 'handle' | 'session' | 'grant'): Wrap {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `session-hub ${what}`, 32))
  return {
    wrap(name) {
      const cipher = createCipheriv('id-aes256-wrap', key, INITIAL)
      return Buffer.concat([cipher.update(name, 'base64url'), cipher.final()]).toString('base64url')
    },
    unwrap(wrapped) {
      const decipher = createDecipheriv('id-aes256-wrap', key, INITIAL)
      return Buffer.concat([decipher.update(wrapped, 'base64url'), decipher.final()]).toString('base64url')
    },
  }
}
