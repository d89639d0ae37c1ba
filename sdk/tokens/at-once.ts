/**
 * HS256 and A256GCM by Node's own crypto, which works synchronously, while Web Crypto uses a thread of its own: for texts as short as tokens
 * that takes a tenth of the time. In a runtime without it the result is `undefined`, and jose does the same work.
 */
import type { KeyObject } from 'node:crypto'

import type { CryptoKey } from './keys.js'

const IV_BYTES = 12
const TAG_BYTES = 16

/** Not imported, because browsers read this code too and do not have this module. */
const cryptoOfNode = () =>
  (
    globalThis as { readonly process?: Partial<Pick<NodeJS.Process, 'getBuiltinModule'>> }
  ).process?.getBuiltinModule?.('node:crypto')

const secrets = new WeakMap<CryptoKey, KeyObject | null>()

/** Only for a key that Web Crypto holds for this very purpose (R2). */
function withSecret<Result>(
  key: CryptoKey,
  algorithm: 'HMAC' | 'AES-GCM',
  work: (crypto: typeof import('node:crypto'), secret: KeyObject) => Result,
): Result | undefined {
  const crypto = cryptoOfNode()
  if (crypto === undefined || key.algorithm.name !== algorithm) return undefined
  let secret = secrets.get(key)
  if (secret === undefined) {
    try {
      secret = crypto.KeyObject.from(key)
    } catch {
      secret = null
    }
    secrets.set(key, secret)
  }
  return secret === null ? undefined : work(crypto, secret)
}

/** RFC 7518, section 3.2. @returns the signature of the text */
export const macAtOnce = (key: CryptoKey, text: string): string | undefined =>
  withSecret(key, 'HMAC', ({ createHmac }, secret) =>
    createHmac('sha256', secret).update(text).digest('base64url'),
  )

/** @returns whether this is the text's signature */
export const isMacAtOnce = (key: CryptoKey, text: string, signature: string): boolean | undefined =>
  withSecret(key, 'HMAC', ({ createHmac, timingSafeEqual }, secret) => {
    const right = createHmac('sha256', secret).update(text).digest()
    const given = Buffer.from(signature, 'base64url')
    return given.length === right.length && timingSafeEqual(given, right)
  })

/** RFC 7516, section 5.1. @param header as in the JWE @returns the four parts after it, the first of them empty */
export const sealAtOnce = (key: CryptoKey, header: string, text: string): string | undefined =>
  withSecret(key, 'AES-GCM', ({ createCipheriv, randomFillSync }, secret) => {
    const iv = nextIv(randomFillSync)
    const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(header))
    const sealed = cipher.update(text, 'utf8')
    // GCM is a stream mode: `final` computes the tag and returns no more text.
    cipher.final()
    return `.${iv.toString('base64url')}.${sealed.toString('base64url')}.${cipher.getAuthTag().toString('base64url')}`
  })

/** Asking the system costs more than the random bytes: they are drawn for many IVs at once, and none is used twice. */
let ivs: Buffer | undefined
let ivsUsed = 0

function nextIv(fill: (page: Buffer) => Buffer): Buffer {
  if (ivs === undefined || ivsUsed + IV_BYTES > ivs.length) {
    ivs = fill(Buffer.alloc(IV_BYTES * 256))
    ivsUsed = 0
  }
  return ivs.subarray(ivsUsed, (ivsUsed += IV_BYTES))
}

/**
 * RFC 7516, section 5.2.
 *
 * @throws if this key has not sealed the token
 */
export const openAtOnce = (key: CryptoKey, token: string): Uint8Array | undefined =>
  withSecret(key, 'AES-GCM', ({ createDecipheriv }, secret) => {
    const [header = '', , ...parts] = token.split('.')
    const [iv, sealed, tag] = parts.map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer, Buffer]
    // A shorter tag would be easier to guess, and Node would accept it.
    if (iv.length !== IV_BYTES || tag.length !== TAG_BYTES) throw new Error('No A256GCM')
    const decipher = createDecipheriv('aes-256-gcm', secret, iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(header)).setAuthTag(tag)
    return Buffer.concat([decipher.update(sealed), decipher.final()])
  })
