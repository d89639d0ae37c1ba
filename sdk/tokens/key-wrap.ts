/** AES key wrap (RFC 3394) with a key of 256 bits: by the runtime's own cipher, or by single AES blocks in a runtime without it, such as Bun. */
import { createCipheriv, createDecipheriv, getCiphers, timingSafeEqual } from 'node:crypto'

/** RFC 3394, section 2.2.3.1. */
const INITIAL = Buffer.alloc(8, 0xa6)

export interface KeyWrap {
  /** @param plain a multiple of eight bytes, at least 16 */
  readonly wrap: (key: Buffer, plain: Buffer) => Buffer
  /** @throws for anything that this key has not wrapped */
  readonly unwrap: (key: Buffer, wrapped: Buffer) => Buffer
}

const CIPHER = 'aes256-wrap'

const byCipher: KeyWrap = {
  wrap(key, plain) {
    const cipher = createCipheriv(CIPHER, key, INITIAL)
    return Buffer.concat([cipher.update(plain), cipher.final()])
  },
  unwrap(key, wrapped) {
    const decipher = createDecipheriv(CIPHER, key, INITIAL)
    return Buffer.concat([decipher.update(wrapped), decipher.final()])
  },
}

/** Sections 2.2.1 and 2.2.2, with the standard's variable names. */
export const byBlocks: KeyWrap = {
  wrap(key, plain) {
    const encrypt = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    const n = blocksIn(plain, 2)
    const out = Buffer.concat([INITIAL, plain])
    for (let t = 1; t <= 6 * n; t += 1) {
      const at = 8 * (((t - 1) % n) + 1)
      const b = encrypt.update(Buffer.concat([out.subarray(0, 8), out.subarray(at, at + 8)]))
      count(b, t)
      b.copy(out, 0, 0, 8)
      b.copy(out, at, 8, 16)
    }
    return out
  },
  unwrap(key, wrapped) {
    const decrypt = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    const n = blocksIn(wrapped, 3) - 1
    const out = Buffer.from(wrapped)
    for (let t = 6 * n; t >= 1; t -= 1) {
      const at = 8 * (((t - 1) % n) + 1)
      count(out, t)
      const b = decrypt.update(Buffer.concat([out.subarray(0, 8), out.subarray(at, at + 8)]))
      b.copy(out, 0, 0, 8)
      b.copy(out, at, 8, 16)
    }
    if (!timingSafeEqual(out.subarray(0, 8), INITIAL)) throw new Error('Another key wrapped it')
    return out.subarray(8)
  },
}

/** @param least the standard's minimum: shorter keys are invalid */
function blocksIn(bytes: Buffer, least: number): number {
  const blocks = bytes.length / 8
  if (!Number.isInteger(blocks) || blocks < least) throw new Error('No whole key')
  return blocks
}

/** `t` is below 256 for everything that is wrapped here, but in the standard it is a number of eight bytes. */
function count(block: Buffer, t: number): void {
  block.writeUInt32BE((block.readUInt32BE(4) ^ t) >>> 0, 4)
}

export const keyWrap = getCiphers().includes(CIPHER) ? byCipher : byBlocks
