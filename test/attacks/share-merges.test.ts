/** R37: what a site may not write never comes into a session by an act of that site's, on any path and by any merge. */
import { expect } from 'chai'
import type { HubOptions, SiteRegistration } from 'session-hub/hub'

import { accountApp } from '../support/account-app.js'
import { openTicket, redemptionOf, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal } from '../support/refusal.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

type Data = Record<string, unknown>

/** The merge by every name, by a key, and by a hook that would move what it sees into a key that is read. */
const merges: Record<string, NonNullable<HubOptions['merge']>> = {
  fill: 'fill',
  winner: 'winner',
  loser: 'loser',
  union: { keys: { cart: 'union', wish: 'union' } },
  sum: { default: 'loser', keys: { points: 'sum' } },
  'a hook of the owner’s': ({ from, into }) => ({
    ...into,
    ...from,
    wish: [JSON.stringify(into), JSON.stringify(from)],
  }),
}

/** What somebody else has put where this site may not write, and beside it what it may. */
const PLANTED = { cart: ['PLANTED'], points: 1000, wish: ['sea'] }
const ADAS = { cart: ['boots'], points: 5, notes: 'canary' }

describe('R37: what a site may not write, brought in by a merge', () => {
  let world: World
  let ada: Visitor
  let mallory: Visitor
  let shop: string
  let travel: string

  const ownerOf = (site: string) => world.siteOf(/\/\/(\w+)\./.exec(site)![1]!)
  const heldAt = (site: string, by: Visitor) => String(handleIn(by.cookies(site).get('__Host-session')!))
  const patch = (by: Visitor, data: object) => by.post(shop, '/account/data', data)
  const dataAt = async (site: string, by = ada) => (await by.whoami(site)).data as Data
  const act = (name: string, body: Ask['body'], site = travel): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body: body!,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, ownerOf(site))}`,
      },
    })

  async function begin(
    registration: Partial<SiteRegistration>,
    merge: NonNullable<HubOptions['merge']> = 'fill',
  ): Promise<void> {
    world = await startWorld({
      sites: ['shop', 'travel'],
      sisters: true,
      hub: { merge },
      registration: (name) => (name === 'travel' ? registration : {}),
    })
    for (const { listener, site } of Object.values(world.sites)) listener.use(accountApp(site))
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    await meet()
  }

  /** Mallory's anonymous session has come to travel by an honest sync. */
  async function meet(): Promise<void> {
    ada = new Visitor(world.hub.origin)
    mallory = new Visitor(world.hub.origin)
    await patch(mallory, PLANTED)
    await mallory.sync(shop)
    await mallory.sync(travel)
  }

  /** What travel's own backend sends, with Mallory's handle in place of the visitor's. */
  async function redeemOver(previous: string): Promise<Reply> {
    const { claims } = openTicket(ownerOf(travel), (await ada.ticket(travel)).ticket)
    return act('redeem', { ...redemptionOf(claims), previous })
  }

  /** Each way by which a session's data can come into another. @returns where the data would be */
  const paths: Record<string, () => Promise<Data>> = {
    'a redemption with another visitor’s session as the previous one': async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await patch(ada, ADAS)
      await ada.sync(shop)
      expect((await redeemOver(heldAt(travel, mallory))).status).to.equal(200)
      return dataAt(shop)
    },
    'the same into an anonymous session': async () => {
      await patch(ada, ADAS)
      await ada.sync(shop)
      expect((await redeemOver(heldAt(travel, mallory))).status).to.equal(200)
      return dataAt(shop)
    },
    'a sync with another visitor’s cookie': async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await patch(ada, ADAS)
      await ada.sync(shop)
      for (const [name, value] of mallory.cookies(travel)) ada.cookies(travel).set(name, value)
      expect((await ada.sync(travel)).outcome).to.equal('replace')
      return dataAt(shop)
    },
    'a redirect with another visitor’s cookie': async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await patch(ada, ADAS)
      await ada.sync(shop)
      for (const [name, value] of mallory.cookies(travel)) ada.cookies(travel).set(name, value)
      expect((await ada.redirect(travel)).arrival).to.match(/^redirect\.replace\./)
      return dataAt(shop)
    },
    'a link into another visitor’s session': async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await patch(ada, ADAS)
      for (const [name, value] of mallory.cookies(travel)) ada.cookies(travel).set(name, value)
      expect((await ada.follow(shop, `${travel}/whoami`)).arrival).to.match(/^link\.replace\./)
      return dataAt(shop)
    },
    'an adoption of a user where the hub has another visitor’s session': async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await patch(ada, ADAS)
      await ada.sync(shop)
      await ada.sync(travel)
      // Travel itself plays the browser: its own handle on Ada's session, and Mallory's jar of the hub.
      for (const [name, value] of ada.cookies(travel)) mallory.cookies(travel).set(name, value)
      expect((await mallory.sync(travel)).outcome).to.equal('adopt')
      return dataAt(shop)
    },
    'a sign-in over another visitor’s session': async () => {
      const { json } = await act('sign-in', { handle: heldAt(travel, mallory), subject: 'ada', claims: {} })
      return whole(String(json.handle))
    },
    'a late sign-in over another visitor’s session': async () => {
      const late = { jti: binding().nonce.slice(0, 22), exp: Math.floor(world.now() / 1000) + 60 }
      const asked = { handle: heldAt(travel, mallory), subject: 'ada', claims: {}, ...late }
      return whole(String((await act('sign-in', asked)).json.handle))
    },
  }

  /** All that is in the session behind a handle of travel's, whatever travel may see. */
  async function whole(handle: string): Promise<Data> {
    const { registration } = world.siteOf('travel')
    const { share: _share, ...all } = registration
    world.register(all)
    const { json } = await act('read', { handle })
    world.register(registration)
    return json.data as Data
  }

  const isBegun = (path: string) => path.includes('sign-in')

  for (const [name, merge] of Object.entries(merges)) {
    describe(`by a site that may write some keys, merged by ${name}`, () => {
      before(() => begin({ share: { read: ['cart', 'wish'], write: ['wish'] } }, merge))
      beforeEach(meet)
      after(() => world.close())

      for (const [path, walk] of Object.entries(paths)) {
        it(`${path}: those come in, and no others`, async () => {
          const { wish, ...others } = await walk()
          expect(others).to.deep.equal(isBegun(path) ? {} : ADAS)
          if (name !== 'winner') expect(JSON.stringify(wish)).to.include('sea')
          // The mirror: not even a hook can move what the site may not read into what it may.
          expect(JSON.stringify(wish ?? '')).to.not.match(/canary|boots|PLANTED/)
        })
      }
    })
  }

  describe('by a site that may write nothing', () => {
    before(() => begin({ share: { claims: [], read: [], write: [] } }, 'loser'))
    beforeEach(meet)
    after(() => world.close())

    for (const [path, walk] of Object.entries(paths)) {
      it(`${path}: nothing comes in`, async () => {
        expect(await walk()).to.deep.equal(isBegun(path) ? {} : ADAS)
      })
    }
  })

  describe('by a site that may write everything, the twin', () => {
    before(() => begin({}, 'loser'))
    beforeEach(meet)
    after(() => world.close())

    for (const [path, walk] of Object.entries(paths)) {
      it(`${path}: all of it comes in`, async () => {
        expect(await walk()).to.deep.equal(isBegun(path) ? PLANTED : { ...ADAS, ...PLANTED })
      })
    }
  })

  describe('what becomes of the rest', () => {
    afterEach(() => world.close())

    it('nothing of it is lost: the session that gave way keeps the rest for the sites that may carry it', async () => {
      await begin({ share: { read: ['cart'], write: ['wish'] } }, { keys: { points: 'sum' } })
      await mallory.post(travel, '/sign-in', { name: 'eve' })
      expect((await mallory.sync(travel)).outcome).to.equal('adopt')
      expect(await dataAt(travel, mallory)).to.deep.equal({})
      expect(await dataAt(shop, mallory)).to.deep.equal({ cart: ['PLANTED'], points: 1000 })
      expect((await mallory.sync(shop)).outcome).to.equal('replace')
      expect(await mallory.whoami(shop)).to.deep.include({ subject: 'eve', data: PLANTED })
    })

    it('a session that nothing may be carried out of stays as it is, by its version too', async () => {
      for (const [write, isCarried] of [
        [[], false],
        [['wish'], true],
      ] as const) {
        await begin({ share: { read: ['cart'], write: [...write] } })
        await ada.post(shop, '/sign-in', { name: 'ada' })
        await ada.sync(shop)
        const seen = async () => (await act('read', { handle: heldAt(shop, mallory) }, shop)).json
        const before = await seen()
        expect(before.data).to.deep.equal(PLANTED)
        expect((await redeemOver(heldAt(travel, mallory))).status).to.equal(200)
        const { data, version } = await seen()
        const { wish, ...rest } = PLANTED
        expect(data).to.deep.equal(isCarried ? rest : PLANTED)
        expect(version).to.equal(Number(before.version) + (isCarried ? 1 : 0))
        expect((await dataAt(shop)).wish).to.deep.equal(isCarried ? wish : undefined)
        if (!isCarried) await world.close()
      }
    })

    it('R20: whoever signs in over such a session holds no handle on it any more', async () => {
      await begin({ share: { read: ['cart'], write: [] } })
      const handle = heldAt(travel, mallory)
      expect((await act('read', { handle })).status).to.equal(200)
      expect((await act('sign-in', { handle, subject: 'eve', claims: {} })).status).to.equal(200)
      expectRefusal(await act('read', { handle }), 410, 'session_ended')
      expect(await dataAt(shop, mallory)).to.deep.equal(PLANTED)
    })

    it('a user who signs in again keeps all, whatever the site may write', async () => {
      await begin({ share: { read: ['cart'], write: [] } })
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await patch(ada, ADAS)
      await ada.sync(shop)
      await ada.sync(travel)
      await ada.post(travel, '/sign-in', { name: 'ada' })
      expect((await ada.sync(travel)).outcome).to.equal('adopt')
      await ada.sync(shop)
      expect(await dataAt(shop)).to.deep.equal(ADAS)
    })
  })

  describe('a session that it brings as a whole', () => {
    afterEach(() => world.close())

    const bring = async () => {
      for (const [name, value] of mallory.cookies(travel)) ada.cookies(travel).set(name, value)
      const { outcome } = await ada.sync(travel)
      const link = await ada.linkTicket(travel, shop)
      return { outcome, link: link !== null }
    }

    it('is brought neither to the hub nor by a link where others wrote in it what the site may not', async () => {
      await begin({ share: { read: ['cart', 'wish'], write: ['wish'] } })
      expect(await bring()).to.deep.equal({ outcome: 'none', link: false })
      await ada.sync(shop)
      expect(await ada.whoami(shop)).to.include({ session: 'none' })
    })

    it('is brought where the site may write all of it', async () => {
      await begin({ share: { read: ['cart', 'wish', 'points'] } })
      expect(await bring()).to.deep.equal({ outcome: 'adopt', link: true })
      await ada.sync(shop)
      expect(await dataAt(shop)).to.deep.equal(PLANTED)
    })

    it('cannot begin as a copy of one: an opt-out leaves the site what it may write', async () => {
      await begin({ share: { read: ['cart', 'wish'], write: ['wish'] } })
      const { json } = await act('part', { handle: heldAt(travel, mallory) })
      expect(await whole(String(json.handle))).to.deep.equal({ wish: ['sea'] })
      expect(await dataAt(shop, mallory)).to.deep.equal(PLANTED)
    })
  })
})
