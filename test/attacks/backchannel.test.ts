/** The back-channel: a site speaks to the hub as itself, and a hostile registered site reaches nothing but its own. */
import { createHash } from 'node:crypto'

import { expect } from 'chai'
import { type GeneratedSiteKeys, generateSite } from 'session-hub/hub'

import {
  base64url,
  type Claims,
  flip,
  open,
  openTicket,
  publicKeySpellings,
  readJws,
  redemptionOf,
  respell,
  signEs256,
  signHs256,
  siteToken,
} from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { binding, type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World, type WorldSite } from '../support/world.js'

const handleOf = (visitor: Visitor, { origin }: WorldSite): string =>
  handleIn(visitor.cookies(origin).get('__Host-session')!)!

describe('the back-channel', () => {
  let world: World
  let shop: WorldSite
  let travel: WorldSite
  let ada: Visitor
  let handle: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    shop = world.siteOf('shop')
    travel = world.siteOf('travel')
    ada = new Visitor(world.hub.origin)
    await ada.post(shop.origin, '/cart', { item: 'boots' })
    await ada.post(shop.origin, '/sign-in', { name: 'ada', claims: { name: 'Ada' } })
    await ada.sync(shop.origin)
    handle = handleOf(ada, shop)
  })
  afterEach(() => world.close())

  function act(name: string, body: object | string, token: string | undefined): Promise<Reply> {
    return send(`${world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    })
  }
  const tokenOf = (site: WorldSite) => siteToken(world, site)

  const nowSeconds = () => Math.floor(world.now() / 1000)

  /** Name → a token that is refused, for a site whose true token is not. */
  const tokens: Record<string, () => string | undefined | Promise<string | undefined>> = {
    'no token': () => undefined,
    'an empty token': () => '',
    'a token that is none': () => 'x.y.z',
    'R2: alg none': () => {
      const { header, claims } = readJws(tokenOf(shop))
      return `${base64url({ ...header, alg: 'none' })}.${base64url(claims)}.AA`
    },
    'R2: HS256 with the public key': () => {
      const { header, claims } = readJws(tokenOf(shop))
      const [secret] = publicKeySpellings(shop.keys.signing)
      return signHs256({ header: { ...header, alg: 'HS256' }, payload: claims }, secret!)
    },
    'R7: iss of another site under the own key': () =>
      siteToken(world, travel, { claims: { iss: shop.origin } }),
    'R7: iss and kid of another site, the own key': () =>
      siteToken(world, shop, { key: travel.keys.signing }),
    'R7: jwk': () => {
      const { kty, crv, x, y } = travel.keys.signing
      return siteToken(world, shop, { key: travel.keys.signing, header: { jwk: { kty, crv, x, y } } })
    },
    'a stranger': async () => {
      const made = await generateSite('http://stranger.localhost')
      return siteToken(world, { ...shop, origin: 'http://stranger.localhost', keys: made.keys })
    },
    'iss that is a list': () => siteToken(world, shop, { claims: { iss: [shop.origin] } }),
    'iss that is an object': () => siteToken(world, shop, { claims: { iss: { a: 1 } } }),
    'iss __proto__': () => siteToken(world, shop, { claims: { iss: '__proto__' } }),
    'R4: another type': () => siteToken(world, shop, { header: { typ: 'offer+jwt' } }),
    'R4: the type in capitals': () => siteToken(world, shop, { header: { typ: 'SITE+JWT' } }),
    'R4: a true offer': async () => {
      const { nonce } = binding()
      return (await ada.post(shop.origin, '/session-hub/offer', { nonce })).json.offer as string
    },
    'R4: a session token': () => ada.cookies(shop.origin).get('__Host-session')!,
    'R5: expired': () =>
      siteToken(world, shop, { claims: { iat: nowSeconds() - 70, exp: nowSeconds() - 10 } }),
    'R5: too long-lived': () => siteToken(world, shop, { claims: { exp: nowSeconds() + 121 } }),
    'R5: of the future': () =>
      siteToken(world, shop, { claims: { iat: nowSeconds() + 10, exp: nowSeconds() + 60 } }),
    'R5: for another hub': () => siteToken(world, shop, { claims: { aud: 'https://hub.example' } }),
    'R5: for a list of hubs': () => siteToken(world, shop, { claims: { aud: [world.hub.origin] } }),
    'R5: with another claim': () => siteToken(world, shop, { claims: { act: 'read' } }),
    'R3: a flipped byte': () => flip(tokenOf(shop), 2),
    'R1: longer than 4 KiB': () => `${tokenOf(shop)}${'A'.repeat(4096)}`,
  }
  for (const [name, forge] of Object.entries(tokens)) {
    it(`${name}: is refused; the site's true token is not`, async () => {
      const forged = await forge()
      expectRefusalWithoutCookies(await act('read', { handle }, forged), 401, 'site_token_invalid')
      const twin = await act('read', { handle }, tokenOf(shop))
      expect(twin.json).to.include({ subject: 'ada' })
    })
  }

  it('R5: a token that was good is refused when it has expired, however often it was used', async () => {
    const token = tokenOf(shop)
    expect((await act('read', { handle }, token)).status).to.equal(200)
    world.advance(60)
    expect((await act('read', { handle }, token)).status, 'within the skew').to.equal(200)
    world.advance(6)
    expectRefusalWithoutCookies(await act('read', { handle }, token), 401, 'site_token_invalid')
  })

  it('R7: only the scheme Bearer is read', async () => {
    for (const authorization of [tokenOf(shop), `Basic ${tokenOf(shop)}`, `Bearer  ${tokenOf(shop)}`]) {
      const reply = await send(`${world.hub.origin}/backchannel/read`, {
        method: 'POST',
        body: { handle },
        headers: { 'content-type': 'application/json', authorization },
      })
      expectRefusalWithoutCookies(reply, 401, 'site_token_invalid')
    }
  })

  it('a browser with the hub’s cookie is nobody here', async () => {
    const cookie = `__Host-session-hub=${ada.cookies(world.hub.origin).get('__Host-session-hub')!}`
    const reply = await send(`${world.hub.origin}/backchannel/read`, {
      method: 'POST',
      body: { handle },
      headers: { 'content-type': 'application/json', cookie, origin: world.hub.origin },
    })
    expectRefusalWithoutCookies(reply, 401, 'site_token_invalid')
  })

  describe("a hostile registered site with another site's handle", () => {
    const asTravel = (name: string, body: object) => act(name, body, tokenOf(travel))
    const untouched = async () => {
      const { json } = await act('read', { handle }, tokenOf(shop))
      expect(json).to.deep.include({
        subject: 'ada',
        claims: { name: 'Ada' },
        data: { cart: ['boots'] },
      })
    }

    it('reads nothing', async () => {
      const reply = await asTravel('read', { handle })
      expectRefusalWithoutCookies(reply, 410, 'session_ended')
      const unknown = await asTravel('read', { handle: binding().verifier })
      expect(reply.text, 'not even that there is such a handle').to.equal(unknown.text)
      await untouched()
    })

    it('changes nothing', async () => {
      const reply = await asTravel('update', { handle, patch: { cart: null, planted: true } })
      expectRefusalWithoutCookies(reply, 410, 'session_ended')
      await untouched()
    })

    it('ends nothing', async () => {
      await asTravel('end', { handle })
      await untouched()
    })

    it('neither ends nor takes the data of another site’s session by a sign-in', async () => {
      const { json } = await asTravel('sign-in', { handle, subject: 'ada', claims: {} })
      expect(json.data).to.deep.equal({})
      await untouched()
    })

    it('cannot end it as the previous one of a redemption', async () => {
      const { ticket } = await ada.ticket(travel.origin)
      const { claims } = openTicket(travel, ticket)
      const body = { ...redemptionOf(claims), previous: handle, overrule: true }
      expect((await asTravel('redeem', body)).status).to.equal(200)
      await untouched()
    })

    it('redeems no ticket of another site, and its owner still can', async () => {
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(travel.origin, '/sign-in', { name: 'bob' })
      await visitor.sync(travel.origin)
      const { ticket, verifier } = await visitor.ticket(shop.origin)
      const { claims } = openTicket(shop, ticket)
      for (const more of [{}, { origin: travel.origin }, { jti: 'A'.repeat(22) }])
        expectRefusalWithoutCookies(
          await asTravel('redeem', { ...redemptionOf(claims), ...more }),
          401,
          'ticket_invalid',
        )
      const twin = await visitor.post(shop.origin, '/session-hub/redeem', { ticket, verifier })
      expect(twin.status).to.equal(200)
    })
  })

  it("R26: neither a handle's hash nor anything in a ticket opens anything", async () => {
    const { ticket, verifier } = await ada.ticket(travel.origin)
    const { grant, nonce, jti } = openTicket(travel, ticket).claims as Record<string, string>
    const { nonce: hash } = {
      nonce: readJws((await ada.post(shop.origin, '/session-hub/offer', { nonce })).json.offer as string)
        .claims.sid as string,
    }
    for (const [site, guess] of [
      [shop, hash],
      [travel, grant!.slice(0, 43)],
      [travel, createHash('sha256').update(grant!).digest('base64url')],
      [travel, nonce!],
    ] as const) {
      expectRefusalWithoutCookies(await act('read', { handle: guess }, tokenOf(site)), 410, 'session_ended')
      expectRefusalWithoutCookies(
        await act('update', { handle: guess, patch: {} }, tokenOf(site)),
        410,
        'session_ended',
      )
      await act('end', { handle: guess }, tokenOf(site))
    }
    expect(jti).to.have.length(22)
    expect((await act('read', { handle }, tokenOf(shop))).json).to.include({ subject: 'ada' })
    const twin = await ada.post(travel.origin, '/session-hub/redeem', { ticket, verifier })
    expect(twin.status).to.equal(200)
  })

  it('a view holds what a site may know, and no id of the hub', async () => {
    const { json } = await act('read', { handle }, tokenOf(shop))
    expect(Object.keys(json).sort()).to.deep.equal([
      'auth_time',
      'claims',
      'data',
      'expires_at',
      'generation',
      'remember',
      'session_tag',
      'state',
      'subject',
      'subject_tag',
      'version',
    ])
    expect(json.state).to.not.equal((await sharedState()).state)
  })
  const sharedState = async () => (await ada.sync(travel.origin)).redeemed!.json

  it('knows its acts and POST only', async () => {
    for (const name of ['', 'write', 'read/', 'read?x=1', '__proto__', 'constructor', 'READ']) {
      expectRefusalWithoutCookies(await act(name, { handle }, tokenOf(shop)), 404, 'not_found')
    }
    const got = await send(`${world.hub.origin}/backchannel/read`, {
      headers: { authorization: `Bearer ${tokenOf(shop)}` },
    })
    expectRefusalWithoutCookies(got, 405, 'method_not_allowed')
  })

  it('refuses data of another version, and takes the present one', async () => {
    const { version } = (await act('read', { handle }, tokenOf(shop))).json as { version: number }
    const body = { handle, patch: { a: 1 }, version }
    expect((await act('update', body, tokenOf(shop))).status).to.equal(200)
    expectRefusalWithoutCookies(await act('update', body, tokenOf(shop)), 409, 'version_conflict')
  })

  it('of two updates of one version that race, one wins', async () => {
    const { version } = (await act('read', { handle }, tokenOf(shop))).json as { version: number }
    const replies = await Promise.all(
      ['a', 'b'].map((key) => act('update', { handle, patch: { [key]: 1 }, version }, tokenOf(shop))),
    )
    expect(replies.map(({ status }) => status).sort()).to.deep.equal([200, 409])
  })

  it('R31: refuses more data than a session holds, and takes what fits', async () => {
    const text = 'x'.repeat(5000)
    for (const key of ['a', 'b', 'c']) {
      expect((await act('update', { handle, patch: { [key]: text } }, tokenOf(shop))).status).to.equal(200)
    }
    expectRefusalWithoutCookies(
      await act('update', { handle, patch: { d: text } }, tokenOf(shop)),
      413,
      'data_too_large',
    )
    expect((await act('update', { handle, patch: { a: null, d: text } }, tokenOf(shop))).status).to.equal(200)
  })

  it('R31: refuses claims that are too large for a ticket, and takes those that fit', async () => {
    const signIn = (length: number) =>
      act(
        'sign-in',
        { handle: null, subject: 'ada', claims: { a: 'x'.repeat(length - '{"a":""}'.length) } },
        tokenOf(shop),
      )
    expectRefusalWithoutCookies(await signIn(1025), 413, 'data_too_large')
    expect((await signIn(1024)).status).to.equal(200)
  })

  it('R8: a token in another spelling is refused, though the same token was just taken', async () => {
    const token = tokenOf(shop)
    expect((await act('read', { handle }, token)).status).to.equal(200)
    expectRefusalWithoutCookies(await act('read', { handle }, flip(token, 1)), 401, 'site_token_invalid')
    expectRefusalWithoutCookies(await act('read', { handle }, respell(token)), 401, 'site_token_invalid')
  })
})

