/**
 * The link rung as an attacker would use it (R10, R11, R18, R22, R23, R30, R31). Eve has a session of her own and true tickets;
 * she wants it in another browser. Each attack has its twin: the same ticket, posted as a sister's page posts it.
 */
import { expect } from 'chai'
import express from 'express'
import { generateSite } from 'session-hub/hub'

import {
  base64url,
  type Claims,
  flip,
  openTicket,
  type OpenTicket,
  ownToken,
  seal,
  siteToken,
  targetsAway,
  targetsInside,
  without,
} from '../support/forge.js'
import { decided } from '../support/adapters/abilities.js'
import { handleIn } from '../support/handles.js'
import { listen } from '../support/listener.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World, type WorldOptions, type WorldSite } from '../support/world.js'

type Headers = NonNullable<Ask['headers']>

const ENTER = '__Host-session-enter'
const SESSION = '__Host-session'

describe('a link ticket', () => {
  let world: World
  let eve: Visitor
  let victim: Visitor
  let shop: string
  let travel: string
  let magazine: string

  async function begin(options: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sisters: true, ...options })
    ;[shop, travel, magazine] = [
      world.siteOf('shop').origin,
      world.siteOf('travel').origin,
      world.siteOf('magazine').origin,
    ]
    eve = new Visitor(world.hub.origin)
    victim = new Visitor(world.hub.origin)
    await eve.post(shop, '/sign-in', { name: 'eve' })
  }
  async function beginAgain(options: WorldOptions): Promise<void> {
    await world.close()
    await begin(options)
  }
  beforeEach(() => begin())
  afterEach(() => world.close())

  const ticketOf = async (one: Visitor, from = shop, to = travel): Promise<string> => {
    const ticket = await one.linkTicket(from, to)
    if (ticket === null) throw new Error('There is nothing to share')
    return ticket
  }

  /** As a page of the shop posts it into the browser's window. */
  const post = (one: Visitor, form: Record<string, string>, headers: Headers = {}) =>
    one.submit(
      `${travel}/session-hub/enter`,
      { to: `${travel}/whoami`, ...form },
      { origin: shop, ...headers },
    )

  /** The first step alone; a body exactly as written. */
  const postOnce = (body: string | Buffer, headers: Headers = {}, host = travel) =>
    send(`${host}/session-hub/enter`, {
      method: 'POST',
      body,
      headers: {
        origin: shop,
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
    })

  /** The first step, which leaves its cookie in the browser. @returns the address of the second */
  async function begun(one: Visitor, ticket: string): Promise<string> {
    const reply = await one.ask(`${travel}/session-hub/enter`, {
      method: 'POST',
      body: new URLSearchParams({ ticket, to: `${travel}/whoami` }).toString(),
      headers: {
        cookie: undefined,
        origin: shop,
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'content-type': 'application/x-www-form-urlencoded',
      },
    })
    expect(one.cookies(travel).has(ENTER)).to.equal(true)
    return reply.headers.location!
  }

  /** Whatever failed: the browser is where the link leads, and holds nothing that it did not hold before. */
  async function expectMerelyFollowed([first, ...rest]: Reply[], who = victim): Promise<void> {
    expect(first?.status).to.equal(303)
    expect(first?.headers.location).to.equal(`${travel}/whoami`)
    expect(first?.headers['set-cookie']).to.equal(undefined)
    expect(rest.at(-1)?.json, 'the page itself comes').to.have.property('session')
    expect(who.arrival(travel)).to.equal(undefined)
  }

  async function expectTrue(ticket: string, who = eve, subject = 'eve'): Promise<void> {
    await post(who, { ticket })
    expect(who.arrival(travel), 'the twin').to.equal('link.replace.empty.1')
    expect(await who.whoami(travel)).to.include({ subject })
  }

  describe('R10: of a stranger, posted into another browser', () => {
    const strangers = (): Record<string, Headers> => ({
      "a stranger's page": { origin: 'https://stranger.example' },
      'a page of another registered site': { origin: magazine },
      "a page of the ticket's own audience": { origin: travel },
      'a page of the hub': { origin: world.hub.origin },
      'no Origin': { origin: undefined },
      'no Origin, a Referer of the sister': { origin: undefined, referer: `${shop}/` },
      'an empty Origin': { origin: '' },
      'Origin null: a redirector, a sandboxed frame, a page without referrers': { origin: 'null' },
      'Origin null, a Referer of the sister': { origin: 'null', referer: `${shop}/` },
      'an Origin with a slash': { origin: `${shop}/` },
      'an Origin in capitals': { origin: shop.toUpperCase() },
      'an Origin that begins alike': { origin: `${shop}.stranger.example` },
      'an Origin of another port': { origin: shop.replace(/\d+$/, '1') },
      'an Origin of https': { origin: shop.replace('http:', 'https:') },
      'two Origins': { origin: `${shop}, https://stranger.example` },
      'two Origins, the right one last': { origin: `https://stranger.example, ${shop}` },
    })
    it('by whoever is not the sister, only leads on, and spends nothing', async () => {
      const ticket = await ticketOf(eve)
      for (const headers of Object.values(strangers())) {
        await expectMerelyFollowed(await post(victim, { ticket }, headers))
        expect(await victim.whoami(travel), JSON.stringify(headers)).to.include({ session: 'none' })
      }
      await expectTrue(ticket)
    })

    const noWindows: Record<string, Headers> = {
      'an iframe': { 'sec-fetch-dest': 'iframe' },
      'a frame': { 'sec-fetch-dest': 'frame' },
      'an object': { 'sec-fetch-dest': 'object' },
      'an embed': { 'sec-fetch-dest': 'embed' },
      'a fenced frame': { 'sec-fetch-dest': 'fencedframe' },
      'a fetch': { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
      'a fetch that does not look': { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'no-cors' },
      'a beacon': { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' },
      'a fetch that says it is a document': { 'sec-fetch-mode': 'cors' },
      'an image': { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
      'a browser that says nothing': { 'sec-fetch-dest': undefined, 'sec-fetch-mode': undefined },
      'two destinations': { 'sec-fetch-dest': 'document, iframe' },
    }
    it('by the sister, but into something that is no window of the visitor’s, only leads on', async () => {
      const ticket = await ticketOf(eve)
      for (const [name, headers] of Object.entries(noWindows)) {
        const [first] = await post(victim, { ticket }, headers)
        expect(first?.status, name).to.equal(303)
        expect(first?.headers.location, name).to.equal(`${travel}/whoami`)
        expect(first?.headers['set-cookie'], name).to.equal(undefined)
        expect(first?.headers, name).to.not.have.property('access-control-allow-origin')
      }
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
      await expectTrue(ticket)
    })

    it('in the address of a link in user content does nothing', async () => {
      const ticket = await ticketOf(eve)
      const enter = `${travel}/session-hub/enter`
      const to = encodeURIComponent(`${travel}/whoami`)
      for (const address of [
        `${enter}?ticket=${ticket}&to=${to}`,
        `${enter}?to=${to}&enter=${ticket}#ticket=${ticket}`,
        `${enter}?to=${to}#${ticket}`,
        `${travel}/whoami#session-hub=${ticket}`,
        `${travel}/whoami?ticket=${ticket}`,
      ]) {
        for (const origin of [undefined, shop]) {
          const replies = await victim.navigate(address, { referer: `${shop}/`, origin })
          for (const { headers } of replies) expect(headers['set-cookie'], address).to.equal(undefined)
          expect(replies.at(-1)?.json, address).to.include({ session: 'none' })
        }
      }
      await expectTrue(ticket)
    })

    it('is taken by POST alone', async () => {
      const ticket = await ticketOf(eve)
      for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) {
        const reply = await victim.ask(`${travel}/session-hub/enter?ticket=${ticket}&to=/whoami`, {
          method,
          body: new URLSearchParams({ ticket, to: `${travel}/whoami` }).toString(),
          headers: {
            origin: shop,
            'sec-fetch-dest': 'document',
            'sec-fetch-mode': 'navigate',
            'content-type': 'application/x-www-form-urlencoded',
          },
        })
        expect(reply.status, method).to.be.oneOf([404, 200])
        expect(reply.headers['set-cookie'], method).to.equal(undefined)
        expect(reply.headers.location, method).to.equal(undefined)
        expect(reply.headers, method).to.not.have.property('access-control-allow-origin')
      }
      await expectTrue(ticket)
    })

    it('at a foreign Host is refused, whatever is forwarded', async () => {
      const ticket = await ticketOf(eve)
      const form = new URLSearchParams({ ticket, to: `${travel}/whoami` }).toString()
      for (const headers of [
        { host: 'stranger.example' },
        { host: new URL(shop).host },
        { host: 'travel.localhost' },
        { host: 'stranger.example', 'x-forwarded-host': new URL(travel).host },
        { host: 'stranger.example', forwarded: `host=${new URL(travel).host}` },
      ]) {
        expectRefusalWithoutCookies(await postOnce(form, headers), 403, 'host_denied')
        const got = await send(`${travel}/session-hub/enter?to=/whoami`, {
          headers: { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', ...headers },
        })
        expectRefusalWithoutCookies(got, 403, 'host_denied')
      }
      await expectTrue(ticket)
    })
  })

  describe('R11: of another kind, or for another place', () => {
    interface Scene {
      readonly genuine: string
      readonly ticket: OpenTicket
    }
    type Forge = (scene: Scene) => string | Promise<string>
    const withClaims =
      (change: () => Claims): Forge =>
      ({ ticket }) =>
        ticket.again({ claims: { ...ticket.claims, ...change() } })
    const nowSeconds = () => Math.floor(world.now() / 1000)

    const forgeries: Record<string, Forge> = {
      'for another site': () => ticketOf(eve, shop, magazine),
      "another site's, sealed again for this one": async ({ ticket: { siteKeys } }) =>
        seal(openTicket(world.siteOf('magazine'), await ticketOf(eve, shop, magazine)).jws, siteKeys.ticket),
      'a frame ticket for this site': async () => {
        await eve.sync(shop)
        return (await eve.ticket(travel)).ticket
      },
      'a redirect ticket for this site': async () => {
        await eve.redirect(shop)
        const there = await eve.walk(`${travel}/session-hub/redirect`, '/session-hub/callback')
        return new URL(there).searchParams.get('ticket')!
      },
      'the mode of a frame, with a nonce': withClaims(() => ({ mode: 'frame', nonce: binding().nonce })),
      'the mode of a redirect, with a nonce': withClaims(() => ({
        mode: 'redirect',
        nonce: binding().nonce,
      })),
      'the mode of a frame, without a nonce': withClaims(() => ({ mode: 'frame' })),
      'the mode of a link, with a nonce': withClaims(() => ({ nonce: binding().nonce })),
      'no mode': ({ ticket }) => ticket.again({ claims: without(ticket.claims, 'mode') }),
      'the origin of another sister': withClaims(() => ({ origin: magazine })),
      'the origin null': withClaims(() => ({ origin: 'null' })),
      'no origin': ({ ticket }) => ticket.again({ claims: without(ticket.claims, 'origin') }),
      'another audience': withClaims(() => ({ aud: magazine })),
      'another issuer': withClaims(() => ({ iss: shop })),
      'from the future': withClaims(() => ({
        iat: nowSeconds() + 60,
        nbf: nowSeconds() + 60,
        exp: nowSeconds() + 90,
      })),
      'good for ten years': withClaims(() => ({ exp: nowSeconds() + 315_360_000 })),
      'without an end': ({ ticket }) => ticket.again({ claims: without(ticket.claims, 'exp') }),
      'one flipped character': ({ genuine }) => flip(genuine, 3),
      'the bare JWS inside': ({ ticket }) => ticket.jws,
      'the alg none inside': ({ ticket }) =>
        seal(
          `${base64url({ ...ticket.header, alg: 'none' })}.${base64url(ticket.claims)}.`,
          ticket.siteKeys.ticket,
        ),
      "under the sister's own key": async ({ ticket }) =>
        seal(siteToken(world, world.siteOf('shop'), { claims: ticket.claims }), ticket.siteKeys.ticket),
      'a session token': () => eve.cookies(shop).get(SESSION)!,
      'an enter token': ({ genuine }) =>
        ownToken(world, world.siteOf('travel'), 'enter+jwt', { ticket: genuine }),
      'a newline at its end': ({ genuine }) => `${genuine}\n`,
      'longer than 4 KiB': ({ genuine }) => genuine + 'A'.repeat(4096),
      nothing: () => '',
    }
    for (const [name, forge] of Object.entries(forgeries)) {
      it(`(${name}) only leads on, and the true one works`, async () => {
        const genuine = await ticketOf(eve)
        const ticket = openTicket(world.siteOf('travel'), genuine)
        const forged = await forge({ genuine, ticket })
        for (const origin of [shop, travel, 'null'])
          await expectMerelyFollowed(await post(victim, { ticket: forged }, { origin }))
        await expectTrue(ticket.again())
      })
    }

    it('is none at /redeem, with a verifier or without', async () => {
      const ticket = await ticketOf(eve)
      const { verifier } = binding()
      for (const body of [{ ticket }, { ticket, verifier }]) {
        for (const one of [victim, eve]) {
          const reply = await one.post(travel, '/session-hub/redeem', body)
          expectRefusalWithoutCookies(reply, 401, 'ticket_invalid')
        }
        const byShop = await victim.post(travel, '/session-hub/redeem', body, { origin: shop })
        expectRefusalWithoutCookies(byShop, 403, 'origin_denied')
      }
      await expectTrue(ticket)
    })

    it('is none at the callback of a redirect that the victim has begun', async () => {
      const ticket = await ticketOf(eve)
      const query = new URLSearchParams({ outcome: 'replace', ticket, return: '/whoami' })
      await victim.walk(`${travel}/session-hub/redirect`, '/session-hub/callback')
      await victim.navigate(`${travel}/session-hub/callback?${query}`)
      expect(victim.arrival(travel)).to.equal('redirect.failed.ticket_invalid.0')
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
      await expectTrue(ticket)
    })
  })

  describe('R8: again', () => {
    it('is refused in sequence, in the same browser and in another', async () => {
      const ticket = await ticketOf(eve)
      await expectTrue(ticket)
      await post(eve, { ticket })
      expect(eve.arrival(travel), 'she has it already').to.equal('link.keep..1')
      await post(victim, { ticket })
      expect(victim.arrival(travel)).to.equal('link.failed.ticket_spent.0')
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
      expect(await eve.whoami(travel), 'a double submit ends nothing').to.include({ subject: 'eve' })
    })

    it('is refused to all but one of ten that race', async () => {
      const ticket = await ticketOf(eve)
      const browsers = Array.from({ length: 10 }, () => new Visitor(world.hub.origin))
      await Promise.all(browsers.map((one) => post(one, { ticket })))
      const arrivals = browsers.map((one) => one.arrival(travel)).sort()
      expect(arrivals).to.deep.equal([
        ...Array.from({ length: 9 }, () => 'link.failed.ticket_spent.0'),
        'link.replace.empty.1',
      ])
    })

    it('gives a session that ended before it was used to nobody', async () => {
      const early = await ticketOf(eve)
      await eve.post(shop, '/sign-in', { name: 'eve' })
      await post(victim, { ticket: early })
      expect(victim.arrival(travel)).to.equal('link.failed.session_ended.0')
      const late = await ticketOf(eve)
      await eve.post(shop, '/sign-out', {})
      await post(victim, { ticket: late })
      expect(victim.arrival(travel)).to.equal('link.failed.session_ended.0')
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
    })
  })

  describe('R5: late', () => {
    it('is refused after its seconds and the skew', async () => {
      const [inTime, late] = [await ticketOf(eve), await ticketOf(eve)]
      world.advance(33)
      await expectTrue(inTime)
      world.advance(3)
      await expectMerelyFollowed(await post(victim, { ticket: late }))
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
    })

    it('is refused where the second step comes too late, though the cookie is still good', async () => {
      const second = await begun(victim, await ticketOf(eve))
      const early = victim.copy()
      await early.navigate(second)
      expect(early.arrival(travel), 'the twin').to.equal('link.replace.empty.1')
      world.advance(36)
      await victim.navigate(second)
      expect(victim.arrival(travel)).to.equal('link.failed.ticket_expired.0')
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
    })
  })

  describe('R10, R20: over a sign-in that is alive', () => {
    const cases: Record<string, WorldOptions> = {
      'as configured by default': {},
      'where the site always yields': { site: { alwaysReplace: true } },
      "where the hub's user wins": { hub: { conflict: 'hub' } },
      'where both are so': { site: { alwaysReplace: true }, hub: { conflict: 'hub' } },
    }
    for (const [name, options] of Object.entries(cases)) {
      it(`(${name}) never takes a user's place, but an anonymous session's`, async () => {
        await beginAgain(options)
        await victim.post(travel, '/sign-in', { name: 'bob' })
        const replies = await post(victim, { ticket: await ticketOf(eve) })
        expect(victim.arrival(travel)).to.equal('link.conflict..1')
        expect(replies.at(-1)?.json).to.include({ subject: 'bob' })
        world.advance(301)
        expect(await victim.whoami(travel)).to.include({ subject: 'bob' })

        const other = new Visitor(world.hub.origin)
        await other.post(travel, '/cart', { item: 'a map' })
        await post(other, { ticket: await ticketOf(eve) })
        expect(other.arrival(travel), 'the twin').to.equal('link.replace.merged.1')
      })

      it(`(${name}) does not sign a user out into an anonymous session`, async () => {
        await beginAgain(options)
        const cart = new Visitor(world.hub.origin)
        await cart.post(shop, '/cart', { item: 'boots' })
        await victim.post(travel, '/sign-in', { name: 'bob' })
        await post(victim, { ticket: await ticketOf(cart) })
        expect(victim.arrival(travel)).to.equal('link.conflict..1')
        expect(await victim.whoami(travel)).to.deep.include({ subject: 'bob', data: {} })
      })

      it(`(${name}) nor a sign-in that the hub does not know of yet`, async () => {
        await beginAgain(options)
        await world.hub.listener.stop()
        await victim.post(travel, '/sign-in', { name: 'bob' })
        await world.hub.listener.start()
        world.advance(11)
        await post(victim, { ticket: await ticketOf(eve) })
        expect(victim.arrival(travel)).to.equal('link.conflict..1')
        expect(await victim.whoami(travel)).to.include({ subject: 'bob' })
      })
    }

    it('does nothing over one that cannot be looked up now', async () => {
      await victim.post(travel, '/sign-in', { name: 'bob' })
      world.advance(301)
      const ticket = await ticketOf(eve)
      await world.hub.listener.stop()
      await post(victim, { ticket })
      expect(victim.arrival(travel)).to.equal('link.failed.unavailable.1')
      expect((await victim.ask(`${travel}/who`)).json).to.include({ subject: 'bob' })

      await world.hub.listener.start()
      world.advance(11)
      await expectTrue(ticket)
    })

    it('does nothing over one whose grace is over while the hub is down', async () => {
      await beginAgain({ site: { graceForSeconds: 0 } })
      await victim.post(travel, '/sign-in', { name: 'bob' })
      world.advance(301)
      const ticket = await ticketOf(eve)
      const session = victim.cookies(travel).get(SESSION)
      await world.hub.listener.stop()
      await post(victim, { ticket })
      expect(victim.arrival(travel)).to.equal('link.failed.unavailable.0')
      expect(victim.cookies(travel).get(SESSION), 'his cookie stays').to.equal(session)
      await world.hub.listener.start()
      world.advance(11)
      expect(await victim.whoami(travel)).to.include({ subject: 'bob' })
    })

    it('does nothing over one that cannot be looked up, though a ticket could be spent', async () => {
      let isBroken = false
      await beginAgain({
        site: { graceForSeconds: 0 },
        inFrontOfHub: (req, res, next) => {
          if (isBroken && req.url === '/backchannel/read') res.status(503).json({ error: 'unavailable' })
          else next()
        },
      })
      await victim.post(travel, '/sign-in', { name: 'bob' })
      world.advance(301)
      const ticket = await ticketOf(eve)
      isBroken = true
      await post(victim, { ticket })
      expect(victim.arrival(travel)).to.equal('link.failed.unavailable.0')
      isBroken = false
      expect(await victim.whoami(travel)).to.include({ subject: 'bob' })
      await expectTrue(ticket)
    })

    it('of the same user changes nothing, and stays unspent', async () => {
      await victim.post(travel, '/sign-in', { name: 'eve' })
      const ticket = await ticketOf(eve)
      await post(victim, { ticket })
      expect(victim.arrival(travel)).to.equal('link.keep..1')
      await expectTrue(ticket, new Visitor(world.hub.origin))
    })

    it('that was made between the two steps does nothing', async () => {
      const second = await begun(victim, await ticketOf(eve))
      await victim.post(travel, '/sign-in', { name: 'bob' })
      await victim.navigate(second)
      expect(victim.arrival(travel)).to.equal('link.conflict..1')
      expect(await victim.whoami(travel)).to.include({ subject: 'bob' })
    })
  })

  describe('R23: leads nowhere but to its own site', () => {
    /** The address of both steps, and what the visitor sees in the end. */
    async function targets(to: string): Promise<{ byPost: Reply[]; byGet: Reply[]; arrival: unknown }> {
      const one = new Visitor(world.hub.origin)
      const byPost = await post(one, { ticket: await ticketOf(eve), to })
      const arrival = one.arrival(travel)
      const byGet = await one.navigateOnce(`${travel}/session-hub/enter?to=${encodeURIComponent(to)}`)
      return { byPost, byGet, arrival }
    }

    it('however another place is spelt; the visitor lands on the first page, without a session', async () => {
      for (const [name, to] of Object.entries(targetsAway(travel))) {
        const { byPost, byGet, arrival } = await targets(to)
        for (const [reply] of [byPost, byGet]) {
          expect(reply?.status, name).to.equal(303)
          expect(reply?.headers.location, name).to.equal(`${travel}/`)
        }
        expect(byPost[0]?.headers['set-cookie'], name).to.equal(undefined)
        expect(arrival, name).to.equal(undefined)
      }
    })

    it('nor on to its own endpoints', async () => {
      for (const to of targetsInside()) {
        const { byPost, byGet } = await targets(to)
        for (const [reply] of [byPost, byGet]) expect(reply?.headers.location, to).to.equal(`${travel}/`)
      }
    })

    it('nor where none or two are named', async () => {
      const ticket = await ticketOf(eve)
      const [own, away] = [encodeURIComponent(`${travel}/whoami`), encodeURIComponent('//stranger.example')]
      for (const form of [
        `ticket=${ticket}`,
        `ticket=${ticket}&to=`,
        `ticket=${ticket}&to=${own}&to=${own}`,
        `ticket=${ticket}&to=${own}&to=${away}`,
        `ticket=${ticket}&to=${away}&to=${own}`,
        `ticket=${ticket}&to[]=${own}`,
        `ticket=${ticket}&TO=${own}`,
        `ticket=${ticket};to=${own}`,
      ]) {
        const reply = await postOnce(form)
        expect(reply.status, form).to.equal(303)
        if (form !== `ticket=${ticket}&to=`) expect(reply.headers['set-cookie'], form).to.equal(undefined)
        const { location } = reply.headers
        expect(new URL(location!).origin, form).to.equal(travel)
        expect(location, form).to.not.include('whoami')
      }
      await expectTrue(ticket)
    })

    it('and there it leads, in every spelling of its own', async () => {
      const { host } = new URL(travel)
      const own: Record<string, string> = {
        '/whoami?a=1#top': '/whoami?a=1#top',
        whoami: '/whoami',
        '?a=//stranger.example': '/?a=//stranger.example',
        '': '/',
        [travel]: '/',
        [`//${host}/whoami`]: '/whoami',
        [`HTTP://${host.toUpperCase()}/whoami`]: '/whoami',
        [`http://someone:secret@${host}/whoami`]: '/whoami',
        [`http:whoami`]: '/whoami',
        '/%2f/stranger.example': '/%2f/stranger.example',
        '/%5cstranger.example': '/%5cstranger.example',
        '/a\r\nSet-Cookie: a=b': '/aSet-Cookie:%20a=b',
        '\uff0f\uff0fstranger.example/': '/%EF%BC%8F%EF%BC%8Fstranger.example/',
        '/session-hubs': '/session-hubs',
      }
      for (const [to, path] of Object.entries(own)) {
        const { byPost, byGet, arrival } = await targets(to)
        expect(byPost[1]?.headers.location, to).to.equal(travel + path)
        expect(byGet[0]?.headers.location, to).to.equal(travel + path)
        expect(byPost[0]?.headers['set-cookie'], to).to.have.length(1)
        expect(arrival, to).to.equal('link.replace.empty.1')
      }
    })
  })

  describe('R4, R22: its cookie', () => {
    type Forge = (site: WorldSite, ticket: string) => string | Promise<string>
    const nowSeconds = () => Math.floor(world.now() / 1000)
    const withClaims =
      (change: () => Claims): Forge =>
      (site, ticket) =>
        ownToken(world, site, 'enter+jwt', { ticket, ...change() })
    const withHeader =
      (header: Claims): Forge =>
      (site, ticket) =>
        ownToken(world, site, 'enter+jwt', { ticket }, { header })

    const forgeries: Record<string, Forge> = {
      'the ticket itself': (_site, ticket) => ticket,
      'nothing like a token': () => 'x.y.z',
      "under the site's session key": (site, ticket) =>
        ownToken(
          world,
          site,
          'enter+jwt',
          { ticket },
          { key: Buffer.from(site.keys.session.k, 'base64url') },
        ),
      'under an empty key': (site, ticket) =>
        ownToken(world, site, 'enter+jwt', { ticket }, { key: Buffer.alloc(0) }),
      "under another site's key": async (site, ticket) =>
        ownToken(
          world,
          { ...site, keys: (await generateSite('http://stranger.localhost')).keys },
          'enter+jwt',
          { ticket },
          { header: { kid: site.keys.session.kid } },
        ),
      "another site's own": (_site, ticket) =>
        ownToken(world, world.siteOf('magazine'), 'enter+jwt', { ticket }),
      'alg none': (site, ticket) => {
        const [, payload] = ownToken(world, site, 'enter+jwt', { ticket }).split('.')
        const header = { alg: 'none', typ: 'enter+jwt', kid: site.keys.session.kid }
        return `${base64url(header)}.${payload}.AAAA`
      },
      'a session token': () => eve.cookies(shop).get(SESSION)!,
      'the type of a start cookie': (site, ticket) => ownToken(world, site, 'start+jwt', { ticket }),
      'the type of a session': withHeader({ typ: 'session+jwt' }),
      'the type in capitals': withHeader({ typ: 'ENTER+JWT' }),
      'another kid': withHeader({ kid: 'other' }),
      'one more header': withHeader({ crit: ['exp'] }),
      'another issuer': withClaims(() => ({ iss: magazine })),
      'another audience': withClaims(() => ({ aud: magazine })),
      'one more claim': withClaims(() => ({ origin: shop })),
      'no ticket': (site) => ownToken(world, site, 'enter+jwt', {}),
      'a list of tickets': (site, ticket) => ownToken(world, site, 'enter+jwt', { ticket: [ticket] }),
      'over two minutes old': withClaims(() => ({ iat: nowSeconds() - 131, exp: nowSeconds() - 11 })),
      'good for an hour': withClaims(() => ({ exp: nowSeconds() + 3600 })),
      'from the future': withClaims(() => ({ iat: nowSeconds() + 60, exp: nowSeconds() + 90 })),
      'with a flipped character': async (site, ticket) => flip(await withClaims(() => ({}))(site, ticket), 1),
    }
    for (const [name, forge] of Object.entries(forgeries)) {
      it(`(${name}) counts for nothing, a true one does`, async () => {
        const site = world.siteOf('travel')
        const ticket = await ticketOf(eve)
        victim.cookies(travel).set(ENTER, await forge(site, ticket))
        const replies = await victim.navigate(`${travel}/session-hub/enter?to=/whoami`)
        expect(victim.arrival(travel)).to.equal(undefined)
        expect(replies.at(-1)?.json).to.include({ session: 'none' })

        victim.cookies(travel).set(ENTER, ownToken(world, site, 'enter+jwt', { ticket }))
        await victim.navigate(`${travel}/session-hub/enter?to=/whoami`)
        expect(victim.arrival(travel), 'the twin').to.equal('link.replace.empty.1')
      })
    }

    it('counts for nothing where it is there twice', async () => {
      const token = async () =>
        `${ENTER}=${ownToken(world, world.siteOf('travel'), 'enter+jwt', { ticket: await ticketOf(eve) })}`
      const [one, two] = [await token(), await token()]
      for (const cookie of [`${one}; ${two}`, `${one}; ${one}`, `${one}; a=b; ${ENTER}=`]) {
        await victim.navigate(`${travel}/session-hub/enter?to=/whoami`, { cookie })
        expect(victim.arrival(travel), cookie).to.equal(undefined)
      }
      await victim.navigateOnce(`${travel}/session-hub/enter?to=/whoami`, { cookie: `a=b; ${one}` })
      expect(victim.arrival(travel), 'the twin').to.equal('link.replace.empty.1')
    })

    it('is no session, and no start of a redirect', async () => {
      const token = ownToken(world, world.siteOf('travel'), 'enter+jwt', { ticket: await ticketOf(eve) })
      victim.cookies(travel).set(SESSION, token)
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
      const back = await victim.walk(`${travel}/session-hub/redirect`, '/session-hub/callback')
      const other = victim.copy()
      other.cookies(travel).set('__Host-session-start', token)
      await other.navigate(back)
      expect(other.arrival(travel)).to.equal(undefined)
      await victim.navigate(back)
      expect(victim.arrival(travel), 'the twin').to.equal('redirect.none..0')
    })

    it('is used up by its first use', async () => {
      const second = await begun(victim, await ticketOf(eve))
      const other = victim.copy()
      await victim.navigate(second)
      expect(victim.arrival(travel), 'the twin').to.equal('link.replace.empty.1')
      expect(victim.cookies(travel).has(ENTER), 'it is gone').to.equal(false)
      await other.navigate(second)
      expect(other.arrival(travel)).to.equal('link.failed.ticket_spent.0')
    })

    it('planted beside a sign-in that is alive changes nothing', async () => {
      await victim.post(travel, '/sign-in', { name: 'bob' })
      const token = ownToken(world, world.siteOf('travel'), 'enter+jwt', { ticket: await ticketOf(eve) })
      victim.cookies(travel).set(ENTER, token)
      await victim.navigate(`${travel}/session-hub/enter?to=/whoami`)
      expect(victim.arrival(travel)).to.equal('link.conflict..1')
      expect(await victim.whoami(travel)).to.include({ subject: 'bob' })
    })

    it('is looked at in the visitor’s own window only', async () => {
      const token = ownToken(world, world.siteOf('travel'), 'enter+jwt', { ticket: await ticketOf(eve) })
      for (const headers of [
        { 'sec-fetch-dest': 'iframe' },
        { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
        { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
        { 'sec-fetch-dest': undefined, 'sec-fetch-mode': undefined },
      ]) {
        victim.cookies(travel).set(ENTER, token)
        const [reply] = await victim.navigateOnce(`${travel}/session-hub/enter?to=/whoami`, headers)
        expect(reply.headers['set-cookie']).to.equal(undefined)
      }
      await victim.navigate(`${travel}/session-hub/enter?to=/whoami`)
      expect(victim.arrival(travel), 'the twin').to.equal('link.replace.empty.1')
    })

    it('R22: has these attributes, and so has the one that says how the visitor has arrived', async () => {
      const shapes = ({ headers }: Reply): string[] =>
        (headers['set-cookie'] ?? []).map((cookie) => cookie.replace(/^([^=]+)=[^;]+/, '$1=…')).sort()
      const [posted, entered, page] = await post(victim, { ticket: await ticketOf(eve) })
      expect(shapes(posted!)).to.deep.equal([
        '__Host-session-enter=…; Path=/; Max-Age=120; Secure; HttpOnly; SameSite=Lax',
      ])
      expect(shapes(entered!)).to.deep.equal([
        '__Host-session-arrival=…; Path=/; Max-Age=60; Secure; SameSite=Lax',
        '__Host-session-enter=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax',
        '__Host-session-state=…; Path=/; Max-Age=34560000; Secure; SameSite=Lax',
        '__Host-session=…; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax',
      ])
      expect(shapes(page!)).to.deep.equal([])
      for (const reply of [posted!, entered!]) {
        const { date: _date, 'set-cookie': _cookies, location: _to, ...headers } = reply.headers
        const expected = {
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'content-length': '0',
          connection: 'keep-alive',
          'keep-alive': 'timeout=5',
        }
        expect(decided(headers)).to.deep.equal(decided(expected))
        expect(reply.text).to.equal('')
      }
    })
  })

  describe('R31: in a body', () => {
    const form = (ticket: string) => new URLSearchParams({ ticket, to: `${travel}/whoami` }).toString()

    it('of more than 8 KiB is refused, one of less is read', async () => {
      const ticket = await ticketOf(eve)
      const padded = (length: number) => `${form(ticket)}&x=`.padEnd(length, 'x')
      expectRefusalWithoutCookies(await postOnce(padded(8193)), 413, 'body_too_large')
      expect((await postOnce(padded(8192))).headers['set-cookie'], 'the twin').to.have.length(1)
    })

    it('that is no form is refused', async () => {
      const ticket = await ticketOf(eve)
      for (const type of [
        undefined,
        '',
        'text/plain',
        'application/json',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencodedx',
        'text/plain; application/x-www-form-urlencoded',
      ]) {
        const reply = await postOnce(form(ticket), { 'content-type': type })
        expectRefusalWithoutCookies(reply, 415, 'media_type_invalid')
      }
      const twin = await postOnce(form(ticket), {
        'content-type': 'Application/X-WWW-form-urlencoded; charset=UTF-8',
      })
      expect(twin.headers['set-cookie']).to.have.length(1)
    })

    it('that is not UTF-8 is refused', async () => {
      const body = Buffer.concat([Buffer.from(form(await ticketOf(eve))), Buffer.from([0x26, 0xff, 0xfe])])
      expectRefusalWithoutCookies(await postOnce(body), 400, 'request_invalid')
    })

    it('with two tickets, or none, is no link', async () => {
      const [one, two] = [await ticketOf(eve), await ticketOf(eve)]
      for (const body of [
        `${form(one)}&ticket=${two}`,
        `ticket=${two}&${form(one)}`,
        `${form(one)}&ticket=${one}`,
        `${form(one)}&ticket=`,
        `to=${encodeURIComponent(`${travel}/whoami`)}`,
        `ticket=&to=${encodeURIComponent(`${travel}/whoami`)}`,
        `ticket[]=${one}&to=${encodeURIComponent(`${travel}/whoami`)}`,
      ]) {
        const reply = await postOnce(body)
        expect(reply.status).to.equal(303)
        expect(reply.headers.location).to.equal(`${travel}/whoami`)
        expect(reply.headers['set-cookie'], body).to.equal(undefined)
      }
      expectRefusal(await postOnce('', { 'content-type': 'text/html' }), 415, 'media_type_invalid')
      expect((await postOnce('')).headers.location).to.equal(`${travel}/`)
      await expectTrue(one)
    })

    it('that the application’s own parser has read is held to the same rules', async () => {
      const { origin, site } = world.siteOf('travel')
      const listener = await listen('travel.localhost')
      listener.use(express.urlencoded({ extended: true, limit: '1mb' }))
      listener.use(express.json())
      listener.use(site.router)
      try {
        const to = encodeURIComponent(`${travel}/whoami`)
        const ask = (body: string, type = 'application/x-www-form-urlencoded') =>
          postOnce(body, { host: new URL(origin).host, 'content-type': type }, listener.origin)
        const ticket = await ticketOf(eve)
        for (const body of [
          `ticket=${ticket}&ticket=${ticket}&to=${to}`,
          `ticket[]=${ticket}&to=${to}`,
          `ticket[a]=${ticket}&to=${to}`,
          `__proto__[ticket]=${ticket}&to=${to}`,
          `ticket=${ticket}&to=${to}&to=${to}`,
          `ticket=${ticket}&to=${encodeURIComponent('//stranger.example/')}`,
          `ticket=${ticket}${'A'.repeat(9000)}&to=${to}`,
        ]) {
          const reply = await ask(body)
          expect(reply.status, body).to.equal(303)
          expect(new URL(reply.headers.location!).origin, body).to.equal(travel)
          expect(reply.headers['set-cookie'], body).to.equal(undefined)
        }
        const asJson = await ask(JSON.stringify({ ticket, to: `${travel}/whoami` }), 'application/json')
        expectRefusalWithoutCookies(asJson, 415, 'media_type_invalid')
        expect((await ask(form(ticket))).headers['set-cookie'], 'the twin').to.have.length(1)
      } finally {
        await listener.close()
      }
    })
  })

  describe('R18: is given', () => {
    const ask = (headers: Headers, path = '/link', body: object = { to: travel }, method = 'POST') =>
      eve.ask(`${shop}/session-hub${path}`, {
        method,
        body,
        headers: {
          'content-type': 'application/json',
          origin: shop,
          'sec-fetch-site': 'same-origin',
          ...headers,
        },
      })

    it('to the site’s own pages only, and so is the list of sisters', async () => {
      const paths = { '/link': { to: travel }, '/sisters': {} }
      const strangers: Record<string, { headers: Headers; code?: string }> = {
        'a stranger': { headers: { origin: 'https://stranger.example' } },
        'a sister': { headers: { origin: travel } },
        'the hub': { headers: { origin: world.hub.origin } },
        null: { headers: { origin: 'null' } },
        'no Origin, no Sec-Fetch-Site': { headers: { origin: undefined, 'sec-fetch-site': undefined } },
        'no Origin, cross-site': { headers: { origin: undefined, 'sec-fetch-site': 'cross-site' } },
        'no Origin, same-site': { headers: { origin: undefined, 'sec-fetch-site': 'same-site' } },
        'the right Origin, cross-site': { headers: { 'sec-fetch-site': 'cross-site' } },
        'a foreign Host': { headers: { host: 'stranger.example' }, code: 'host_denied' },
      }
      for (const [path, body] of Object.entries(paths)) {
        for (const [name, { headers, code = 'origin_denied' }] of Object.entries(strangers)) {
          const reply = await ask(headers, path, body)
          expect(reply.status, name).to.equal(403)
          expectRefusalWithoutCookies(reply, 403, code)
        }
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined])
          expectRefusalWithoutCookies(
            await ask({ 'content-type': type }, path, body),
            415,
            'media_type_invalid',
          )
        for (const method of ['GET', 'PUT', 'OPTIONS'])
          expectRefusalWithoutCookies(await ask({}, path, body, method), 405, 'method_not_allowed')
        expect((await ask({}, path, body)).status, 'the twin').to.equal(200)
      }
    })

    it('for sisters only; one that is turned off is as unknown as one that never was', async () => {
      const { registration } = world.siteOf('shop')
      world.register({ ...registration, sisters: [travel, 'https://unknown.example', world.hub.origin] })
      world.register({ ...world.siteOf('travel').registration, enabled: false })
      const answers = new Set<string>()
      for (const to of [magazine, shop, travel, 'https://unknown.example', world.hub.origin]) {
        const reply = await ask({}, '/link', { to })
        expectRefusalWithoutCookies(reply, 403, 'sister_unknown')
        answers.add(reply.text)
      }
      expect(answers.size, 'one answer for all').to.equal(1)
      world.register(world.siteOf('travel').registration)
      expect((await ask({})).json.ticket, 'the twin').to.be.a('string')
    })

    it('for origins in their one spelling', async () => {
      for (const to of [`${travel}/`, travel.toUpperCase(), `${travel}/whoami`, '*', 'null', '__proto__'])
        expectRefusalWithoutCookies(await ask({}, '/link', { to }), 403, 'sister_unknown')
      for (const to of ['', [travel], null, 7, 'x'.repeat(129)])
        expectRefusalWithoutCookies(await ask({}, '/link', { to }), 400, 'request_invalid')
      for (const body of [{}, { to: travel, from: magazine }, { to: travel, handle: binding().verifier }])
        expectRefusalWithoutCookies(await ask({}, '/link', body), 400, 'request_invalid')
      expect((await ask({})).json.ticket, 'the twin').to.be.a('string')
    })

    it('R13: not to a site that may not offer; the others still may', async () => {
      await beginAgain({ registration: (name) => ({ mayOffer: name !== 'magazine' }) })
      await eve.post(magazine, '/sign-in', { name: 'eve' })
      const refused = await eve.post(magazine, '/session-hub/link', { to: travel })
      expectRefusalWithoutCookies(refused, 403, 'offer_denied')
      expect(await eve.linkTicket(shop, magazine), 'it still receives').to.be.a('string')
    })

    it('by the hub only for a handle of the site that asks', async () => {
      const handle = handleIn(eve.cookies(shop).get(SESSION)!)
      const backchannel = (site: string, body: object) =>
        send(`${world.hub.origin}/backchannel/link`, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${siteToken(world, world.siteOf(site))}`,
          },
        })
      expect((await backchannel('magazine', { handle, to: travel })).json).to.deep.equal({ ticket: null })
      expect((await backchannel('magazine', { handle, to: shop })).json).to.deep.equal({ ticket: null })
      expect((await backchannel('shop', { handle, to: travel })).json.ticket).to.be.a('string')
    })

    it('R31: writes nothing before it is used', async () => {
      const store = watchedStore()
      await beginAgain({ hub: { store } })
      const ticket = await ticketOf(eve)
      const before = store.rows()
      for (let time = 0; time < 20; time += 1) {
        expect(await victim.linkTicket(shop, travel)).to.equal(null)
        await post(victim, { ticket: 'x.y.z' })
        await ticketOf(eve)
      }
      expect(store.rows()).to.equal(before)
      await post(victim, { ticket })
      expect(store.rows(), 'the twin').to.be.above(before)
    })
  })

  it('R24, R30: is seen in no address, header, body, cookie of another name, or log entry', async () => {
    const ticket = await ticketOf(eve)
    const opened = openTicket(world.siteOf('travel'), ticket)
    const bob = new Visitor(world.hub.origin)
    await bob.post(travel, '/sign-in', { name: 'bob' })
    const replies = [
      ...(await post(victim, { ticket }, { origin: 'null' })),
      ...(await post(victim, { ticket }, { 'sec-fetch-dest': 'iframe' })),
      ...(await post(victim, { ticket, to: '//stranger.example' })),
      ...(await post(victim, { ticket: flip(ticket, 3) })),
      await postOnce(`ticket=${ticket}&${'x'.repeat(8192)}`),
      await postOnce(`ticket=${ticket}`, { 'content-type': 'text/plain' }),
      ...(await post(bob, { ticket })),
      ...(await post(eve, { ticket })),
      ...(await post(victim, { ticket })),
      await victim.post(travel, '/session-hub/redeem', { ticket }),
      ...(await victim.navigate(`${travel}/session-hub/callback?ticket=${ticket}&return=/whoami`)),
    ]
    world.advance(40)
    replies.push(...(await post(victim, { ticket })))

    const grant = String(opened.claims.grant)
    const secrets = [ticket, opened.jws, grant, String(opened.claims.jti)]
    const log = world.log.map((entry) => JSON.stringify(entry)).join('\n')
    for (const code of [
      'origin_denied',
      'request_invalid',
      'ticket_invalid',
      'session_conflict',
      'ticket_spent',
      'ticket_expired',
      'start_invalid',
    ])
      expect(log, 'the journey went that way').to.include(code)
    for (const secret of secrets) {
      expect(log.includes(secret), 'in a log').to.equal(false)
      for (const { headers, text } of replies) {
        const { 'set-cookie': cookies = [], ...rest } = headers
        expect(text.includes(secret), 'in a body').to.equal(false)
        expect(JSON.stringify(rest).includes(secret), 'in a header').to.equal(false)
        for (const cookie of cookies)
          if (!cookie.startsWith(`${ENTER}=`) && !cookie.startsWith(`${SESSION}=`))
            expect(cookie.includes(secret), cookie).to.equal(false)
      }
      const told = Object.values(world.sites).flatMap(({ listener }) => listener.seen)
      for (const { url, headers } of told) {
        if (!url.includes('/callback')) expect(url.includes(secret), 'in an address').to.equal(false)
        expect(String(headers.referer).includes(secret), 'in a Referer').to.equal(false)
      }
    }
  })
})
