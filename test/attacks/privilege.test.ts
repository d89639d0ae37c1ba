/** A change of who is signed in: always a new handle, the old one dead, and never a silent switch (R20, R28). */
import { expect } from 'chai'

import { handleIn } from '../support/handles.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { Visitor } from '../support/visitor.js'
import { withoutEvents } from '../support/without-events.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

const SESSION = '__Host-session'

describe('a change of who is signed in', () => {
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string

  async function begin(options: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], ...options })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    ada = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  const cookie = (visitor: Visitor, site: string) => visitor.cookies(site).get(SESSION)!
  const handle = (token: string) => handleIn(token)

  /** What somebody sees who kept a copy of a session cookie, when the site asks the hub again. */
  async function seenWith(token: string, site: string): Promise<Record<string, unknown>> {
    world.advance(301)
    const thief = new Visitor(world.hub.origin)
    thief.cookies(site).set(SESSION, token)
    return thief.whoami(site)
  }

  describe('R20: a session cookie that was set before', () => {
    beforeEach(() => begin())

    it('is dead after a sign-in, the new one lives', async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      const preset = cookie(ada, shop)
      await ada.post(shop, '/sign-in', { name: 'ada' })
      expect(handle(cookie(ada, shop))).to.not.equal(handle(preset))
      expect(await seenWith(preset, shop)).to.include({ session: 'none', subject: null })
      expect(await ada.whoami(shop)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
    })

    it('is dead after a redemption, the new one lives', async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      const attacker = new Visitor(world.hub.origin)
      await attacker.post(travel, '/cart', { item: 'trap' })
      const preset = cookie(attacker, travel)
      // Fixation: the attacker's cookie is in Ada's browser before she comes.
      ada.cookies(travel).set(SESSION, preset)
      const { ticket, verifier } = await ada.ticket(travel)
      expect((await ada.post(travel, '/session-hub/redeem', { ticket, verifier })).status).to.equal(200)
      expect(handle(cookie(ada, travel))).to.not.equal(handle(preset))
      expect(await seenWith(preset, travel)).to.include({ session: 'none', subject: null })
      expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
    })

    it('is dead after a redemption of the same session, the new one lives', async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      await ada.sync(travel)
      const before = cookie(ada, travel)
      ada.cookies(travel).delete('__Host-session-state')
      const synced = await ada.sync(travel)
      expect(synced.redeemed?.status).to.equal(200)
      expect(handle(cookie(ada, travel))).to.not.equal(handle(before))
      expect(await seenWith(before, travel)).to.include({ session: 'none' })
      expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
    })

    it('is dead after a redemption of the same anonymous session, which keeps its data', async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
      await ada.sync(travel)
      const before = cookie(ada, travel)
      ada.cookies(travel).delete('__Host-session-state')
      expect((await ada.sync(travel)).redeemed?.status).to.equal(200)
      expect(await seenWith(before, travel)).to.include({ session: 'none' })
      for (const site of [shop, travel])
        expect(await ada.whoami(site)).to.deep.include({ session: 'anonymous', data: { cart: ['boots'] } })
    })

    it('is dead after another user signs in, and leaves him no data', async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.post(shop, '/cart', { item: 'secret' })
      const before = cookie(ada, shop)
      await ada.post(shop, '/sign-in', { name: 'bob' })
      expect(await ada.whoami(shop)).to.deep.include({ subject: 'bob', data: {} })
      expect(await seenWith(before, shop)).to.include({ session: 'none' })
    })

    it("the hub's own cookie is new after each adoption, and its old value is worth nothing", async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
      const before = ada.cookies(world.hub.origin).get('__Host-session-hub')!
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      expect(ada.cookies(world.hub.origin).get('__Host-session-hub')).to.not.equal(before)
      const thief = new Visitor(world.hub.origin)
      thief.cookies(world.hub.origin).set('__Host-session-hub', before)
      expect((await thief.sync(travel)).outcome).to.equal('none')
      expect((await ada.sync(travel)).outcome).to.equal('replace')
    })

    it('is dead after a sign-in that the hub could not be told of, when it is back', async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      const before = cookie(ada, shop)
      await world.hub.listener.stop()
      await ada.post(shop, '/sign-in', { name: 'bob' })
      await world.hub.listener.start()
      world.advance(11)
      expect(await ada.whoami(shop)).to.include({ subject: 'bob' })
      expect(await seenWith(before, shop)).to.include({ session: 'none', subject: null })
    })
  })

  describe('R20: a ticket for one user where another is signed in', () => {
    /** Ada at the hub; Bob at travel, whose page holds a ticket for Ada that it got before. */
    async function meet(options: WorldOptions = {}): Promise<() => ReturnType<Visitor['post']>> {
      await begin(options)
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      const { ticket, verifier } = await ada.ticket(travel)
      await ada.post(travel, '/sign-in', { name: 'bob' })
      return () => ada.post(travel, '/session-hub/redeem', { ticket, verifier })
    }

    it('is refused, and Bob stays', async () => {
      const redeem = await meet()
      expectRefusalWithoutCookies(await redeem(), 409, 'session_conflict')
      world.advance(301)
      expect(await ada.whoami(travel)).to.include({ subject: 'bob' })
      expect(await ada.whoami(shop)).to.include({ subject: 'ada' })
    })

    it('is refused for an anonymous session too: nobody is signed out silently', async () => {
      await begin()
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
      const { ticket, verifier } = await ada.ticket(travel)
      await ada.post(travel, '/sign-in', { name: 'bob' })
      expectRefusalWithoutCookies(
        await ada.post(travel, '/session-hub/redeem', { ticket, verifier }),
        409,
        'session_conflict',
      )
      expect(await ada.whoami(travel)).to.include({ subject: 'bob' })
    })

    it('is taken where the site is told to always replace', async () => {
      const redeem = await meet({ site: { alwaysReplace: true } })
      const { json } = await redeem()
      expect(json).to.include({ subject: 'ada', reason: 'overruled' })
      expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
    })

    for (const [conflict, outcome, atTravel] of [
      ['keep-both', 'conflict', 'bob'],
      ['site', 'adopt', 'bob'],
      ['hub', 'replace', 'ada'],
    ] as const) {
      it(`ends in "${outcome}" by the policy ${conflict}, with ${atTravel} signed in at the site`, async () => {
        await meet({ hub: { conflict } })
        const synced = await ada.sync(travel)
        expect(synced.outcome).to.equal(outcome)
        expect(synced.redeemed?.status, synced.redeemed?.text).to.be.oneOf([undefined, 200])
        expect(await ada.whoami(travel)).to.include({ subject: atTravel })
      })
    }

    it('is taken where he has signed out meanwhile', async () => {
      const redeem = await meet()
      await ada.post(travel, '/session-hub/sign-out', {})
      expect((await redeem()).json).to.include({ subject: 'ada' })
    })
  })

  describe('R28: a cookie from before a sign-out', () => {
    beforeEach(async () => {
      await begin({ inFrontOfHub: withoutEvents })
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      await ada.sync(travel)
    })

    it('is dead at the hub at once, and at every site when it is no longer fresh', async () => {
      const [atShop, atTravel] = [cookie(ada, shop), cookie(ada, travel)]
      const atHub = ada.cookies(world.hub.origin).get('__Host-session-hub')!
      await ada.post(shop, '/session-hub/sign-out', {})

      const thief = new Visitor(world.hub.origin)
      thief.cookies(world.hub.origin).set('__Host-session-hub', atHub)
      expect((await thief.sync(travel)).outcome).to.equal('none')
      expect(await seenWith(atTravel, travel)).to.include({ session: 'none' })
      expect(await seenWith(atShop, shop)).to.include({ session: 'none' })
    })

    it('is trusted in the first half of its freshness and not a second longer', async () => {
      const atTravel = cookie(ada, travel)
      world.advance(1)
      await ada.post(shop, '/session-hub/sign-out', {})
      const thief = new Visitor(world.hub.origin)
      const seen = async () => {
        thief.cookies(travel).set(SESSION, atTravel)
        return (await thief.ask(`${travel}/`)).headers['set-cookie']
      }
      world.advance(140)
      expect(await seen(), 'fresh').to.equal(undefined)
      world.advance(10)
      expect(String(await seen()), 'no longer').to.include(`${SESSION}=;`)
    })

    it('cannot be used to change or read data even while it is fresh', async () => {
      const thief = new Visitor(world.hub.origin)
      thief.cookies(travel).set(SESSION, cookie(ada, travel))
      expect(await thief.whoami(travel), 'the twin').to.include({ subject: 'ada' })
      thief.cookies(travel).set(SESSION, cookie(ada, travel))
      await ada.post(shop, '/session-hub/sign-out', {})
      const changing = thief.copy()
      const reply = await thief.ask(`${travel}/whoami`)
      expect(reply.json).to.deep.equal({ session: 'none', subject: null, claims: {}, data: {} })
      expect((await changing.post(travel, '/cart', { item: 'boots' })).status).to.equal(410)
    })

    it('cannot be redeemed over, nor offered', async () => {
      const thief = new Visitor(world.hub.origin)
      thief.cookies(travel).set(SESSION, cookie(ada, travel))
      await ada.post(shop, '/session-hub/sign-out', {})
      const offered = await thief.post(travel, '/session-hub/offer', { nonce: 'A'.repeat(43) })
      expect(offered.json).to.deep.equal({ offer: null, ended: 'signed-out' })
    })

    it('of another site is none here, nor is one that another key has signed', async () => {
      const thief = new Visitor(world.hub.origin)
      thief.cookies(travel).set(SESSION, cookie(ada, shop))
      expect(await thief.whoami(travel)).to.include({ session: 'none' })
      thief.cookies(travel).set(SESSION, cookie(ada, travel))
      expect(await thief.whoami(travel)).to.include({ subject: 'ada' })
    })

    it('R22: that is there twice is nobody’s', async () => {
      const own = `${SESSION}=${cookie(ada, travel)}`
      const visitor = new Visitor(world.hub.origin)
      const seen = async (header: string) =>
        (await visitor.ask(`${travel}/whoami`, { headers: { cookie: header } })).json
      for (const twice of [
        `${own}; ${own}`,
        `${own}; ${SESSION}=x`,
        `${SESSION}=x; ${own}`,
        `${SESSION}=; ${own}`,
      ]) {
        expect(await seen(twice)).to.include({ session: 'none' })
      }
      expect(await seen(`a=b; ${own}`)).to.include({ subject: 'ada' })
    })
  })

  describe('R28: a provisional cookie, given while the hub was down', () => {
    let provisional: string

    beforeEach(async () => {
      await begin()
      await world.hub.listener.stop()
      await ada.post(shop, '/sign-in', { name: 'ada' })
      provisional = cookie(ada, shop)
      expect(handle(provisional)).to.equal(undefined)
      await world.hub.listener.start()
      world.advance(11)
    })

    it('becomes a session when the hub is back, once', async () => {
      await ada.post(shop, '/cart', { item: 'boots' })
      expect(handle(cookie(ada, shop))).to.be.a('string')
      expect(await ada.whoami(shop)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
    })

    it('signs nobody in any more after the user has signed out', async () => {
      await ada.whoami(shop)
      await ada.post(shop, '/session-hub/sign-out', {})
      expect(await ada.whoami(shop)).to.include({ session: 'none' })
      expect(await seenWith(provisional, shop)).to.include({ session: 'none', subject: null })
    })

    it('is worth nothing a year later', async () => {
      world.advance(365 * 86_400)
      expect(await seenWith(provisional, shop)).to.include({ session: 'none', subject: null })
    })

    it('is no way around the question of who is signed in', async () => {
      const bob = new Visitor(world.hub.origin)
      await bob.post(travel, '/sign-in', { name: 'bob' })
      await bob.sync(travel)
      const { ticket, verifier } = await bob.ticket(shop)
      bob.cookies(shop).set(SESSION, provisional)
      const reply = await bob.post(shop, '/session-hub/redeem', { ticket, verifier })
      expect(reply.json.error).to.equal('session_conflict')
    })
  })
})
