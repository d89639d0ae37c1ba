/** What a visitor downloads. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'

import type { TokenField } from 'session-hub/site'

import { binding, Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'
import type { Group, Row } from './row.js'

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
        target: { atMost: 3000 },
      },
      {
        what: 'frame document without ticket and padding, brotli',
        figure: brotliCompressSync(document).length,
        unit: 'bytes',
        target: { atMost: 1000 },
      },
      ...(await tokenRows()),
      { what: 'frame document as it is sent', figure: Buffer.byteLength(frame), unit: 'bytes' },
    ]
  },
}

/** A session cookie, which travels with each request: by how many fields stand in it, and under which names. */
async function tokenRows(): Promise<Row[]> {
  const names = [
    'name',
    'email',
    'locale',
    'plan',
    'country',
    'currency',
    'company',
    'department',
    'verified',
    'newsletter',
  ]
  const long = names.map((name): TokenField => [name, `profile_${name}`])
  const short = names.map((name, at): TokenField => [name, 'abcdefghij'.charAt(at), `profile_${name}`])
  const rows: Row[] = []
  for (const [count, kind, fields] of [
    [0, 'no', []],
    [3, 'long', long],
    [3, 'short', short],
    [10, 'long', long],
    [10, 'short', short],
  ] as const) {
    const world = await startWorld({ sites: ['shop'], site: { fields: fields.slice(0, count) } })
    try {
      const { origin } = world.siteOf('shop')
      const visitor = new Visitor(world.hub.origin)
      const claims = Object.fromEntries(names.map((name) => [name, 'ten-or-so!']))
      await visitor.post(origin, '/sign-in', { name: 'ada', claims })
      const figure = visitor.cookies(origin).get('__Host-session')!.length
      rows.push({ what: `session token, ${count} fields, ${kind} names`, figure, unit: 'bytes' })
    } finally {
      await world.close()
    }
  }
  return rows
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
