/** Every cookie that hub and sites ever set, attribute by attribute (R22). */
import { expect } from 'chai'

import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

/** The cookies of a reply, values that are there as `…`, in the order of their names. */
const shapes = ({ headers }: Reply): string[] =>
  (headers['set-cookie'] ?? []).map((cookie) => cookie.replace(/^([^=]+)=[^;]+/, '$1=…')).sort()

const site = [
  '__Host-session-state=…; Path=/; Max-Age=34560000; Secure; SameSite=Lax',
  '__Host-session=…; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax',
]
const gone = [
  '__Host-session-state=; Path=/; Max-Age=0; Secure; SameSite=Lax',
  '__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax',
]
const hub = [
  '__Host-session-hub-turn=…; Path=/; Secure; SameSite=None',
  '__Host-session-hub=…; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=None',
]

describe('R22: cookies', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    visitor = new Visitor(world.hub.origin)
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
  })
  afterEach(() => world.close())

  it('have exactly these attributes, each name once per answer', async () => {
    expect(shapes(await visitor.post(shop, '/cart', { item: 'boots' })), 'a first write').to.deep.equal(site)
    expect(shapes(await visitor.post(shop, '/sign-in', { name: 'ada' })), 'a sign-in').to.deep.equal(site)

    const nonce = 'A'.repeat(43)
    const { data } = await visitor.frame(shop, nonce)
    const offered = await visitor.post(shop, '/session-hub/offer', { nonce })
    expect(shapes(offered), 'an offer').to.deep.equal(site)
    const adopted = await visitor.exchange(data, offered.json.offer as string)
    expect(shapes(adopted), 'an adoption').to.deep.equal(hub)

    const { ticket, verifier } = await visitor.ticket(travel)
    const redeemed = await visitor.post(travel, '/session-hub/redeem', { ticket, verifier })
    expect(shapes(redeemed), 'a redemption').to.deep.equal(site)
    world.advance(301)
    expect(shapes(await visitor.ask(`${travel}/whoami`)), 'a refresh').to.deep.equal(site)
    expect(shapes(await visitor.post(travel, '/session-hub/sign-out', {})), 'a sign-out').to.deep.equal(gone)
    world.advance(301)
    expect(shapes(await visitor.ask(`${shop}/whoami`)), 'an end elsewhere').to.deep.equal(gone)
  })

  it('are not set for who has none', async () => {
    for (const reply of [
      await visitor.ask(`${shop}/whoami`),
      await visitor.ask(`${shop}/`),
      await visitor.post(shop, '/session-hub/offer', { nonce: 'A'.repeat(43) }),
      await visitor.frame(shop, 'A'.repeat(43)),
    ]) {
      expect(shapes(reply)).to.deep.equal([])
    }
  })

  it('that were forged in this site’s name are taken away', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const forged = `${part({ alg: 'HS256', typ: 'session+jwt' })}.${part({ iss: shop, sub: 'ada' })}.AAAA`
    const reply = await visitor.ask(`${shop}/whoami`, { headers: { cookie: `__Host-session=${forged}` } })
    expect(reply.json).to.include({ session: 'none' })
    expect(shapes(reply)).to.include(gone[1])
  })

  it('that are not this site’s are no session, and are left to whoever set them', async () => {
    for (const foreign of ['x', 'x.y.z', 'A'.repeat(5000)]) {
      const reply = await visitor.ask(`${shop}/whoami`, { headers: { cookie: `__Host-session=${foreign}` } })
      expect(reply.json).to.include({ session: 'none' })
      expect(shapes(reply)).to.deep.equal([])
    }
  })

  it('of the hub are not set in a frame, nor by anything but an adoption', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    const { data, ...framed } = await visitor.frame(travel, 'A'.repeat(43))
    expect(shapes({ ...framed })).to.deep.equal([])
    expect(shapes(await visitor.exchange(data, null))).to.deep.equal([])
  })
})
