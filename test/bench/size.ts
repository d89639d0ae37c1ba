/** What a visitor downloads. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'

import { binding, Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'
import type { Group } from './row.js'

export const size: Group = {
  name: 'size',
  async measure() {
    const sdk = readFileSync(fileURLToPath(import.meta.resolve('session-hub/sdk.js')))
    const frame = await frameDocument()
    // What differs from one visit to the next: the ticket and, so that nothing can be told from the length, blanks.
    const document = frame.replace(/ *(<\/script>)/, '$1')
    return [
      {
        what: 'sdk.js, brotli',
        figure: brotliCompressSync(sdk).length,
        unit: 'bytes',
        target: { atMost: 2400 },
      },
      {
        what: 'frame document without ticket and padding, brotli',
        figure: brotliCompressSync(document).length,
        unit: 'bytes',
        target: { atMost: 1000 },
      },
      { what: 'frame document as it is sent', figure: Buffer.byteLength(frame), unit: 'bytes' },
    ]
  },
}

/** Of a visitor without a session, so without a ticket. */
async function frameDocument(): Promise<string> {
  const world = await startWorld({ sites: ['shop'] })
  try {
    const reply = await new Visitor(world.hub.origin).frame(world.siteOf('shop').origin, binding().nonce)
    return reply.text
  } finally {
    await world.close()
  }
}
