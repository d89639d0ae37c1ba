/**
 * The redirect rung as an attacker would use it (R10 to R13, R20, R22 to R24, R30). Eve has a session, true tickets and true offers of
 * her own; she wants her session in another browser, or the visitor somewhere else. Each attack has its allowed twin.
 */
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import {
  base64url,
  type Claims,
  flip,
  openTicket,
  ownToken,
  readJws,
  targetsAway,
  targetsInside,
} from '../support/forge.js'
import { decided } from '../support/adapters/abilities.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World, type WorldOptions, type WorldSite } from '../support/world.js'

type Headers = NonNullable<Ask['headers']>

const SESSION = '__Host-session'
const START = '__Host-session-start'
const HUB_START = '__Host-session-hub-start'
const CALLBACK = '/session-hub/callback'
const ARRIVAL = /^redirect\.[a-z]+\.[a-z_-]{0,40}\.[01]$/

const window: Headers = {
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'cross-site',
}

describe('the redirect among strangers', () => {
  let world: World
  let eve: Visitor
  let victim: Visitor
  let shop: string
  let travel: string

  /** Eve's session is at the shop and at the hub. */
  async function begin(options: WorldOptions = {}): Promise<void> {
    world = await startWorld(options)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    eve = new Visitor(world.hub.origin)
    victim = new Visitor(world.hub.origin)
    await eve.post(shop, '/sign-in', { name: 'eve' })
    await eve.redirect(shop)
  }
  async function beginAgain(options: WorldOptions): Promise<void> {
    await world.close()
    await begin(options)
  }
  beforeEach(() => begin())
  afterEach(() => world.close())

  /** Sets out, and stops before the site's callback. @returns its address, with what the hub has answered */
  const toCallback = (one: Visitor, site = travel, to = '/whoami') =>
    one.walk(`${site}/session-hub/redirect?return=${encodeURIComponent(to)}`, CALLBACK)

  const ticketIn = (address: string) => {
    const ticket = new URL(address).searchParams.get('ticket')
    if (ticket === null) throw new Error('No ticket')
    return ticket
  }
  const verifierOf = (one: Visitor, site = travel) =>
    String(readJws(one.cookies(site).get(START)!).claims.verifier)

  const lastOf = (replies: readonly Reply[]) => replies.at(-1)?.json
  const atHub = () => world.hub.listener.seen.filter(({ url }) => url.startsWith('/redirect')).length

  async function expectTrue(address: string, who = eve): Promise<void> {
    await who.navigate(address)
    expect(who.arrival(travel), 'the twin').to.equal('redirect.replace.empty.1')
    expect(await who.whoami(travel)).to.include({ subject: 'eve' })
  }

  describe('R24: a ticket of her own, planted in the callback', () => {
    let planted: string
    beforeEach(async () => {
      planted = await toCallback(eve)
    })

    it('does nothing where no redirect was begun, and leads to the page', async () => {
      const replies = await victim.navigate(planted)
      expect(replies).to.have.length(2)
      expect(replies[0]?.headers).to.include({ location: `${travel}/whoami?session-hub=off` })
      expect(replies[0]?.headers['set-cookie']).to.equal(undefined)
      expect(lastOf(replies)).to.include({ session: 'none' })
      expect(victim.arrival(travel)).to.equal(undefined)
      await expectTrue(planted)
    })

    it('R10: does nothing where the victim’s own redirect is under way: it has another verifier', async () => {
      await toCallback(victim)
      const replies = await victim.navigate(planted)
      expect(victim.arrival(travel)).to.equal('redirect.failed.verifier_invalid.0')
      expect(lastOf(replies)).to.include({ session: 'none' })
      await expectTrue(planted)
    })

    it('does nothing where the redirect was begun too long ago', async () => {
      const late = eve.copy()
      world.advance(131)
      await late.navigate(planted)
      expect(late.arrival(travel)).to.equal(undefined)
      expect(await late.whoami(travel)).to.include({ session: 'none' })
      await expectTrue(await toCallback(eve))
    })

    it('R5: does nothing when the ticket is old, though the start cookie is not', async () => {
      const late = eve.copy()
      world.advance(33)
      await expectTrue(planted)
      world.advance(3)
      await late.navigate(planted)
      expect(late.arrival(travel)).to.equal('redirect.failed.ticket_expired.0')
      expect(await late.whoami(travel)).to.include({ session: 'none' })
    })

    it('does nothing with the start cookie of another site', async () => {
      await toCallback(victim, shop)
      victim.cookies(travel).set(START, victim.cookies(shop).get(START)!)
      await victim.navigate(planted)
      expect(victim.arrival(travel)).to.equal(undefined)
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
      await expectTrue(planted)
    })

    it('does nothing with a start cookie that was used, or that only counts', async () => {
      const thief = new Visitor(world.hub.origin)
      await thief.redirect(travel)
      expect(readJws(thief.cookies(travel).get(START)!).claims).to.not.have.property('verifier')
      const [reply] = await thief.navigate(planted)
      expect(reply?.headers.location, 'a browser that keeps cookies').to.equal(`${travel}/whoami`)
      expect(thief.arrival(travel)).to.equal(undefined)
      await expectTrue(planted)
    })

    it('does nothing with two start cookies', async () => {
      const start = `${START}=${eve.cookies(travel).get(START)!}`
      for (const cookie of [`${start}; ${start}`, `${start}; ${START}=x.y.z`]) {
        const [reply] = await victim.navigateOnce(planted, { cookie })
        expect(reply.headers['set-cookie']).to.equal(undefined)
      }
      await expectTrue(planted)
    })

    it('does nothing in what is no window of the visitor’s', async () => {
      for (const headers of [
        { 'sec-fetch-dest': 'iframe' },
        { 'sec-fetch-dest': 'object' },
        { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
        { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
        { 'sec-fetch-dest': undefined, 'sec-fetch-mode': undefined },
      ]) {
        const [reply] = await eve.navigateOnce(planted, headers)
        expect(reply.status).to.equal(303)
        expect(reply.headers['set-cookie']).to.equal(undefined)
      }
      for (const method of ['POST', 'PUT', 'HEAD', 'DELETE']) {
        const reply = await eve.ask(planted, { method, headers: window })
        expect(reply.status, method).to.equal(404)
        expect(reply.headers['set-cookie'], method).to.equal(undefined)
      }
      await expectTrue(planted)
    })

    it('works for her once', async () => {
      const thief = eve.copy()
      await expectTrue(planted)
      await eve.navigate(planted)
      expect(eve.arrival(travel), 'the verifier is used up').to.equal(undefined)
      await thief.navigate(planted)
      expect(thief.arrival(travel)).to.equal('redirect.failed.ticket_spent.0')
      expect(await thief.whoami(travel)).to.include({ session: 'none' })
      world.advance(301)
      expect(await eve.whoami(travel), 'a double submit ends nothing').to.include({ subject: 'eve' })
    })

    it('R27: with her whole jar of cookies, later: ends what it gave', async () => {
      const thief = eve.copy()
      await expectTrue(planted)
      world.advance(3)
      await thief.navigate(planted)
      expect(thief.arrival(travel)).to.equal('redirect.failed.ticket_spent.0')
      world.advance(301)
      expect(await eve.whoami(travel)).to.include({ session: 'none' })
    })

    it('R27: without her start cookie, later: ends nothing', async () => {
      await expectTrue(planted)
      world.advance(3)
      await victim.navigate(planted)
      await toCallback(victim)
      await victim.navigate(planted)
      expect(victim.arrival(travel)).to.equal('redirect.failed.verifier_invalid.0')
      world.advance(301)
      expect(await eve.whoami(travel)).to.include({ subject: 'eve' })
    })

    it('works for one of ten that race', async () => {
      const browsers = Array.from({ length: 10 }, () => eve.copy())
      await Promise.all(browsers.map((one) => one.navigate(planted)))
      expect(browsers.map((one) => one.arrival(travel)).sort()).to.deep.equal([
        ...Array.from({ length: 9 }, () => 'redirect.failed.ticket_spent.0'),
        'redirect.replace.empty.1',
      ])
    })

    it('R10: for a nonce that she has chosen gets to no page of hers', async () => {
      // She knows a verifier: that of her own start cookie. Then she leads the victim to the hub with its nonce.
      await victim.post(shop, '/sign-in', { name: 'ada' })
      await victim.redirect(shop)
      const nonce = new URL((await eve.navigateOnce(`${travel}/session-hub/redirect`))[0].headers.location!)
      const query = new URLSearchParams({
        site: travel,
        nonce: nonce.searchParams.get('nonce')!,
        return: '/plain',
      })
      const replies = await victim.navigate(`${world.hub.origin}/redirect?${query}`)
      const [toSite, toPage] = replies
      expect(ticketIn(toSite!.headers.location!), 'a ticket for ada').to.be.a('string')
      expect(toPage?.headers).to.include({
        location: `${travel}/?session-hub=off`,
        'referrer-policy': 'no-referrer',
      })
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
      for (const { url, headers } of world.siteOf('travel').listener.seen) {
        if (!url.startsWith(CALLBACK)) expect(url).to.not.include('ticket')
        expect(headers.referer).to.equal(undefined)
      }
    })
  })

  describe('R11: a ticket', () => {
    it('of a redirect is none at /redeem, with its true verifier', async () => {
      const address = await toCallback(eve)
      const body = { ticket: ticketIn(address), verifier: verifierOf(eve) }
      expectRefusalWithoutCookies(await eve.post(travel, '/session-hub/redeem', body), 401, 'ticket_invalid')
      await expectTrue(address)
    })

    it('of a redirect is none at enter, from whatever origin', async () => {
      const address = await toCallback(eve)
      for (const origin of [travel, shop, world.hub.origin]) {
        const form = { ticket: ticketIn(address), to: `${travel}/whoami` }
        const [reply] = await victim.submit(`${travel}/session-hub/enter`, form, { origin })
        expect(reply?.headers['set-cookie'], origin).to.equal(undefined)
      }
      await expectTrue(address)
    })

    it('of a redirect is none at another site', async () => {
      const address = await toCallback(eve)
      const magazine = world.siteOf('magazine')
      await toCallback(eve, magazine.origin)
      const { verifier } = readJws(eve.cookies(travel).get(START)!).claims
      const iat = Math.floor(world.now() / 1000)
      const start = ownToken(world, magazine, 'start+jwt', { verifier, since: iat, count: 1 })
      eve.cookies(magazine.origin).set(START, start)
      await eve.navigate(address.replace(travel, magazine.origin))
      expect(eve.arrival(magazine.origin)).to.equal('redirect.failed.ticket_invalid.0')
      await expectTrue(address)
    })

    it('of a redirect that another page has asked for is none', async () => {
      const address = await toCallback(eve)
      const other = eve.copy()
      const opened = openTicket(world.siteOf('travel'), ticketIn(address))
      for (const origin of [shop, world.hub.origin, 'null', `${travel}/`]) {
        const forged = new URL(address)
        forged.searchParams.set('ticket', opened.again({ claims: { ...opened.claims, origin } }))
        const one = eve.copy()
        await one.navigate(forged.href)
        expect(one.arrival(travel), origin).to.equal('redirect.failed.ticket_invalid.0')
      }
      await expectTrue(address, other)
    })

    it('of a frame is none at the callback, with its true verifier', async () => {
      const { ticket, verifier } = await eve.ticket(travel)
      const since = Math.floor(world.now() / 1000)
      const start = ownToken(world, world.siteOf('travel'), 'start+jwt', { verifier, since, count: 1 })
      const callback = (mode: string, given: string) =>
        `${travel}${CALLBACK}?${new URLSearchParams({ outcome: mode, ticket: given, return: '/whoami' })}`
      victim.cookies(travel).set(START, start)
      await victim.navigate(callback('replace', ticket))
      expect(victim.arrival(travel)).to.equal('redirect.failed.ticket_invalid.0')

      const opened = openTicket(world.siteOf('travel'), ticket)
      victim.cookies(travel).set(START, start)
      await victim.navigate(
        callback('replace', opened.again({ claims: { ...opened.claims, mode: 'redirect' } })),
      )
      expect(victim.arrival(travel), 'with another word for its mode').to.equal(
        'redirect.failed.ticket_invalid.0',
      )
      const twin = await victim.post(travel, '/session-hub/redeem', { ticket, verifier })
      expect(twin.status, 'the twin').to.equal(200)
    })
  })

  describe('R4: the start cookie', () => {
    type Forge = (site: WorldSite, claims: Claims) => string | Promise<string>
    const nowSeconds = () => Math.floor(world.now() / 1000)
    const withClaims =
      (change: () => Claims): Forge =>
      (site, claims) =>
        ownToken(world, site, 'start+jwt', { ...claims, ...change() })
    const withHeader =
      (header: Claims): Forge =>
      (site, claims) =>
        ownToken(world, site, 'start+jwt', claims, { header })
    const signedWith =
      (key: (site: WorldSite) => Buffer): Forge =>
      (site, claims) =>
        ownToken(world, site, 'start+jwt', claims, { key: key(site) })

    const forgeries: Record<string, Forge> = {
      'nothing like a token': () => 'x.y.z',
      empty: () => '',
      'the verifier alone': (_site, { verifier }) => String(verifier),
      'alg none': (site, claims) => {
        const [, payload] = ownToken(world, site, 'start+jwt', claims).split('.')
        return `${base64url({ alg: 'none', typ: 'start+jwt', kid: site.keys.session.kid })}.${payload}.AAAA`
      },
      'alg none, no signature': (site, claims) => {
        const [, payload] = ownToken(world, site, 'start+jwt', claims).split('.')
        return `${base64url({ alg: 'none', typ: 'start+jwt', kid: site.keys.session.kid })}.${payload}.`
      },
      "under the site's session key": signedWith(({ keys }) => Buffer.from(keys.session.k, 'base64url')),
      "under the site's ticket key": signedWith(({ keys }) => Buffer.from(keys.ticket.k, 'base64url')),
      'under an empty key': signedWith(() => Buffer.alloc(0)),
      "under another site's key": async (site, claims) =>
        ownToken(
          world,
          { ...site, keys: (await generateSite('http://stranger.localhost')).keys },
          'start+jwt',
          claims,
          { header: { kid: site.keys.session.kid } },
        ),
      'of another site': (_site, claims) => ownToken(world, world.siteOf('magazine'), 'start+jwt', claims),
      'a session token': () => eve.cookies(shop).get(SESSION)!,
      'the type of an enter cookie': (site, claims) => ownToken(world, site, 'enter+jwt', claims),
      'the type of a session': withHeader({ typ: 'session+jwt' }),
      'the type in capitals': withHeader({ typ: 'START+JWT' }),
      'no type': withHeader({ typ: null }),
      'another kid': withHeader({ kid: 'other' }),
      'one more header': withHeader({ b64: true }),
      'another issuer': withClaims(() => ({ iss: shop })),
      'another audience': withClaims(() => ({ aud: shop })),
      'one more claim': withClaims(() => ({ return: '/' })),
      'a verifier of a wrong form': withClaims(() => ({ verifier: 'x' })),
      'no count': withClaims(() => ({ count: undefined })),
      'a count that is no number': withClaims(() => ({ count: '1' })),
      'over two minutes old': withClaims(() => ({ iat: nowSeconds() - 131, exp: nowSeconds() - 11 })),
      'good for an hour': withClaims(() => ({ exp: nowSeconds() + 3600 })),
      'from the future': withClaims(() => ({ iat: nowSeconds() + 60, exp: nowSeconds() + 90 })),
      'with a flipped character': async (site, claims) => flip(await withClaims(() => ({}))(site, claims), 1),
    }
    for (const [name, forge] of Object.entries(forgeries)) {
      it(`(${name}) counts for nothing, a true one does`, async () => {
        const site = world.siteOf('travel')
        const address = await toCallback(eve)
        const claims = { verifier: verifierOf(eve), since: nowSeconds(), count: 1 }
        victim.cookies(travel).set(START, await forge(site, claims))
        const replies = await victim.navigate(address)
        expect(victim.arrival(travel)).to.equal(undefined)
        expect(lastOf(replies)).to.include({ session: 'none' })

        victim.cookies(travel).set(START, ownToken(world, site, 'start+jwt', claims))
        await expectTrue(address, victim)
      })
    }

    it('is no session, and no link under way', async () => {
      await toCallback(eve)
      const start = eve.cookies(travel).get(START)!
      victim.cookies(travel).set(SESSION, start)
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
      victim.cookies(travel).set('__Host-session-enter', start)
      await victim.navigate(`${travel}/session-hub/enter?to=/whoami`)
      expect(victim.arrival(travel)).to.equal(undefined)
    })
  })

  describe('R13: an offer of her own', () => {
    /** Her redirect, up to the step that brings her offer to the hub. */
    async function offered(): Promise<string> {
      await eve.post(shop, '/sign-in', { name: 'eve' })
      const asked = await toCallback(eve, shop)
      expect(new URL(asked).searchParams.get('outcome')).to.equal('offer')
      return eve.walk(asked, '/redirect')
    }
    async function expectNotPlanted(address: string, reason: string): Promise<void> {
      const [reply] = await victim.navigateOnce(address)
      const back = new URL(reply.headers.location!)
      expect(back.origin + back.pathname).to.equal(shop + CALLBACK)
      expect(Object.fromEntries(back.searchParams)).to.include({ outcome: 'failed', reason })
      expect(back.searchParams.has('ticket')).to.equal(false)
      expect(victim.cookies(world.hub.origin).has('__Host-session-hub')).to.equal(false)
      expect((await victim.redirect(world.siteOf('magazine').origin)).arrival).to.equal('redirect.none..0')
    }
    async function expectOfferTrue(address: string): Promise<void> {
      await eve.navigate(address)
      expect(eve.arrival(shop), 'the twin').to.equal('redirect.adopt..1')
    }

    it('does nothing where the hub has asked for none', async () => {
      const address = await offered()
      await expectNotPlanted(address, 'start_invalid')
      await expectOfferTrue(address)
    })

    it('does nothing where the hub has asked the victim’s own redirect', async () => {
      const address = await offered()
      await victim.post(shop, '/cart', { item: 'boots' })
      await toCallback(victim, shop)
      expect(victim.cookies(world.hub.origin).has(HUB_START)).to.equal(true)
      await expectNotPlanted(address, 'start_invalid')
      await expectOfferTrue(address)
    })

    it('does nothing where the hub has asked the victim for another site', async () => {
      const address = await offered()
      await victim.post(travel, '/cart', { item: 'boots' })
      await toCallback(victim)
      await expectNotPlanted(address, 'start_invalid')
      await expectOfferTrue(address)
    })

    it('does nothing where she has made the hub ask for her own nonce: the hub’s is another', async () => {
      const address = await offered()
      const nonce = new URL(address).searchParams.get('nonce')!
      const query = new URLSearchParams({ site: shop, nonce, state: 'A'.repeat(22), return: '/' })
      await victim.navigateOnce(`${world.hub.origin}/redirect?${query}`)
      expect(victim.cookies(world.hub.origin).has(HUB_START)).to.equal(true)
      await expectNotPlanted(address, 'offer_invalid')
      await expectOfferTrue(address)
    })

    it('does nothing with a cookie of the hub’s that she has forged', async () => {
      const address = await offered()
      const seal = eve.cookies(world.hub.origin).get(HUB_START)!
      const [end = '', hubNonce = '', mac = ''] = seal.split('.')
      const { data } = await eve.frame(shop, new URL(address).searchParams.get('nonce')!)
      for (const forged of [
        `${end}.${hubNonce}.${flip(mac, 0)}`,
        `${Number(end) + 60_000}.${hubNonce}.${mac}`,
        `${end}.${binding().nonce}.${mac}`,
        `${end}.${hubNonce}.${mac}.`,
        `${end}.${hubNonce}.`,
        `${end}.${hubNonce}`,
        `.${hubNonce}.${mac}`,
        `Infinity.${hubNonce}.${mac}`,
        `NaN.${hubNonce}.${mac}`,
        data.proof,
        'x',
      ]) {
        victim.cookies(world.hub.origin).set(HUB_START, forged)
        await expectNotPlanted(address, 'start_invalid')
        world.advance(61)
        eve.cookies(world.hub.origin).set(HUB_START, seal)
      }
      await expectOfferTrue(await offered())
    })

    it('does nothing with a cookie of the hub’s that is there twice, or old', async () => {
      const address = await offered()
      const seal = eve.cookies(world.hub.origin).get(HUB_START)!
      const cookie = `${HUB_START}=${seal}; ${HUB_START}=${seal}`
      const [reply] = await victim.navigateOnce(address, { cookie })
      expect(new URL(reply.headers.location!).searchParams.get('reason')).to.equal('start_invalid')
      victim.cookies(world.hub.origin).set(HUB_START, seal)
      world.advance(126)
      await expectNotPlanted(address, 'start_invalid')
    })

    it('does nothing for a nonce of the page’s, not the hub’s', async () => {
      const address = await offered()
      const url = new URL(address)
      const { offer } = (
        await eve.post(shop, '/session-hub/offer', { nonce: url.searchParams.get('nonce')! })
      ).json
      url.searchParams.set('offer', String(offer))
      await eve.copy().navigate(url.href)
      const other = eve.copy()
      await other.navigate(url.href)
      expect(other.arrival(shop)).to.equal('redirect.failed.offer_invalid.1')
      await expectOfferTrue(address)
    })

    it('works once', async () => {
      const address = await offered()
      const thief = eve.copy()
      await expectOfferTrue(address)
      await thief.navigate(address)
      expect(thief.arrival(shop)).to.equal('redirect.failed.offer_spent.1')
    })

    it('is not taken from a site that may not offer any more', async () => {
      const address = await offered()
      const { registration } = world.siteOf('shop')
      world.register({ ...registration, mayOffer: false })
      const other = eve.copy()
      await other.navigate(address)
      expect(other.arrival(shop)).to.equal('redirect.failed.offer_denied.1')
      world.register(registration)
      await expectOfferTrue(address)
    })

    it('is not asked of a site that may not offer', async () => {
      world.register({ ...world.siteOf('shop').registration, mayOffer: false })
      await victim.post(shop, '/sign-in', { name: 'ada' })
      expect((await victim.redirect(shop)).arrival).to.equal('redirect.none..1')
      expect(victim.cookies(world.hub.origin).size).to.equal(0)
      expect((await victim.redirect(travel)).arrival).to.equal('redirect.none..0')
    })

    it('is not made for a nonce that she has put into the victim’s callback and used at the hub', async () => {
      // The victim's site signs for her nonce, but the victim's browser alone brings that to the hub, under another one.
      await victim.post(shop, '/sign-in', { name: 'ada' })
      await toCallback(victim, shop)
      const hers = binding().nonce
      const query = new URLSearchParams({ outcome: 'offer', hub_nonce: hers, return: '/whoami' })
      const address = await victim.walk(`${shop}${CALLBACK}?${query}`, '/redirect')
      await victim.navigate(address)
      expect(victim.arrival(shop)).to.equal('redirect.failed.offer_invalid.1')
      expect(await victim.whoami(shop)).to.include({ subject: 'ada' })
    })

    it('is made once for each redirect, whatever asks', async () => {
      await victim.post(shop, '/sign-in', { name: 'ada' })
      const asked = await toCallback(victim, shop)
      await victim.walk(asked, '/redirect')
      const before = atHub()
      await victim.navigate(asked)
      expect(victim.arrival(shop)).to.equal('redirect.failed.request_invalid.1')
      expect(atHub()).to.equal(before)
    })

    it('is made for a nonce of the exact form only (R12)', async () => {
      await victim.post(shop, '/sign-in', { name: 'ada' })
      const { nonce } = binding()
      for (const wrong of ['', nonce.slice(1), `${nonce}A`, `${nonce}\n`, `${nonce}&hub_nonce=${nonce}`]) {
        world.advance(61)
        await toCallback(victim, shop)
        const raw = wrong.includes('&') ? wrong : encodeURIComponent(wrong)
        const before = atHub()
        await victim.navigate(`${shop}${CALLBACK}?outcome=offer&hub_nonce=${raw}&return=/`)
        expect(victim.arrival(shop), wrong).to.equal('redirect.failed.request_invalid.1')
        expect(atHub()).to.equal(before)
      }
      world.advance(61)
      expect((await victim.redirect(shop)).arrival, 'the twin').to.equal('redirect.adopt..1')
    })
  })

  describe('R23: leads', () => {
    const locations = (replies: readonly Reply[]) =>
      replies.flatMap(({ headers: { location } }) => (location === undefined ? [] : [location]))

    it('nowhere but to its own site, however another place is spelt, wherever it is said', async () => {
      const known = [travel, world.hub.origin]
      const { nonce } = binding()
      const wrong = [...Object.values(targetsAway(travel)), ...targetsInside()]
      for (const to of wrong) {
        const given = encodeURIComponent(to)
        const hub = `${world.hub.origin}/redirect?${new URLSearchParams({ site: travel, nonce, return: to })}`
        for (const [address, page] of [
          [`${travel}/session-hub/redirect?return=${given}`, '/'],
          [`${travel}${CALLBACK}?return=${given}`, '/?session-hub=off'],
          [hub, '/?session-hub=off'],
        ] as const) {
          const one = new Visitor(world.hub.origin)
          const replies = await one.navigate(address)
          for (const location of locations(replies)) expect(new URL(location).origin).to.be.oneOf(known)
          expect(locations(replies).at(-1), `${address}: ${JSON.stringify(to)}`).to.equal(travel + page)
        }
        const begun = new Visitor(world.hub.origin)
        await toCallback(begun)
        const [reply] = await begun.navigateOnce(`${travel}${CALLBACK}?outcome=none&return=${given}`)
        expect(reply.headers.location, JSON.stringify(to)).to.equal(`${travel}/`)
      }
    }).timeout(30_000)

    it('nowhere where two returns are given, or none', async () => {
      for (const query of ['return=/whoami&return=/plain', 'return=/plain&return=//stranger.example', '']) {
        const one = new Visitor(world.hub.origin)
        const replies = await one.navigate(`${travel}/session-hub/redirect?${query}`)
        expect(locations(replies).at(-1)).to.equal(`${travel}/`)
        await toCallback(one)
        const [reply] = await one.navigateOnce(`${travel}${CALLBACK}?outcome=none&${query}`)
        expect(reply.headers.location).to.equal(`${travel}/`)
      }
    })

    it('to every address of its own', async () => {
      const { host } = new URL(travel)
      const own: Record<string, string> = {
        '/whoami?a=1&b=%2F%2Fx#top': '/whoami?a=1&b=%2F%2Fx#top',
        [`HTTP://${host.toUpperCase()}/whoami`]: '/whoami',
        [`http://a:b@${host}/whoami`]: '/whoami',
        '/%2f/stranger.example': '/%2f/stranger.example',
        '?outcome=replace&ticket=x': '/?outcome=replace&ticket=x',
      }
      for (const [to, path] of Object.entries(own)) {
        const { replies } = await new Visitor(world.hub.origin).redirect(travel, to)
        expect(locations(replies).at(-1), to).to.equal(travel + path)
      }
    })

    it('back to the origin and endpoint of the registration, whatever the request says', async () => {
      const { nonce } = binding()
      const more = {
        endpoint: '/evil',
        callback: 'https://stranger.example/',
        redirect_uri: 'https://stranger.example/',
        origin: 'https://stranger.example',
      }
      const query = new URLSearchParams({ site: travel, nonce, return: '/', ...more })
      const reply = await victim.ask(`${world.hub.origin}/redirect?${query}`, {
        headers: {
          ...window,
          referer: 'https://stranger.example/',
          origin: 'https://stranger.example',
          'x-forwarded-host': 'stranger.example',
        },
      })
      expect(reply.headers.location).to.equal(`${travel}${CALLBACK}?outcome=none&return=%2F`)
    })

    it('no answer of the hub into another member of the callback', async () => {
      const { nonce } = binding()
      const to = '/&outcome=replace&ticket=x.y.z#&reason=x'
      const query = new URLSearchParams({ site: travel, nonce, return: to })
      const [reply] = await victim.navigateOnce(`${world.hub.origin}/redirect?${query}`)
      const back = new URL(reply.headers.location!)
      expect([...back.searchParams]).to.deep.equal([
        ['outcome', 'none'],
        ['return', to],
      ])
    })

    it('by 303 alone, with no more than an origin in a Referer, and with no body', async () => {
      for (const [referer, policy] of [
        [undefined, 'no-referrer'],
        ['https://stranger.example/', 'strict-origin'],
      ]) {
        const begin = `${travel}/session-hub/redirect?return=/plain`
        const replies = await new Visitor(world.hub.origin).navigate(begin, { referer })
        expect(replies).to.have.length(4)
        expect(replies[0]?.headers).to.include({ 'referrer-policy': policy })
        for (const { status, headers, text } of replies.slice(0, -1)) {
          expect(status).to.equal(303)
          expect(headers).to.include(decided({ 'cache-control': 'no-store', 'content-length': '0' }))
          expect(headers['referrer-policy']).to.be.oneOf(['no-referrer', 'strict-origin'])
          expect(text).to.equal('')
        }
      }
      const { nonce } = binding()
      const hub = `${world.hub.origin}/redirect?${new URLSearchParams({ site: travel, nonce, return: '/' })}`
      for (const address of [
        hub,
        `${travel}/session-hub/callback?return=/`,
        `${travel}/session-hub/enter?to=/`,
      ]) {
        for (const referer of ['https://stranger.example/a?b', 'x', '']) {
          const [reply] = await eve.navigateOnce(address, { referer })
          expect(reply.headers).to.include({ 'referrer-policy': 'strict-origin' })
        }
        expect((await eve.navigateOnce(address))[0].headers).to.include({ 'referrer-policy': 'no-referrer' })
      }
    })
  })

  describe('R14, R16: the hub leads nobody', () => {
    const hubAddress = (site: string, nonce = binding().nonce) =>
      `${world.hub.origin}/redirect?${new URLSearchParams({ site, nonce, return: '/' })}`
    function expectNowhere(reply: Reply, status: number, code: string): void {
      expectRefusalWithoutCookies(reply, status, code)
      expect(reply.headers.location).to.equal(undefined)
      expect(reply.headers.refresh).to.equal(undefined)
    }

    it('to a site that it does not know, signed in or out: the answers are the same', async () => {
      world.register({ ...world.siteOf('magazine').registration, enabled: false })
      for (const site of [
        world.siteOf('magazine').origin,
        'https://stranger.example',
        `${travel}/`,
        travel.toUpperCase(),
        `${travel}.stranger.example`,
        `https://stranger.example/${travel}`,
        'null',
        '',
        '*',
        '__proto__',
        'hub',
        world.hub.origin,
        'javascript:alert(1)',
      ]) {
        const [one] = await eve.navigateOnce(hubAddress(site))
        const [two] = await victim.navigateOnce(hubAddress(site))
        expectNowhere(one, 404, 'site_unknown')
        expectNowhere(two, 404, 'site_unknown')
        expect(one.text).to.equal(two.text)
      }
      const twice = `${hubAddress(travel)}&site=${encodeURIComponent(travel)}`
      expectNowhere((await eve.navigateOnce(twice))[0], 404, 'site_unknown')
      expect((await eve.navigateOnce(hubAddress(travel)))[0].status, 'the twin').to.equal(303)
    })

    it('in a frame, by a fetch, or for a browser that says nothing', async () => {
      for (const headers of [
        { 'sec-fetch-dest': 'iframe' },
        { 'sec-fetch-dest': 'frame' },
        { 'sec-fetch-dest': 'object' },
        { 'sec-fetch-dest': 'embed' },
        { 'sec-fetch-dest': 'fencedframe' },
        { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
        { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
        { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'no-cors' },
        { 'sec-fetch-mode': 'cors' },
        { 'sec-fetch-dest': undefined, 'sec-fetch-mode': undefined },
        { 'sec-fetch-dest': 'document, iframe' },
      ]) {
        const reply = await eve.ask(hubAddress(travel), { headers: { ...window, ...headers } })
        expectNowhere(reply, 400, 'request_invalid')
      }
      expect((await eve.navigateOnce(hubAddress(travel)))[0].status, 'the twin').to.equal(303)
    })

    it('by any other method', async () => {
      for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const reply = await eve.ask(hubAddress(travel), { method, headers: window })
        expect(reply.status, method).to.be.oneOf([404, 405])
        expect(reply.headers.location, method).to.equal(undefined)
        expect(reply.headers['set-cookie'], method).to.equal(undefined)
        expect(reply.headers, method).to.not.have.property('access-control-allow-origin')
      }
    })

    it('R12: with a ticket for a nonce of another form', async () => {
      const { nonce } = binding()
      for (const wrong of [
        '',
        nonce.slice(1),
        `${nonce}A`,
        `${nonce}\n`,
        `${nonce.slice(1)}=`,
        '<'.repeat(43),
      ]) {
        const [reply] = await eve.navigateOnce(hubAddress(travel, wrong))
        const back = new URL(reply.headers.location!)
        expect(Object.fromEntries(back.searchParams)).to.deep.equal({
          outcome: 'failed',
          reason: 'request_invalid',
          return: '/',
        })
      }
      const [twice] = await eve.navigateOnce(`${hubAddress(travel)}&nonce=${nonce}`)
      expect(twice.headers.location).to.not.include('ticket')
      expect(ticketIn((await eve.navigateOnce(hubAddress(travel)))[0].headers.location!)).to.be.a('string')
    })

    it('R31: past the limit of a session, but back, and says why', async () => {
      await beginAgain({ hub: { limits: { perSession: 3 } } })
      const answers = []
      for (let time = 0; time < 4; time += 1) {
        const [reply] = await eve.navigateOnce(hubAddress(travel))
        answers.push(new URL(reply.headers.location!).searchParams.get('reason'))
      }
      expect(answers.at(-1)).to.equal('rate_limited')
      expect(answers[0]).to.equal(null)
    })

    it('R31: with anything written for who has no session', async () => {
      const store = watchedStore()
      await beginAgain({ hub: { store } })
      const before = store.rows()
      for (let time = 0; time < 20; time += 1) {
        await victim.navigateOnce(hubAddress(travel))
        const query = new URLSearchParams({
          site: travel,
          nonce: binding().nonce,
          state: 'A'.repeat(22),
          offer: 'x.y.z',
        })
        await victim.navigateOnce(`${world.hub.origin}/redirect?${query}`)
      }
      expect(store.rows()).to.equal(before)
      await eve.navigateOnce(hubAddress(travel))
      expect(store.rows(), 'a ticket that nobody has used').to.equal(before)
      await eve.redirect(travel)
      expect(store.rows(), 'the twin').to.be.above(before)
    })
  })

  describe('in a row', () => {
    it('goes twice, not a third time, and after a minute again', async () => {
      expect((await victim.redirect(travel)).arrival).to.equal('redirect.none..0')
      expect((await victim.redirect(travel)).arrival).to.equal('redirect.none..0')
      const before = atHub()
      const third = await victim.redirect(travel)
      expect(third.arrival).to.equal('redirect.failed.redirect_loop.0')
      expect(third.replies).to.have.length(2)
      expect(atHub()).to.equal(before)
      world.advance(61)
      expect((await victim.redirect(travel)).arrival, 'the twin').to.equal('redirect.none..0')
    })

    it('counts on, however the first ones have ended', async () => {
      await toCallback(victim)
      await victim.navigate(`${travel}${CALLBACK}?outcome=failed&reason=unavailable&return=/`)
      await toCallback(victim)
      await victim.navigate(`${travel}${CALLBACK}?ticket=x.y.z&outcome=replace&return=/`)
      expect((await victim.redirect(travel)).arrival).to.match(/redirect_loop/)
    })

    it('counts on where the hub never leads back', async () => {
      for (let time = 0; time < 2; time += 1) await victim.navigateOnce(`${travel}/session-hub/redirect`)
      expect((await victim.redirect(travel)).arrival).to.match(/redirect_loop/)
    })

    it('has a counter that no forged cookie turns back', async () => {
      const site = world.siteOf('travel')
      const since = Math.floor(world.now() / 1000)
      for (let time = 0; time < 2; time += 1) await victim.navigateOnce(`${travel}/session-hub/redirect`)
      const start = victim.cookies(travel).get(START)!
      const { verifier, ...rest } = readJws(start).claims
      expect(verifier).to.be.a('string')
      for (const forged of [
        flip(start, 1),
        ownToken(world, site, 'start+jwt', { since, count: 0 }, { key: Buffer.alloc(32) }),
      ]) {
        // What is not ours is not there: the browser could have thrown its cookie away as well, and turns in circles alone.
        const other = victim.copy()
        other.cookies(travel).set(START, forged)
        expect((await other.redirect(travel)).arrival).to.equal('redirect.none..0')
      }
      victim.cookies(travel).set(START, ownToken(world, site, 'start+jwt', rest))
      expect((await victim.redirect(travel)).arrival, 'without its verifier').to.match(/redirect_loop/)
    })

    it('R13: ends where the hub asks and asks', async () => {
      await victim.post(travel, '/cart', { item: 'boots' })
      const asked = await toCallback(victim)
      const before = atHub()
      for (let time = 0; time < 5; time += 1) await victim.navigateOnce(asked)
      const hops = (await victim.navigate(asked)).length
      expect(hops, 'to the page').to.equal(2)
      expect(atHub(), 'the visitor was led there by none of them but the first').to.equal(before)
    })
  })

  describe('R20: meets another user', () => {
    it('who is signed in at the site, and nothing changes', async () => {
      await eve.post(travel, '/sign-in', { name: 'bob' })
      expect((await eve.redirect(travel)).arrival).to.equal('redirect.conflict..1')
      expect(await eve.whoami(travel)).to.include({ subject: 'bob' })
    })

    it('whom the hub does not see, and nothing changes', async () => {
      await eve.post(travel, '/sign-in', { name: 'bob' })
      eve.cookies(travel).delete('__Host-session-state')
      expect((await eve.redirect(travel)).arrival).to.equal('redirect.conflict..1')
      expect(await eve.whoami(travel)).to.include({ subject: 'bob' })
    })

    it('who signs in while the redirect is under way, and nothing changes', async () => {
      const address = await toCallback(eve)
      await eve.post(travel, '/sign-in', { name: 'bob' })
      await eve.navigate(address)
      expect(eve.arrival(travel)).to.equal('redirect.conflict..1')
      expect(await eve.whoami(travel)).to.include({ subject: 'bob' })
    })

    it('whom the hub does not know of yet, and nothing changes', async () => {
      const address = await toCallback(eve)
      await world.hub.listener.stop()
      await eve.post(travel, '/sign-in', { name: 'bob' })
      await world.hub.listener.start()
      world.advance(11)
      await eve.navigate(address)
      expect(eve.arrival(travel)).to.equal('redirect.conflict..1')
      expect(await eve.whoami(travel)).to.include({ subject: 'bob' })
    })

    for (const [act, options, arrival] of [
      ['sign-in', {}, 'redirect.conflict..1'],
      ['read', { graceForSeconds: 0 }, 'redirect.failed.unavailable.0'],
    ] as const) {
      it(`who cannot be looked up now (${act}), though a ticket could be spent: nothing changes`, async () => {
        let isBroken = false
        await beginAgain({
          site: options,
          inFrontOfHub: (req, res, next) => {
            if (isBroken && req.url === `/backchannel/${act}`) res.status(503).json({ error: 'unavailable' })
            else next()
          },
        })
        isBroken = act === 'sign-in'
        await eve.post(travel, '/sign-in', { name: 'bob' })
        isBroken = true
        world.advance(301)
        const session = eve.cookies(travel).get(SESSION)!
        eve.cookies(travel).delete('__Host-session-state')
        const other = eve.copy()
        other.cookies(travel).delete(SESSION)
        const address = await toCallback(eve)
        await eve.navigate(address)
        expect(eve.arrival(travel)).to.equal(arrival)
        expect(eve.cookies(travel).get(SESSION), 'his cookie stays').to.equal(session)
        isBroken = false
        expect(await eve.whoami(travel)).to.include({ subject: 'bob' })
        await expectTrue(await toCallback(other), other)
      })
    }

    it('and takes his place only where the site always yields', async () => {
      await beginAgain({ site: { alwaysReplace: true } })
      await eve.post(travel, '/sign-in', { name: 'bob' })
      expect((await eve.redirect(travel)).arrival).to.equal('redirect.replace.overruled.1')
      expect(await eve.whoami(travel)).to.include({ subject: 'eve' })
    })
  })

  describe('says how the visitor has arrived', () => {
    const callback = (query: string) => `${travel}${CALLBACK}?${query}&return=/plain`

    it('in words of its own, whatever the address says', async () => {
      const hostile = [
        'x',
        'NONE',
        'none; Domain=stranger.example',
        'none\r\nSet-Cookie: a=b',
        'none\n',
        'none.merged.1',
        '__proto__',
        'constructor',
        'n'.repeat(3000),
        'none,none',
        '\u0000',
        'nоne',
      ]
      for (const [member, words] of [
        ['outcome', hostile],
        [
          'reason',
          [
            ...hostile.filter((word) => !/^[a-z_]{1,40}$/.test(word)),
            '',
            'a.b',
            'a-b',
            '1',
            'a'.repeat(41),
            'A_B',
            'é',
          ],
        ],
      ] as const) {
        for (const word of words) {
          world.advance(61)
          await toCallback(victim)
          const query = new URLSearchParams({
            outcome: 'failed',
            ...(member === 'reason' && { reason: word }),
            ...(member === 'outcome' && { outcome: word }),
          })
          const [reply] = await victim.navigateOnce(callback(String(query)))
          const cookies = reply.headers['set-cookie'] ?? []
          expect(cookies, word).to.have.length(2)
          expect(cookies.map((cookie) => cookie.split('=')[0]).sort()).to.deep.equal([
            '__Host-session-arrival',
            START,
          ])
          expect(victim.arrival(travel)).to.equal(
            member === 'outcome' ? 'redirect.failed.request_invalid.0' : 'redirect.failed..0',
          )
        }
      }
    })

    it('with the hub’s reason where it is one', async () => {
      await toCallback(victim)
      await victim.navigate(callback('outcome=failed&reason=rate_limited'))
      expect(victim.arrival(travel)).to.equal('redirect.failed.rate_limited.0')
    })

    it('and says nothing to a browser that has not begun', async () => {
      for (const outcome of ['none', 'keep', 'adopt', 'replace', 'conflict', 'failed', 'offer', 'blocked']) {
        const [reply] = await victim.navigateOnce(callback(`outcome=${outcome}&hub_nonce=${binding().nonce}`))
        expect(reply.headers['set-cookie'], outcome).to.equal(undefined)
      }
    })

    it('never that a user is signed in who is not', async () => {
      for (const outcome of ['none', 'keep', 'adopt', 'conflict', 'failed', 'blocked']) {
        world.advance(61)
        await toCallback(victim)
        await victim.navigate(callback(`outcome=${outcome}&reason=merged&isSignedIn=1`))
        expect(victim.arrival(travel)).to.match(ARRIVAL).and.match(/\.0$/)
      }
    })
  })

  describe('R22: cookies', () => {
    const shapes = ({ headers }: Reply): string[] =>
      (headers['set-cookie'] ?? []).map((cookie) => cookie.replace(/^([^=]+)=[^;]+/, '$1=…')).sort()
    const start = '__Host-session-start=…; Path=/; Max-Age=120; Secure; HttpOnly; SameSite=Lax'
    const arrival = '__Host-session-arrival=…; Path=/; Max-Age=60; Secure; SameSite=Lax'
    const site = [
      '__Host-session-state=…; Path=/; Max-Age=34560000; Secure; SameSite=Lax',
      '__Host-session=…; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax',
    ]
    const hub = '__Host-session-hub=…; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=None'
    const turn = '__Host-session-hub-turn=…; Path=/; Secure; SameSite=None'
    const hubStart = (value: string, age: number) =>
      `__Host-session-hub-start=${value}; Path=/; Max-Age=${age}; Secure; HttpOnly; SameSite=Lax`

    it('of a redirect that brings an offer have exactly these attributes', async () => {
      await victim.post(shop, '/cart', { item: 'boots' })
      const { replies } = await victim.redirect(shop)
      expect(replies.map(shapes)).to.deep.equal([
        [start],
        [hubStart('…', 120)],
        [...site.slice(0, 1), start, ...site.slice(1)].sort(),
        [hubStart('', 0), hub, turn].sort(),
        [arrival, start],
        [],
      ])
    })

    it('of a redirect that brings a ticket too', async () => {
      const { replies } = await eve.redirect(travel)
      expect(replies.map(shapes)).to.deep.equal([[start], [], [arrival, start, ...site].sort(), []])
    })

    it('of `redirectOnce` too: it lasts as long as the browser’s own session', async () => {
      await beginAgain({ once: true })
      const [first] = await victim.navigate(`${travel}/whoami`)
      expect(shapes(first!)).to.deep.equal([
        '__Host-session-once=…; Path=/; Secure; HttpOnly; SameSite=Lax',
        start,
      ])
      expect(victim.cookies(travel).get('__Host-session-once')).to.equal('1')
    })

    it('are not set for a redirect that is refused', async () => {
      for (const reply of [
        await send(`${travel}${CALLBACK}?outcome=none`, { headers: window }),
        await send(`${world.hub.origin}/redirect?site=x`, { headers: window }),
        await send(`${travel}/session-hub/redirect`, { headers: { ...window, host: 'stranger.example' } }),
      ])
        expect(shapes(reply)).to.deep.equal([])
    })
  })

  it('R18: its steps are at the site’s own Host only, whatever is forwarded', async () => {
    for (const path of ['/redirect', '/callback?outcome=none', '/enter?to=/']) {
      for (const headers of [
        { host: 'stranger.example' },
        { host: new URL(shop).host },
        { host: 'travel.localhost' },
        { host: 'stranger.example', 'x-forwarded-host': new URL(travel).host },
      ]) {
        const reply = await send(`${travel}/session-hub${path}`, { headers: { ...window, ...headers } })
        expectRefusalWithoutCookies(reply, 403, 'host_denied')
        expect(reply.headers.location).to.equal(undefined)
      }
      expect((await send(`${travel}/session-hub${path}`, { headers: window })).status, 'the twin').to.equal(
        303,
      )
    }
  })

  it('R30: leaves no ticket, offer, verifier or nonce in any log', async () => {
    const secrets = new Set<string>()
    const keep = (...values: (string | null | undefined)[]) => {
      for (const value of values) if (value) secrets.add(value)
    }
    const keepAddress = (address: string) => {
      const { searchParams } = new URL(address)
      keep(...['ticket', 'offer', 'nonce', 'hub_nonce', 'state'].map((name) => searchParams.get(name)))
    }
    const keepStart = (one: Visitor, site: string) => {
      const start = one.cookies(site).get(START)
      keep(start, start === undefined ? undefined : String(readJws(start).claims.verifier))
      keep(one.cookies(world.hub.origin).get(HUB_START))
    }

    await victim.post(shop, '/sign-in', { name: 'ada' })
    const asked = await toCallback(victim, shop)
    keepStart(victim, shop)
    keepAddress(asked)
    const offered = await victim.walk(asked, '/redirect')
    keepAddress(offered)
    await eve.navigate(offered)
    await victim.copy().navigate(offered.replace('offer=', 'offer=x'))
    await victim.navigate(offered)
    await victim.copy().navigate(offered)
    const address = await toCallback(victim)
    keepStart(victim, travel)
    keepAddress(address)
    keep(ticketIn(address))
    const thief = victim.copy()
    const late = victim.copy()
    await eve.navigate(address)
    await victim.copy().navigate(address.replace('ticket=', 'ticket=x'))
    await toCallback(eve)
    await eve.navigate(address)
    await victim.navigate(address)
    await thief.navigate(address)
    world.advance(3)
    await thief.copy().navigate(address)
    world.advance(40)
    await late.navigate(address)
    world.advance(100)
    await late.navigate(address)
    await send(address, { headers: {} })
    await send(offered, { headers: {} })
    await send(offered.replace('site=', 'site=x'), { headers: window })
    await send(address, { headers: { ...window, host: 'stranger.example' } })

    const log = world.log.map((entry) => JSON.stringify(entry)).join('\n')
    for (const code of [
      'start_invalid',
      'verifier_invalid',
      'ticket_invalid',
      'ticket_spent',
      'ticket_expired',
      'offer_invalid',
      'site_unknown',
      'host_denied',
      'request_invalid',
    ])
      expect(log, 'the journey went that way').to.include(code)
    expect(secrets.size).to.be.above(8)
    for (const secret of secrets) expect(log.includes(secret), secret.slice(0, 12)).to.equal(false)
  })
})
