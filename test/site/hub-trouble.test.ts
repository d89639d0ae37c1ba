/** A hub that answers, but badly: one visitor's trouble stays his own, and trouble never lets anybody in or out (R20, R21). */
import { expect } from 'chai'
import type { RequestHandler } from 'express'

import { type Binding, type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

const SESSION = '__Host-session'
const STATE = '__Host-session-state'
const GRACE = 60
const PAST_GRACE = 300 + GRACE + 10
/** Longer than a site ever leaves a hub alone that did not answer. */
const PAUSE = 11

interface Wrong {
  readonly status: number
  readonly body: string
  readonly type?: string
}

const unavailable: Wrong = { status: 503, body: '{"error":"unavailable","error_description":"Not now"}' }

/** Stands before the hub and answers in its place. */
function standIn() {
  const wrongs = new Map<string, { wrong: Wrong; times: number }>()
  const handler: RequestHandler = (req, res, next) => {
    const path = req.url
    const given = wrongs.get(path)
    if (!given || given.times === 0) {
      next()
      return
    }
    given.times -= 1
    const { status, body, type = 'application/json; charset=utf-8' } = given.wrong
    res.writeHead(status, { 'content-type': type })
    res.end(body)
  }
  return {
    handler,
    /** From now on, or only so many times. */
    answer(path: string, wrong: Wrong, times = Infinity) {
      wrongs.set(path, { wrong, times })
    },
    stepAside() {
      wrongs.clear()
    },
  }
}

describe('a hub that answers badly', () => {
  let world: World
  let hub: ReturnType<typeof standIn>
  let visitor: Visitor
  let shop: string
  let travel: string

  async function begin(options: WorldOptions = {}): Promise<void> {
    hub = standIn()
    world = await startWorld({ sites: ['shop', 'travel'], inFrontOfHub: hub.handler, ...options })
    visitor = new Visitor(world.hub.origin)
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
  }
  afterEach(() => world.close())

  const oneReadFails = () => {
    hub.answer('/backchannel/read', unavailable, 1)
  }

  /** What somebody sees who kept a copy of this session cookie. */
  async function seenWith(token: string): Promise<Record<string, unknown>> {
    const thief = new Visitor(world.hub.origin)
    thief.cookies(shop).set(SESSION, token)
    return thief.whoami(shop)
  }

  describe('R20, R21: when Bob’s cookie is past its grace and the hub’s cookie is Ada’s', () => {
    let bobs: string

    beforeEach(async () => {
      await begin({ site: { graceForSeconds: GRACE } })
      await visitor.post(travel, '/sign-in', { name: 'ada' })
      await visitor.sync(travel)
      await visitor.post(shop, '/sign-in', { name: 'bob' })
      bobs = visitor.cookies(shop).get(SESSION)!
      world.advance(PAST_GRACE)
      visitor.cookies(shop).delete(STATE)
    })

    const redeem = ({ ticket, verifier }: Binding & { ticket: string }): Promise<Reply> =>
      visitor.post(shop, '/session-hub/redeem', { ticket, verifier })

    it('and one read fails, her ticket is refused and he stays', async () => {
      const ticket = await visitor.ticket(shop)
      oneReadFails()
      const reply = await redeem(ticket)
      expect(reply.status, reply.text).to.be.oneOf([503, 409])
      expect(reply.headers['set-cookie']).to.equal(undefined)
      expect(await visitor.whoami(shop)).to.include({ session: 'signed-in', subject: 'bob' })
    })

    it('and every read works, the ticket is refused as it always is', async () => {
      const reply = await redeem(await visitor.ticket(shop))
      expect(reply.status, reply.text).to.equal(409)
      expect(reply.json.error).to.equal('session_conflict')
      expect(await visitor.whoami(shop)).to.include({ session: 'signed-in', subject: 'bob' })
    })

    it('and nobody is signed in here after all, the ticket is taken', async () => {
      await visitor.post(shop, '/session-hub/sign-out', {})
      expect((await redeem(await visitor.ticket(shop))).json).to.include({ subject: 'ada' })
    })

    it('and one read fails, a sign-in ends his old session all the same', async () => {
      oneReadFails()
      expect((await visitor.post(shop, '/sign-in', { name: 'cleo' })).status).to.equal(200)
      expect(await visitor.whoami(shop)).to.include({ session: 'signed-in', subject: 'cleo' })
      expect(await seenWith(bobs)).to.include({ session: 'none', subject: null })
    })

    it('and nobody has signed in over it, his old session lives', async () => {
      expect(await seenWith(bobs)).to.include({ session: 'signed-in', subject: 'bob' })
    })
  })

  describe('R21: an update by a signed-in visitor whose cookie is past its grace', () => {
    beforeEach(async () => {
      await begin({ site: { graceForSeconds: GRACE } })
      await visitor.post(shop, '/sign-in', { name: 'bob' })
      world.advance(PAST_GRACE)
    })

    it('is refused while the read fails, and begins no anonymous session in its place', async () => {
      oneReadFails()
      const reply = await visitor.post(shop, '/cart', { item: 'boots' })
      expect({ status: reply.status, ...reply.json }).to.deep.equal({ status: 503, error: 'unavailable' })
      expect(reply.headers['set-cookie']).to.equal(undefined)
      expect(await visitor.whoami(shop)).to.deep.include({ subject: 'bob', data: {} })
    })

    it('works when the read works', async () => {
      expect((await visitor.post(shop, '/cart', { item: 'boots' })).status).to.equal(200)
      expect(await visitor.whoami(shop)).to.deep.include({ subject: 'bob', data: { cart: ['boots'] } })
    })
  })

  describe('the site’s own sign-in', () => {
    beforeEach(() => begin())

    for (const wrong of [
      { status: 401, body: '{"error":"site_token_invalid","error_description":"No"}' },
      { status: 403, body: '<h1>Forbidden</h1>', type: 'text/html' },
      { status: 429, body: '{"error":"rate_limited","error_description":"Later"}' },
      { status: 500, body: '{}' },
    ]) {
      it(`works when the back-channel answers ${wrong.status}, and the hub is told of it later`, async () => {
        hub.answer('/backchannel/sign-in', wrong)
        const reply = await visitor.post(shop, '/sign-in', { name: 'ada' })
        expect(reply.status, reply.text).to.equal(200)
        expect(reply.json).to.deep.equal({ subject: 'ada' })
        expect((await visitor.ask(`${shop}/who`)).json).to.include({ session: 'signed-in', subject: 'ada' })

        hub.stepAside()
        world.advance(PAUSE)
        expect(await visitor.whoami(shop)).to.include({ session: 'signed-in', subject: 'ada' })
        await visitor.sync(shop)
        expect((await visitor.sync(travel)).redeemed?.json).to.include({ subject: 'ada' })
      })
    }

    it('is refused when the hub finds it wrong', async () => {
      hub.answer('/backchannel/sign-in', {
        status: 400,
        body: '{"error":"request_invalid","error_description":"No"}',
      })
      const reply = await visitor.post(shop, '/sign-in', { name: 'ada' })
      expect({ status: reply.status, ...reply.json }).to.deep.equal({ status: 400, error: 'request_invalid' })
      expect(reply.headers['set-cookie']).to.equal(undefined)
      expect((await visitor.ask(`${shop}/who`)).json).to.include({ session: 'none' })
    })
  })

  describe('the site’s own sign-out', () => {
    beforeEach(async () => {
      await begin()
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
    })

    for (const wrong of [
      { status: 429, body: '{"error":"rate_limited","error_description":"Later"}' },
      { status: 401, body: '{"error":"site_token_invalid","error_description":"No"}' },
    ]) {
      it(`clears the cookies when the back-channel answers ${wrong.status}, and the hub hears of it later`, async () => {
        hub.answer('/backchannel/end', wrong)
        const reply = await visitor.post(shop, '/session-hub/sign-out', {})
        expect(reply.status, reply.text).to.equal(200)
        expect([...visitor.cookies(shop).keys()], 'for whichever process is next').to.deep.equal([
          '__Host-session-ended',
        ])
        expect(await visitor.whoami(shop)).to.include({ session: 'none', subject: null })

        const told = world.hub.listener.next(
          ({ url, status }) => url === '/backchannel/end' && status === 200,
        )
        hub.stepAside()
        await told
        expect((await visitor.sync(shop)).outcome).to.equal('none')
        expect(await visitor.whoami(shop)).to.include({ session: 'none', subject: null })
      })
    }

    it('has nothing left to tell when the back-channel answers as it should', async () => {
      await visitor.post(shop, '/session-hub/sign-out', {})
      expect((await visitor.sync(shop)).outcome).to.equal('none')
    })
  })

  describe('R5: when both clocks were an hour ahead and are set back', () => {
    beforeEach(async () => {
      await begin()
      world.advance(3600)
      await visitor.post(shop, '/cart', { item: 'boots' })
    })

    it('the back-channel works at once, and tickets too', async () => {
      world.advance(-3600)
      const next = new Visitor(world.hub.origin)
      const reply = await next.post(shop, '/cart', { item: 'laces' })
      expect({ status: reply.status, ...reply.json }).to.deep.equal({ status: 200, cart: ['laces'] })
      await next.sync(shop)
      expect((await next.sync(travel)).redeemed?.status).to.equal(200)
    })

    it('it works as well as long as they stay ahead', async () => {
      const next = new Visitor(world.hub.origin)
      expect((await next.post(shop, '/cart', { item: 'laces' })).status).to.equal(200)
    })

    it('a pause that was begun before does not last for the hour', async () => {
      await world.hub.listener.stop()
      expect((await visitor.post(shop, '/cart', { item: 'laces' })).status).to.equal(503)
      await world.hub.listener.start()
      world.advance(-3600)
      const next = new Visitor(world.hub.origin)
      expect((await next.post(shop, '/cart', { item: 'laces' })).status).to.equal(200)
    })
  })

  describe('one update', () => {
    let clockMs: number
    let next: Visitor

    beforeEach(async () => {
      clockMs = Date.now()
      const now = () => clockMs
      await begin({ hub: { now }, site: { now } })
      next = new Visitor(world.hub.origin)
    })

    const cart = (who: Visitor) => who.post(shop, '/cart', { item: 'boots' })

    it('answered with a page of HTML is that visitor’s trouble alone', async () => {
      hub.answer(
        '/backchannel/update',
        { status: 403, body: '<!doctype html><h1>Blocked</h1>', type: 'text/html' },
        1,
      )
      const reply = await cart(visitor)
      expect({ status: reply.status, ...reply.json }).to.deep.equal({ status: 503, error: 'unavailable' })
      expect(reply.headers['set-cookie']).to.equal(undefined)
      expect((await cart(next)).status).to.equal(200)
      expect(world.log.map(({ event }) => event)).to.not.include('hub_unreachable')
    })

    it('that finds no hub is everyone’s: the next one does not even try, until the pause is over', async () => {
      await world.hub.listener.stop()
      expect((await cart(visitor)).status).to.equal(503)
      await world.hub.listener.start()
      const asked = world.hub.listener.seen.length
      expect((await cart(next)).status).to.equal(503)
      expect(world.hub.listener.seen).to.have.lengthOf(asked)
      clockMs += PAUSE * 1000
      expect((await cart(next)).status).to.equal(200)
    })
  })
})
