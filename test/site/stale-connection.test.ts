/** A proxy closes an idle connection at the moment when the site sends its next request on it. */
import net from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'
import { createSite, type LogEntry, type Site } from 'session-hub/site'

import { createHubTransport } from '../../sdk/site/hub/transport.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a kept connection to the hub that is closed when it is used again', () => {
  let world: World
  let proxy: Proxy
  let site: Site
  let listener: Listener
  let log: LogEntry[]
  let visitor: Visitor

  beforeEach(async () => {
    proxy = await startProxy()
    world = await startWorld({ sites: [], hub: { origin: proxy.origin } })
    proxy.port = world.hub.listener.port
    listener = await listen('shop.localhost')
    const { keys, registration } = await generateSite(listener.origin)
    world.register(registration)
    log = []
    site = await createSite({
      origin: listener.origin,
      hub: proxy.origin,
      keys,
      log: (entry) => void log.push(entry),
    })
    listener.app.post('/end-others', site.session(), async (req, res) => {
      res.json({ ended: await site.endOtherSessions(req) })
    })
    listener.use(siteApp('shop', site))
    visitor = new Visitor(proxy.origin)
    await visitor.post(listener.origin, '/cart', { item: 'tent' })
  })
  afterEach(async () => {
    site.close()
    await listener.close()
    await proxy.close()
    await world.close()
  })

  for (const how of ['lost', 'answer lost'] as const) {
    it(`costs nobody anything: reading, storing and signing in happen once (${how})`, async () => {
      const cart = async () => ((await visitor.whoami(listener.origin)).data as { cart: string[] }).cart
      for (const [path, body] of [
        ['/cart', { item: 'rope' }],
        ['/wish', { wish: 'map' }],
        ['/sign-in', { name: 'ada' }],
        ['/cart', { item: 'lamp' }],
      ] as const) {
        await cart() // a kept connection
        proxy.breakNext(how)
        expect((await visitor.post(listener.origin, path, body)).status, path).to.equal(200)
      }
      proxy.breakNext(how)

      expect(await cart()).to.deep.equal(['tent', 'rope', 'lamp'])
      expect(proxy.broken).to.equal(5)
      expect(await world.hub.hub.sessions.list('ada')).to.have.length(1)
      expect(log).to.deep.equal([])
    })

    it(`begins one session for a visitor who had none (${how})`, async () => {
      const newcomer = new Visitor(proxy.origin)
      await visitor.whoami(listener.origin)
      proxy.breakNext(how)
      await newcomer.post(listener.origin, '/wish', { wish: 'map' })

      expect(await newcomer.whoami(listener.origin)).to.deep.include({ data: { wish: 'map' } })
      expect(proxy.broken).to.equal(1)
      const all = await world.hub.store.search({ nowMs: world.now(), limit: 9 })
      expect(all).to.have.length(2)
    })
  }

  it('costs nobody anything where all kept connections are closed at once: what is repeated takes a fresh one', async () => {
    const other = new Visitor(proxy.origin)
    await other.post(listener.origin, '/cart', { item: 'rope' })
    await Promise.all([visitor, other].map((one) => one.whoami(listener.origin))) // two kept connections
    proxy.breakNext('lost', 2)
    expect((await visitor.ask(`${listener.origin}/whoami`)).status).to.equal(200)
    expect(proxy.broken).to.equal(1)
    expect(log).to.deep.equal([])
  })

  for (const how of ['lost', 'answer lost'] as const) {
    it(`brings the session of another site all the same (${how})`, async () => {
      const elsewhere = await world.addSite('travel', undefined, { hub: proxy.origin })
      const [before, newcomer] = [new Visitor(proxy.origin), new Visitor(proxy.origin)]
      for (const one of [before, newcomer]) {
        await one.post(elsewhere.origin, '/sign-in', { name: 'ada' })
        await one.sync(elsewhere.origin)
      }
      await before.sync(listener.origin) // the site has the hub's keys, and a kept connection
      const { ticket, verifier } = await newcomer.ticket(listener.origin)
      proxy.breakNext(how)

      const { status } = await newcomer.post(listener.origin, '/session-hub/redeem', { ticket, verifier })
      expect(status).to.equal(200)
      expect(proxy.broken).to.equal(1)
      expect(await newcomer.whoami(listener.origin)).to.include({ subject: 'ada' })
      expect(log).to.deep.equal([])
    })

    it(`parts a visitor’s session from the others once (${how})`, async () => {
      await visitor.sync(listener.origin)
      proxy.breakNext(how)
      const { status } = await visitor.post(listener.origin, '/session-hub/forget', { off: true })
      expect(status).to.equal(200)
      expect(proxy.broken).to.equal(1)
      expect(await visitor.whoami(listener.origin)).to.deep.include({ data: { cart: ['tent'] } })
      expect(await world.hub.store.search({ nowMs: world.now(), limit: 9 })).to.have.length(2)
      expect(log).to.deep.equal([])
    })

    it(`ends the user’s other sessions once, and says how many they were (${how})`, async () => {
      const [phone, desktop] = [new Visitor(proxy.origin), new Visitor(proxy.origin)]
      for (const one of [phone, desktop]) await one.post(listener.origin, '/sign-in', { name: 'ada' })
      proxy.breakNext(how)
      expect((await desktop.post(listener.origin, '/end-others', {})).json).to.deep.equal({ ended: 1 })
      expect(proxy.broken).to.equal(1)
      expect(await world.hub.hub.sessions.list('ada')).to.have.length(1)
    })
  }

  it('costs nobody anything where it is a fresh one either, once', async () => {
    proxy.closeIdle()
    proxy.breakFresh()
    expect((await visitor.ask(`${listener.origin}/whoami`)).json).to.deep.include({
      data: { cart: ['tent'] },
    })
    expect(proxy.broken).to.equal(1)
    expect(log.map(({ event }) => event)).to.not.include('hub_unreachable')
  })

  it('costs nobody anything where kept connections that were idle have gone without a word', async () => {
    const others = await Promise.all(
      ['rope', 'lamp', 'map'].map(async (item) => {
        const one = new Visitor(proxy.origin)
        await one.post(listener.origin, '/cart', { item })
        return one
      }),
    )
    proxy.dropIdle()
    await idle()
    const answers = await Promise.all([visitor, ...others].map((one) => one.ask(`${listener.origin}/whoami`)))
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200])
    expect(proxy.broken).to.be.greaterThan(0)
    expect((await visitor.post(listener.origin, '/cart', { item: 'lamp' })).status).to.equal(200)
    expect(log).to.deep.equal([])
  })

  it('is an outage where fresh connections are silent too', async () => {
    proxy.dropIdle()
    proxy.dropNew()
    await idle()
    expect((await visitor.ask(`${listener.origin}/whoami`)).status).to.equal(503)
    expect(log.map(({ event }) => event)).to.include('hub_unreachable')
  })

  it('gets a request once from a hub that is only slow, where it was in use a moment ago', async () => {
    const slow = await listen('hub.localhost')
    const waiting: (() => void)[] = []
    let asked = 0
    slow.app.use((_req, res) => {
      asked += 1
      const answer = () => res.json({})
      if (asked === 1) answer()
      else waiting.push(answer)
    })
    const hubTimeoutMs = 800
    const transport = createHubTransport({ backchannel: slow.origin, hubTimeoutMs })
    const send = () => transport.send({ method: 'GET', path: '/', maxBytes: 99 })
    await send()
    const startMs = performance.now()
    const second = send()
    // Longer than a connection that was idle has for its first byte.
    await until(() => performance.now() - startMs > hubTimeoutMs / 2)
    for (const answer of waiting) answer()
    expect((await second).status).to.equal(200)
    expect(asked).to.equal(2)
    transport.close()
    await slow.close()
  })

  it('is no outage: a hub that resets a fresh connection too is one', async () => {
    proxy.breakAll()
    expect((await visitor.ask(`${listener.origin}/whoami`)).status).to.equal(503)

    expect(log.map(({ event }) => event)).to.include('hub_unreachable')
  })
})

