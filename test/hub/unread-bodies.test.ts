/** A body that nobody will read: the connection ends with the answer, and holds no socket while it drips on. */
import { expect } from 'chai'

import { send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('R31: a body that is too large ends its connection', () => {
  let world: World
  before(async () => (world = await startWorld({ sites: ['shop'] })))
  after(() => world.close())

  const doors: Record<string, [path: string, type: string]> = {
    'the exchange': ['/exchange', 'application/json'],
    'the visitor’s own page': ['/you', 'application/x-www-form-urlencoded'],
  }
  for (const [what, [path, type]] of Object.entries(doors)) {
    it(`at ${what}; one that fits does not`, async () => {
      const { origin } = world.hub
      const post = (body: string) =>
        send(origin + path, {
          method: 'POST',
          body,
          headers: {
            origin,
            'sec-fetch-site': 'same-origin',
            'x-session-hub': '1',
            'content-type': type,
            connection: 'keep-alive',
          },
        })
      const tooLarge = await post('x'.repeat(9000))
      expect([tooLarge.status, tooLarge.headers.connection]).to.deep.equal([413, 'close'])
      expect((await post('x')).headers.connection).to.equal('keep-alive')
    })
  }
})
