/** The redirect rung on the wire: to the hub and back, with real hub and sites. Its attacks are in `attacks/redirect.test.ts`. */
import { expect } from 'chai'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('the redirect', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld()
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  })
  afterEach(() => world.close())

  const addresses = (replies: { headers: { location?: string | undefined } }[]) =>
    replies.flatMap(({ headers: { location } }) => (location === undefined ? [] : [new URL(location)]))

  it('ends on the page, with nothing to share', async () => {
    const { replies, arrival } = await visitor.redirect(shop)
    expect(arrival).to.equal('redirect.none..0')
    expect(replies.at(-1)?.json).to.include({ session: 'none' })
    expect(replies).to.have.length(4)
  })

  it('brings a new site session to the hub, and from there to another site', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    const there = await visitor.redirect(shop)
    expect(there.arrival).to.equal('redirect.adopt..0')
    expect(there.replies, 'the hub asks for an offer on the way').to.have.length(6)

    const here = await visitor.redirect(travel)
    expect(here.arrival).to.equal('redirect.replace.empty.0')
    expect(here.replies.at(-1)?.json).to.deep.include({ session: 'anonymous', data: { cart: ['boots'] } })
    expect(here.replies).to.have.length(4)
    expect((await visitor.redirect(travel)).arrival).to.equal('redirect.keep..0')
  })

  it('merges the cart of the site into the session of the hub', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.redirect(shop)
    await visitor.ask(`${travel}/cart`, {
      method: 'POST',
      body: { item: 'map' },
      headers: { 'content-type': 'application/json' },
    })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.redirect(shop)

    expect((await visitor.redirect(travel)).arrival).to.equal('redirect.replace.merged.1')
    expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
  })

  it('leaves every answer but the last without a body, and shows no ticket after the callback', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.redirect(shop)
    const { replies } = await visitor.redirect(travel, '/whoami?a=1#top')
    for (const { status, headers, text } of replies.slice(0, -1)) {
      expect(status).to.equal(303)
      expect(headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      expect(text).to.equal('')
    }
    const [toHub, callback, page] = addresses(replies)
    expect(toHub?.origin).to.equal(world.hub.origin)
    expect(callback?.pathname).to.equal('/session-hub/callback')
    expect(callback?.searchParams.get('ticket')).to.be.a('string')
    expect(page?.href).to.equal(`${travel}/whoami?a=1#top`)
  })

  it('does not leave the site while the hub is down', async () => {
    await world.hub.listener.stop()
    const { replies, arrival } = await visitor.redirect(shop)
    expect(arrival).to.equal('redirect.failed.unavailable.0')
    expect(addresses(replies).map(({ origin }) => origin)).to.deep.equal([shop])
  })

  it('comes back from a hub whose store fails, and says so', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.redirect(shop)
    await world.hub.store.close()
    expect((await visitor.redirect(travel)).arrival).to.equal('redirect.failed.unavailable.0')
  })

  it('does not begin without consent', async () => {
    await world.close()
    world = await startWorld({ site: { mayShare: () => false } })
    shop = world.siteOf('shop').origin
    expect((await visitor.redirect(shop)).arrival).to.equal('redirect.failed.consent_required.0')
    expect(world.hub.listener.seen).to.deep.equal([])
  })

  it('registers a sign-in that the hub could not be told of', async () => {
    await world.hub.listener.stop()
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await world.hub.listener.start()
    world.advance(11)
    await visitor.redirect(shop)
    await visitor.redirect(shop)
    expect((await visitor.redirect(travel)).arrival).to.equal('redirect.replace.empty.1')
  })

  it('comes back to the endpoint that the site is registered with', async () => {
    await world.close()
    world = await startWorld({
      sites: ['shop'],
      site: { endpoint: '/own/path' },
      registration: () => ({ endpoint: '/own/path' }),
    })
    shop = world.siteOf('shop').origin
    visitor = new Visitor(world.hub.origin)
    const replies = await visitor.navigate(`${shop}/own/path/redirect?return=/whoami`)
    expect(replies.map(({ status }) => status)).to.deep.equal([303, 303, 303, 200])
    expect(visitor.arrival(shop)).to.equal('redirect.none..0')
  })
})

describe('redirectOnce', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ once: true })
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  })
  afterEach(() => world.close())

  const atHub = () => world.hub.listener.seen.filter(({ url }) => url.startsWith('/redirect')).length

  it('brings the session before the first page of a browser session, and then never again', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.redirect(shop)
    const before = atHub()
    const replies = await visitor.navigate(`${travel}/whoami?a=1`)
    expect(replies.at(-1)?.json).to.deep.include({ data: { cart: ['boots'] } })
    expect(replies).to.have.length(4)
    expect(atHub()).to.equal(before + 1)
    expect(await visitor.navigate(travel)).to.have.length(1)
    expect(atHub()).to.equal(before + 1)
  })

  const others: Record<string, [string, Record<string, string>]> = {
    'a bot': ['/whoami', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' }],
    'a fetch': ['/whoami', { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }],
    'a frame': ['/whoami', { 'sec-fetch-dest': 'iframe' }],
    'a prefetch': ['/whoami', { 'sec-purpose': 'prefetch;prerender' }],
    'something that wants no HTML': ['/whoami', { accept: 'application/json' }],
    'an old browser': ['/whoami', { 'sec-fetch-dest': '', 'sec-fetch-mode': '' }],
  }
  for (const [name, [path, headers]] of Object.entries(others)) {
    it(`leaves ${name} alone`, async () => {
      expect(await visitor.navigate(shop + path, headers)).to.have.length(1)
      expect(atHub()).to.equal(0)
    })
  }

  it('gives a browser without cookies its page, after one redirect', async () => {
    const replies = []
    for (let url = `${shop}/whoami?a=1`; replies.length < 10;) {
      const [reply] = await new Visitor(world.hub.origin).navigateOnce(url)
      replies.push(reply)
      if (reply.headers.location === undefined) break
      url = reply.headers.location
    }
    expect(replies.map((reply) => reply.status)).to.deep.equal([303, 303, 303, 200])
    expect(replies[2]?.headers.location).to.equal(`${shop}/whoami?a=1&session-hub=off`)
    expect(atHub()).to.equal(1)
  })

  it('lets the page come at once while the hub is down, and does it when the hub is back', async () => {
    await world.hub.listener.stop()
    expect(await visitor.navigate(`${shop}/`)).to.have.length(1)
    await world.hub.listener.start()
    world.advance(11)
    expect(await visitor.navigate(`${shop}/`)).to.have.length(4)
  })
})
