/** `GET <endpoint>/live`: an open page hears at once when its session ends, wherever that happens. */
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'

import compression from 'compression'
import { expect } from 'chai'
import express, { type Request, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import { createSite } from 'session-hub/site'
import { generateSite } from 'session-hub/hub'

import { visitOf } from '../../sdk/site/adapters/node-visit.js'
import type { SiteContext } from '../../sdk/site/context.js'
import { createEndings } from '../../sdk/site/session/endings.js'
import { createLive, type Live } from '../../sdk/site/endpoints/live.js'
import type { HeldSession } from '../../sdk/site/session/held-session.js'
import { needs } from '../support/adapters/abilities.js'
import { listenTo, type Listening } from '../support/event-source.js'
import { createGate, type Gate } from '../support/gate.js'
import { createLine, type Line } from '../support/line.js'
import { listen } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { until } from '../support/until.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

const LIVE = '/session-hub/live'
const own = { 'sec-fetch-site': 'same-origin' }
const SECOND_MS = 1000
const MOST_PER_SESSION = 32

describe('an open page of a site', () => {
  let world: World
  let line: Line
  let gate: Gate
  let isReadBroken: boolean
  let visitor: Visitor
  let shop: string
  let travel: string
  const closing: (() => unknown)[] = []

  const breakReads: RequestHandler = (req, res, next) => {
    if (isReadBroken && req.path === '/backchannel/read') res.destroy()
    else next()
  }

  async function begin(options: WorldOptions = {}): Promise<void> {
    line = createLine()
    gate = createGate()
    isReadBroken = false
    const front = express.Router().use(line.handler, breakReads, gate.handler)
    world = await startWorld({ inFrontOfHub: front, site: { live: true }, ...options })
    closing.push(() => world.close())
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  }
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  const cookiesOf = (by: Visitor, site: string) =>
    [...by.cookies(site)].map(([name, value]) => `${name}=${value}`).join('; ')

  async function openPage(site: string, by = visitor): Promise<Listening> {
    const page = await listenTo(site + LIVE, { ...own, cookie: cookiesOf(by, site) })
    closing.push(() => page.close())
    return page
  }
  /** For answers that end at once. */
  const ask = (site: string, by = visitor): Promise<Reply> => by.ask(site + LIVE, { headers: own })

  async function shareCart(by = visitor): Promise<void> {
    await by.post(shop, '/cart', { item: 'boots' })
    expect((await by.sync(shop)).outcome).to.equal('adopt')
    expect((await by.sync(travel)).outcome).to.equal('replace')
  }
  async function signIn(by = visitor, name = 'ada'): Promise<void> {
    await by.post(shop, '/sign-in', { name })
    expect((await by.sync(shop)).outcome).to.equal('adopt')
    expect((await by.sync(travel)).outcome).to.equal('replace')
  }
  async function endsWithin(page: Listening, reason: string, act: () => unknown): Promise<void> {
    await until(() => line.open === 2)
    const startMs = performance.now()
    await act()
    const [event] = await page.heard('ended')
    expect(performance.now() - startMs).to.be.below(SECOND_MS)
    expect(JSON.parse(event!.data)).to.deep.equal({ reason })
    await page.ended
  }

  describe('hears within a second that its session has ended', () => {
    it('by a sign-out on another site', async () => {
      await begin()
      await signIn()
      const page = await openPage(travel)
      await endsWithin(page, 'signed-out', () => visitor.post(shop, '/sign-out', {}))
    })

    it('by the hub’s own application', async () => {
      await begin()
      await signIn()
      const page = await openPage(travel)
      const [session] = await world.hub.hub.sessions.list('ada')
      await endsWithin(page, 'revoked', () => world.hub.hub.sessions.end(session!.id))
    })

    it('by a sign-in elsewhere, where a user has one session', async () => {
      await begin({ hub: { singleSession: true } })
      await signIn()
      const page = await openPage(travel)
      const other = new Visitor(world.hub.origin)
      await endsWithin(page, 'replaced-elsewhere', () => other.post(shop, '/sign-in', { name: 'ada' }))
    })

    it('by a sign-out everywhere, and hears it once', async () => {
      await begin({ hub: { endAllOnSignOut: true } })
      await signIn()
      const pages = [await openPage(travel), await openPage(shop)]
      await until(() => line.open === 2)
      await visitor.post(shop, '/sign-out', {})
      for (const page of pages) {
        await page.heard('ended')
        await page.ended
        expect(page.events.map(({ data }) => data)).to.deep.equal(['{"reason":"signed-out"}'])
      }
    })

    it('by a sign-in on another site, if it is anonymous', async () => {
      await begin()
      await shareCart()
      const page = await openPage(travel)
      await endsWithin(page, 'signed-in', () => visitor.post(shop, '/sign-in', { name: 'ada' }))
    })
  })

  it('hears nothing when another session of its user ends, nor when all but its own do', async () => {
    await begin()
    const other = new Visitor(world.hub.origin)
    await signIn(other)
    await signIn()
    const [page, others] = [await openPage(travel), await openPage(travel, other)]
    await until(() => line.open === 2)
    const [newest] = await world.hub.hub.sessions.list('ada')
    await world.hub.hub.sessions.endAll('ada', { except: newest!.id })
    await others.heard('ended')
    const third = new Visitor(world.hub.origin)
    await signIn(third)
    await third.post(shop, '/sign-out', {})
    await until(async () => (await third.ask(`${travel}/who`)).json.session === 'none')
    expect(page.events).to.deep.equal([])
    // Its line is open still: this arrives.
    await visitor.post(shop, '/sign-out', {})
    await page.heard('ended')
  })

  it('is told at once what is private, and when to come again', async () => {
    await begin()
    await signIn()
    const page = await openPage(travel)
    expect(page.status).to.equal(200)
    expect(page.headers).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
    })
    await until(() => page.text() !== '')
    const [, retryMs] = /^retry: (\d+)\n\n$/.exec(page.text()) ?? []
    expect(Number(retryMs)).to.be.within(1000, 5000)
  })

  it('gets new cookies where its token is not fresh any more', async () => {
    await begin()
    await signIn()
    world.advance(301)
    const page = await openPage(travel)
    expect(page.status).to.equal(200)
    expect(page.headers['set-cookie']).to.have.lengthOf(2)
    expect(page.headers['cache-control']).to.equal('no-store, no-transform')
  })

  describe('has nothing to listen to', () => {
    const expectNothing = async (by = visitor) => {
      const { status, headers, text } = await ask(travel, by)
      expect({ status, text }).to.deep.equal({ status: 204, text: '' })
      expect(headers['cache-control']).to.match(/no-store/)
    }

    it('without a session', async () => {
      await begin()
      await expectNothing()
    })

    it('when its session has ended', async () => {
      await begin()
      await signIn()
      await visitor.post(shop, '/sign-out', {})
      world.advance(301)
      await expectNothing()
    })

    it('while the hub does not know of its sign-in', async () => {
      await begin()
      await world.hub.listener.stop()
      await visitor.post(travel, '/sign-in', { name: 'ada' })
      expect((await visitor.ask(`${travel}/who`)).json).to.include({ subject: 'ada' })
      await expectNothing()
    })

    it('on a site that has not turned it on', async () => {
      await begin({ site: {} })
      await signIn()
      expect((await ask(travel)).status).to.equal(404)
    })
  })

  it('whose session may have ended while the hub cannot be asked: comes again, and is told then', async () => {
    await begin()
    const other = new Visitor(world.hub.origin)
    await signIn(other)
    await signIn()
    const [page, others] = [await openPage(travel), await openPage(travel, other)]
    await until(() => line.open === 2)
    const [newest] = await world.hub.hub.sessions.list('ada')
    isReadBroken = true
    await world.hub.hub.sessions.endAll('ada', { except: newest!.id })
    for (const one of [page, others]) {
      await one.ended
      expect(one.events).to.deep.equal([])
    }
    isReadBroken = false
    await until(async () => (await visitor.ask(`${travel}/who`)).json.subject === 'ada')
    expect((await openPage(travel)).status).to.equal(200)
    expect((await ask(travel, other)).status).to.equal(204)
  })

  it('comes again when more was missed than the hub remembers', async () => {
    await begin()
    const other = new Visitor(world.hub.origin)
    await signIn()
    await signIn(other, 'bob')
    const [page, others] = [await openPage(travel), await openPage(travel, other)]
    await until(() => line.open === 2)
    line.cut()
    await visitor.post(shop, '/sign-out', {})
    await world.hub.store.sweep(
      { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: Number.MAX_SAFE_INTEGER, auditBeforeMs: 0 },
      1000,
    )
    line.mend()
    for (const one of [page, others]) {
      await one.ended
      expect(one.events).to.deep.equal([])
    }
    expect((await ask(travel)).status).to.equal(204)
    expect((await openPage(travel, other)).status).to.equal(200)
  })

  describe('has a place', () => {
    beforeEach(async () => {
      await begin()
      await signIn()
    })
    const fill = async () => {
      const pages: Listening[] = []
      for (let count = 0; count < MOST_PER_SESSION; count += 1) pages.push(await openPage(travel))
      expect(pages.map(({ status }) => status)).to.deep.equal(Array<number>(MOST_PER_SESSION).fill(200))
      return pages
    }

    it('as one of so many of its session, and leaves it when it goes', async () => {
      const pages = await fill()
      expect((await ask(travel)).status).to.equal(204)
      const other = new Visitor(world.hub.origin)
      await signIn(other, 'bob')
      expect((await openPage(travel, other)).status, 'another session').to.equal(200)
      pages[7]!.close()
      await until(async () => {
        const page = await openPage(travel)
        return page.status === 200
      })
      expect((await ask(travel)).status).to.equal(204)
    })

    it('that is not taken by those who go before they are answered', async () => {
      world.advance(301)
      const cookie = cookiesOf(visitor, travel)
      gate.holdUntil(1000, '/backchannel/read')
      const { port, host } = new URL(travel)
      const reads = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length
      const before = reads()
      for (let count = 0; count < 2 * MOST_PER_SESSION; count += 1) {
        const socket = net.connect(Number(port), '127.0.0.1')
        socket.write(
          `GET ${LIVE} HTTP/1.1\r\nHost: ${host}\r\nSec-Fetch-Site: same-origin\r\nCookie: ${cookie}\r\n\r\n`,
        )
        const { seen } = world.siteOf('travel').listener
        const arrived = seen.length + 1
        await until(() => seen.length === arrived)
        const closed = once(socket, 'close')
        socket.destroy()
        await closed
      }
      await until(() => reads() > before)
      gate.open()
      await until(async () => (await visitor.ask(`${travel}/who`)).json.session === 'signed-in')
      await fill()
    })

    it('only on a connection of its own', async function () {
      needs(this, 'pipelined requests')
      const cookie = cookiesOf(visitor, travel)
      const { port, host } = new URL(travel)
      const socket = net.connect(Number(port), '127.0.0.1').resume()
      const closed = once(socket, 'close')
      const { seen } = world.siteOf('travel').listener
      const arrived = seen.length + MOST_PER_SESSION
      socket.write(
        `GET ${LIVE} HTTP/1.1\r\nHost: ${host}\r\nSec-Fetch-Site: same-origin\r\nCookie: ${cookie}\r\n\r\n`.repeat(
          MOST_PER_SESSION,
        ),
      )
      await until(() => seen.length === arrived)
      socket.destroy()
      await closed
      await fill()
    })
  })

  it('is ended by site.close(), without a word of an end, and the server can close', async () => {
    await begin()
    await signIn()
    const page = await openPage(travel)
    world.siteOf('travel').site.close()
    await page.ended
    expect(page.events).to.deep.equal([])
    // Not 204: a page has to come again, to the process that takes over.
    const { status, text } = await ask(travel)
    expect(status).to.equal(200)
    expect(text).to.match(/^retry: \d{4}\n\n$/)
  })

  describe('hears at once through an application that', () => {
    const applications: Record<string, readonly RequestHandler[]> = {
      compresses: [compression({ threshold: 0 })],
      'sets its own headers': [
        helmet(),
        (_req, res, next) => {
          res.set('cache-control', 'public, max-age=60')
          next()
        },
      ],
      'does neither': [],
    }
    for (const [name, middleware] of Object.entries(applications)) {
      it(name, async function () {
        if (name === 'sets its own headers') needs(this, 'a header over one that was set before')
        await begin()
        const listener = await listen('own.localhost')
        closing.push(() => listener.close())
        const { keys, registration } = await generateSite(listener.origin)
        world.register(registration)
        const site = await createSite({ origin: listener.origin, hub: world.hub.origin, keys, live: true })
        closing.push(() => site.close())
        for (const handler of middleware) listener.use(handler)
        listener.use(siteApp('own', site))
        await visitor.post(listener.origin, '/sign-in', { name: 'ada' })
        const page = await openPage(listener.origin)
        await until(() => page.text().startsWith('retry:'))
        await until(() => line.open === 1)
        await world.hub.hub.sessions.endAll('ada')
        await page.heard('ended')
        expect(page.headers['content-encoding']).to.equal(undefined)
        expect(page.headers['cache-control']).to.equal('no-store, no-transform')
        if (name === 'compresses') {
          const other = await send(`${listener.origin}/`, { headers: { 'accept-encoding': 'gzip' } })
          expect(other.headers['content-encoding'], 'it does').to.equal('gzip')
        }
      })
    }
  })
})

