/** The public keys of one site, read when needed and kept while the site cannot be asked (R9). */
import { SessionHubError } from '../protocol/errors.js'
import { parseJson } from '../protocol/json.js'
import { type BoundKey, type BoundKeys, bindPublished } from './keys.js'

/** An unknown `kid` causes at most one request in this time, so that a stranger's tokens cannot make us hammer the site. */
const FETCH_EVERY_MS = 30_000
/** A list this old is read again, so that a key that the site has dropped is trusted no longer. */
const MAX_AGE_MS = 600_000
const TIMEOUT_MS = 5000
const MAX_CHARS = 65_536

/** @returns finds a key by its `kid`; throws SessionHubError `unavailable` where none is known and the site cannot be asked */
export function createRemoteKeys(url: string): (kid: string, nowMs: number) => Promise<BoundKey | undefined> {
  let keys: BoundKeys = new Map()
  let fetchedMs = -Infinity
  let triedMs = -Infinity
  let trying: Promise<void> | undefined

  async function read(nowMs: number): Promise<void> {
    try {
      const reply = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (!reply.ok) throw new Error(`status ${reply.status}`)
      const text = await reply.text()
      if (text.length > MAX_CHARS) throw new Error('too long')
      keys = await bindPublished(parseJson(text, { depth: 3, keys: 32 }), 'the list of the site')
      fetchedMs = nowMs
    } catch (cause) {
      throw new SessionHubError('unavailable', "The site's public keys cannot be had", { cause })
    }
  }

  return async (kid, nowMs) => {
    const known = keys.get(kid)
    if (known && Math.abs(nowMs - fetchedMs) < MAX_AGE_MS) return known
    if (!trying && Math.abs(nowMs - triedMs) >= FETCH_EVERY_MS) {
      triedMs = nowMs
      trying = read(nowMs).finally(() => (trying = undefined))
    }
    try {
      await trying
    } catch (thrown) {
      // A site that does not answer takes no key away; but the first list has to come before anything can be said.
      if (keys.size === 0) {
        triedMs = -Infinity
        throw thrown
      }
    }
    if (keys.size === 0) throw new SessionHubError('unavailable', "The site's public keys cannot be had")
    return keys.get(kid)
  }
}
