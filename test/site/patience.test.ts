/** What a site makes of a hub that asks it to come back later. */
import type { Response } from 'express'
import { expect } from 'chai'

import { retryAfterSeconds } from '../../sdk/http/retry-after.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { createHubClient, type HubClient } from '../../sdk/site/hub/client.js'
import { createHubLine } from '../../sdk/site/hub/line.js'
import { createHubTransport, type HubTransport } from '../../sdk/site/hub/transport.js'
import { listen, type Listener } from '../support/listener.js'

describe('Retry-After', () => {
  const NOW_MS = Date.parse('Fri, 27 Nov 2026 12:00:00 GMT')
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    ['1', 1],
    [' 30 ', 30],
    ['0', 1],
    ['99999999999999999999', 60],
    ['Fri, 27 Nov 2026 12:00:07 GMT', 7],
    ['Fri, 27 Nov 2026 13:00:00 GMT', 60],
    ['Fri, 27 Nov 2026 11:00:00 GMT', 1],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ]
  for (const [value, seconds] of cases)
    it(`reads ${JSON.stringify(value)} as ${seconds}`, () => {
      expect(retryAfterSeconds(value, NOW_MS)).to.equal(seconds)
    })
})

describe('a site whose hub has too much to do', () => {
  let hub: Listener
  let transport: HubTransport
  let client: HubClient
  let nowMs: number
  let asked: string[]
  let answer: (res: Response) => void

  beforeEach(async () => {
    hub = await listen('hub.localhost')
    asked = []
    answer = (res) => {
      res.status(503).set('retry-after', '2').json({ error: 'unavailable' })
    }
    hub.app.use((req, res) => {
      asked.push(req.path)
      answer(res)
    })
    nowMs = Date.parse('2026-11-27T12:00:00Z')
    transport = createHubTransport({ backchannel: hub.origin, hubTimeoutMs: 10_000 })
    const now = () => nowMs
    const line = createHubLine({ now }, transport, () => undefined)
    client = createHubClient(
      line,
      () => Promise.resolve({ token: 'x' }),
      now,
      (error) => error,
    )
  })
  afterEach(async () => {
    transport.close()
    await hub.close()
  })

  const refusalOf = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: unknown) => (error instanceof SessionHubError ? error : undefined),
    )

  it('asks nothing more until then, says how long that is, and asks again', async () => {
    expect(await refusalOf(client.read('a'))).to.include({ code: 'unavailable', retryAfterSeconds: 2 })
    nowMs += 1000
    const second = await refusalOf(client.read('b'))
    expect(second?.code).to.equal('unavailable')
    expect(second?.retryAfterSeconds).to.be.within(1, 2)
    expect(asked).to.have.length(1)

    nowMs += 2001 // half as long again, at most: not all sites come back in one moment
    await refusalOf(client.read('c'))
    expect(asked).to.have.length(2)
  })

  it('tells it of sign-outs all the same', async () => {
    await refusalOf(client.read('a'))
    await refusalOf(client.end({ handle: 'a' }))
    expect(asked).to.deep.equal(['/backchannel/read', '/backchannel/end'])
  })

  it('waits for no other refusal: one that says nothing of a time, or is about one site', async () => {
    answer = (res) => void res.status(503).json({ error: 'unavailable' })
    await refusalOf(client.read('a'))
    answer = (res) => void res.status(429).set('retry-after', '30').json({ error: 'rate_limited' })
    expect(await refusalOf(client.read('b'))).to.include({ code: 'rate_limited', retryAfterSeconds: 30 })
    await refusalOf(client.read('c'))
    expect(asked).to.have.length(3)
  })

  it('does not wait for ever because the clock was set back', async () => {
    await refusalOf(client.read('a'))
    nowMs -= 3_600_000
    await refusalOf(client.read('b'))
    expect(asked).to.have.length(2)
  })
})