/** Until each kept connection has been idle for so long that nobody knows whether it is still there. */
async function idle(): Promise<void> {
  const startMs = performance.now()
  await until(() => performance.now() - startMs > 150)
}

interface Proxy {
  readonly origin: string
  port: number
  broken: number
  /** The next requests on a connection that has served one are reset: before the hub sees them, or after it has answered. */
  breakNext(how: 'lost' | 'answer lost', times?: number): void
  /** The next request on a connection that has served none is. */
  breakFresh(): void
  /** As a proxy does with connections that nobody uses. */
  closeIdle(): void
  /** Forgets all connections that are open now, as a firewall does: nothing comes through any more, and neither end hears of it. */
  dropIdle(): void
  /** And whatever is opened from now on. */
  dropNew(): void
  breakAll(): void
  close(): Promise<void>
}

async function startProxy(): Promise<Proxy> {
  let breaking: 'lost' | 'answer lost' | undefined
  let times = 0
  let isBroken = false
  let isFreshBroken = false
  let isNewDropped = false
  const open = new Set<net.Socket>()
  const dropped = new WeakSet<net.Socket>()
  const server = net.createServer((client) => {
    const hub = net.connect(proxy.port, '127.0.0.1')
    let hasServed = false
    let dropsAnswer = false
    if (isNewDropped) dropped.add(client)
    hub.on('data', (chunk) => {
      hasServed = true
      if (dropsAnswer) client.resetAndDestroy()
      else client.write(chunk)
    })
    client.on('data', (chunk) => {
      if (dropped.has(client)) {
        proxy.broken += 1
        return
      }
      if (isFreshBroken && !hasServed) {
        isFreshBroken = false
        proxy.broken += 1
        client.resetAndDestroy()
        return
      }
      if (isBroken || (hasServed && breaking)) {
        proxy.broken += 1
        dropsAnswer = breaking === 'answer lost'
        times -= 1
        if (times <= 0) breaking = undefined
        if (!dropsAnswer) {
          client.resetAndDestroy()
          return
        }
      }
      hub.write(chunk)
    })
    for (const [one, other] of [
      [client, hub],
      [hub, client],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: Proxy = {
    origin: `http://hub.localhost:${(server.address() as AddressInfo).port}`,
    port: 0,
    broken: 0,
    breakNext(how, count = 1) {
      breaking = how
      times = count
    },
    breakFresh() {
      isFreshBroken = true
    },
    closeIdle() {
      for (const socket of open) socket.destroy()
      open.clear()
    },
    dropIdle() {
      for (const socket of open) dropped.add(socket)
    },
    dropNew() {
      isNewDropped = true
    },
    breakAll() {
      isBroken = true
    },
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