describe('the open pages of one process', () => {
  const MOST = 3
  let server: Server

  /** An application in which each request has a session of its own. */
  async function listenAt(live: Live): Promise<string> {
    const endings = createEndings({ now: Date.now, hubTimeoutMs: 2000 })
    let count = 0
    const load = () => {
      const iat = Math.floor(Date.now() / 1000)
      const st = `session ${(count += 1)}`
      const token = { iss: '', aud: '', iat, exp: iat + 300, sk: 'handle', st }
      return Promise.resolve({ token } as HeldSession)
    }
    const site = { sessions: { ...endings, load } } as unknown as SiteContext
    const app = express()
      .set('trust proxy', 1)
      .get(LIVE, async (req: Request, res: Response) => {
        const visit = visitOf(req, res, 'session')
        const reply = await live.listen(site, visit, () => Promise.resolve())
        if (reply) visit.reply(reply)
      })
    server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}${LIVE}`
  }
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it('are so many at most; one more looks by itself, until one goes', async () => {
    const live = createLive(MOST)
    const url = await listenAt(live)
    const open = () => listenTo(url, own)
    const pages = [await open(), await open(), await open()]
    expect(pages.map(({ status }) => status)).to.deep.equal([200, 200, 200])
    expect((await open()).status).to.equal(204)
    pages[0]!.close()
    await until(async () => (await open()).status === 200)
    expect((await open()).status).to.equal(204)
    live.close()
    await Promise.all(pages.map(({ ended }) => ended))
    const last = await open()
    await last.ended
    expect(last.text(), 'comes again, to another process').to.match(/^retry: \d{4}\n\n$/)
  })

  it('count those that only probe, until each ends by itself', async () => {
    const live = createLive(MOST)
    const url = await listenAt(live)
    const pages = await Promise.all([url, `${url}?probe`, `${url}?probe`].map((each) => listenTo(each, own)))
    expect(pages.map(({ status }) => status)).to.deep.equal([200, 200, 200])
    expect((await listenTo(`${url}?probe`, own)).status).to.equal(204)
    await pages[1]!.ended
    expect(pages[1]!.text()).to.equal(': first\n\n: last\n\n')
    expect((await listenTo(url, own)).status).to.equal(200)
    live.close()
  })

  it('R31: are held by a long probe for few strangers at once, and a short one still has its place', async () => {
    const live = createLive()
    const url = await listenAt(live)
    const ask = (query: string) => listenTo(`${url}?${query}`, own)
    const long = await Promise.all(Array.from({ length: 8 }, () => ask('probe=60')))
    expect(long.map(({ status }) => status)).to.deep.equal(Array(8).fill(200))
    expect((await ask('probe=60')).status).to.equal(204)
    const short = await Promise.all(['probe', 'probe=0', 'probe=x', 'probe=1'].map(ask))
    expect(short.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200])
    long[0]!.close()
    await until(async () => {
      const again = await ask('probe=60')
      again.close()
      return again.status === 200
    })
    live.close()
  })

  it('are so many at most at one address, whatever their sessions; another address has its own', async () => {
    const live = createLive()
    const url = await listenAt(live)
    const open = (address: string) => listenTo(url, { ...own, 'x-forwarded-for': address })
    const pages: Listening[] = []
    for (let count = 0; count < 128; count += 1) pages.push(await open(`2001:db8::${count.toString(16)}`))
    expect(pages.every(({ status }) => status === 200)).to.equal(true)
    expect((await open('2001:db8::ffff')).status).to.equal(204)
    expect((await open('2001:db8:1::1')).status).to.equal(200)
    pages[0]!.close()
    await until(async () => (await open('2001:db8::1')).status === 200)
    live.close()
  })
})
