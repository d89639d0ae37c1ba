/** A token for a service on another host, as somebody would misuse it: at the site, at another service, or by a page elsewhere. */
import { expect } from 'chai'
import type { SessionHubError } from 'session-hub/site'
import { verifySession } from 'session-hub/verify'

import { accountApp } from '../support/account-app.js'
import { keyPair } from '../support/key-pairs.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const API = 'https://api.example'
const OTHER = 'https://other.example'
const pair = keyPair('ES256')

describe('R36: a token for a service, attacked', () => {
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    // The two sites share a key, as careless owners do.
    world = await startWorld({
      sites: ['shop', 'travel'],
      sessionKey: () => pair.jwk,
      site: { audiences: [API, OTHER] },
    })
    for (const { listener, site } of Object.values(world.sites)) {
      listener.app.get('/api', site.session({ bearer: true }), ({ session }, res) => {
        res.json({ subject: session.subject })
      })
      listener.use(accountApp(site))
    }
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
  })
  afterEach(() => world.close())

  const ask = (headers: Ask['headers'] = {}, more: Partial<Ask> = {}) =>
    ada.ask(`${shop}/session-hub/token`, {
      method: 'POST',
      body: { audience: API },
      headers: {
        'content-type': 'application/json',
        origin: shop,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      ...more,
    })
  const token = async () => String((await ask()).json.token)
  const verify = (text: string, audience: string, issuer = shop) =>
    verifySession(text, { key: pair.publicJwk, issuer, audience, now: () => world.now() }).then(
      ({ subject }) => subject,
      (error: unknown) => (error as SessionHubError).code,
    )

  const foreign: Record<string, [headers: Ask['headers'], status: number, code: string]> = {
    'a page of another site': [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      403,
      'origin_denied',
    ],
    'a page of a sibling domain': [{ 'sec-fetch-site': 'same-site' }, 403, 'origin_denied'],
    'a sandboxed page': [{ origin: 'null' }, 403, 'origin_denied'],
    'whoever says nothing of where it comes from': [
      { origin: undefined, 'sec-fetch-site': undefined },
      403,
      'origin_denied',
    ],
    'a form': [{ 'content-type': 'application/x-www-form-urlencoded' }, 415, 'media_type_invalid'],
    'a form that is taken for text': [{ 'content-type': 'text/plain' }, 415, 'media_type_invalid'],
    'a page at another host name': [{ host: 'evil.example' }, 403, 'host_denied'],
  }
  for (const [who, [headers, status, code]] of Object.entries(foreign)) {
    it(`is not given to ${who}; to a page of the site it is`, async () => {
      expectRefusalWithoutCookies(await ask(headers), status, code)
      expect(await verify(await token(), API)).to.equal('ada')
    })
  }

  it('is not given by GET, which a picture could send', async () => {
    expectRefusalWithoutCookies(await ask({}, { method: 'GET', body: '' }), 405, 'method_not_allowed')
  })

  it('is no session at its own site, neither as a cookie nor as a Bearer token; the session’s own is', async () => {
    const [thief, stolen] = [new Visitor(world.hub.origin), await token()]
    const whoIs = async (cookie: string) =>
      (await send(`${shop}/who`, { headers: { cookie: `__Host-session=${cookie}` } })).json.session
    const api = async (bearer: string) =>
      (await thief.ask(`${shop}/api`, { headers: { authorization: `Bearer ${bearer}` } })).json.subject
    const own = ada.cookies(shop).get('__Host-session')!
    expect([await whoIs(stolen), await api(stolen)]).to.deep.equal(['none', null])
    expect([await whoIs(own), await api(own)]).to.deep.equal(['signed-in', 'ada'])
    for (const [path, body] of [
      ['/session-hub/token', { audience: OTHER }],
      ['/session-hub/offer', { nonce: 'A'.repeat(43) }],
    ] as const) {
      thief.cookies(shop).set('__Host-session', stolen)
      const reply = await thief.post(shop, path, body)
      expect(reply.json.token ?? reply.json.offer ?? null, path).to.equal(null)
    }
  })

  it('is none at another service, nor of another site; at its own it is', async () => {
    const text = await token()
    expect(await verify(text, OTHER)).to.equal('token_invalid')
    expect(await verify(text, shop)).to.equal('token_invalid')
    expect(await verify(text, API, travel)).to.equal('token_invalid')
    expect(await verify(text, API)).to.equal('ada')
    // Nor is the site's own cookie one for the service.
    expect(await verify(ada.cookies(shop).get('__Host-session')!, API)).to.equal('token_invalid')
  })

  it('holds no handle, wrapped or not, nor a tag of the user’s', async () => {
    const text = await token()
    const payload = Buffer.from(text.split('.')[1]!, 'base64url').toString()
    const cookie = ada.cookies(shop).get('__Host-session')!
    const own = JSON.parse(Buffer.from(cookie.split('.')[1]!, 'base64url').toString()) as Record<
      string,
      unknown
    >
    expect(own).to.include.keys('sk', 'sg', 'gen')
    for (const name of ['sk', 'was', 'sg', 'gen', 'jti'])
      expect(JSON.parse(payload)).to.not.have.property(name)
    for (const secret of [own.sk, own.sg]) expect(payload).to.not.include(String(secret))
  })

  it('is over after its minute, and nobody makes another by it', async () => {
    const text = await token()
    world.advance(60 + 10)
    expect(await verify(text, API)).to.equal('token_expired')
    expect(await verify(await token(), API)).to.equal('ada')
  })
})
