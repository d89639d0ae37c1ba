/** A server that is told to stop while it is in use. */
import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'

import { expect } from 'chai'
import express from 'express'
import { generateSite, gracefulStop as stopOfHub } from 'session-hub/hub'
import { createSite, gracefulStop, type Site } from 'session-hub/site'

import { keepBusy } from '../support/busy-connections.js'
import { listenTo } from '../support/event-source.js'
import { expectOptionFault } from '../support/option-fault.js'
import { siteApp } from '../support/site-app.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('gracefulStop', () => {
  let world: World
  let site: Site
  let server: http.Server
  let origin: string
  /** Requests to `/slow` wait for `answer`, and `/slow` says when one has come. */
  let slow: EventEmitter

  beforeEach(async () => {
    world = await startWorld({ sites: [] })
    const app = express()
    server = http.createServer(app)
    server.keepAliveTimeout = 60_000
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://shop.localhost:${(server.address() as AddressInfo).port}`
    const { keys, registration } = await generateSite(origin)
    world.register(registration)
    site = await createSite({ origin, hub: world.hub.origin, keys, live: true })
    slow = new EventEmitter()
    app.get('/slow', (_req, res) => {
      slow.once('answer', () => res.send('done'))
      slow.emit('come')
    })
    app.use(siteApp('shop', site))
  })
  afterEach(async () => {
    site.close()
    server.closeAllConnections()
    await world.close()
  })

  it('cuts off none of 20 busy connections: each learns with its last answer that it ends', async () => {
    const busy = keepBusy(origin, '/plain', 20)
    await busy.answered(5)

    const isClean = await gracefulStop(server, [site])

    expect(await busy.ends).to.deep.equal(Array.from({ length: 20 }, () => 'told'))
    expect(isClean).to.equal(true)
    expect(server.listening).to.equal(false)
  })

  it('lets an open request finish, and refuses new connections meanwhile', async () => {
    const come = once(slow, 'come')
    const open = answerOn(new http.Agent(), `${origin}/slow`)
    await come
    const stopped = gracefulStop(server, [site])

    const refused = connect(Number(new URL(origin).port), '127.0.0.1')
    const [{ code }] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
    slow.emit('answer')

    expect(code).to.equal('ECONNREFUSED')
    expect((await open).text).to.equal('done')
    expect(await stopped).to.equal(true)
  })

  it('cuts off a request that does not end in time, and a socket that was upgraded holds nothing up', async () => {
    const sockets: Duplex[] = []
    server.on('upgrade', (_req, socket) => {
      sockets.push(socket)
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    })
    const upgraded = connect(Number(new URL(origin).port), '127.0.0.1')
    upgraded.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    await once(upgraded, 'data')
    const come = once(slow, 'come')
    const open = answerOn(new http.Agent(), `${origin}/slow`).catch((error: unknown) => error)
    await come

    expect(await gracefulStop(server, [site], { withinSeconds: 1 })).to.equal(false)

    expect(await open).to.be.instanceOf(Error)
    expect(upgraded.destroyed).to.equal(false)
    for (const socket of [upgraded, ...sockets]) socket.destroy()
  })

  it('sends open pages elsewhere, and also one that comes on a kept connection', async () => {
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(origin, '/sign-in', { name: 'ada' })
    const own = {
      cookie: [...visitor.cookies(origin)].map((pair) => pair.join('=')).join('; '),
      'sec-fetch-site': 'same-origin',
    }
    const page = await listenTo(`${origin}/session-hub/live`, own)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    await answerOn(agent, `${origin}/plain`)

    const stopped = gracefulStop(server, [site])
    await page.ended
    const late = await answerOn(agent, `${origin}/session-hub/live`, own)

    expect(late.headers).to.include({ connection: 'close' })
    expect(late.headers['content-type']).to.include('text/event-stream')
    // EventSource comes again after an answer of this kind, and never after any other.
    expect(late).to.include({ status: 200 })
    expect(late.text).to.match(/^retry: \d{4}\n\n$/)
    expect(await stopped).to.equal(true)
  })

  it('waits for a connection that a client keeps and does not use, for a second', async () => {
    const agent = new http.Agent({ keepAlive: true })
    await answerOn(agent, `${origin}/plain`)
    const beganMs = performance.now()

    expect(await gracefulStop(server, [site])).to.equal(true)

    expect(performance.now() - beganMs).to.be.within(900, 4000)
  })

  it('refuses what is no server, no list of hubs and sites, or no such option', async () => {
    const wrong: [given: unknown, word: string][] = [
      [[{}, [site]], 'server'],
      [[server, site], 'list'],
      [[server, [{}]], 'list'],
      [[server, [site], { withinSeconds: 0 }], 'withinSeconds'],
      [[server, [site], { withinSecond: 5 }], 'withinSeconds'],
    ]
    for (const [given, word] of wrong)
      await expectOptionFault(() => gracefulStop(...(given as Parameters<typeof gracefulStop>)), [word])
    expect(server.listening, 'and nothing has stopped').to.equal(true)
    expect(stopOfHub, 'the same for hubs').to.be.a('function')
  })
})

/** On a kept connection of this agent. */
async function answerOn(agent: http.Agent, url: string, headers: http.OutgoingHttpHeaders = {}) {
  const { port, host, pathname } = new URL(url)
  const req = http.get({ host: '127.0.0.1', port, path: pathname, headers: { host, ...headers }, agent })
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  let text = ''
  res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(res, 'end')
  return { status: res.statusCode, headers: res.headers, text }
}
