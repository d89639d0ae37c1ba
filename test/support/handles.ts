/** What stands wrapped in a session token, as only the site itself can read it: to show what even that opens, and what it does not. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { GeneratedSiteKeys } from 'session-hub/hub'

/** The session keys of the sites of all worlds, by `kid`. */
const secrets = new Map<unknown, string>()

export function rememberSessionKey({ session }: Pick<GeneratedSiteKeys, 'session'>): void {
  secrets.set(session.kid, session.k)
}

const wrappingKeys = new Map<string, Buffer>()

function wrappingKey(k: string): Buffer {
  const key =
    wrappingKeys.get(k) ??
    Buffer.from(hkdfSync('sha256', Buffer.from(k, 'base64url'), '', 'session-hub handle', 32))
  wrappingKeys.set(k, key)
  return key
}

const INITIAL = Buffer.alloc(8, 0xa6)

/** The handle in a session token; `undefined` in one that has none. */
export function handleIn(token: string): string | undefined {
  const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  const { kid } = JSON.parse(header!) as { kid: string }
  const { sk } = JSON.parse(payload!) as { sk?: string }
  if (sk === undefined) return undefined
  const secret = secrets.get(kid)
  if (secret === undefined) throw new Error('No world has made the key of this session token')
  const decipher = createDecipheriv('id-aes256-wrap', wrappingKey(secret), INITIAL)
  return Buffer.concat([decipher.update(sk, 'base64url'), decipher.final()]).toString('base64url')
}

/** The other way, for a token of one's own making. */
export function wrapHandle(handle: string, k: string): string {
  const cipher = createCipheriv('id-aes256-wrap', wrappingKey(k), INITIAL)
  return Buffer.concat([cipher.update(handle, 'base64url'), cipher.final()]).toString('base64url')
}
