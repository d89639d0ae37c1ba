/** Clocks that differ within what the protocol forgives, or that are set back: nothing that a site signed is thrown away. */
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'
import { verifySession } from 'session-hub/verify'

import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('two machines of a site, four seconds ahead and four behind', () => {
  let world: World
  let listener: Listener
  let machines: readonly Site[]
  let sessionKey: object
  let visitor: Visitor
  let turn: number

  beforeEach(async () => {
    world = await startWorld({ sites: ['travel'] })
    listener = await listen('shop.localhost')
    const made = await generateSite(listener.origin)
    world.register(made.registration)
    sessionKey = made.keys.session
    const machine = (aheadMs: number) =>
      createSite({
        origin: listener.origin,
        hub: world.hub.origin,
        keys: made.keys,
        log: (entry) => void world.log.push(entry),
        now: () => world.now() + aheadMs,
      })
    machines = await Promise.all([machine(4000), machine(-4000)])
    const apps = machines.map((site) => siteApp('shop', site))
    turn = 0
    listener.use((req, res, next) => apps[turn % 2]!(req, res, next))
    visitor = new Visitor(world.hub.origin)
  })
  afterEach(async () => {
    for (const site of machines) site.close()
    await listener.close()
    await world.close()
  })

  it('share an anonymous cart, by turns', async () => {
    await visitor.post(listener.origin, '/cart', { item: 'tent' })
    for (const item of ['rope', 'lamp', 'map']) {
      turn += 1
      await visitor.post(listener.origin, '/cart', { item })
    }

    const { data } = (await visitor.whoami(listener.origin)) as { data: { cart: string[] } }
    expect(data.cart).to.deep.equal(['tent', 'rope', 'lamp', 'map'])
    expect(world.log.map(({ event }) => event)).to.deep.equal([])
  })

  it('share a sign-in, also one that the hub does not know of yet', async () => {
    await world.hub.listener.stop()
    await visitor.post(listener.origin, '/sign-in', { name: 'ada' })
    await world.hub.listener.start()
    turn += 1
    world.advance(20)

    expect(await visitor.whoami(listener.origin)).to.include({ subject: 'ada' })
    turn += 1
    expect(await visitor.whoami(listener.origin)).to.include({ subject: 'ada' })
  })

  it('and a service that reads their tokens: each takes those of the other', async () => {
    for (const aheadMs of [4000, -4000]) {
      const reader = { issuer: listener.origin, key: sessionKey, now: () => world.now() + aheadMs }
      for (const _machine of machines) {
        turn += 1
        await visitor.post(listener.origin, '/sign-in', { name: 'ada' })
        const token = visitor.cookies(listener.origin).get('__Host-session')!
        expect(await verifySession(token, reader), `${aheadMs} ms`).to.include({ subject: 'ada' })
      }
    }
  })

  it('believe each other’s tokens at once, and ask the hub no more than one machine would', async () => {
    await visitor.post(listener.origin, '/sign-in', { name: 'ada' })
    const asked = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length
    turn += 1
    await visitor.ask(`${listener.origin}/who`)
    expect(asked()).to.equal(0)
  })

  it('share a redirect that begins on one and comes back to the other', async () => {
    await visitor.post(world.siteOf('travel').origin, '/sign-in', { name: 'ada' })
    await visitor.sync(world.siteOf('travel').origin)
    const steps = [`${listener.origin}/session-hub/redirect?return=/`]
    for (let step = 0; step < 8; step += 1) {
      const { headers } = await visitor.ask(steps.at(-1)!, {
        headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      })
      if (headers.location === undefined) break
      steps.push(new URL(headers.location, steps.at(-1)).href)
      turn += 1
    }

    expect(await visitor.whoami(listener.origin)).to.include({ subject: 'ada' })
  })
})

