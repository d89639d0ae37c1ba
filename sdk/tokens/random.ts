/** Random and hashed strings of the protocol's exact lengths. */
import { createHash, randomFillSync } from 'node:crypto'

/** Asking the system costs more than the random bytes: a page of them is drawn at once, and none is used twice. */
const pool = Buffer.alloc(4096)
let used = pool.length

function random(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const drawn = pool.subarray(used, (used += bytes))
  const text = drawn.toString('base64url')
  // Only the recipient keeps what was given out.
  drawn.fill(0)
  return text
}

/** 256 random bits: a handle. */
export const random256 = (): string => random(32)

/** 128 random bits: a `jti`, a session's id. */
export const random128 = (): string => random(16)

/** base64url(SHA-256(text)): what is stored of a handle, and the nonce of a verifier. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
