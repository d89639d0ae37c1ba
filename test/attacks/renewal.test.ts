/** The hub's cookie is set anew where the visitor comes by; what nobody gains by that (R16, R20, R22). */
import { expect } from 'chai'
import { memoryStore } from 'session-hub/hub'

import { startUsers, type Users } from '../support/users.js'
import { type Ask, binding, type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const HUB = '__Host-session-hub'
const DAY = 86_400

/** What an answer sets the hub's cookie to, attributes and all. */
const renewed = ({ headers }: Reply): string | undefined =>
  headers['set-cookie']?.find((cookie) => cookie.startsWith(`${HUB}=`))

describe('the renewal of the hub’s cookie', () => {
  let users: Users
  let world: World
  let ada: Visitor
  let shop: string

  beforeEach(async () => {
    users = await startUsers()
    ;({ world, shop } = users)
    ada = users.browser()
    await users.signIn(ada, 'ada')
  })
  afterEach(() => world.close())

  const held = (who = ada) => who.cookies(world.hub.origin).get(HUB)
  /** A window that comes to the hub, as a site sends it. */
  const toRedirect = (who: Visitor, headers: Ask['headers'] = {}) => {
    const query = new URLSearchParams({ site: shop, nonce: binding().nonce })
    return who.navigateOnce(`${world.hub.origin}/redirect?${query}`, headers)
  }
  const framed = (from: string, headers: Ask['headers'] = {}) =>
    ada.frame(shop, binding().nonce, { 'sec-fetch-site': from, ...headers })

  it('happens once a day, in a window of the hub’s own and in a frame on its own site, with the same value', async () => {
    const before = held()
    expect(renewed((await toRedirect(ada))[0]), 'on the first day').to.equal(undefined)
    const ways = [
      async () => (await toRedirect(ada))[0],
      () => framed('same-site'),
      () => framed('same-origin'),
    ]
    for (const [at, way] of ways.entries()) {
      world.advance(DAY)
      const seconds = (90 - at - 1) * DAY
      expect(renewed(await way())).to.match(
        new RegExp(
          `^${HUB}=${before!}; Path=/; Max-Age=(${seconds}|${seconds - 1}); Secure; HttpOnly; SameSite=None$`,
        ),
      )
      expect(renewed(await way()), 'once more').to.equal(undefined)
    }
    expect(held()).to.equal(before)
  })

  it('R16: is no stranger’s doing: not in a frame or a fetch across sites, nor ahead of a visit', async () => {
    world.advance(DAY)
    for (const headers of [
      {},
      { 'sec-fetch-storage-access': undefined },
      { 'sec-fetch-site': 'cross-site', referer: 'https://stranger.example/' },
    ])
      expect(renewed(await framed('cross-site', headers))).to.equal(undefined)
    for (const headers of [
      { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-dest': 'iframe' },
      { 'sec-purpose': 'prefetch' },
    ]) {
      const [reply] = await toRedirect(ada, headers)
      expect(reply.status).to.equal(400)
      expect(reply.headers['set-cookie']).to.equal(undefined)
    }
    // A page of a stranger’s on a host beside the hub’s embeds the frame.
    const beside = await framed('same-site', { referer: 'https://stranger.example/' })
    expect(renewed(beside)).to.equal(undefined)
    expect(renewed(await framed('same-site')), 'the twin').to.include(`${HUB}=`)
  })

  it('R20: plants nothing: a value that the hub does not know is not sent back, nor one that is there twice', async () => {
    world.advance(DAY)
    const own = held()!
    const unknown = 'A'.repeat(43)
    for (const cookie of [
      `${HUB}=${unknown}`,
      `${HUB}=${own}; ${HUB}=${own}`,
      `${HUB}=${unknown}; ${HUB}=${own}`,
      `${HUB}=${own}x`,
      `${HUB}.partners=${own}`,
    ])
      expect(renewed((await toRedirect(ada, { cookie }))[0])).to.equal(undefined)
    expect(renewed((await toRedirect(ada, { cookie: `${HUB}=${own}` }))[0]), 'the twin').to.include(own)
  })

  it('does not make the session live longer: neither its idle nor its absolute end moves', async () => {
    for (let day = 1; day < 30; day += 1) {
      world.advance(DAY)
      expect(renewed((await toRedirect(ada))[0])).to.include(`${HUB}=`)
    }
    world.advance(DAY)
    const [reply] = await toRedirect(ada)
    expect(renewed(reply)).to.equal(undefined)
    expect(reply.headers.location).to.include('outcome=none')
  })

  it('is not for a session that has ended, nor for a browser that has opted out', async () => {
    world.advance(DAY)
    const off = ada.copy()
    off.cookies(world.hub.origin).set('__Host-session-hub-off', '1')
    expect(renewed((await toRedirect(off))[0])).to.equal(undefined)
    const other = ada.copy()
    expect(renewed((await toRedirect(ada))[0]), 'the twin').to.include(`${HUB}=`)
    world.advance(DAY)
    await ada.post(shop, '/session-hub/sign-out', {})
    expect(renewed((await toRedirect(other))[0])).to.equal(undefined)
  })

  it('leaves alone a cookie that goes when the browser is closed', async () => {
    const guest = users.browser()
    await users.signIn(guest, 'grace', { remember: false })
    world.advance(DAY)
    expect(held(guest)).to.be.a('string')
    expect(renewed((await toRedirect(guest))[0])).to.equal(undefined)
    expect(renewed((await toRedirect(ada))[0]), 'the twin').to.include(`${HUB}=`)
  })
})

describe('a store that fails at the renewal', () => {
  it('keeps nobody from the redirect: the session comes, the cookie stays as it is', async () => {
    const store = memoryStore()
    const transact = store.transact.bind(store)
    let isBroken = false
    store.transact = (...asked) => (isBroken ? Promise.reject(new Error('ECONNREFUSED')) : transact(...asked))
    const world = await startWorld({ sites: ['shop', 'travel'], hub: { store } })
    try {
      const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
      const ada = new Visitor(world.hub.origin)
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
      world.advance(DAY)
      isBroken = true
      const query = new URLSearchParams({ site: travel, nonce: binding().nonce })
      const [reply] = await ada.navigateOnce(`${world.hub.origin}/redirect?${query}`)
      expect(reply.headers.location).to.include('outcome=replace')
      expect(renewed(reply)).to.equal(undefined)
    } finally {
      await world.close()
    }
  })
})
