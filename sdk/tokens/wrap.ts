/**
 * A handle inside a session token. Other services may read the token, and logs may keep it; what stands there opens nothing at the hub's
 * back-channel, not even together with the site's signing key. AES key wrap (RFC 3394): made for secrets that are random themselves,
 * it needs no nonce, and refuses what it has not made (R36).
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'

/** RFC 3394, section 2.2.3.1. */
const INITIAL = Buffer.alloc(8, 0xa6)

export interface Wrap {
  readonly wrap: (handle: string) => string
  /** @throws for anything that this key has not wrapped */
  readonly unwrap: (wrapped: string) => string
}

/** @param secret of the session key; the key for wrapping is drawn from it (HKDF, RFC 5869) */
export function createWrap(secret: Uint8Array): Wrap {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'session-hub handle', 32))
  return {
    wrap(handle) {
      const cipher = createCipheriv('id-aes256-wrap', key, INITIAL)
      return Buffer.concat([cipher.update(handle, 'base64url'), cipher.final()]).toString('base64url')
    },
    unwrap(wrapped) {
      const decipher = createDecipheriv('id-aes256-wrap', key, INITIAL)
      return Buffer.concat([decipher.update(wrapped, 'base64url'), decipher.final()]).toString('base64url')
    },
  }
}
