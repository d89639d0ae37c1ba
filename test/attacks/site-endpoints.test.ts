/** Who may call a site's own endpoints: its own pages, and nobody else (R18). */
import { expect } from 'chai'

import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

type Headers = NonNullable<Ask['headers']>

describe('the endpoints of a site', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    await visitor.sync(travel)
  })
  afterEach(() => world.close())

  /** A request of this visitor's browser to travel, by a page that is not travel's or by a proxy that lies. */
  function asked(path: string, headers: Headers, body: object, method = 'POST'): Promise<Reply> {
    return visitor.ask(travel + path, {
      method,
      body,
      headers: {
        'content-type': 'application/json',
        origin: travel,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })
  }

  const paths: Record<string, () => object> = {
    '/session-hub/offer': () => ({ nonce: binding().nonce }),
    '/session-hub/redeem': () => ({ ticket: 'x.y.z', verifier: binding().verifier }),
    '/session-hub/sign-out': () => ({}),
  }

  /** Name → the headers that differ from those of the site's own page. */
  const strangers = (): Record<string, { headers: Headers; code?: string }> => ({
    'an Origin of another site': { headers: { origin: shop } },
    'an Origin of the hub': { headers: { origin: world.hub.origin } },
    'an Origin that is null': { headers: { origin: 'null' } },
    'an Origin with a slash': { headers: { origin: `${travel}/` } },
    'an Origin in capitals': { headers: { origin: travel.toUpperCase() } },
    'an Origin that begins alike': { headers: { origin: `${travel}.stranger.example` } },
    'an Origin of another port': { headers: { origin: travel.replace(/\d+$/, '1') } },
    'an Origin of https': { headers: { origin: travel.replace('http:', 'https:') } },
    'two Origins': { headers: { origin: `${travel}, ${shop}` } },
    'an empty Origin': { headers: { origin: '' } },
    'no Origin, no Sec-Fetch-Site': { headers: { origin: undefined, 'sec-fetch-site': undefined } },
    'no Origin, same-site': { headers: { origin: undefined, 'sec-fetch-site': 'same-site' } },
    'no Origin, typed by hand': { headers: { origin: undefined, 'sec-fetch-site': 'none' } },
    'Sec-Fetch-Site: cross-site': { headers: { 'sec-fetch-site': 'cross-site' } },
    'Sec-Fetch-Site: same-site': { headers: { 'sec-fetch-site': 'same-site' } },
    'Sec-Fetch-Site: none': { headers: { 'sec-fetch-site': 'none' } },
    'a foreign Host': { headers: { host: 'stranger.localhost' }, code: 'host_denied' },
    "another site's Host and Origin": {
      headers: { host: new URL(shop).host, origin: shop },
      code: 'host_denied',
    },
    'a foreign Host, X-Forwarded-Host forged': {
      headers: { host: 'stranger.localhost', 'x-forwarded-host': new URL(travel).host },
      code: 'host_denied',
    },
    'a Host without its port': { headers: { host: 'travel.localhost' }, code: 'host_denied' },
  })

  for (const path of Object.keys(paths)) {
    it(`R18: ${path} refuses everyone but the site's own pages`, async () => {
      for (const [name, { headers, code = 'origin_denied' }] of Object.entries(strangers())) {
        const reply = await asked(path, headers, paths[path]!())
        expect(reply.status, name).to.equal(403)
        expectRefusalWithoutCookies(reply, 403, code)
      }
      expect(await visitor.whoami(travel), 'nothing has happened').to.include({ subject: 'ada' })
      const twin = await asked(path, {}, paths[path]!())
      expect(twin.json.error, 'the twin').to.be.oneOf([undefined, 'ticket_invalid'])
    })

    it(`R18: ${path} is asked with POST only`, async () => {
      for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        const reply = await asked(path, {}, paths[path]!(), method)
        expectRefusalWithoutCookies(reply, 405, 'method_not_allowed')
      }
      expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
    })

    it(`R18: ${path} reads JSON only, so no form of a stranger reaches it`, async () => {
      for (const type of [
        undefined,
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'text/plain; application/json',
        'application/jsonp',
      ]) {
        const reply = await asked(path, { 'content-type': type }, paths[path]!())
        // Signing out reads no body, but a form must not be able to do even that.
        expectRefusalWithoutCookies(reply, 415, 'media_type_invalid')
      }
      expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
      const twin = await asked(path, { 'content-type': 'Application/JSON; charset=utf-8' }, paths[path]!())
      expect(twin.status).to.not.equal(415)
    })
  }

  it('R18: a forged X-Forwarded-Host changes nothing for a true page, nor for a forged one', async () => {
    const forged = {
      'x-forwarded-host': 'stranger.localhost',
      'x-forwarded-proto': 'https',
      forwarded: 'host=x',
    }
    expect((await asked('/session-hub/offer', forged, paths['/session-hub/offer']!())).status).to.equal(200)
    const reply = await asked('/session-hub/offer', { ...forged, origin: 'https://stranger.localhost' }, {})
    expectRefusalWithoutCookies(reply, 403, 'origin_denied')
  })

  it('R18: a browser without Origin on same-origin requests is known by Sec-Fetch-Site', async () => {
    const body = { nonce: binding().nonce }
    expect((await asked('/session-hub/offer', { origin: undefined }, body)).status).to.equal(200)
    expect((await asked('/session-hub/offer', { 'sec-fetch-site': undefined }, body)).status).to.equal(200)
  })

  it('R18: signing out from another origin is refused, from the own it works', async () => {
    const headers = { origin: shop, 'sec-fetch-site': 'cross-site' }
    expectRefusalWithoutCookies(await asked('/session-hub/sign-out', headers, {}), 403, 'origin_denied')
    world.advance(301)
    expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
    expect((await asked('/session-hub/sign-out', {}, {})).status).to.equal(200)
    expect(await visitor.whoami(travel)).to.include({ session: 'none' })
  })

  it('R19: what comes first is refused first, so that a stranger learns nothing of what comes later', async () => {
    // Each line is wrong in all the ways of the lines below it, and right in those above.
    const big = { ticket: 'x'.repeat(9000) }
    const stranger = { origin: shop, 'content-type': 'text/plain' }
    const path = '/session-hub/redeem'
    expectRefusal(await asked(path, { ...stranger, host: 'stranger' }, big), 403, 'host_denied')
    expectRefusal(await asked(path, stranger, big), 403, 'origin_denied')
    expectRefusal(await asked(path, { 'content-type': 'text/plain' }, big), 415, 'media_type_invalid')
    expectRefusal(await asked(path, {}, big), 413, 'body_too_large')
    expectRefusal(await asked(path, {}, { ticket: 'a.b.c', verifier: 'x' }), 400, 'request_invalid')
    expectRefusal(await asked(path, {}, { ticket: 'a.b.c' }), 401, 'ticket_invalid')
  })

  it('R5: members that nobody knows are refused, in every body', async () => {
    for (const [path, body] of Object.entries(paths)) {
      if (path === '/session-hub/sign-out') continue
      expectRefusalWithoutCookies(await asked(path, {}, { ...body(), isAdmin: true }), 400, 'request_invalid')
    }
  })

  it('R12: an offer is signed for a nonce of the exact form only', async () => {
    const { nonce } = binding()
    for (const wrong of [
      '',
      nonce.slice(1),
      `${nonce}A`,
      `${nonce}\n`,
      `${nonce.slice(1)}=`,
      `${nonce.slice(1)}+`,
      ` ${nonce}`,
      [nonce],
      { nonce },
      null,
      7,
    ]) {
      const reply = await asked('/session-hub/offer', {}, { nonce: wrong })
      expectRefusalWithoutCookies(reply, 400, 'request_invalid')
    }
    const { offer } = (await asked('/session-hub/offer', {}, { nonce })).json
    expect(offer).to.be.a('string')
  })

  it('no endpoint answers with CORS headers, to anyone', async () => {
    for (const path of Object.keys(paths)) {
      const reply = await send(travel + path, {
        method: 'OPTIONS',
        headers: {
          origin: shop,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      })
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([])
    }
  })
})

