/** Fetches a provider's keys, with a limit on the bytes (R31), whatever server answers at that address. */
import type { FetchImplementation } from 'jose'

/** A hundred keys with their certificates take less. */
const MOST_BYTES = 1_048_576

export const fetchKeys: FetchImplementation = async (url, options) => {
  const answer = await fetch(url, options)
  const { status } = answer
  const chunks: Uint8Array[] = []
  let bytes = 0
  // The rest is cut off: otherwise a body that never ends, and all of it that has arrived, would be held until the time limit.
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) throw new Error(`The keys are more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks), { status })
}
