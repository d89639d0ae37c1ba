/** A site on a server of HTTP/2, whose requests name their host in `:authority`; and one behind a proxy that sends whole addresses. */
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import net from 'node:net'

import { expect } from 'chai'
import Fastify from 'fastify'
import { fastifySite } from 'session-hub/fastify'
import { generateSite } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'

import { freePort } from '../support/free-port.js'
import { until } from '../support/until.js'
import { binding, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

interface Answer {
  readonly headers: IncomingHttpHeaders
  readonly text: () => string
  readonly ended: Promise<unknown>
}

/** Each starts the site, and ends with it. */
const servers: Record<string, (port: number, site: Site) => Promise<() => void>> = {
  async 'a plain one'(port, site) {
    const server = http2.createServer()
    const answer = async (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => {
      if (req.url === '/sign-in') await site.signIn(req as never, res as never, { subject: 'ada' })
      const { session } = req as unknown as { session: { subject: string | null } }
      res.end(JSON.stringify({ subject: session.subject }))
    }
    server.on('request', site.listener(answer as never) as never)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return () => server.close()
  },
  async 'one of Fastify'(port, site) {
    const app = Fastify({ http2: true })
    await app.register(fastifySite as never, { site } as never)
    app.post('/sign-in', async (request, reply) => {
      await site.signIn(request as never, reply as never, { subject: 'ada' })
      return { subject: (request as unknown as { session: { subject: string } }).session.subject }
    })
    app.get('/', (request) => ({
      subject: (request as unknown as { session: { subject: string } }).session.subject,
    }))
    await app.listen({ port, host: '127.0.0.1' })
    return () => void app.close()
  },
}

for (const [what, serve] of Object.entries(servers)) {
  describe(`a site on a server of HTTP/2, ${what}`, () => {
    let world: World
    let origin: string
    let site: Site
    let client: ClientHttp2Session
    let stop: () => void
    let cookies: Map<string, string>

    beforeEach(async () => {
      world = await startWorld({ sites: ['travel'] })
      const port = await freePort()
      origin = `http://shop.localhost:${port}`
      const { keys, registration } = await generateSite(origin)
      world.register(registration)
      site = await createSite({ origin, hub: world.hub.origin, keys, live: true })
      stop = await serve(port, site)
      client = http2.connect(`http://127.0.0.1:${port}`)
      cookies = new Map()
    })
    afterEach(async () => {
      site.close()
      client.destroy()
      stop()
      await world.close()
    })

    async function ask(path: string, more: Record<string, string> = {}, body?: object): Promise<Answer> {
      const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
      const stream = client.request({
        ':path': path,
        ':method': body ? 'POST' : 'GET',
        ':authority': new URL(origin).host,
        'sec-fetch-site': 'same-origin',
        ...(cookie && { cookie }),
        ...(body && { origin, 'content-type': 'application/json' }),
        ...more,
      })
      let text = ''
      stream.setEncoding('utf8').on('data', (part: string) => (text += part))
      const ended = once(stream, 'end')
      stream.end(body && JSON.stringify(body))
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
      for (const cookie of headers['set-cookie'] ?? []) {
        const [name = '', value = ''] = cookie.split(/[=;]/)
        cookies.set(name, value)
      }
      return { headers, text: () => text, ended }
    }
    const jsonOf = async (asked: Promise<Answer>) => {
      const { text, ended } = await asked
      await ended
      return JSON.parse(text()) as Record<string, unknown>
    }

    it('signs in, offers its session, and an open page of it hears of the end', async () => {
      expect(await jsonOf(ask('/sign-in', {}, {}))).to.deep.equal({ subject: 'ada' })
      expect(await jsonOf(ask('/'))).to.deep.equal({ subject: 'ada' })
      const { nonce } = binding()
      expect((await jsonOf(ask('/session-hub/offer', {}, { nonce }))).offer).to.be.a('string')
      const page = await ask('/session-hub/live')
      expect(page.headers[':status']).to.equal(200)
      await until(() => page.text().startsWith('retry:'))
      await until(() => world.hub.listener.seen.some(({ url }) => url === '/backchannel/events'))
      await world.hub.hub.sessions.endAll('ada')
      await page.ended
      expect(page.text()).to.include('event: ended')
    })

    it('R18, R31: refuses another host, another origin, and a body that is too large', async () => {
      const body = { nonce: binding().nonce }
      const codes = [
        await jsonOf(ask('/session-hub/offer', { ':authority': 'stranger.example' }, body)),
        await jsonOf(ask('/session-hub/offer', { origin: 'https://stranger.example' }, body)),
        await jsonOf(ask('/session-hub/offer', {}, { nonce: 'n'.repeat(9000) })),
        await jsonOf(ask('/session-hub/offer', {}, body)),
      ].map(({ error }) => error)
      expect(codes).to.deep.equal(['host_denied', 'origin_denied', 'body_too_large', undefined])
    })
  })
}

describe('a site behind a proxy that sends whole addresses', () => {
  let world: World
  before(async () => {
    world = await startWorld({ sites: ['shop'] })
  })
  after(() => world.close())

  async function ask(target: string): Promise<string> {
    const { host, port } = new URL(world.siteOf('shop').origin)
    const socket = net.connect(Number(port), '127.0.0.1').setEncoding('utf8')
    let text = ''
    socket.on('data', (part: string) => (text += part))
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    await once(socket, 'close')
    return text.slice(0, text.indexOf('\r\n'))
  }

  it('has its endpoints, and is still the site that Host names', async () => {
    const { origin } = world.siteOf('shop')
    for (const target of [`${origin}/session-hub/jwks.json`, 'http://stranger.example/session-hub/jwks.json'])
      expect(await ask(target), target).to.equal('HTTP/1.1 200 OK')
    const visitor = new Visitor(world.hub.origin)
    expect(await visitor.whoami(origin), 'the twin').to.include({ session: 'none' })
  })
})
