/** Acts of one process that come while others are under way share a request, and nobody notices but the hub. */
import { expect } from 'chai'
import type { Response } from 'express'
import { generateApp, generateSite, type SiteRegistration } from 'session-hub/hub'

import { toSessionHubError } from '../../sdk/protocol/errors.js'
import { createHubClient, type HubClient } from '../../sdk/site/hub/client.js'
import { createHubLine } from '../../sdk/site/hub/line.js'
import { createSpeakers } from '../../sdk/site/hub/speaker.js'
import { createHubTransport, type HubTransport } from '../../sdk/site/hub/transport.js'
import { resolveSiteOptions } from '../../sdk/site/options.js'
import { listen, type Listener } from '../support/listener.js'
import { until } from '../support/until.js'
import { startWorld, type World } from '../support/world.js'

describe('acts that come while others are under way', () => {
  let world: World
  /** Stands before the hub. */
  let front: Listener
  let transport: HubTransport
  let clients: readonly HubClient[]
  /** The acts that were asked for, one of each request. */
  let seen: string[]
  /** Requests that wait until they are let through. */
  let held: (() => void)[]
  let isHolding: boolean
  /** Answers in the hub's place. */
  let instead: ((act: string, res: Response) => boolean) | undefined
  let logged: string[]
  let aheadMs: number

  beforeEach(async () => {
    world = await startWorld({ sites: [] })
    front = await listen('front.localhost')
    seen = []
    held = []
    logged = []
    aheadMs = 0
    isHolding = false
    instead = undefined
    front.app.use((req, res, next) => {
      const act = req.path.split('/').at(-1)!
      seen.push(act)
      if (isHolding) held.push(next)
      else if (!instead?.(act, res)) next()
    })
    front.app.use(world.hub.hub.router)
    const made = await Promise.all(
      ['http://shop.localhost', 'http://travel.localhost'].map(async (origin) => {
        const { keys, registration } = await generateSite(origin)
        world.register(registration)
        return resolveSiteOptions({ origin, hub: world.hub.origin, backchannel: front.origin, keys })
      }),
    )
    const [settings] = made
    transport = createHubTransport(settings!)
    const line = createHubLine(
      { ...settings!, now: () => Date.now() + aheadMs },
      transport,
      ({ event }) => void logged.push(event),
    )
    clients = made.map((own) =>
      createHubClient(line, createSpeakers(own)(own.origin, own), own.now, (error) => error),
    )
  })
  afterEach(async () => {
    transport.close()
    await front.close()
    await world.close()
  })

  const begin = async (n: number, by = clients[0]!) =>
    (await by.update({ handle: null, patch: { n } })).data.n
  const several = (count: number, by?: HubClient) => Array.from({ length: count }, (_, n) => begin(n, by))
  const letThrough = () => {
    isHolding = false
    for (const next of held.splice(0)) next()
  }
  const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

  it('goes alone, and at once, where nothing is under way', async () => {
    for (const n of upTo(3)) expect(await begin(n)).to.equal(n)
    expect(seen).to.deep.equal(['update', 'update', 'update'])
  })

  it('travel together, also while the first is not answered for long, and each gets its own answer', async () => {
    isHolding = true
    const all = several(6)
    await until(() => held.length === 2)
    expect(seen).to.deep.equal(['update', 'batch'])
    letThrough()
    expect(await Promise.all(all)).to.deep.equal(upTo(6))
  })

  it('go when an answer has come: one of them alone', async () => {
    const all = several(2)
    expect(await Promise.all(all)).to.deep.equal([0, 1])
    expect(seen).to.deep.equal(['update', 'update'])
  })

  it('one that fails takes nothing from the others', async () => {
    const { handle = '' } = await clients[0]!.update({ handle: null, patch: { n: 7 } })
    isHolding = true
    const first = begin(0)
    const codeOf = (thrown: unknown) => toSessionHubError(thrown).code
    const lost = clients[0]!.read('A'.repeat(43)).catch(codeOf)
    const wrong = clients[0]!.update({ handle, patch: { n: 1 }, version: 99 }).catch(codeOf)
    const kept = clients[0]!.read(handle)
    await until(() => held.length === 2)
    letThrough()
    expect([await first, await lost, await wrong]).to.deep.equal([0, 'session_ended', 'version_conflict'])
    expect((await kept).data).to.deep.equal({ n: 7 })
    expect(seen).to.deep.equal(['update', 'update', 'batch'])
  })

  it('are at most 16 in one request', async () => {
    isHolding = true
    const all = several(40)
    await until(() => held.length === 4)
    letThrough()
    expect(await Promise.all(all)).to.deep.equal(upTo(40))
    expect(seen).to.deep.equal(['update', 'batch', 'batch', 'batch'])
  })

  it('are at most 8 KiB in one request, and what only fits by itself goes alone', async () => {
    isHolding = true
    const big = 'x'.repeat(3000)
    const one = clients[0]!
    const sizes = [3000, 3000, 3000, 8110].map(async (size) => {
      const { data } = await one.update({ handle: null, patch: { big: big.padEnd(size, 'x') } })
      return JSON.stringify(data.big).length - 2
    })
    const first = begin(0)
    await until(() => held.length >= 3)
    letThrough()
    expect(await Promise.all(sizes)).to.deep.equal([3000, 3000, 3000, 8110])
    expect(await first).to.equal(0)
  })

  it('of two sites never share a request', async () => {
    isHolding = true
    const all = clients.flatMap((client) => several(2, client))
    await until(() => held.length === 4)
    letThrough()
    expect(await Promise.all(all)).to.deep.equal([0, 1, 0, 1])
    expect(seen).to.deep.equal(['update', 'update', 'update', 'update'])
  })

  for (const [when, ahead] of [
    ['a minute later', 60_000],
    ['as soon as the clock is set back', -3_600_000],
  ] as const) {
    it(`are asked one by one where the hub knows no batches, and tried together again ${when}`, async () => {
      instead = (act, res) => act === 'batch' && Boolean(res.status(404).json({ error: 'not_found' }))
      expect(await Promise.all(several(5))).to.deep.equal(upTo(5))
      expect(seen.filter((act) => act === 'batch')).to.have.length(1)
      expect(await Promise.all(several(5))).to.deep.equal(upTo(5))
      expect(seen.filter((act) => act === 'batch')).to.have.length(1)
      // Of a hub that is brought up to date while it runs, another process may have answered.
      aheadMs = ahead
      instead = undefined
      expect(await Promise.all(several(5))).to.deep.equal(upTo(5))
      expect(seen.filter((act) => act === 'batch')).to.have.length(2)
      expect(
        logged.filter((event) => event !== 'clock_differs'),
        'but for the clock',
      ).to.deep.equal([])
    })
  }

  it('are refused together where the hub refuses the request', async () => {
    instead = (act, res) =>
      act === 'batch' && Boolean(res.status(429).set('retry-after', '7').json({ error: 'rate_limited' }))
    const all = await Promise.allSettled(several(4))
    expect(all[0]).to.deep.equal({ status: 'fulfilled', value: 0 })
    const reasons = all.slice(1).map((one) => one.status === 'rejected' && toSessionHubError(one.reason))
    for (const reason of reasons) expect(reason).to.include({ code: 'rate_limited', retryAfterSeconds: 7 })
  })

  describe('of an application’s sites', () => {
    const origins = ['http://de.localhost', 'http://fr.localhost', 'http://it.localhost']
    let ofApp: Map<string, HubClient>
    let kept: Map<string, SiteRegistration>

    beforeEach(async () => {
      const { keys, registrations } = await generateApp('shop', origins)
      kept = new Map(registrations.map((one) => [one.origin, one]))
      for (const registration of registrations) world.register(registration)
      const settings = await resolveSiteOptions({
        origin: origins[0]!,
        hub: world.hub.origin,
        backchannel: front.origin,
        keys,
      })
      const line = createHubLine(settings, transport, ({ event }) => void logged.push(event))
      const speakerOf = createSpeakers(settings)
      ofApp = new Map(
        origins.map((origin) => [
          origin,
          createHubClient(line, speakerOf(origin, settings), settings.now, (error) => error),
        ]),
      )
    })

    const each = () => [...origins, ...origins].map((origin, n) => begin(n, ofApp.get(origin)))

    it('travel together, each in its own site’s name', async () => {
      isHolding = true
      const all = each()
      await until(() => held.length === 2)
      letThrough()
      expect(await Promise.all(all)).to.deep.equal(upTo(6))
      expect(seen).to.deep.equal(['update', 'batch'])
      const de = await ofApp.get(origins[0]!)!.update({ handle: null, patch: { n: 1 } })
      const codeOf = (thrown: unknown) => toSessionHubError(thrown).code
      expect(await ofApp.get(origins[1]!)!.read(de.handle!).catch(codeOf)).to.equal('session_ended')
    })

    it('are not held up by one that is taken out at the hub, whichever it is', async () => {
      for (const out of origins) {
        world.unregister(out)
        const all = await Promise.allSettled(each())
        const fates = all.map((one) =>
          one.status === 'fulfilled' ? 'done' : toSessionHubError(one.reason).code,
        )
        expect(fates, out).to.deep.equal(
          [...origins, ...origins].map((origin) => (origin === out ? 'site_token_invalid' : 'done')),
        )
        world.register(kept.get(out)!)
      }
    })
  })

  it('have no answer where the hub’s answer is not a hub’s: each that has one keeps it', async () => {
    const lines = [
      '{"status":200,"body":[]}',
      '<html>',
      '{"status":"200","body":{}}',
      '{"status":503,"body":{"error":"unavailable"}}',
    ]
    instead = (act, res) =>
      act === 'batch' && Boolean(res.type('application/x-ndjson').send(lines.join('\n')))
    const all = await Promise.allSettled(several(7))
    expect(all[0]).to.deep.equal({ status: 'fulfilled', value: 0 })
    const codes = all.slice(1).map((one) => one.status === 'rejected' && toSessionHubError(one.reason).code)
    expect(codes).to.deep.equal(Array(6).fill('unavailable'))
    // It is there, whatever it says.
    expect(logged).to.deep.equal([])
  })
})
