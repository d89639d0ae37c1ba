/** A site on Fastify, where it differs from other servers. The rest: `adapters.test.ts`, and `npm run test:adapters`. */
import type { IncomingMessage } from 'node:http'

import { expect } from 'chai'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { fastifySite, type FastifySiteOptions } from 'session-hub/fastify'
import {
  createSite,
  type SessionHubError,
  type Site,
  type SiteOptions,
  type SiteSession,
} from 'session-hub/site'

import { listenTo } from '../support/event-source.js'
import { expectOptionFault } from '../support/option-fault.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

type Answer = Awaited<ReturnType<FastifyInstance['inject']>>

describe('a site on Fastify', () => {
  let world: World
  let site: Site
  let app: FastifyInstance
  let origin: string
  let host: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop'] })
    ;({ origin } = world.siteOf('shop'))
    ;({ host } = new URL(origin))
  })
  afterEach(async () => {
    site.close()
    await app.close()
    await world.close()
  })

  async function make(
    options: Partial<SiteOptions<IncomingMessage>> = {},
    server: FastifyServerOptions = {},
  ): Promise<void> {
    const { keys } = world.siteOf('shop')
    site = await createSite<IncomingMessage>({ origin, hub: world.hub.origin, keys, ...options })
    app = Fastify(server)
  }
  async function start(options: Partial<FastifySiteOptions> = {}): Promise<void> {
    await app.register(fastifySite, { site, ...options })
    app.get('/who', ({ session: { status, subject } }) => ({ status, subject }))
    app.post<{ Body: { subject: string } }>('/sign-in', async (request, reply) => {
      await site.signIn(request, reply, { subject: request.body.subject })
      return { subject: request.session.subject }
    })
  }
  const signIn = (subject = 'ada') =>
    app.inject({ method: 'POST', url: '/sign-in', headers: { host }, payload: { subject } })
  const errorOf = (reply: Answer) => reply.json<{ code: string }>().code
  const cookieOf = ({ cookies }: Answer) => cookies.map(({ name, value }) => `${name}=${value}`).join('; ')

  for (const [where, prefix, endpoint] of [
    ['a plugin of the application’s own', '', '/session-hub'],
    ['a plugin below a prefix', '/shop', '/shop/session-hub'],
    ['a plugin below a prefix, behind a proxy that has taken another off', '/shop', '/eu/shop/session-hub'],
  ] as const) {
    it(`answers the endpoints in ${where}, and leaves the rest to the application`, async () => {
      await make({ endpoint })
      app.get('/outside', ({ session }) => ({ session: typeof session }))
      await app.register(
        async (own) => {
          await own.register(fastifySite, { site })
          own.get('/who', ({ session: { status } }) => ({ status }))
        },
        { prefix },
      )
      const ask = (path: string, method: 'GET' | 'POST' | 'PUT' = 'GET', headers = {}, payload?: object) =>
        app.inject({ method, url: prefix + path, headers: { host, ...headers }, ...(payload && { payload }) })
      const nonce = 'A'.repeat(43)
      const offered = await ask('/session-hub/offer', 'POST', { origin }, { nonce })
      expect([offered.statusCode, offered.json()]).to.deep.equal([200, { offer: null }])
      const stranger = await ask('/session-hub/offer', 'POST', { origin: 'https://a.example' }, { nonce })
      expect(stranger.json()).to.include({ error: 'origin_denied' })
      expect((await ask('/session-hub/offer', 'PUT')).statusCode).to.equal(405)
      expect((await ask('/session-hub/else')).statusCode).to.equal(404)
      expect((await ask('/who')).json()).to.deep.equal({ status: 'none' })
      const outside = await app.inject({ url: '/outside', headers: { host } })
      expect(outside.json(), 'encapsulated').to.deep.equal({ session: 'undefined' })
    })
  }

  it('refuses a prefix below which no request for its endpoints arrives', async () => {
    await make()
    const shop = async (own: FastifyInstance) => {
      await own.register(fastifySite, { site })
    }
    const started = app.register(shop, { prefix: '/shop' }).ready()
    const refused = await started.then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).to.include({ code: 'options_invalid' })
    expect((refused as Error).message).to.include('"/shop/session-hub"')
  })

  it('answers 404 to a method that no endpoint takes, whatever the type of its body', async () => {
    await make()
    await start()
    for (const type of ['application/x-www-form-urlencoded', 'application/json'])
      for (const method of ['PUT', 'PATCH', 'DELETE'] as const) {
        const headers = { host, 'content-type': type }
        const reply = await app.inject({ method, url: '/session-hub/enter', headers, payload: 'ticket' })
        expect(reply.statusCode, `${method} ${type}`).to.equal(404)
      }
  })

  it('runs where Fastify tests itself, without a server', async () => {
    await make()
    await start()
    const reply = await signIn()
    expect(reply.json()).to.deep.equal({ subject: 'ada' })
    expect(reply.cookies.map(({ name }) => name)).to.deep.equal(['__Host-session', '__Host-session-state'])
    expect(reply.headers['cache-control']).to.equal('private, no-cache')
    const again = await app.inject({ url: '/who', headers: { host, cookie: cookieOf(reply) } })
    expect(again.json()).to.deep.equal({ status: 'signed-in', subject: 'ada' })
  })

  it('R41: keeps its cookies beside the application’s, whatever hooks and replies do', async () => {
    await make()
    await start()
    app.addHook('onSend', async (_request, reply) => {
      reply.removeHeader('set-cookie')
      reply.header('set-cookie', ['theme=dark; Path=/', '__Host-session=planted; Path=/; Secure'])
      reply.header('cdn-cache-control', 'public')
    })
    const reply = await signIn()
    expect(reply.cookies.map(({ name }) => name)).to.have.members([
      'theme',
      '__Host-session',
      '__Host-session-state',
    ])
    expect(String(reply.headers['set-cookie'])).to.not.include('planted')
    expect(reply.headers).to.not.have.property('cdn-cache-control')
  })

  it('gives a session to routes of plugins, to what is not found, and to a request whose body is refused', async () => {
    await make()
    app.setNotFoundHandler((request, reply) => reply.code(404).send({ subject: request.session.subject }))
    app.setErrorHandler((error: { statusCode?: number }, request, reply) =>
      reply.code(error.statusCode ?? 500).send({ subject: request.session.subject }),
    )
    await start()
    await app.register((plugin, _options, done) => {
      plugin.get('/inner', ({ session }) => ({ subject: session.subject }))
      done()
    })
    const headers = { host, cookie: cookieOf(await signIn()) }
    const replies = await Promise.all([
      app.inject({ url: '/inner', headers }),
      app.inject({ url: '/nowhere', headers }),
      app.inject({
        method: 'POST',
        url: '/sign-in',
        headers: { ...headers, 'content-type': 'application/json' },
        payload: '{',
      }),
    ])
    expect(replies.map(({ statusCode }) => statusCode)).to.deep.equal([200, 404, 400])
    for (const reply of replies) expect(reply.json()).to.deep.equal({ subject: 'ada' })
  })

  it('lets Fastify answer with the status of an error', async () => {
    await make()
    await start()
    app.get('/late', async (request, reply) => {
      reply.raw.flushHeaders()
      const told = await request.session.update({ cart: [] }).catch((error: unknown) => error)
      reply.raw.end(JSON.stringify((told as SessionHubError).code))
    })
    app.get('/recent', {
      preHandler: site.requireRecent(300),
      handler: () => ({}),
    })
    const wrong = await signIn('')
    expect([wrong.statusCode, errorOf(wrong)]).to.deep.equal([400, 'request_invalid'])
    const stranger = await app.inject({ url: '/recent', headers: { host } })
    expect([stranger.statusCode, errorOf(stranger)]).to.deep.equal([401, 'sign_in_required'])
    const headers = { host, cookie: cookieOf(await signIn()) }
    expect((await app.inject({ url: '/recent', headers })).statusCode).to.equal(200)
    expect((await app.inject({ url: '/late', headers: { host } })).json()).to.equal('headers_sent')
  })

  it('R31: counts each visitor by the address that Fastify’s trustProxy gives', async () => {
    const statuses = async () => {
      const all = []
      for (const from of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.1']) {
        const reply = await app.inject({
          method: 'POST',
          url: '/session-hub/offer',
          headers: { host, origin, 'x-forwarded-for': from },
          payload: { nonce: 'n'.repeat(43) },
        })
        all.push(reply.statusCode)
      }
      return all
    }
    await make({ perAddress: 2 }, { trustProxy: '127.0.0.1' })
    await start()
    expect(await statuses()).to.deep.equal([200, 200, 200, 429])
    site.close()
    await app.close()
    await make({ perAddress: 2 })
    await start()
    expect(await statuses(), 'a stranger has written it').to.deep.equal([200, 200, 429, 429])
  })

  it('keeps a live page open past Fastify’s handlerTimeout, and gives hooks Node’s own request', async () => {
    let tell!: (req: IncomingMessage) => void
    const asked = new Promise<IncomingMessage>((resolve) => (tell = resolve))
    const mayShare = (req: IncomingMessage) => {
      tell(req)
      return true
    }
    await make({ live: true, mayShare }, { handlerTimeout: 100 })
    await start()
    // What Fastify does break off; an instance without the plugin shows it.
    app.get('/slow', () => new Promise(() => undefined))
    // At another server of the site, which may take its time.
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(origin, '/sign-in', { name: 'ada' })
    const cookie = [...visitor.cookies(origin)].map((pair) => pair.join('=')).join('; ')
    const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
    const address = `http://${new URL(origin).hostname}:${port}`
    const page = await listenTo(`${address}/session-hub/live`, {
      host,
      cookie,
      'sec-fetch-site': 'same-origin',
    })
    expect(page.status).to.equal(200)
    const slow = await fetch(`http://127.0.0.1:${port}/slow`, { headers: { host } })
    expect(slow.status).to.equal(503)
    await world.hub.hub.sessions.endAll('ada')
    await page.heard('ended')
    page.close()

    await app.inject({
      method: 'POST',
      url: '/session-hub/offer',
      headers: { host, origin, cookie },
      payload: { nonce: 'n'.repeat(43) },
    })
    expect((await asked).headers.host).to.equal(host)
  })

  it('takes bearers and leads over the hub, where it is told to', async () => {
    await make()
    await start({ bearer: true, redirectOnce: true })
    const page = {
      host,
      accept: 'text/html',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'none',
    }
    const led = await app.inject({ url: '/who', headers: page })
    expect(led.statusCode).to.equal(303)
    expect(led.headers.location).to.match(new RegExp(`^${world.hub.origin}/redirect`))
    const token = (await signIn()).cookies[0]!.value
    const known = await app.inject({ url: '/who', headers: { host, authorization: `Bearer ${token}` } })
    expect(known.json()).to.include({ subject: 'ada' })
  })

  it('says at the start what is wrong', async () => {
    await make()
    await start()
    const fault = (options: object, words: string[], prepare = (_app: FastifyInstance) => {}) =>
      expectOptionFault(async () => {
        const other = Fastify()
        prepare(other)
        await other.register(fastifySite, options as FastifySiteOptions)
      }, words)
    await fault({ site, baerer: true }, ['fastifySite', 'did you mean "bearer"'])
    await fault({ site, bearer: 'yes' }, ['"bearer"'])
    await fault({}, ['"site"'])
    await fault({ site: Promise.resolve(site) }, ['"site"', '`await`'])
    await fault({ site }, ['request.session', 'sessionProperty'], (other) => {
      other.decorateRequest('session', null as never)
    })
    // The twin: a property of its own beside it.
    site.close()
    await app.close()
    await make({ sessionProperty: 'hub' })
    app.decorateRequest('session', null as never)
    await app.register(fastifySite, { site })
    app.get('/who', (request) => ({ status: (Reflect.get(request, 'hub') as SiteSession).status }))
    expect((await app.inject({ url: '/who', headers: { host } })).json()).to.include({ status: 'none' })
  })
})
