/** `site.session()` and `req.session`: what a visitor's session costs, keeps and survives on one site. */
import { inspect } from 'node:util'

import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { generateSite } from 'session-hub/hub'
import {
  createSite,
  type JsonObject,
  type ReplacedEvent,
  SessionHubError,
  type Site,
  type SiteOptions,
} from 'session-hub/site'

import { createGate } from '../support/gate.js'
import { handleIn } from '../support/handles.js'
import { listen, type Listener } from '../support/listener.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { type WatchedStore, watchedStore } from '../support/watched-store.js'
import { withoutEvents } from '../support/without-events.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'
import { needs } from '../support/adapters/abilities.js'

const SESSION = '__Host-session'
const STATE = '__Host-session-state'
const FRESH = 300
const GRACE = 3600
/** Longer than a site ever leaves a hub alone that did not answer. */
const PAUSE = 11

describe('the session of a site', () => {
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string
  let listeners: Listener[] = []
  let closing: (() => void)[] = []

  async function start(options: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], ...options })
    ada = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    for (const name of ['shop', 'travel']) addRoutes(world.siteOf(name).listener, world.siteOf(name).site)
  }
  afterEach(async () => {
    for (const close of closing) close()
    for (const listener of listeners) await listener.close()
    listeners = []
    closing = []
    await world.close()
  })

  it('R30: shows no handle to whoever prints it or copies its members', async () => {
    await start()
    await ada.post(shop, '/sign-in', { name: 'ada' })
    const handle = handleIn(ada.cookies(shop).get(SESSION)!)!
    const { printed, members } = (await ada.ask(`${shop}/printed`)).json
    expect(printed).to.be.a('string').that.does.not.include(handle)
    expect(JSON.stringify(members)).to.not.include(handle)
  })

  /** One more registered site whose application is what this makes of it. */
  async function startOwn(
    build: (app: express.Express, site: Site) => void,
    options: Partial<SiteOptions> = {},
  ): Promise<string> {
    const listener = await listen('own.localhost')
    const { keys, registration } = await generateSite(listener.origin)
    world.register(registration)
    const { origin } = listener
    const site = await createSite({ origin, hub: world.hub.origin, keys, now: () => world.now(), ...options })
    build(listener.app, site)
    addErrors(listener)
    listeners.push(listener)
    closing.push(() => site.close())
    return origin
  }

  /** The event stream is no question. */
  const asksOfHub = (act?: string) =>
    world.hub.listener.seen.filter(({ url }) =>
      act === undefined ? url !== '/backchannel/events' : url === `/backchannel/${act}`,
    ).length
  const cartOf = async (visitor: Visitor, site: string) => {
    const { data } = (await visitor.whoami(site)) as { data: { cart?: string[] } }
    return data.cart ?? []
  }
  const who = async (visitor: Visitor, site: string) => (await visitor.ask(`${site}/who`)).json
  /** Ada has boots in her cart at the shop, and the same session at travel. */
  async function shared(): Promise<void> {
    await ada.post(shop, '/cart', { item: 'boots' })
    await ada.sync(shop)
    await ada.sync(travel)
  }

  describe('of a visitor who has none', () => {
    beforeEach(() => start())

    it('does he get a cookie, or the hub a request, before there is something to keep?', async () => {
      for (const path of ['/', '/who', '/whoami', '/plain']) {
        const reply = await ada.ask(shop + path)
        expect(reply.status, path).to.equal(200)
        expect(reply.headers['set-cookie'], path).to.equal(undefined)
      }
      expect(asksOfHub()).to.equal(0)
      expect(await ada.whoami(shop)).to.deep.equal({ session: 'none', subject: null, claims: {}, data: {} })
    })

    it('does the first update give him both cookies, once each?', async () => {
      const reply = await ada.post(shop, '/cart', { item: 'boots' })
      expect(reply.json).to.deep.equal({ cart: ['boots'] })
      expect(namesOf(reply)).to.deep.equal([SESSION, STATE])
      expect(await who(ada, shop)).to.include({ session: 'anonymous', subject: null })
    })

    it('does an update that stores nothing new give him new cookies each time?', async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      expect((await ada.post(shop, '/cart', { item: 'laces' })).headers['set-cookie']).to.equal(undefined)
    })
  })

  describe('data', () => {
    beforeEach(() => start())

    it('is a patch merged as RFC 7396 has it: members replace, objects merge, null removes?', async () => {
      const patch = async (change: JsonObject) => (await ada.post(shop, '/patch', change)).json
      expect(await patch({ cart: ['boots'], seen: { a: 1, b: 2 } })).to.deep.equal({
        cart: ['boots'],
        seen: { a: 1, b: 2 },
      })
      expect(await patch({ seen: { b: null, c: 3 } })).to.deep.equal({
        cart: ['boots'],
        seen: { a: 1, c: 3 },
      })
      expect(await patch({ cart: null, missing: null })).to.deep.equal({ seen: { a: 1, c: 3 } })
      expect((await ada.whoami(shop))['data']).to.deep.equal({ seen: { a: 1, c: 3 } })
    })

    it('is it asked for once in a request, however often it is read?', async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      const before = asksOfHub()
      expect((await ada.ask(`${shop}/twice`)).json).to.deep.equal([{ cart: ['boots'] }, { cart: ['boots'] }])
      expect(asksOfHub() - before).to.equal(1)
    })

    it('is more than a session holds refused by name, and what was there kept?', async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      const reply = await ada.post(shop, '/fill', { bytes: 20_000 })
      expect(reply.status).to.equal(413)
      for (const name of ['a', 'b']) await ada.post(shop, '/fill', { name, bytes: 7000 })
      expect((await ada.post(shop, '/fill', { name: 'c', bytes: 7000 })).json.error).to.equal(
        'data_too_large',
      )
      expect(await cartOf(ada, shop)).to.deep.equal(['boots'])
    })
  })

  describe('within its freshness and after it', () => {
    const gate = createGate()
    beforeEach(async () => {
      await start({
        // What is held back for long is not sent a second time.
        site: { hubTimeoutMs: 10_000 },
        inFrontOfHub: (req, res, next) => {
          withoutEvents(req, res, (error) => {
            if (error === undefined) gate.handler(req, res, next)
          })
        },
      })
      await shared()
    })

    it('does a request cost a hub call in the first half of it?', async () => {
      const before = asksOfHub()
      for (let request = 1; request <= 20; request += 1) {
        expect(await who(ada, shop)).to.include({ session: 'anonymous' })
      }
      world.advance(FRESH / 2 - 5)
      const replies = await Promise.all(Array.from({ length: 50 }, () => ada.ask(`${shop}/who`)))
      expect(replies.every(({ headers }) => headers['set-cookie'] === undefined)).to.be.true
      expect(asksOfHub() - before).to.equal(0)
    })

    it('do fifty parallel requests cost exactly one read after that, and the next ones none?', async () => {
      world.advance(FRESH + 1)
      const before = asksOfHub('read')
      const { seen } = world.siteOf('shop').listener
      const arrived = seen.length + 50
      // The read is held back until all fifty are there, so that no luck decides how many find it under way.
      gate.holdUntil(Infinity, '/backchannel/read')
      const asking = Array.from({ length: 50 }, () => ada.ask(`${shop}/who`))
      while (seen.length < arrived || asksOfHub('read') === before) await new Promise(setImmediate)
      gate.open()
      for (const { status, json } of await Promise.all(asking)) {
        expect({ status, ...json }).to.include({ status: 200, session: 'anonymous', isStale: false })
      }
      expect(asksOfHub('read') - before).to.equal(1)

      const after = asksOfHub()
      expect(await who(ada, shop)).to.include({ session: 'anonymous' })
      expect(asksOfHub()).to.equal(after)
    })

    it('is a session that was ended elsewhere known for half of it at most, and then cleared?', async () => {
      await ada.post(travel, '/sign-out', {})
      world.advance(FRESH / 2 - 5)
      expect(await who(ada, shop)).to.include({ session: 'anonymous' })
      world.advance(6)
      const reply = await ada.ask(`${shop}/who`)
      expect(reply.json).to.include({ session: 'none', isStale: false })
      expect(clearedIn(reply)).to.deep.equal([SESSION, STATE])
      expect(ada.cookies(shop).size).to.equal(0)
    })

    it('does a site choose how long that is?', async () => {
      const own = await startOwn((app, site) => app.use(site.session(), whoRoute, patchRoute), {
        freshForSeconds: 10,
      })
      await ada.post(own, '/patch', { a: 1 })
      const before = asksOfHub('read')
      world.advance(3)
      await ada.ask(`${own}/who`)
      expect(asksOfHub('read') - before).to.equal(0)
      world.advance(3)
      await ada.ask(`${own}/who`)
      expect(asksOfHub('read') - before).to.equal(1)
    })
  })

  describe('while the hub is down', () => {
    const gate = createGate()
    beforeEach(() => start({ inFrontOfHub: gate.handler }))

    it('does it live on, said to be stale, for its grace and no longer, and come back with the hub?', async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      await world.hub.listener.stop()
      world.advance(FRESH + 1)
      const reply = await ada.ask(`${shop}/who`)
      expect(reply.json).to.deep.equal({ session: 'anonymous', subject: null, isStale: true })
      expect(reply.headers['set-cookie']).to.equal(undefined)
      expect((await ada.ask(`${shop}/whoami`)).json, 'its data is the hub’s').to.deep.equal({
        error: 'unavailable',
      })
      world.advance(GRACE - 5)
      expect(await who(ada, shop)).to.include({ session: 'anonymous', isStale: true })
      world.advance(5)
      expect(await who(ada, shop)).to.include({ session: 'none', isStale: true })
      expect(ada.cookies(shop).size, 'nothing was taken away').to.equal(2)

      await world.hub.listener.start()
      world.advance(PAUSE)
      expect(await ada.whoami(shop)).to.deep.include({ session: 'anonymous', data: { cart: ['boots'] } })
      expect(world.log.map(({ event }) => event)).to.include.members(['hub_unreachable', 'hub_back'])
    })

    it('is a sign-in good at once, without a handle, and the hub told of it when it is back?', async () => {
      await world.hub.listener.stop()
      const signedIn = await ada.post(shop, '/sign-in', { name: 'ada', claims: { name: 'Ada' } })
      expect(signedIn.json).to.deep.equal({ subject: 'ada' })
      expect(namesOf(signedIn)).to.include(SESSION)
      expect(await who(ada, shop)).to.include({ session: 'signed-in', subject: 'ada' })
      expect((await ada.post(shop, '/cart', { item: 'x' })).json.error).to.equal('unavailable')

      await world.hub.listener.start()
      world.advance(PAUSE)
      expect(await ada.whoami(shop)).to.deep.equal({
        session: 'signed-in',
        subject: 'ada',
        claims: { name: 'Ada' },
        data: {},
      })
      await ada.sync(shop)
      await ada.sync(travel)
      expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
    })

    it('is the hub told of one sign-in once, when many requests come as it is back?', async () => {
      await world.hub.listener.stop()
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await world.hub.listener.start()
      world.advance(PAUSE)
      await new Visitor(world.hub.origin).post(shop, '/cart', { item: 'of the one who finds out' })
      const before = asksOfHub('sign-in')
      const { seen } = world.siteOf('shop').listener
      const arrived = seen.length + 10
      gate.holdUntil(Infinity, '/backchannel/sign-in')
      const asking = Array.from({ length: 10 }, () => who(ada, shop))
      while (seen.length < arrived || asksOfHub('sign-in') === before) await new Promise(setImmediate)
      gate.open()
      for (const told of await Promise.all(asking)) expect(told).to.include({ subject: 'ada' })
      expect(asksOfHub('sign-in') - before).to.equal(1)
    })

    it('is a sign-out good here at once, and everywhere when the hub is back?', async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      await ada.sync(travel)
      await world.hub.listener.stop()
      const reply = await ada.post(shop, '/sign-out', {})
      expect(clearedIn(reply)).to.deep.equal([SESSION, STATE])
      expect(await who(ada, shop)).to.include({ session: 'none' })

      const told = world.hub.listener.next(({ url, status }) => url === '/backchannel/end' && status === 200)
      await world.hub.listener.start()
      world.advance(PAUSE)
      await told
      expect((await ada.ask(`${travel}/strict`)).json.error).to.equal('session_ended')
      expect(await ada.sync(shop), 'nothing signs him in again').to.include({ outcome: 'none' })
    })

    it('do eight requests that fail together keep the site from its hub for longer than one does?', async () => {
      const { listener } = world.hub
      const newcomer = () => new Visitor(world.hub.origin).post(shop, '/cart', { item: 'x' })
      await newcomer()
      const pauseAfter = async (requests: number) => {
        // Of those that come together, all but the first share a request.
        const arrived = listener.seen.length + Math.min(requests, 2)
        listener.hang(true)
        const failing = Array.from({ length: requests }, () => newcomer())
        while (listener.seen.length < arrived) await new Promise(setImmediate)
        await listener.stop()
        listener.hang(false)
        for (const { status } of await Promise.all(failing)) expect(status).to.equal(503)
        await listener.start()
        const from = world.now()
        while ((await newcomer()).status !== 200) world.advance(0.25)
        return Math.round((world.now() - from) / 1000)
      }
      const one = await pauseAfter(1)
      expect(await pauseAfter(8)).to.equal(one)
    })
  })

  describe('that was ended elsewhere while it is still fresh here', () => {
    let store: WatchedStore
    beforeEach(() => {
      store = watchedStore()
      return start({ hub: { store }, inFrontOfHub: withoutEvents })
    })

    for (const [whose, begin] of [
      ['a signed-in user’s', () => ada.post(shop, '/sign-in', { name: 'ada' })],
      ['an anonymous visitor’s', () => ada.post(shop, '/cart', { item: 'boots' })],
    ] as const) {
      it(`is ${whose} page shown as to anybody, with the reason, and the strict form refused?`, async () => {
        await begin()
        await ada.sync(shop)
        await ada.sync(travel)
        const [page, strict, both] = [ada.copy(), ada.copy(), ada.copy()]
        await ada.post(travel, '/sign-out', {})

        const shown = await page.ask(`${shop}/end-reason`)
        expect({ status: shown.status, ...shown.json }).to.deep.equal({
          status: 200,
          data: {},
          endReason: 'signed-out',
        })
        expect(clearedIn(shown)).to.deep.equal([SESSION, STATE])
        expect((await both.ask(`${shop}/whoami`)).json).to.deep.equal({
          session: 'none',
          subject: null,
          claims: {},
          data: {},
        })

        const refused = await strict.ask(`${shop}/strict`)
        expect({ status: refused.status, ...refused.json }).to.deep.equal({
          status: 410,
          error: 'session_ended',
        })
        expect(clearedIn(refused)).to.deep.equal([SESSION, STATE])
        expect((await strict.ask(`${shop}/strict`)).json, 'by then there is none').to.deep.equal({
          data: {},
          endReason: null,
        })
      })
    }

    it('do the endpoints take it for none?', async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      await ada.sync(travel)
      const asked = {
        '/forget': { off: true },
        '/offer': { nonce: 'n'.repeat(43) },
      }
      const browsers = Object.keys(asked).map(() => ada.copy())
      await ada.post(travel, '/sign-out', {})
      const answers = []
      for (const [at, [path, body]] of Object.entries(asked).entries()) {
        const reply = await browsers[at]!.post(shop, `/session-hub${path}`, body)
        expect(clearedIn(reply), path).to.include.members([SESSION, STATE])
        answers.push([reply.status, reply.json])
      }
      expect(answers).to.deep.equal([
        [200, {}],
        [200, { offer: null, ended: 'signed-out' }],
      ])
    })

    it('is the strict form refused too where the middleware has found that out?', async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      await ada.sync(travel)
      await ada.post(travel, '/sign-out', {})
      world.advance(FRESH)
      expect((await ada.copy().ask(`${shop}/end-reason`)).json).to.deep.equal({
        data: {},
        endReason: 'signed-out',
      })
      expect((await ada.ask(`${shop}/strict`)).json.error).to.equal('session_ended')
    })

    for (const [kind, path, body] of [
      ['a patch', '/patch', { note: 'private' }],
      ['a function', '/cart', { item: 'private' }],
    ] as const) {
      it(`does a signed-in user’s update by ${kind} fail, and land nowhere else?`, async () => {
        await ada.post(shop, '/sign-in', { name: 'ada' })
        await ada.sync(shop)
        await ada.sync(travel)
        await ada.post(travel, '/sign-out', {})
        expect(await who(ada, shop)).to.include({ subject: 'ada' })
        const written = store.written.sessions.length
        const reply = await ada.post(shop, path, body)
        expect({ status: reply.status, error: reply.json.error }).to.deep.equal({
          status: 410,
          error: 'session_ended',
        })
        expect(store.written.sessions).to.have.length(written)
        expect(clearedIn(reply)).to.deep.equal([SESSION, STATE])
        expect(await ada.whoami(shop)).to.deep.equal({ session: 'none', subject: null, claims: {}, data: {} })
      })

      it(`does an anonymous visitor begin again by ${kind}, without what was ended?`, async () => {
        await shared()
        await ada.post(travel, '/sign-out', {})
        const reply = await ada.post(shop, path, body)
        expect(reply.status).to.equal(200)
        expect(reply.text).to.include('private').and.to.not.include('boots')
        expect(namesOf(reply)).to.deep.equal([SESSION, STATE])
        expect(await who(ada, shop)).to.include({ session: 'anonymous' })
      })
    }
  })

  describe('in the hands of several at once', () => {
    const gate = createGate()
    beforeEach(async () => {
      await start({ inFrontOfHub: gate.handler })
      await shared()
    })

    it('do two sites that write different keys at once lose nothing?', async () => {
      const keys = Array.from({ length: 24 }, (_, index) => `key${index}`)
      const replies = await Promise.all(
        keys.map((key, index) => ada.post(index % 2 ? shop : travel, '/patch', { [key]: index })),
      )
      expect(new Set(replies.map(({ status }) => status))).to.deep.equal(new Set([200]))
      const { data } = (await ada.whoami(shop)) as { data: JsonObject }
      expect(data).to.deep.equal({
        cart: ['boots'],
        ...Object.fromEntries(keys.map((key, index) => [key, index])),
      })
    })

    it('is the function called again with the new data when another site wrote in between?', async () => {
      gate.holdUntil(2, '/backchannel/update') // both have read the same version by then
      const [one, other] = await Promise.all([ada.post(shop, '/count', {}), ada.post(travel, '/count', {})])
      const calls = [one, other].map(({ json }) => json['calls'])
      expect(calls.toSorted()).to.deep.equal([1, 2])
      expect([one.json['count'], other.json['count']].toSorted()).to.deep.equal([1, 2])
    })

    it('is every item there that was answered, and none that was refused, after fifty at once?', async () => {
      const items = Array.from({ length: 50 }, (_, index) => `item ${index}`)
      const replies = await Promise.all(
        items.map((item, index) => ada.post(index % 2 ? shop : travel, '/cart', { item })),
      )
      const answered = items.filter((_, index) => replies[index]!.status === 200)
      expect((await cartOf(ada, travel)).toSorted()).to.deep.equal(['boots', ...answered].toSorted())
    })

    it('are all fifty answered?', async () => {
      const replies = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          ada.post(index % 2 ? shop : travel, '/cart', { item: `item ${index}` }),
        ),
      )
      expect(replies.filter(({ status }) => status !== 200).map(({ text }) => text)).to.deep.equal([])
      expect(await cartOf(ada, shop)).to.have.length(51)
    })
  })

  describe('in the hands of another site that is always quicker', () => {
    const UPDATE = '/backchannel/update'
    /** How often travel still writes the same key just before the shop's word arrives. */
    let races: number
    let tries: number
    let isTravelsTurn: boolean

    const race: RequestHandler = (req, _res, next) => {
      if (req.url !== UPDATE || isTravelsTurn || races < 0) {
        next()
        return
      }
      tries += 1
      races -= 1
      if (races < 0) {
        next()
        return
      }
      isTravelsTurn = true
      void ada
        .copy()
        .post(travel, '/patch', { cart: [`travel ${tries}`] })
        .then(() => {
          isTravelsTurn = false
          next()
        })
    }
    beforeEach(async () => {
      ;[races, tries, isTravelsTurn] = [-1, 0, false]
      await start({ inFrontOfHub: race })
      await shared()
    })

    it('is nothing lost when it was quicker eleven times?', async () => {
      races = 11
      expect((await ada.post(shop, '/cart', { item: 'hat' })).status).to.equal(200)
      expect(tries).to.equal(12)
      expect(await cartOf(ada, travel)).to.deep.equal(['travel 11', 'hat'])
    })

    it('is the application told, and nothing written, when the twelfth try was in vain too?', async () => {
      races = 12
      const { status, json } = await ada.post(shop, '/cart', { item: 'hat' })
      expect([status, json['error'], tries]).to.deep.equal([409, 'version_conflict', 12])
      expect(await cartOf(ada, travel)).to.deep.equal(['travel 12'])
    })

    it('does the last word stay where both say a plain one, and is each answered with what it has made of the data?', async () => {
      races = 1
      const late = await ada.post(shop, '/patch', { cart: ['shop'] })
      expect([late.status, late.json['cart'], tries]).to.deep.equal([200, ['shop'], 1])
      expect(await cartOf(ada, travel)).to.deep.equal(['shop'])
    })
  })

  describe('in its cookies', () => {
    beforeEach(() => start())

    it('does one answer ever set one name twice, and does it leave the application’s own alone?', async () => {
      const reply = await ada.post(shop, '/all-at-once', {})
      expect(reply.status).to.equal(200)
      expect(namesOf(reply)).to.deep.equal(['theme', SESSION, STATE])
      expect(await ada.whoami(shop)).to.deep.include({ subject: 'ada', data: { step: 2 } })
      const out = await ada.post(shop, '/update-and-sign-out', {})
      expect(namesOf(out)).to.deep.equal([SESSION, STATE])
      expect(clearedIn(out)).to.deep.equal([SESSION, STATE])
    })

    it('is a state without a session cleared, so that the SDK asks again?', async () => {
      ada.cookies(shop).set(STATE, 'AAAAAAAAAAAAAAAAAAAAAA')
      const reply = await ada.ask(`${shop}/who`)
      expect(clearedIn(reply)).to.include(STATE)
      expect(ada.cookies(shop).size).to.equal(0)
      expect((await ada.ask(`${shop}/who`)).headers['set-cookie']).to.equal(undefined)
    })

    it('is a session cookie that is not ours left alone, and a state of ours without its session cleared?', async () => {
      ada.cookies(shop).set(SESSION, 'of another program')
      ada.cookies(shop).set(STATE, 'A'.repeat(22))
      expect(clearedIn(await ada.ask(`${shop}/who`))).to.deep.equal([STATE])
    })

    it('may a site name its cookie, and is the other name none of its business?', async () => {
      const cookieName = '__Host-shop'
      const origin = await startOwn((app, site) => app.use(site.session(), whoRoute, patchRoute), {
        cookieName,
      })
      ada.cookies(origin).set(SESSION, 'of another program')
      const reply = await ada.post(origin, '/patch', { a: 1 })
      expect(namesOf(reply)).to.deep.equal([cookieName, STATE])
      expect(await who(ada, origin)).to.include({ session: 'anonymous' })
      expect(ada.cookies(origin).get(SESSION)).to.equal('of another program')
    })
  })

  describe('of a site whose clock is wrong by a minute', () => {
    for (const [way, seconds] of [
      ['ahead', 60],
      ['behind', -60],
    ] as const) {
      it(`${way}: does the log say so, and by how much?`, async () => {
        await start({
          site: (name) => (name === 'travel' ? { now: () => Date.now() + seconds * 1000 } : {}),
        })
        await ada.post(shop, '/cart', { item: 'boots' })
        await ada.sync(shop)
        await ada.sync(travel)
        await ada.post(travel, '/cart', { item: 'map' })
        const entry = world.log.find(({ event }) => event === 'clock_differs')
        expect(entry, 'a line about the clock').to.include({ level: 'error' })
        expect(entry!['differenceSeconds']).to.be.within(seconds - 2, seconds + 2)
        expect(entry!['description']).to.include(way)
      })
    }

    it('and of one that is wrong by two seconds: is that forgiven in silence?', async () => {
      await start({ site: (name) => (name === 'travel' ? { now: () => Date.now() + 2000 } : {}) })
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
      expect(await ada.sync(travel)).to.include({ outcome: 'replace' })
      expect(await cartOf(ada, travel)).to.deep.equal(['boots'])
      expect(world.log).to.deep.equal([])
    })
  })

  describe('and the script tag', () => {
    beforeEach(() => start())
    const attributes = (tag: string): Record<string, string | undefined> =>
      Object.fromEntries(
        [...tag.matchAll(/ ([a-z-]+)="([^"]*)"/g)].map(([, name = '', value]) => [name, value]),
      )

    it('is it one element that names the hub, from the site itself?', () => {
      const tag = world.siteOf('shop').site.scriptTag()
      expect(tag).to.match(/^<script async( [a-z-]+="[^"<>]*")+><\/script>$/)
      expect(attributes(tag)).to.deep.equal({ src: attributes(tag)['src'], 'data-hub': world.hub.origin })
      expect(attributes(tag)['src']).to.match(/^\/session-hub\/sdk\.[\w-]{12}\.js$/)
    })

    it('does its address lead to the script, to be kept for ever?', async () => {
      const { src } = attributes(world.siteOf('shop').site.scriptTag())
      const reply = await ada.ask(shop + String(src))
      expect(reply.status).to.equal(200)
      expect(reply.headers['cache-control']).to.include('immutable')
      expect(reply.text).to.include('SessionHub')
    })

    it('is the script for reading only?', async () => {
      expect((await ada.ask(`${shop}/session-hub/sdk.js`, { method: 'POST' })).status).to.be.oneOf([404, 405])
    })

    it('does it carry the page’s nonce, from helmet’s place or as given?', async () => {
      const origin = await startOwn((app, site) => {
        app.get('/', (req, res) => {
          res.locals['cspNonce'] = 'from-locals'
          res.json([site.scriptTag(req), site.scriptTag(req, { nonce: 'given' }), site.scriptTag()])
        })
      })
      const tags = (await ada.ask(`${origin}/`)).json as unknown as string[]
      expect(tags.map((tag) => attributes(tag)['nonce'])).to.deep.equal(['from-locals', 'given', undefined])
    })

    it('can what an application passes break out of it?', () => {
      const tag = world.siteOf('shop').site.scriptTag(undefined, {
        nonce: '"><script>alert(1)</script>&quot;" onload="alert(1)',
      })
      expect(tag.match(/<script/g)).to.have.length(1)
      expect(attributes(tag)).to.not.have.property('onload')
      expect(attributes(tag)['nonce']).to.match(
        /^&quot;>&lt;script>alert\(1\)&lt;\/script>&amp;quot;&quot; onload=/,
      )
    })

    it('does it say what the page chose, and where the endpoint is when it is elsewhere?', async () => {
      const { site } = world.siteOf('shop')
      const chosen = attributes(site.scriptTag(undefined, { start: 'manual', interval: 5 }))
      expect(chosen).to.include({ 'data-start': 'manual', 'data-interval': '5' })
      let tag = ''
      await startOwn((_app, own) => (tag = own.scriptTag()), { endpoint: '/my/session' })
      expect(attributes(tag)['src']).to.match(/^\/my\/session\/sdk\./)
      expect(attributes(tag)).to.include({ 'data-endpoint': '/my/session' })
    })
  })

  describe('that comes from elsewhere', () => {
    it('is the application told how it came, and whether there was something to miss?', async function () {
      needs(this, 'a hook with Express’s request')
      const told: Omit<ReplacedEvent, 'req'>[] = []
      const onReplaced = ({ req, ...rest }: ReplacedEvent) => {
        expect(req.session.status).to.equal('anonymous')
        told.push(rest)
      }
      await start({ site: (name) => (name === 'travel' ? { onReplaced } : {}) })
      await shared()
      expect(told).to.deep.equal([{ source: 'frame', wasEmpty: true, from: shop }])

      const bob = new Visitor(world.hub.origin)
      await bob.post(shop, '/patch', { from: 'shop' })
      await bob.sync(shop)
      await bob.post(travel, '/patch', { also: 'travel' })
      expect((await bob.sync(travel)).redeemed?.json).to.include({ reason: 'merged' })
      expect(told.slice(1)).to.deep.equal([{ source: 'frame', wasEmpty: false, from: shop }])
      expect((await bob.whoami(travel))['data']).to.deep.equal({ from: 'shop', also: 'travel' })
    })

    const failures: Record<string, () => Promise<void>> = {
      'an error': async () => {
        throw new Error('the mailer is down')
      },
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what an application may do
      'nothing at all': () => Promise.reject(),
    }
    for (const [what, onReplaced] of Object.entries(failures)) {
      it(`does a hook that throws ${what} harm anyone but the log?`, async () => {
        await start({ site: (name) => (name === 'travel' ? { onReplaced } : {}) })
        await ada.post(shop, '/cart', { item: 'boots' })
        await ada.sync(shop)
        expect((await ada.sync(travel)).redeemed).to.include({ status: 200 })
        expect(await cartOf(ada, travel)).to.deep.equal(['boots'])
        expect(world.log.map(({ event }) => event)).to.deep.equal(['hook_failed'])
      })
    }

    it('does another user stay, unless the site is told to always yield?', async () => {
      for (const alwaysReplace of [false, true]) {
        await start({ site: (name) => (name === 'travel' ? { alwaysReplace } : {}) })
        await ada.post(travel, '/sign-in', { name: 'bob' })
        await ada.post(shop, '/sign-in', { name: 'ada' })
        await ada.sync(shop)
        const { outcome, redeemed } = await ada.sync(travel)
        expect({ outcome, reason: redeemed?.json['reason'] }).to.deep.equal(
          alwaysReplace
            ? { outcome: 'replace', reason: 'overruled' }
            : { outcome: 'conflict', reason: undefined },
        )
        expect(await ada.whoami(travel)).to.include({ subject: alwaysReplace ? 'ada' : 'bob' })
        if (!alwaysReplace) await world.close()
      }
    })

    it('is a visitor who has not agreed left alone, and does he lose nothing by it?', async function () {
      needs(this, 'a hook with Express’s request')
      const mayShare = async ({ headers }: { headers: { consent?: string } }) => headers.consent === 'yes'
      await start({ site: (name) => (name === 'travel' ? { mayShare: mayShare as never } : {}) })
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
      const { ticket, verifier } = await ada.ticket(travel)
      const refused = await ada.post(travel, '/session-hub/redeem', { ticket, verifier })
      expect({ status: refused.status, error: refused.json.error }).to.deep.equal({
        status: 403,
        error: 'consent_required',
      })
      expect(refused.headers['set-cookie']).to.equal(undefined)
      await ada.post(travel, '/cart', { item: 'map' })
      expect(await ada.sync(travel), 'his own session is not offered either').to.include({
        outcome: 'replace',
      })
      expect(await cartOf(ada, travel)).to.deep.equal(['map'])

      const consent = { consent: 'yes' }
      const agreed = await ada.post(travel, '/session-hub/redeem', { ticket, verifier }, consent)
      expect(agreed.status).to.equal(200)
      expect(await cartOf(ada, travel)).to.include('boots')
    })
  })

  describe('in an application with habits of its own', () => {
    beforeEach(async () => {
      await start()
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
    })

    it('that parses every body before the site’s router: does a sync still work?', async () => {
      const own = await startOwn((app, site) =>
        app.use(express.json(), express.urlencoded(), site.router, site.session(), whoRoute, patchRoute),
      )
      expect(await ada.sync(own)).to.include({ outcome: 'replace' })
      expect((await ada.post(own, '/patch', { own: 1 })).json).to.deep.equal({ cart: ['boots'], own: 1 })
      await ada.post(own, '/patch', { own: 2 })
      ada.cookies(own).set(STATE, 'AAAAAAAAAAAAAAAAAAAAAA')
      expect(await ada.sync(own), 'by an offer').to.include({ outcome: 'keep' })
      expect((await ada.post(own, '/session-hub/sign-out', {})).status).to.equal(200)
      expect(await who(ada, own)).to.include({ session: 'none' })
    })

    it('that takes small bodies only: is its limit the first to speak, and nothing broken by it?', async () => {
      const own = await startOwn((app, site) =>
        app.use(express.json({ limit: '200b' }), site.router, site.session(), whoRoute),
      )
      const { ticket, verifier } = await ada.ticket(own)
      const refused = await ada.post(own, '/session-hub/redeem', { ticket, verifier })
      expect({ status: refused.status, error: refused.json.error }).to.deep.equal({
        status: 413,
        error: 'entity.too.large',
      })
      expect(await who(ada, own)).to.include({ session: 'none' })
    })

    it('that takes large bodies: does it get them, and are the site’s endpoints still bounded?', async () => {
      const own = await startOwn((app, site) =>
        app.use(site.router, site.session(), express.json({ limit: '1mb' }), whoRoute, (req, res, next) => {
          if (req.url === '/size') res.json({ size: JSON.stringify(req.body).length })
          else next()
        }),
      )
      const large = { text: 'x'.repeat(500_000) }
      expect((await ada.post(own, '/size', large)).json).to.deep.equal({ size: 500_011 })
      expect((await ada.post(own, '/session-hub/redeem', large)).json.error).to.equal('body_too_large')
      expect(await ada.sync(own)).to.include({ outcome: 'replace' })
    })

    it('that has routes below the endpoint’s name: do they stay its own?', async () => {
      const own = await startOwn((app, site) => {
        app.use(site.router)
        app.use((req, res) => void res.json({ mine: req.url }))
      })
      for (const path of [
        '/session-hub',
        '/session-hubs/redeem',
        '/session-hub/other',
        '/a/session-hub/redeem',
      ]) {
        expect((await ada.post(own, path, {})).json, path).to.deep.equal({ mine: path })
      }
    })

    it('that signs in whom it should not: is it told what a subject is?', async () => {
      for (const [body, error] of [
        [{ name: '' }, 'request_invalid'],
        [{ name: 'x'.repeat(256) }, 'request_invalid'],
        [{ name: 7 }, 'request_invalid'],
        [{ name: 'ada', claims: ['admin'] }, 'request_invalid'],
        [{ name: 'ada', claims: { text: 'x'.repeat(1024) } }, 'data_too_large'],
      ] as const) {
        const reply = await ada.post(shop, '/sign-in', body)
        expect(reply.json.error, JSON.stringify(body).slice(0, 40)).to.equal(error)
        expect(reply.headers['set-cookie']).to.equal(undefined)
      }
      expect((await ada.post(shop, '/sign-in', { name: 'x'.repeat(255) })).status).to.equal(200)
    })
  })
})

