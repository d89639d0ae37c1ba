/** What an operator reads in the log of a hub or a site when a proxy is set up wrongly: enough to mend it, and once. */
import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import express from 'express'
import { createSite } from 'session-hub/site'
import type { LogEntry } from 'session-hub/hub'

import { createProxyHint } from '../../sdk/settings/proxy-hint.js'
import { isProxyUntrusted } from '../../sdk/http/node/untrusted-proxy.js'
import { startAdminWorld } from '../support/admin-world.js'
import { needs } from '../support/adapters/abilities.js'
import { send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('the log of a request for another host', () => {
  let world: World
  let shop: string
  const refused = () => world.log.filter(({ code }) => code === 'host_denied')
  const ask = (host: string) =>
    send(`${shop}/session-hub/sisters`, {
      method: 'POST',
      headers: { host, origin: shop, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: '{}',
    })

  before(async () => {
    world = await startWorld({ sites: ['shop'] })
    shop = world.siteOf('shop').origin
  })
  beforeEach(() => (world.log.length = 0))
  after(() => world.close())

  it('names both hosts, the one that came and the one that the site has', async () => {
    const { status, text } = await ask('backend:3000')
    expect(status).to.equal(403)
    expect(refused()).to.have.length(1)
    expect(refused()[0]).to.include({ host: 'backend:3000', ownHost: new URL(shop).host })
    // The client learns nothing by it that it has not said itself.
    expect(text).to.not.include('backend').and.not.include(new URL(shop).host)
    await ask(new URL(shop).host)
    expect(refused()).to.have.length(1)
  })

  it('names both of the hub, where its pages for administrators are asked for', async () => {
    const { world: hub } = await startAdminWorld()
    try {
      for (const path of ['/admin', '/admin/api/sessions']) {
        await send(`${hub.hub.origin}${path}`, { headers: { host: 'stranger.example' } })
      }
      const found = hub.log.filter(({ code }) => code === 'host_denied')
      expect(found).to.have.length(2)
      for (const entry of found)
        expect(entry).to.include({ host: 'stranger.example', ownHost: new URL(hub.hub.origin).host })
    } finally {
      await hub.close()
    }
  })
})

describe('the hint that a proxy is not trusted', () => {
  const from = (peer: string, headers: Record<string, string>) =>
    ({ socket: { remoteAddress: peer }, headers }) as never
  const cases: readonly [
    what: string,
    peer: string,
    counted: string,
    forwarded: string | undefined,
    isUntrusted: boolean,
  ][] = [
    ['a proxy on this machine that nobody trusts', '127.0.0.1', '127.0.0.1', '203.0.113.7', true],
    [
      'the same, seen by a socket of both families',
      '::ffff:127.0.0.1',
      '::ffff:127.0.0.1',
      '203.0.113.7',
      true,
    ],
    ['one in the private network', '10.0.0.5', '10.0.0.5', '203.0.113.7', true],
    ['one that is trusted', '127.0.0.1', '203.0.113.7', '203.0.113.7', false],
    ['no proxy', '127.0.0.1', '127.0.0.1', undefined, false],
    ['R40: a visitor who writes the header himself', '198.51.100.1', '198.51.100.1', '203.0.113.7', false],
    ['a visitor at the proxy’s own machine', '127.0.0.1', '127.0.0.1', '127.0.0.1', false],
    ['a header without an address', '127.0.0.1', '127.0.0.1', 'unknown', false],
  ]
  for (const [what, peer, counted, forwarded, expected] of cases) {
    it(`is ${expected ? 'given' : 'not given'}: ${what}`, () => {
      const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
      expect(isProxyUntrusted(from(peer, headers), counted)).to.equal(expected)
    })
  }

  it('is given once, and looks no more after that', () => {
    const log: LogEntry[] = []
    let looks = 0
    const hint = createProxyHint((entry) => void log.push(entry))
    for (const answer of [false, true, true]) {
      hint(() => {
        looks += 1
        return answer
      })
    }
    expect(log.map(({ level, event }) => `${level} ${event}`)).to.deep.equal(['warn proxy_untrusted'])
    expect(looks).to.equal(2)
  })

  const forwarded = { 'x-forwarded-for': '203.0.113.7' }

  it('comes from a hub and from a site behind a proxy, once each, and not where it is trusted', async function () {
    needs(this, 'an address from trust proxy')
    const world = await startWorld({ sites: ['shop'] })
    const hints = () => world.log.filter(({ event }) => event === 'proxy_untrusted').length
    const askBoth = async () => {
      await send(`${world.hub.origin}/frame`, { headers: forwarded })
      await send(`${world.siteOf('shop').origin}/session-hub/sisters`, { method: 'POST', headers: forwarded })
    }
    try {
      for (const { app } of [world.hub.listener, world.siteOf('shop').listener]) app.set('trust proxy', 1)
      await askBoth()
      expect(hints(), 'trusted').to.equal(0)
      for (const { app } of [world.hub.listener, world.siteOf('shop').listener]) app.set('trust proxy', false)
      await askBoth()
      await askBoth()
      expect(hints(), 'not trusted').to.equal(2)
    } finally {
      await world.close()
    }
  })

  it('comes from both without Express too', async () => {
    const world = await startWorld({ sites: ['shop'] })
    const log: LogEntry[] = []
    const { origin, keys } = world.siteOf('shop')
    const site = await createSite({
      origin,
      hub: world.hub.origin,
      keys,
      log: (entry) => void log.push(entry),
    })
    const app = express()
    const hops = async (listener: RequestListener, path: string) => {
      const server = createServer(listener).listen(0, '127.0.0.1')
      await once(server, 'listening')
      await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers: forwarded })
      server.close()
    }
    const hints = () => [...world.log, ...log].filter(({ event }) => event === 'proxy_untrusted').length
    try {
      await hops(world.hub.hub.listener(app, { proxyHops: 1 }), '/frame')
      await hops(site.listener(app, { proxyHops: 1 }), '/session-hub/callback')
      expect(hints()).to.equal(0)
      await hops(world.hub.hub.listener(app), '/frame')
      await hops(site.listener(app), '/session-hub/callback')
      expect(hints()).to.equal(2)
    } finally {
      site.close()
      await world.close()
    }
  })
})
