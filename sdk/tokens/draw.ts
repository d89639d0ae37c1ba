/** Values drawn from a secret: the same for the same words, of all others nothing can be computed from one. HKDF (RFC 5869), HMAC (RFC 2104). */
import { createHmac, hkdfSync, type KeyObject } from 'node:crypto'

export interface Draw {
  /** @returns 256 bits, base64url */
  readonly draw: (...words: readonly string[]) => string
}

export function createDraw(secret: Uint8Array | KeyObject, what: 'session value'): Draw {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `session-hub ${what}`, 32))
  return {
    // As JSON, so that no two lists of words are one text.
    draw: (...words) => createHmac('sha256', key).update(JSON.stringify(words)).digest('base64url'),
  }
}