const namesOf = ({ headers }: Reply) =>
  (headers['set-cookie'] ?? []).map((set) => set.slice(0, set.indexOf('=')))

const clearedIn = ({ headers }: Reply) =>
  (headers['set-cookie'] ?? [])
    .filter((set) => /Max-Age=0;/.test(set))
    .map((set) => set.slice(0, set.indexOf('=')))

const whoRoute: RequestHandler = ({ method, url, session }, res, next) => {
  if (method !== 'GET' || url !== '/who') next()
  else res.json({ session: session.status, subject: session.subject, isStale: session.isStale })
}

/** Works where the application has parsed the body already, too. */
const patchRoute: RequestHandler = express.Router().post('/patch', express.json(), async (req, res) => {
  res.json(await req.session.update(req.body as JsonObject))
})

/** What the small site of every world does not have. */
function addRoutes({ app }: Listener, site: Site): void {
  app.use(patchRoute)
  app.get('/printed', ({ session }, res) => {
    res.json({ printed: inspect(session, { depth: 9 }), members: { ...session } })
  })
  app.get('/twice', async ({ session }, res) => {
    res.json([await session.data(), await session.data()])
  })
  app.post('/fill', express.json(), async (req, res) => {
    const { name = 'all', bytes } = req.body as { name?: string; bytes: number }
    res.json({ keys: Object.keys(await req.session.update({ [name]: 'x'.repeat(bytes) })) })
  })
  app.post('/count', async (req, res) => {
    let calls = 0
    const { count } = await req.session.update(({ count: before = 0 }) => {
      calls += 1
      return { count: Number(before) + 1 }
    })
    res.json({ count, calls })
  })
  app.post('/all-at-once', async (req, res) => {
    res.cookie('theme', 'dark')
    await req.session.update({ step: 1 })
    await site.signIn(req, res, { subject: 'bob' })
    await site.signIn(req, res, { subject: 'ada' })
    await req.session.update({ step: 2 })
    res.json({})
  })
  app.post('/update-and-sign-out', async (req, res) => {
    await site.signIn(req, res, { subject: 'ada' })
    await site.signOut(req, res)
    res.json({})
  })
  addErrors({ app })
}

/** Last, as errors are passed on: says the code of ours, or the type of Express's own. */
function addErrors({ app }: Pick<Listener, 'app'>): void {
  app.use(((error: unknown, _req, res, _next) => {
    const { status = 500, type = 'unknown' } = error as { status?: number; type?: string }
    res.status(status).json({ error: error instanceof SessionHubError ? error.code : type })
  }) satisfies ErrorRequestHandler)
}
