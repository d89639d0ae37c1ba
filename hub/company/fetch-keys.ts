/** A provider's keys on their way here: so many bytes and no more (R31), whoever answers at that address. */
import type { FetchImplementation } from 'jose'

/** A hundred keys with their certificates are less. */
const MOST_BYTES = 1_048_576

export const fetchKeys: FetchImplementation = async (url, options) => {
  const answer = await fetch(url, options)
  const { status } = answer
  const chunks: Uint8Array[] = []
  let bytes = 0
  // What is not read is cut off: a body that never ends would else be held until the time limit, and with it all that has come.
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) throw new Error(`The keys are more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks), { status })
}
