/** Random and hashed strings of the protocol's exact lengths. */
import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits: a handle, a verifier. */
export const random256 = (): string => randomBytes(32).toString('base64url')

/** 128 random bits: a `jti`, a session's id. */
export const random128 = (): string => randomBytes(16).toString('base64url')

/** base64url(SHA-256(text)): what is stored of a handle, and the nonce of a verifier. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