describe('a clock that is set back', () => {
  let world: World
  let shop: string
  let visitor: Visitor

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    shop = world.siteOf('shop').origin
    visitor = new Visitor(world.hub.origin)
  })
  afterEach(() => world.close())

  for (const seconds of [11, 3600, 400 * 86_400]) {
    it(`by ${seconds} s: keeps an anonymous cart and asks the hub about it`, async () => {
      await visitor.post(shop, '/cart', { item: 'tent' })
      world.advance(-seconds)

      expect(await visitor.whoami(shop)).to.deep.include({ session: 'anonymous', data: { cart: ['tent'] } })
      world.advance(seconds)
      expect(await visitor.whoami(shop)).to.deep.include({ data: { cart: ['tent'] } })
    })
  }

  it('keeps a user signed in, and believes the token no more than one that is not fresh (R28)', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const copy = new Map(visitor.cookies(shop))
    world.advance(-11)
    expect(await visitor.whoami(shop)).to.include({ subject: 'ada' })

    await visitor.post(shop, '/sign-out', {})
    const thief = new Visitor(world.hub.origin)
    for (const [name, value] of copy) thief.cookies(shop).set(name, value)
    expect(await thief.whoami(shop)).to.include({ session: 'none' })
  })

  it('asks the hub once, and then no more than before', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    world.advance(-60)
    const asked = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length
    await visitor.ask(`${shop}/who`)
    const before = asked()
    await visitor.ask(`${shop}/who`)
    await visitor.ask(`${shop}/who`)

    expect(before).to.equal(1)
    expect(asked()).to.equal(1)
  })

  it('asks the hub once about a token of the time before it, however often a client that keeps its old one comes with it', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const old = `__Host-session=${visitor.cookies(shop).get('__Host-session')!}`
    world.advance(-3600)
    const reads = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length
    for (let time = 0; time < 3; time += 1)
      expect((await send(`${shop}/who`, { headers: { cookie: old } })).json).to.include({ subject: 'ada' })
    expect(reads()).to.equal(1)
  })

  it('lets a session that the hub cannot be asked about go on in its grace, and clears nothing', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const before = visitor.cookies(shop).get('__Host-session')
    world.advance(-11)
    await world.hub.listener.stop()

    const { json } = await visitor.ask(`${shop}/who`)
    expect(json).to.deep.equal({ session: 'signed-in', subject: 'ada', isStale: true })
    expect(visitor.cookies(shop).get('__Host-session')).to.equal(before)
  })

  it('does not make a pause longer than it was to be', async () => {
    await visitor.post(shop, '/cart', { item: 'tent' })
    await world.hub.listener.stop()
    await visitor.whoami(shop)
    await world.hub.listener.start()
    world.advance(-5)

    expect(await visitor.whoami(shop)).to.deep.include({ data: { cart: ['tent'] } })
  })

  it('does not throw away a sign-in that the hub was not told of when it jumps ahead: the hub’s clock decides', async () => {
    const { origin, keys } = world.siteOf('shop')
    let aheadMs = 0
    const now = () => world.now() + aheadMs
    const site = await createSite({ origin, hub: world.hub.origin, keys, now })
    const front = await listen('shop.localhost')
    front.use(siteApp('shop', site))
    await world.hub.listener.stop()
    await visitor.post(front.origin, '/sign-in', { name: 'ada' })
    await world.hub.listener.start()
    aheadMs = 30 * 86_400_000

    await visitor.whoami(front.origin)
    aheadMs = 0
    expect(await visitor.whoami(front.origin)).to.include({ subject: 'ada' })
    site.close()
    await front.close()
  })

  it('keeps a sync that is under way', async () => {
    const travel = world.siteOf('travel').origin
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    const { ticket, verifier } = await visitor.ticket(travel)
    world.advance(-4)

    expect((await visitor.post(travel, '/session-hub/redeem', { ticket, verifier })).status).to.equal(200)
  })
})

describe('the hub’s clock, which is not the site’s', () => {
  let world: World
  afterEach(() => world.close())

  for (const [what, aheadMs] of [
    ['30 s behind', -30_000],
    ['30 s ahead', 30_000],
  ] as const) {
    it(`${what}: the site’s visitors store, sign in and sign out as before`, async () => {
      let hubAheadMs = 0
      world = await startWorld({ sites: ['shop'], hub: { now: () => Date.now() + hubAheadMs } })
      const shop = world.siteOf('shop').origin
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(shop, '/cart', { item: 'tent' })

      hubAheadMs = aheadMs
      await visitor.post(shop, '/cart', { item: 'rope' })
      expect(await visitor.whoami(shop)).to.deep.include({ data: { cart: ['tent', 'rope'] } })
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      expect(await visitor.whoami(shop)).to.include({ subject: 'ada' })
      const copy = visitor.copy()
      await visitor.post(shop, '/sign-out', {})
      expect(await copy.whoami(shop)).to.include({ session: 'none' })
      expect(world.log.filter(({ event }) => event === 'site_token_refused')).to.deep.equal([])
    })
  }
})
