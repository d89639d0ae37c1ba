/** `http.createServer(hub.listener(app))`: the hub's own paths by the short way, everything else as the application has it. */
import { once } from 'node:events'
import http from 'node:http'

import { expect } from 'chai'
import express from 'express'

import { newToken } from '../support/administrator.js'
import { siteToken } from '../support/forge.js'
import { binding, send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

describe('hub.listener', () => {
  let world: World
  let visitor: Visitor
  let server: http.Server
  let shop: string
  let travel: string

  interface Own {
    readonly world?: WorldOptions
    /** Express's own setting; the listener's is beside it. */
    readonly trustProxy?: number
    readonly proxyHops?: number
  }

  /** The hub behind its own server, on the port where the world's sites expect it. */
  async function begin({ world: options, trustProxy, proxyHops }: Own = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], ...options })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
    const app = express()
    if (trustProxy !== undefined) app.set('trust proxy', trustProxy)
    app.get('/ip', ({ ip, ips }, res) => {
      res.json({ ip, ips })
    })
    app.use(world.hub.hub.router)
    await world.hub.listener.stop()
    const listener = world.hub.hub.listener(app, proxyHops === undefined ? undefined : { proxyHops })
    server = http.createServer(listener).listen(world.hub.listener.port, '127.0.0.1')
    await once(server, 'listening')
  }
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await world.close()
  })

  it('leaves the admin pages to the application, with the address that it sees', async () => {
    const { token, known } = newToken('ops', 'read')
    await begin({ world: { hub: { admin: { tokens: [known] } } }, trustProxy: 1, proxyHops: 1 })
    const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': '203.0.113.7' }

    expect((await send(`${world.hub.origin}/admin/api/sessions`, { headers })).status).to.equal(200)
    expect((await world.hub.store.audit({ limit: 1 }))[0]).to.include({ who: 'ops', from: '203.0.113.7' })
  })

  const ip = async (forwarded: string) =>
    (await send(`${world.hub.origin}/ip`, { headers: { 'x-forwarded-for': forwarded } })).json.ip
  const frame = async (forwarded?: string) =>
    (await visitor.frame(travel, binding().nonce, { 'x-forwarded-for': forwarded })).status

  describe("the application's own req.ip", () => {
    for (const proxyHops of [undefined, 0, 1]) {
      it(`is what its "trust proxy" makes of X-Forwarded-For, with proxyHops ${proxyHops}`, async () => {
        await begin({ trustProxy: 1, ...(proxyHops !== undefined && { proxyHops }) })
        expect(await ip('203.0.113.9')).to.equal('203.0.113.9')
        expect(await ip('198.51.100.1, 203.0.113.9')).to.equal('203.0.113.9')
      })
    }

    it('is the peer where it trusts no proxy, whatever the listener is told', async () => {
      await begin({ proxyHops: 1 })
      expect(await ip('203.0.113.9')).to.equal('127.0.0.1')
    })
  })

  describe('R31: the rate limit of /frame', () => {
    const limited: WorldOptions = { hub: { limits: { perAddress: 2 } } }

    it('counts the address that one’s own proxy has seen, with proxyHops 1', async () => {
      await begin({ world: limited, proxyHops: 1 })
      expect(await frame('203.0.113.1')).to.equal(200)
      expect(await frame('203.0.113.1')).to.equal(200)
      expect(await frame('203.0.113.1')).to.equal(429)
      expect(await frame('203.0.113.2'), 'another visitor').to.equal(200)
      expect(await frame('198.51.100.7, 203.0.113.1'), 'what he has forged before it').to.equal(429)
    })

    for (const proxyHops of [undefined, 0]) {
      it(`counts the peer with proxyHops ${proxyHops}, and forged addresses change nothing`, async () => {
        await begin({ world: limited, trustProxy: 1, ...(proxyHops !== undefined && { proxyHops }) })
        expect(await frame()).to.equal(200)
        expect(await frame('203.0.113.1')).to.equal(200)
        expect(await frame('203.0.113.2')).to.equal(429)
        expect(await frame()).to.equal(429)
      })
    }
  })

  describe('the hub’s paths', () => {
    beforeEach(() => begin())

    it('/frame, /exchange and /backchannel bring a session from one site to another', async () => {
      await visitor.post(shop, '/cart', { item: 'boots' })
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      expect((await visitor.sync(travel)).redeemed?.status).to.equal(200)
      expect(await visitor.whoami(travel)).to.deep.include({ data: { cart: ['boots'] } })
      const reply = await send(`${world.hub.origin}/backchannel/end`, {
        method: 'POST',
        body: { handle: binding().verifier },
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(world, world.siteOf('shop'))}`,
        },
      })
      expect(reply.status).to.equal(200)
    })

    for (const path of ['/.well-known/session-hub', '/healthz', '/readyz', '/sdk.js']) {
      it(`${path} is answered by the application's router`, async () => {
        expect((await send(world.hub.origin + path)).status).to.equal(200)
      })
    }

    it('a path that is nobody’s is not found', async () => {
      expect((await send(`${world.hub.origin}/nobodys`)).status).to.equal(404)
    })
  })
})