describe('a site that is turned off or removed', () => {
  /** The registrations can change while everything runs, as those of a database do. */
  async function withRegistry(
    run: (world: World, turn: (isEnabled: boolean) => void, remove: () => void) => Promise<void>,
  ): Promise<void> {
    let isEnabled = true
    let isThere = true
    const world: World = await startWorld({
      sites: ['shop', 'travel'],
      hub: {
        findSite(origin) {
          const found = Object.values(world.sites).find((site) => site.origin === origin)
          if (origin !== world.siteOf('travel').origin) return found?.registration
          return isThere ? { ...found!.registration, enabled: isEnabled } : undefined
        },
      },
    })
    try {
      await run(
        world,
        (enabled) => (isEnabled = enabled),
        () => (isThere = false),
      )
    } finally {
      await world.close()
    }
  }

  for (const how of ['turned off', 'removed'] as const) {
    it(`is ${how}: no frame, no exchange, no back-channel, and its ticket is worth nothing`, async () => {
      await withRegistry(async (world, turn, remove) => {
        const { origin } = world.siteOf('travel')
        const visitor = new Visitor(world.hub.origin)
        await visitor.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })
        await visitor.sync(world.siteOf('shop').origin)
        const { ticket, verifier, nonce } = await visitor.ticket(origin)
        const { data } = await visitor.frame(origin, nonce)
        if (how === 'removed') remove()
        else turn(false)

        expect((await visitor.frame(world.siteOf('shop').origin, nonce)).status).to.equal(200)
        expect((await visitor.frame(origin, nonce)).status).to.equal(404)
        expectRefusalWithoutCookies(await visitor.exchange(data, null), 404, 'site_unknown')
        const redeemed = await visitor.post(origin, '/session-hub/redeem', { ticket, verifier })
        expectRefusalWithoutCookies(redeemed, 503, 'unavailable')

        if (how === 'removed') return
        turn(true)
        const twin = await visitor.post(origin, '/session-hub/redeem', { ticket, verifier })
        expect(twin.status).to.equal(200)
      })
    })
  }
})

