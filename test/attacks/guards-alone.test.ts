/** Guards that have no second one behind them: each attack here gets through when its one guard is gone, and each has its allowed twin. */
import { expect } from 'chai'
import type { HubOptions } from 'session-hub/hub'

import { openTicket, redemptionOf, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal } from '../support/refusal.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { until } from '../support/until.js'
import { startWorld, type World } from '../support/world.js'

const HUB = '__Host-session-hub'
const SESSION = '__Host-session'

describe('a guard that stands alone', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  async function begin(hub: Partial<HubOptions> = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], hub, site: { graceForSeconds: 600 } })
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  }
  afterEach(() => world.close())

  const heldAt = (site: string, by = visitor) => String(handleIn(by.cookies(site).get(SESSION)!))

  /** What travel's own backend sends: it can say anything of the ticket but its grant. */
  async function redeemer(by = visitor): Promise<(more?: object) => Promise<Reply>> {
    const { ticket } = await by.ticket(travel)
    const { claims } = openTicket(world.siteOf('travel'), ticket)
    return (more = {}) =>
      send(`${world.hub.origin}/backchannel/redeem`, {
        method: 'POST',
        body: { ...redemptionOf(claims), ...more },
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(world, world.siteOf('travel'))}`,
        },
      })
  }

  it('R5: a handle waits for its ticket’s time and no longer, whatever time the site says', async () => {
    await begin()
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    const [late, inTime] = [await redeemer(), await redeemer()]
    // To the millisecond in the next test: here a clock goes on that a busy machine moves too.
    world.advance(30)
    expect((await inTime()).status).to.equal(200)
    world.advance(6)
    expectRefusal(await late({ exp: Math.floor(world.now() / 1000) + 200 }), 401, 'ticket_invalid')
  })

  it('R5: a handle is over at the millisecond at which its time ends, and not one before', async () => {
    let clockMs = Math.floor(Date.now() / 1000) * 1000
    await begin({ now: () => clockMs })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    const [late, inTime] = [await redeemer(), await redeemer()]
    clockMs += 35_000 - 1
    expect((await inTime()).status).to.equal(200)
    clockMs += 1
    expectRefusal(await late(), 401, 'ticket_invalid')
  })

  for (const conflict of ['hub', 'site', 'keep-both'] as const) {
    it(`R20: with "${conflict}" no anonymous session takes a user’s place, unless the site always yields`, async () => {
      await begin({ conflict })
      await visitor.post(shop, '/cart', { item: 'boots' })
      await visitor.sync(shop)
      const ada = new Visitor(world.hub.origin)
      await ada.post(travel, '/sign-in', { name: 'ada' })
      const previous = heldAt(travel, ada)
      expectRefusal(await (await redeemer())({ previous }), 409, 'session_conflict')
      expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
      expect((await (await redeemer())({ previous, overrule: true })).status).to.equal(200)
    })
  }

  it('R20: the hub’s old cookie is worth nothing once the hub has adopted another session; the new one is', async () => {
    await begin({ conflict: 'site' })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    const thief = new Visitor(world.hub.origin)
    thief.cookies(world.hub.origin).set(HUB, visitor.cookies(world.hub.origin).get(HUB)!)
    expect((await thief.copy().sync(travel)).outcome).to.equal('replace')

    await visitor.post(travel, '/sign-in', { name: 'bob' })
    expect((await visitor.sync(travel)).outcome).to.equal('adopt')
    expect(await visitor.whoami(shop), 'her session lives on').to.include({ subject: 'ada' })
    expect((await thief.copy().sync(travel)).outcome).to.equal('none')
    thief.cookies(world.hub.origin).set(HUB, visitor.cookies(world.hub.origin).get(HUB)!)
    expect((await thief.sync(travel)).outcome).to.equal('replace')
  })

  describe('R28: the hub is not even told of a sign-in that the site gave while it was down', () => {
    let provisional: string
    const told = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/sign-in').length
    const seen = async () => {
      const other = new Visitor(world.hub.origin)
      other.cookies(shop).set(SESSION, provisional)
      return other.whoami(shop)
    }

    beforeEach(async () => {
      await begin()
      await world.hub.listener.stop()
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      provisional = visitor.cookies(shop).get(SESSION)!
      await world.hub.listener.start()
      world.advance(11)
    })

    it('(it is told of one that nobody has ended)', async () => {
      expect(await seen()).to.include({ subject: 'ada' })
      expect(told()).to.be.above(0)
    })

    it('but once, however often its cookie comes', async () => {
      for (let time = 0; time < 3; time += 1) expect(await seen()).to.include({ subject: 'ada' })
      expect(told()).to.equal(1)
    })

    it('again, when the hub has said that it is too late', async () => {
      world.advance(300 + 600 + 60)
      expect(await seen()).to.include({ session: 'none' })
      expect(told()).to.equal(1)
      expect(await seen()).to.include({ session: 'none' })
      expect(told()).to.equal(1)
    })

    it('after its user has signed out, while it was down too', async () => {
      await world.hub.listener.stop()
      await visitor.post(shop, '/session-hub/sign-out', {})
      await world.hub.listener.start()
      world.advance(11)
      const before = told()
      expect(await seen()).to.include({ session: 'none' })
      expect(told()).to.equal(before)
    })
  })

  describe('R28: what this process knows of a session from before its end', () => {
    const reads = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length
    const who = async (one: Visitor) => (await one.ask(`${shop}/who`)).json

    /** Ada at both sites, and a copy of her browser that has the shop's cookie of before its renewal. */
    async function beginTwice(): Promise<Visitor> {
      await begin()
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
      await visitor.sync(travel)
      const old = visitor.copy()
      world.advance(200)
      expect(await who(visitor)).to.include({ subject: 'ada' })
      return old
    }
    /** Ends her session elsewhere. The shop has heard of it when it has heard of Bob's, which ends after it; nobody asks there for hers. */
    async function endElsewhere(): Promise<void> {
      const bob = new Visitor(world.hub.origin)
      await bob.post(shop, '/sign-in', { name: 'bob' })
      await bob.sync(shop)
      await bob.sync(travel)
      for (const one of [visitor, bob]) await one.post(travel, '/sign-out', {})
      await until(async () => (await who(bob.copy())).session === 'none')
    }

    it('(an old cookie is brought up to date without the hub, while the session lives)', async () => {
      const old = await beginTwice()
      const before = reads()
      expect(await who(old)).to.include({ subject: 'ada' })
      expect(reads()).to.equal(before)
    })

    it('brings no old cookie up to date after it', async () => {
      const old = await beginTwice()
      await endElsewhere()
      await world.hub.listener.stop()
      expect(await who(old)).to.include({ session: 'none' })
      expect(await who(old.copy())).to.include({ session: 'none' })
    })

    it('is no reason to trust a session that has ended, while the hub cannot be asked how', async () => {
      await beginTwice()
      const kept = visitor.copy()
      await world.hub.listener.stop()
      expect(await who(kept), 'the twin').to.include({ subject: 'ada' })
      await world.hub.listener.start()
      await until(async () => (await who(visitor.copy())).isStale === false)
      await endElsewhere()
      await world.hub.listener.stop()
      expect(await who(kept)).to.include({ session: 'none', isStale: false })
    })
  })
})
