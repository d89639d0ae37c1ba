/**
 * Values derived from a secret: the same words always give the same value, and one value reveals nothing of any other. HKDF (RFC
 * 5869), HMAC (RFC 2104).
 */
import { createHmac, hkdfSync, type KeyObject } from 'node:crypto'

export interface Draw {
  /** @returns 256 bits, base64url */
  readonly draw: (...words: readonly string[]) => string
}

export function createDraw(secret: Uint8Array | KeyObject, what: 'session value'): Draw {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `session-hub ${what}`, 32))
  return {
    // As JSON, so that no two lists of words give the same text.
    draw: (...words) => createHmac('sha256', key).update(JSON.stringify(words)).digest('base64url'),
  }
}