describe('R7: two sites with one kid', () => {
  it('each are known by their own key only', async () => {
    const keys: Record<string, GeneratedSiteKeys> = {}
    for (const name of ['shop', 'travel']) {
      const made = (await generateSite('http://any.localhost')).keys
      keys[name] = {
        signing: { ...made.signing, kid: 'same' },
        ticket: { ...made.ticket, kid: 'same' },
        session: { ...made.session, kid: 'same' },
      }
    }
    const world = await startWorld({
      sites: ['shop', 'travel'],
      site: (name) => ({ keys: keys[name]! }),
      registration: (name) => {
        const { kty, crv, kid, x, y } = keys[name]!.signing
        return { signingKeys: [{ kty, crv, kid, x, y }], ticketKeys: [keys[name]!.ticket] }
      },
    })
    try {
      const [shop, travel] = [world.siteOf('shop'), world.siteOf('travel')]
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(shop.origin, '/sign-in', { name: 'ada' })
      expect((await visitor.sync(shop.origin)).outcome).to.equal('adopt')
      expect((await visitor.sync(travel.origin)).redeemed?.status).to.equal(200)

      const claims = (iss: string): Claims => {
        const iat = Math.floor(world.now() / 1000)
        return { iss, aud: world.hub.origin, iat, exp: iat + 60 }
      }
      const ask = (iss: string, key: GeneratedSiteKeys) =>
        send(`${world.hub.origin}/backchannel/end`, {
          method: 'POST',
          body: { handle: binding().verifier },
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${signEs256({ header: { alg: 'ES256', typ: 'site+jwt', kid: 'same' }, payload: claims(iss) }, key.signing)}`,
          },
        })
      expectRefusalWithoutCookies(await ask(shop.origin, keys.travel!), 401, 'site_token_invalid')
      expect((await ask(shop.origin, keys.shop!)).status).to.equal(200)
      expect((await ask(travel.origin, keys.travel!)).status).to.equal(200)

      visitor.cookies(travel.origin).clear()
      const { ticket } = await visitor.ticket(travel.origin)
      expect(() => open(ticket, keys.shop!.ticket)).to.throw()
      expect(open(ticket, keys.travel!.ticket)).to.be.a('string')
    } finally {
      await world.close()
    }
  })
})

describe('R31: the store behind the back-channel', () => {
  let world: World
  let store: ReturnType<typeof watchedStore>

  beforeEach(async () => {
    store = watchedStore()
    world = await startWorld({ sites: ['shop', 'travel'], hub: { store } })
  })
  afterEach(() => world.close())

  const act = (name: string, body: object, token: string) =>
    send(`${world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })

  it('gets nothing from a request without a token, and something from one with it', async () => {
    const body = { handle: null, subject: 'ada', claims: {} }
    await act('sign-in', body, 'x.y.z')
    expect(store.rows()).to.equal(0)
    await act('sign-in', body, siteToken(world, world.siteOf('shop')))
    expect(store.rows()).to.be.above(0)
  })

  it('keeps no spend for longer than a ticket can live, whatever a hostile site says', async () => {
    const travel = world.siteOf('travel')
    const token = siteToken(world, travel)
    const ada = new Visitor(world.hub.origin)
    await ada.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })
    await ada.sync(world.siteOf('shop').origin)
    const { claims } = openTicket(travel, (await ada.ticket(travel.origin)).ticket)
    for (const exp of [Number(claims.exp) + 1, Number(claims.exp) + 315_360_000, Number.MAX_SAFE_INTEGER]) {
      const body = { ...redemptionOf(claims), exp }
      expectRefusalWithoutCookies(await act('redeem', body, token), 401, 'ticket_invalid')
    }
    expect((await act('redeem', redemptionOf(claims), token)).status).to.equal(200)
    for (const { expiresAtMs } of store.written.spends) {
      expect(expiresAtMs).to.be.at.most(world.now() + 310_000)
    }
    expect(store.written.spends).to.have.length.above(0)
  })
})
