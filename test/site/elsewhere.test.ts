/** Where a site and its hub live: below a path, behind a proxy that takes it off, and where the hub's own address leads nowhere. */
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import express, { type Express } from 'express'
import { createSite, type Site } from 'session-hub/site'

import { binding } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a site that lives elsewhere', () => {
  let world: World
  let open: Server[]
  let sites: Site[]

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop'] })
    open = []
    sites = []
  })
  afterEach(async () => {
    for (const site of sites) site.close()
    for (const server of open) {
      server.closeAllConnections()
      server.close()
    }
    await world.close()
  })

  async function make(more: object): Promise<Site> {
    const { origin, keys } = world.siteOf('shop')
    const site = await createSite({ origin, hub: world.hub.origin, keys, ...more })
    sites.push(site)
    return site
  }
  async function listen(app: Parameters<typeof createServer>[1]): Promise<number> {
    const server = createServer(app as never).listen(0, '127.0.0.1')
    open.push(server)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const ask = async (port: number, path: string, body?: object) => {
    const { origin } = world.siteOf('shop')
    const { request } = await import('node:http')
    const headers = {
      host: new URL(origin).host,
      ...(body && { origin, 'content-type': 'application/json' }),
    }
    const req = request({ port, path, method: body ? 'POST' : 'GET', headers }).end(
      body && JSON.stringify(body),
    )
    const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage]
    res.resume()
    return res.statusCode
  }

  /** The application below `/shop`, as its server sees it. */
  const ways: Record<string, (app: Express) => Parameters<typeof createServer>[1]> = {
    'whose parent application mounts it': (app) => express().use('/shop', app) as never,
    'whose proxy takes the path off': (app) => (req, res) => {
      req.url = req.url!.replace(/^\/shop/, '')
      app(req as never, res as never)
    },
    'whose proxy leaves the path as it is': (app) => app as never,
  }
  for (const [name, serve] of Object.entries(ways)) {
    it(`below a path ${name}: its script and its endpoints are found where the page looks for them`, async () => {
      const site = await make({ endpoint: '/shop/session-hub' })
      const app = express()
      app.use(site.router, site.session())
      app.use((_req, res) => void res.status(418).end())
      const port = await listen(serve(app))
      const script = /src="([^"]+)"/.exec(site.scriptTag())![1]!
      expect(script).to.match(/^\/shop\/session-hub\/sdk\./)
      expect(await ask(port, script)).to.equal(200)
      expect(await ask(port, '/shop/session-hub/offer', { nonce: binding().nonce })).to.equal(200)
      // What only looks like one is the application's.
      for (const path of ['/shop/session-hub/else', '/shop/session-hubs/offer', '/shop/offer'])
        expect(await ask(port, path), path).to.equal(418)
    })
  }

  it('asks the hub at its own address by a name for browsers alone, where it is told to', async () => {
    await world.close()
    world = await startWorld({ sites: ['shop'], hub: { origin: 'https://hub.example' } })
    const { port } = world.hub.listener
    const site = await make({ backchannel: `http://127.0.0.1:${port}`, hub: 'https://hub.example' })
    const app = express()
    app.use(site.router, site.session())
    app.post('/cart', async (req, res) => void res.json(await req.session.update({ cart: ['boots'] })))
    expect(site.scriptTag()).to.include('data-hub="https://hub.example"')
    const at = await listen(app as never)
    world.hub.listener.seen.length = 0
    expect(await ask(at, '/cart', {})).to.equal(200)
    expect(world.hub.listener.seen.map(({ url, headers }) => [url, headers.host])).to.deep.include([
      '/backchannel/update',
      `127.0.0.1:${port}`,
    ])
  })

  for (const wrong of ['hub:4000', 'http://hub:4000/', 'ftp://hub', 'http://a@hub:4000', 7]) {
    it(`refuses ${String(wrong)} as where the hub is`, async () => {
      const refused = await make({ backchannel: wrong }).catch((error: unknown) => error)
      expect(refused).to.include({ code: 'options_invalid' })
      expect((refused as Error).message).to.include('"backchannel"')
    })
  }
})
