/** `site.read()`: a session where there is no answer to give, and word of its end. A web socket closes when its visitor signs out elsewhere. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { type ReadSession, SessionHubError, type Site } from 'session-hub/site'
import { WebSocket, WebSocketServer } from 'ws'

import { createLine, type Line } from '../support/line.js'
import { until } from '../support/until.js'
import { startUsers, type Users } from '../support/users.js'
import { Visitor } from '../support/visitor.js'
import type { WorldOptions } from '../support/world.js'

const FRESH = 300
const GRACE = 3600
/** Longer than a site ever leaves a hub alone that did not answer. */
const PAUSE = 11

describe('a session that is read where there is no answer', () => {
  let users: Users
  let site: Site
  let ada: Visitor
  let line: Line
  let server: http.Server
  let sockets: WebSocketServer
  let address: string
  /** What the server has read, of each socket that was asked for. */
  let reads: ReadSession[]
  /** What the server has heard of ends. */
  let ends: string[]

  async function start(options: WorldOptions = {}): Promise<void> {
    line = createLine()
    users = await startUsers({ inFrontOfHub: line.handler, sisters: true, ...options })
    ;({ site } = users.world.siteOf('shop'))
    ada = users.browser()
    reads = []
    ends = []
    server = http.createServer().listen(0, '127.0.0.1')
    sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (req, socket, head) => {
      void site.read(req, { bearer: true }).then((read) => {
        reads.push(read)
        if (!read.session) {
          socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n')
          return
        }
        sockets.handleUpgrade(req, socket, head, (open) => {
          const release = read.onEnded((reason) => {
            ends.push(reason)
            open.close(4401, reason)
          })
          open.on('close', release)
          open.send(String(read.session?.subject))
        })
      })
    })
    await once(server, 'listening')
    address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  afterEach(async () => {
    for (const open of sockets.clients) open.terminate()
    server.close()
    await users.world.close()
  })

  const cookieOf = (visitor: Visitor, at = users.shop) =>
    [...visitor.cookies(at)].map((pair) => pair.join('=')).join('; ')

  /** @param headers in the place of those that a page of the shop would send */
  function dial(visitor: Visitor, headers: Record<string, string> = {}): WebSocket {
    const socket = new WebSocket(address, {
      headers: { cookie: cookieOf(visitor), origin: users.shop, ...headers },
    })
    socket.on('error', () => undefined)
    return socket
  }
  async function open(visitor: Visitor, headers?: Record<string, string>) {
    const socket = dial(visitor, headers)
    const closed = once(socket, 'close').then(([code, reason]) => `${Number(code)} ${String(reason)}`)
    const [said] = (await once(socket, 'message')) as [Buffer]
    return { socket, closed, subject: String(said) }
  }
  /** The same as a `Request`. */
  const request = (visitor: Visitor, headers: Record<string, string> = {}) =>
    new Request(`${users.shop}/feed`, {
      headers: { host: new URL(users.shop).host, cookie: cookieOf(visitor), ...headers },
    })
  async function refused(visitor: Visitor, headers?: Record<string, string>): Promise<unknown> {
    const socket = dial(visitor, headers)
    await new Promise((closed) => socket.on('close', closed))
    const { session, reason } = reads.at(-1)!
    expect(session).to.equal(null)
    return reason
  }

  describe('by a web socket', () => {
    beforeEach(async () => {
      await start()
      await users.signIn(ada, 'ada')
    })

    it('knows the user, and closes within a second of a sign-out on another site', async () => {
      const { closed, subject } = await open(ada)
      expect(subject).to.equal('ada')
      const fromMs = performance.now()
      await ada.post(users.travel, '/sign-out', {})
      expect(await closed).to.equal('4401 signed-out')
      expect(performance.now() - fromMs).to.be.below(1000)
    })

    it('closes as well by a sign-out here, by an administrator, by a sign-in, and not by another’s sign-out', async () => {
      const bob = users.browser()
      await bob.post(users.shop, '/sign-in', { name: 'bob' })
      const { closed: bobs, socket } = await open(bob)
      const acts: Record<string, () => Promise<unknown>> = {
        'signed-out': () => ada.post(users.shop, '/session-hub/sign-out', {}),
        revoked: () => users.world.hub.hub.sessions.endAll('ada'),
        'signed-in': () => ada.post(users.shop, '/sign-in', { name: 'cleo' }),
      }
      for (const [reason, act] of Object.entries(acts)) {
        await ada.post(users.shop, '/sign-in', { name: 'ada' })
        const { closed } = await open(ada)
        await act()
        expect(await closed).to.equal(`4401 ${reason}`)
      }
      expect(socket.readyState).to.equal(WebSocket.OPEN)
      socket.close()
      await bobs
      expect(ends).to.have.length(3)
    })

    it('stays open where another of the user’s sessions ends', async () => {
      const laptop = users.browser()
      await users.signIn(laptop, 'ada')
      const { closed, socket } = await open(ada)
      const { closed: others } = await open(laptop)
      await ada.post(users.shop, '/account/end-others', {})
      expect(await others).to.equal('4401 revoked')
      expect((await ada.whoami(users.shop)).subject).to.equal('ada')
      expect(socket.readyState).to.equal(WebSocket.OPEN)
      await ada.post(users.shop, '/sign-out', {})
      expect(await closed).to.equal('4401 signed-out')
    })

    it('knows nobody who has no session, and says nothing of a reason', async () => {
      expect(await refused(users.browser())).to.equal(null)
    })

    it('says that a session has ended', async () => {
      const old = ada.copy()
      await ada.post(users.shop, '/sign-out', {})
      expect(await refused(old)).to.equal('session_ended')
    })

    it('R18: is no page’s of another origin, with the very cookies', async () => {
      for (const origin of [users.travel, 'https://evil.example', 'null', `${users.shop}.evil.example`])
        expect(await refused(ada, { origin })).to.equal('origin_denied')
      expect((await open(ada)).subject).to.equal('ada')
    })

    const otherSockets: Record<string, Record<string, string>> = {
      'over HTTP/2 (RFC 8441)': { ':protocol': 'websocket' },
      'over HTTP/3 (WebTransport)': { ':protocol': 'webtransport' },
      'behind a proxy that has kept the version alone': { 'sec-websocket-version': '13' },
      'that the browser itself calls one': { 'sec-fetch-mode': 'websocket' },
    }
    for (const [what, headers] of Object.entries(otherSockets)) {
      it(`R18: a web socket ${what} is no page’s of another origin either`, async () => {
        const asked = (origin: string) =>
          site.read({
            headers: { cookie: cookieOf(ada), origin, ...headers },
          } as unknown as http.IncomingMessage)
        expect((await asked(users.travel)).reason).to.equal('origin_denied')
        expect((await asked(users.shop)).session).to.include({ subject: 'ada' })
      })
    }

    it('R28: a request that the middleware has seen is judged anew when it is read again hours later', async () => {
      const headers = { cookie: cookieOf(ada), upgrade: 'websocket', origin: users.shop }
      const req = { headers, method: 'GET', url: '/' } as unknown as http.IncomingMessage
      await new Promise((next) => site.session()(req, {} as never, next))
      expect((await site.read(req)).session).to.include({ subject: 'ada' })

      users.world.advance(2 * FRESH)
      expect((await site.read(req)).session, 'the session lives').to.include({ subject: 'ada' })
      await ada.post(users.travel, '/sign-out', {})
      users.world.advance(2 * FRESH)
      expect(await site.read(req)).to.include({ session: null, reason: 'session_ended' })
    })

    it('R36: is nobody’s by a token beside the cookie of another session; by the token alone, its owner’s', async () => {
      const bob = users.browser()
      await bob.post(users.shop, '/sign-in', { name: 'bob' })
      const authorization = `Bearer ${bob.cookies(users.shop).get('__Host-session')!}`
      expect(await refused(ada, { authorization })).to.equal('session_ambiguous')
      expect((await open(bob, { cookie: '', authorization })).subject).to.equal('bob')
    })

    it('reads and changes the data of a session, and begins none', async () => {
      const { closed, socket } = await open(ada)
      expect(await reads[0]!.session!.update({ cart: ['boots'] })).to.deep.equal({ cart: ['boots'] })
      expect(await reads[0]!.session!.data()).to.deep.equal({ cart: ['boots'] })
      socket.close()
      await closed
    })

    it('tells nobody who has let go of it', async () => {
      const { closed, socket } = await open(ada)
      const another = await site.read(request(ada))
      const heard: string[] = []
      another.onEnded((reason) => void heard.push(reason))()
      another.onEnded((reason) => void heard.push(`still: ${reason}`))
      await ada.post(users.travel, '/sign-out', {})
      expect(await closed).to.equal('4401 signed-out')
      expect(heard).to.deep.equal(['still: signed-out'])
      expect(socket.readyState).to.equal(WebSocket.CLOSED)
    })

    it('tells all others where one listener throws, and the log of that one', async () => {
      const read = await site.read(request(ada))
      read.onEnded(() => {
        throw new Error('the socket is gone')
      })
      read.onEnded(async () => {
        throw new Error('the socket is gone')
      })
      const { closed } = await open(ada)
      await ada.post(users.travel, '/sign-out', {})
      expect(await closed).to.equal('4401 signed-out')
      await until(() => users.world.log.filter(({ event }) => event === 'hook_failed').length === 2)
    })

    it('tells whoever asks after the end', async () => {
      const read = await site.read(request(ada))
      await ada.post(users.shop, '/sign-out', {})
      expect(await new Promise((heard) => read.onEnded(heard))).to.equal('signed-out')
    })

    it('closes with the site itself', async () => {
      const { closed } = await open(ada)
      site.close()
      expect(await closed).to.equal('4401 unknown')
    })
  })

  describe('that goes on for long', () => {
    it('closes when the session’s life is over, and asks the hub nothing before', async () => {
      await start({ site: { freshForSeconds: 1 } })
      await users.signIn(ada, 'ada')
      const { closed, socket } = await open(ada)
      const reading = () =>
        users.world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length
      const before = reading()
      // Five looks of half a second; one of them may have had to ask how long the session lives.
      await new Promise((passed) => setTimeout(passed, 2600))
      expect(reading() - before, 'the stream is there, and the session’s life is long').to.be.at.most(1)
      expect(socket.readyState).to.equal(WebSocket.OPEN)
      users.world.advance(31 * 86_400)
      expect(await closed).to.equal('4401 expired')
    })

    it('is looked at as often as a request would be while the stream is cut, and closes by that', async () => {
      await start({ site: { freshForSeconds: 1 } })
      await users.signIn(ada, 'ada')
      const { closed } = await open(ada)
      await until(() => line.open > 0)
      line.cut()
      await users.world.hub.hub.sessions.endAll('ada')
      expect(await closed).to.equal('4401 revoked')
    })

    it('R21: lives on while the hub is down, for the grace of the session and no longer', async () => {
      await start({ site: { freshForSeconds: 1 } })
      await users.signIn(ada, 'ada')
      const { closed, socket } = await open(ada)
      await users.world.hub.listener.stop()
      users.world.advance(GRACE - 60)
      await until(() =>
        users.world.log.some(({ event, where }) => event === 'request_failed' && where === 'session'),
      )
      expect(socket.readyState).to.equal(WebSocket.OPEN)
      users.world.advance(120)
      expect(await closed).to.equal('4401 unknown')
    })

    it('is known by nobody past that, and the reason is the hub', async () => {
      await start()
      await users.signIn(ada, 'ada')
      await users.world.hub.listener.stop()
      users.world.advance(FRESH + GRACE + 60)
      expect(await refused(ada)).to.equal('unavailable')
    })

    it('closes by a sign-out here while the hub is down, of a sign-in that it does not know too', async () => {
      await start()
      await users.signIn(ada, 'ada')
      await users.world.hub.listener.stop()
      const bob = users.browser()
      await bob.post(users.shop, '/sign-in', { name: 'bob' })
      for (const visitor of [ada, bob]) {
        users.world.advance(PAUSE)
        const { closed } = await open(visitor)
        await visitor.post(users.shop, '/session-hub/sign-out', {})
        expect(await closed).to.equal('4401 signed-out')
      }
    })
  })

  describe('by a Request of the Web', () => {
    it('is the same, and ends the same', async () => {
      await start()
      await users.signIn(ada, 'ada')
      const read = await site.read(request(ada))
      expect(read.session).to.include({ status: 'signed-in', subject: 'ada' })
      const ended = new Promise((heard) => read.onEnded(heard))
      await ada.post(users.travel, '/sign-out', {})
      expect(await ended).to.equal('signed-out')
      expect(await site.read(request(users.browser()))).to.include({ session: null, reason: null })
    })

    it('leaves an ordinary request as it is for the middleware', async () => {
      await start()
      await users.world.addSite('magazine', (app, own) => {
        app.use(async (req, _res, next) => {
          await own.read(req)
          expect('session' in req).to.equal(false)
          next()
        })
        app.use(own.session())
        app.post('/', async (req, res) => {
          res.json(await req.session.update({ cart: ['boots'] }))
        })
      })
      const { origin } = users.world.siteOf('magazine')
      const reply = await ada.post(origin, '/', {})
      expect(reply.json).to.deep.equal({ cart: ['boots'] })
      expect(reply.headers['set-cookie']).to.have.length(2)
    })
  })

  it('rejects for nothing but what is no request, or a wrong option', async () => {
    await start()
    const wrong: [unknown, object, string][] = [
      [undefined, {}, 'a request'],
      [{}, {}, 'a request'],
      [{ headers: {} }, { baerer: true }, 'did you mean "bearer"?'],
      [{ headers: {} }, { bearer: 'yes' }, '"bearer" has to be true or false'],
    ]
    for (const [given, options, said] of wrong) {
      const error: unknown = await site.read(given as Request, options).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(SessionHubError).and.include({ code: 'request_invalid' })
      expect((error as Error).message).to.include(said)
    }
    const { onEnded, ...rest } = await site.read(request(users.browser()))
    expect(rest).to.deep.equal({ session: null, reason: null })
    expect(() => (onEnded as (listener: unknown) => void)('close')).to.throw(SessionHubError, 'a function')
  })
})