describe('the consent hook', () => {
  it('says no: nothing is offered or redeemed; says yes: both work', async () => {
    let hasAgreed = false
    const world = await startWorld({ sites: ['shop', 'travel'], site: { mayShare: () => hasAgreed } })
    try {
      const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(shop, '/cart', { item: 'boots' })
      const { nonce } = binding()
      expect((await visitor.post(shop, '/session-hub/offer', { nonce })).json).to.deep.equal({ offer: null })
      hasAgreed = true
      expect((await visitor.post(shop, '/session-hub/offer', { nonce })).json.offer).to.be.a('string')
      await visitor.sync(shop)

      const { ticket, verifier } = await visitor.ticket(travel)
      hasAgreed = false
      expectRefusalWithoutCookies(
        await visitor.post(travel, '/session-hub/redeem', { ticket, verifier }),
        403,
        'consent_required',
      )
      hasAgreed = true
      expect((await visitor.post(travel, '/session-hub/redeem', { ticket, verifier })).status).to.equal(200)
    } finally {
      await world.close()
    }
  })

  it('R21: fails: closed, 503', async () => {
    const world = await startWorld({
      sites: ['shop'],
      site: { mayShare: () => Promise.reject(new Error('consent database at /srv/consent.js:7')) },
    })
    try {
      const visitor = new Visitor(world.hub.origin)
      const reply = await visitor.post(world.siteOf('shop').origin, '/session-hub/offer', binding())
      expectRefusalWithoutCookies(reply, 400, 'request_invalid')
      const { nonce } = binding()
      const asked = await visitor.post(world.siteOf('shop').origin, '/session-hub/offer', { nonce })
      expectRefusalWithoutCookies(asked, 503, 'unavailable')
    } finally {
      await world.close()
    }
  })
})
