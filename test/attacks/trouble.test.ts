/** When the store fails or is stolen: closed, and nothing usable inside (R21, R26). */
import { expect } from 'chai'

import { openTicket, redemptionOf, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { binding, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

describe('R21: the store is down', () => {
  let world: World
  let store: ReturnType<typeof watchedStore>
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    store = watchedStore()
    world = await startWorld({ sites: ['shop', 'travel'], hub: { store } })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
  })
  afterEach(() => world.close())

  it('every door answers 503, sets no cookie and lets nobody in; afterwards each works', async () => {
    const { ticket, verifier } = await ada.ticket(travel)
    const { nonce } = binding()
    const { data } = await ada.frame(shop, nonce)
    const offered = await ada.post(shop, '/session-hub/offer', { nonce })
    const offer = offered.json.offer as string
    const handle = handleIn(ada.cookies(shop).get('__Host-session')!)
    const act = (name: string, body: object, site = 'shop') =>
      send(`${world.hub.origin}/backchannel/${name}`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(world, world.siteOf(site))}`,
        },
      })
    const another = (await ada.ticket(travel)).ticket
    const spend = redemptionOf(openTicket(world.siteOf('travel'), another).claims)
    const doors = [
      () => ada.exchange(data, offer),
      () => ada.ask(`${world.hub.origin}/readyz`),
      () => act('read', { handle }),
      () => act('update', { handle, patch: { a: 1 } }),
      () => act('update', { handle: null, patch: { a: 1 } }),
      () => act('sign-in', { handle, subject: 'eve', claims: {} }),
      () => act('end', { handle }),
      () => act('redeem', spend, 'travel'),
      () => ada.post(travel, '/session-hub/redeem', { ticket, verifier }),
      () => ada.post(shop, '/session-hub/offer', { nonce }),
    ]
    const before = store.rows()
    store.breakDown(true)
    for (const [index, door] of doors.entries()) {
      const reply = await door()
      expect(reply.status, `door ${index}: ${reply.text}`).to.equal(503)
      expectRefusalWithoutCookies(reply, 503, 'unavailable')
      expect(reply.text).to.not.match(/ECONNREFUSED|10\.0\.0\.7/)
    }
    const frame = await ada.frame(travel, nonce)
    expect(frame.status).to.equal(503)
    expect(frame.data.message).to.deep.equal({
      sessionHub: 1,
      nonce,
      outcome: 'failed',
      reason: 'unavailable',
    })
    expect(store.rows(), 'nothing was written').to.equal(before)

    store.breakDown(false)
    expect((await ada.ask(`${world.hub.origin}/readyz`)).status).to.equal(200)
    expect((await ada.exchange(data, offer)).status).to.equal(200)
    expect((await ada.post(travel, '/session-hub/redeem', { ticket, verifier })).status).to.equal(200)
    expect((await act('read', { handle })).json).to.include({ subject: 'ada' })
  })

  it('a known session lives on for its grace and no longer', async () => {
    store.breakDown(true)
    const status = async () => {
      const reply = await ada.ask(`${shop}/`)
      return { status: reply.status, cookies: reply.headers['set-cookie'] }
    }
    world.advance(3000)
    expect(await status()).to.deep.equal({ status: 200, cookies: undefined })
    expect((await ada.ask(`${shop}/whoami`)).status, 'data needs the hub').to.equal(503)
    world.advance(1000)
    expect(await ada.whoami(shop)).to.deep.include({ session: 'none', subject: null })
    store.breakDown(false)
    world.advance(11)
    expect(await ada.whoami(shop)).to.include({ subject: 'ada' })
  })

  it('a sign-out reaches the hub all the same, later', async () => {
    store.breakDown(true)
    expect((await ada.post(shop, '/session-hub/sign-out', {})).status).to.equal(200)
    expect(await ada.whoami(shop)).to.include({ session: 'none' })
  })
})

describe('R26: the store is stolen', () => {
  it('nothing in it opens anything; the handles that it stands for do', async () => {
    const store = watchedStore()
    const world = await startWorld({ sites: ['shop', 'travel'], hub: { store } })
    try {
      const [shop, travel] = ['shop', 'travel'].map((name) => world.siteOf(name)) as [
        ReturnType<World['siteOf']>,
        ReturnType<World['siteOf']>,
      ]
      const ada = new Visitor(world.hub.origin)
      await ada.post(shop.origin, '/sign-in', { name: 'ada' })
      await ada.sync(shop.origin)
      await ada.sync(travel.origin)
      const pending = await ada.ticket(shop.origin).catch(() => undefined)

      const dump = JSON.stringify(store.written)
      const cookies = [...ada.jar.values()].flatMap((jar) => [...jar.values()])
      const handles = [shop, travel].map(({ origin }) =>
        handleIn(ada.cookies(origin).get('__Host-session')!)!,
      )
      const hubHandle = ada.cookies(world.hub.origin).get('__Host-session-hub')!
      for (const secret of [
        ...cookies,
        ...handles,
        hubHandle,
        pending?.ticket ?? hubHandle,
        world.hub.keys.secret,
        shop.keys.ticket.k,
        shop.keys.session.k,
        shop.keys.signing.d,
      ]) {
        expect(dump).to.not.include(secret)
      }

      const known = [
        ...store.written.handles.flatMap(({ hash, sessionId }) => [hash, sessionId]),
        ...store.written.spends.flatMap(({ jti, gave }) => [jti, gave ?? '']),
      ].filter(Boolean)
      expect(known).to.have.length.above(4)
      const read = (handle: string, site: typeof shop) =>
        send(`${world.hub.origin}/backchannel/read`, {
          method: 'POST',
          body: { handle },
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${siteToken(world, site)}`,
          },
        })
      for (const guess of new Set(known)) {
        const thief = new Visitor(world.hub.origin)
        thief.cookies(world.hub.origin).set('__Host-session-hub', guess)
        for (const { origin } of [shop, travel]) {
          expect((await thief.sync(origin)).outcome).to.equal('none')
          thief.cookies(origin).set('__Host-session', guess)
          expect(await thief.whoami(origin)).to.include({ session: 'none' })
        }
        for (const site of [shop, travel]) {
          expectRefusal(
            await read(guess, site),
            guess.length === 43 ? 410 : 400,
            guess.length === 43 ? 'session_ended' : 'request_invalid',
          )
        }
      }

      const twin = new Visitor(world.hub.origin)
      twin.cookies(world.hub.origin).set('__Host-session-hub', hubHandle)
      expect((await twin.sync(travel.origin)).outcome).to.equal('replace')
      expect((await read(handles[0]!, shop)).json).to.include({ subject: 'ada' })
    } finally {
      await world.close()
    }
  })
})
