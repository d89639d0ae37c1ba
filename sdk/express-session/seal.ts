/**
 * What an application keeps for itself is in the hub's data, which every site may read and write. It is sealed with the application's own
 * secret, so no other site can read it, change it, or move it into somebody else's session.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

export interface Seal {
  /** Distinguishes what this secret has sealed from everything else. It reveals nothing else. */
  readonly tag: string
  /** @param context the place to which the value belongs: it cannot be opened in another */
  seal(text: string, context: string): string
  /** @returns `undefined` for anything that was not sealed with this secret in this context */
  open(sealed: string, context: string): string | undefined
}

const SALT_BYTES = 16
const MARK_BYTES = 16
const CIPHER = 'aes-256-gcm'

export function createSeal(secret: string): Seal {
  /** A key and a nonce for each sealing: however many there are, no two share them. */
  function material(salt: Buffer, context: string) {
    const place = createHash('sha256').update(context).digest('base64url')
    const bytes = derived(secret, salt, `session-hub/express-session value ${place}`, 44)
    return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) }
  }
  return {
    tag: derived(secret, Buffer.alloc(0), 'session-hub/express-session tag', 6).toString('base64url'),
    seal(text, context) {
      const salt = randomBytes(SALT_BYTES)
      const { key, nonce } = material(salt, context)
      const cipher = createCipheriv(CIPHER, key, nonce)
      const sealed = [salt, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(sealed).toString('base64url')
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < SALT_BYTES + MARK_BYTES) return undefined
      const { key, nonce } = material(bytes.subarray(0, SALT_BYTES), context)
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: MARK_BYTES })
      decipher.setAuthTag(bytes.subarray(-MARK_BYTES))
      try {
        const text = decipher.update(bytes.subarray(SALT_BYTES, -MARK_BYTES))
        return Buffer.concat([text, decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}

const derived = (secret: string, salt: Buffer, info: string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length))
