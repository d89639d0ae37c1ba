/** The link rung on the wire, with real hub and sites. Its attacks are in `attacks/link.test.ts`. */
import { expect } from 'chai'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a link to a sister', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  const begin = async (options: Parameters<typeof startWorld>[0] = {}) => {
    world = await startWorld({ sisters: true, ...options })
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  }
  beforeEach(() => begin())
  afterEach(() => world.close())

  it('carries an anonymous cart, and leaves the address clean', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    const { replies, arrival } = await visitor.follow(shop, `${travel}/whoami?a=1#top`)
    expect(arrival).to.equal('link.replace.empty.0')
    expect(replies.map(({ status }) => status)).to.deep.equal([303, 303, 200])
    expect(replies[1]?.headers.location).to.equal(`${travel}/whoami?a=1#top`)
    expect(replies.at(-1)?.json).to.deep.include({ session: 'anonymous', data: { cart: ['boots'] } })
  })

  it('carries a sign-in, with its claims', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada', claims: { plan: 'gold' } })
    expect((await visitor.follow(shop, `${travel}/whoami`)).arrival).to.equal('link.replace.empty.1')
    expect(await visitor.whoami(travel)).to.deep.include({ subject: 'ada', claims: { plan: 'gold' } })
  })

  it('merges the anonymous carts of both sites', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.post(travel, '/wish', { wish: 'a map' })
    expect((await visitor.follow(shop, `${travel}/whoami`)).arrival).to.equal('link.replace.merged.0')
    expect((await visitor.whoami(travel)).data).to.deep.equal({ cart: ['boots'], wish: 'a map' })
  })

  it('says where the sister takes it that has its endpoints in another place, and nothing where there is nothing to bring', async () => {
    const { registration } = world.siteOf('travel')
    const asked = async () => (await visitor.post(shop, '/session-hub/link', { to: travel })).json
    world.register({ ...registration, endpoint: '/company/session' })
    expect(await asked()).to.deep.equal({ ticket: null })
    await visitor.post(shop, '/cart', { item: 'boots' })
    expect(await asked())
      .to.include({ endpoint: '/company/session' })
      .and.have.property('ticket')
      .that.is.a('string')
    world.register(registration)
    expect(await asked(), 'the twin').to.have.all.keys('ticket')
  })

  it('knows its own user again, and another', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.follow(shop, `${travel}/whoami`)
    expect((await visitor.follow(shop, `${travel}/whoami`)).arrival).to.equal('link.keep..1')
    await visitor.post(travel, '/sign-in', { name: 'eve' })
    expect((await visitor.follow(shop, `${travel}/whoami`)).arrival, 'ada has ended with her').to.equal(
      undefined,
    )
    await visitor.post(shop, '/sign-in', { name: 'bob' })
    expect((await visitor.follow(shop, `${travel}/whoami`)).arrival).to.equal('link.conflict..1')
    expect(await visitor.whoami(travel)).to.include({ subject: 'eve' })
  })

  it('takes the place of a user who has signed out elsewhere meanwhile', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.follow(shop, `${travel}/whoami`)
    await visitor.post(shop, '/sign-in', { name: 'bob' })
    expect((await visitor.follow(shop, `${travel}/whoami`)).arrival).to.equal('link.replace.empty.1')
    expect(await visitor.whoami(travel)).to.include({ subject: 'bob' })
  })

  it('has nothing to carry for a visitor without a session, or with an empty one', async () => {
    expect(await visitor.linkTicket(shop, travel)).to.equal(null)
    await visitor.post(shop, '/wish', { wish: null })
    expect(await visitor.linkTicket(shop, travel)).to.equal(null)
    await visitor.post(shop, '/wish', { wish: 'rain' })
    expect(await visitor.linkTicket(shop, travel)).to.be.a('string')
  })

  it('signs out on both sides, wherever the visitor does it', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.follow(shop, `${travel}/whoami`)
    await visitor.post(shop, '/sign-out', {})
    world.advance(301)
    expect(await visitor.whoami(travel)).to.include({ session: 'none' })
  })

  it('tells the application, as any other way does', async () => {
    await world.close()
    const heard: unknown[] = []
    await begin({ site: { onReplaced: ({ source, wasEmpty }) => void heard.push({ source, wasEmpty }) } })
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.follow(shop, `${travel}/whoami`)
    expect(heard).to.deep.equal([{ source: 'link', wasEmpty: true }])
  })

  it('arrives without a session when the hub is down or consent is missing there', async () => {
    await world.close()
    let mayTravel = true
    await begin({ site: (name) => ({ mayShare: () => name !== 'travel' || mayTravel }) })
    await visitor.post(shop, '/cart', { item: 'boots' })
    mayTravel = false
    expect((await visitor.follow(shop, `${travel}/whoami`)).arrival).to.equal(
      'link.failed.consent_required.0',
    )
    mayTravel = true
    const ticket = await visitor.linkTicket(shop, travel)
    await visitor.ask(`${travel}/session-hub/sdk.js`)
    await visitor.follow(shop, `${travel}/whoami`)
    await visitor.post(travel, '/sign-out', {})
    await world.hub.listener.stop()
    const replies = await visitor.submit(
      `${travel}/session-hub/enter`,
      { ticket: ticket!, to: `${travel}/who` },
      { origin: shop },
    )
    expect(visitor.arrival(travel)).to.equal('link.failed.unavailable.0')
    expect(replies.at(-1)?.json).to.include({ session: 'none' })
  })

  describe('lists', () => {
    const sisters = async (site: string) =>
      (await visitor.post(site, '/session-hub/sisters', {})).json.sisters

    it('the origins that the registration names', async () => {
      expect(await sisters(shop)).to.deep.equal([travel, world.siteOf('magazine').origin])
    })

    it('no origin to a site of `findSite` that names none', async () => {
      await world.close()
      await begin({ sisters: false })
      expect(await sisters(shop)).to.deep.equal([])
      const refused = await visitor
        .post(shop, '/cart', { item: 'boots' })
        .then(() => visitor.post(shop, '/session-hub/link', { to: travel }))
      expect(refused).to.include({ status: 403 })
      expect(refused.json.error).to.equal('sister_unknown')
    })
  })
})
