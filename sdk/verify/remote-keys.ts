/** The public keys of one site, fetched when needed and kept while the site cannot be reached (R9). */
import { SessionHubError } from '../protocol/errors.js'
import { parseJson } from '../protocol/json.js'
import { createKeyList } from '../tokens/key-list.js'
import { type BoundKey, type BoundKeys, bindPublished } from './keys.js'

const TIMEOUT_MS = 5000
const MAX_BYTES = 65_536

/** @returns a function that finds a key by its `kid`; it throws SessionHubError `unavailable` if the key is unknown and the site cannot be reached */
export function createRemoteKeys(url: string): (kid: string, nowMs: number) => Promise<BoundKey | undefined> {
  return createKeyList(async (): Promise<BoundKeys> => {
    try {
      const reply = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (!reply.ok) throw new Error(`status ${reply.status}`)
      const text = await readBounded(reply.body)
      return await bindPublished(parseJson(text, { depth: 3, keys: 32 }), 'the list of the site')
    } catch (cause) {
      throw new SessionHubError('unavailable', "The site's public keys cannot be fetched", { cause })
    }
  })
}

/** Reads chunk by chunk: a few bytes of gzip can stand for many megabytes, and must not be expanded past the bound. */
async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (!body) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > MAX_BYTES) {
      await reader.cancel()
      throw new Error('the list is too long')
    }
    text += decoder.decode(value, { stream: true })
  }
}
