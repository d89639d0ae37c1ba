/**
 * The script of the hub's hidden frame. The decision came with the document; this hands it to the page, and carries an offer
 * to the hub where one is needed. Inlined into the document and allowed by its hash.
 */
import { type FrameMessage, readPageMessage } from '../../../sdk/protocol/messages.js'

/** What the hub wrote into the document. */
interface FrameData {
  /** The one origin that this frame was served for: from the registry, never from a message (R16). */
  readonly site: string
  readonly proof: string
  readonly message: FrameMessage
}

const { site, proof, message } = JSON.parse(document.getElementById('data')?.textContent ?? '') as FrameData
const { sessionHub, nonce } = message

// Only that origin can read it (R15). A stranger's page gets nothing, were it to embed this at all.
const say = (answer: FrameMessage) => {
  parent.postMessage(answer, site)
}

addEventListener('message', ({ source, origin, data }) => {
  if (source !== parent || origin !== site) return // R15
  const asked = readPageMessage(data, nonce)
  if (asked)
    void exchange(asked.offer).then((answer) => {
      say({ ...answer, sessionHub, nonce })
    })
})

async function exchange(offer: string | null): Promise<Pick<FrameMessage, 'outcome' | 'ticket' | 'reason'>> {
  try {
    const reply = await fetch('/exchange', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-session-hub': '1' },
      body: JSON.stringify({ site, nonce, proof, offer }),
    })
    const body = (await reply.json()) as FrameMessage & { error: string }
    return reply.ok ? body : { outcome: 'failed', reason: body.error }
  } catch {
    return { outcome: 'failed', reason: 'unavailable' }
  }
}

say(message)
