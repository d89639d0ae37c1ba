/** Names under `.localhost`: this machine, unless the resolver knows better; and a resolver that waits holds nothing up. */
import dns from 'node:dns'

import { expect } from 'chai'

import { lookupLoopback } from '../../sdk/site/hub/loopback.js'

type Answered = (error: Error | null, addresses: dns.LookupAddress[]) => void

describe('where a name under .localhost is', () => {
  const own = dns.lookup
  let asked: string[]
  let resolver: (answered: Answered) => void
  beforeEach(() => {
    asked = []
    dns.lookup = ((name: string, _options: object, answered: Answered) => {
      asked.push(name)
      resolver(answered)
    }) as typeof dns.lookup
  })
  afterEach(() => {
    dns.lookup = own
  })

  const look = (name: string) =>
    new Promise<unknown>((resolve) => {
      lookupLoopback(name, { all: true }, (_error, found) => resolve(found))
    })
  const HERE = [{ address: '127.0.0.1', family: 4 }]

  for (const [name, answer] of [
    ['does not know it', (answered: Answered) => setImmediate(answered, new Error('ENOTFOUND'), [])],
    [
      'says so too',
      (answered: Answered) => setImmediate(answered, null, [{ address: '::1', family: 6 }, ...HERE]),
    ],
    ['says nothing', () => undefined],
  ] as const) {
    it(`is this machine where the resolver ${name}, which is asked once`, async () => {
      resolver = answer
      const host = `${name.replaceAll(' ', '-')}.localhost`
      expect(await Promise.all([look(host), look(host)])).to.deep.equal([HERE, HERE])
      expect(await look(host)).to.deep.equal(HERE)
      expect(asked).to.deep.equal([host])
    })
  }

  it('is where the resolver says, which is asked each time: a container comes back with another address', async () => {
    for (const address of ['172.18.0.2', '172.18.0.3']) {
      resolver = (answered) => setImmediate(answered, null, [{ address, family: 4 }])
      expect(await look('moving.localhost')).to.deep.equal([{ address, family: 4 }])
    }
    expect(asked).to.have.length(2)
  })
})
