/**
 * Forged and altered tickets. Each attack is one change to a true ticket that has not been used; the twin is the same ticket
 * without the change, redeemed afterwards by the same page. So each attack is also shown to spend nothing.
 */
import { deflateRawSync } from 'node:zlib'
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import {
  base64url,
  flip,
  openTicket,
  type OpenTicket,
  publicKeySpellings,
  seal,
  sealHeader,
  signEs256,
  signHs256,
  siteToken,
  ticketSecret,
  without,
} from '../support/forge.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

interface Scene {
  readonly world: World
  readonly visitor: Visitor
  readonly genuine: string
  readonly ticket: OpenTicket
  readonly nowSeconds: number
}

type Forge = (scene: Scene) => string | Promise<string>

const signed = ({ ticket }: Scene, header: object, payload: object | string = ticket.claims) =>
  seal(signHs256({ header, payload }, ticketSecret(ticket.siteKeys.ticket)), ticket.siteKeys.ticket)

const withHeader =
  (more: object): Forge =>
  (scene) =>
    signed(scene, { ...scene.ticket.header, ...more })

const withClaims =
  (change: (scene: Scene) => object): Forge =>
  (scene) =>
    scene.ticket.again({ claims: { ...scene.ticket.claims, ...change(scene) } })

const sealedWith =
  (more: object): Forge =>
  ({ ticket: { jws, siteKeys } }) =>
    seal(jws, siteKeys.ticket, { ...sealHeader(siteKeys.ticket), ...more })

const text = (claims: object) => JSON.stringify(claims)

/** Name, beginning with its rule → the forgery. All of them are answered alike (R30). */
const forgeries: Record<string, Forge> = {
  'R2: alg none, no signature': ({ ticket }) =>
    seal(
      `${base64url({ ...ticket.header, alg: 'none' })}.${base64url(ticket.claims)}.`,
      ticket.siteKeys.ticket,
    ),
  'R2: alg none, the old signature': ({ ticket }) =>
    seal(
      `${base64url({ ...ticket.header, alg: 'none' })}.${ticket.jws.split('.').slice(1).join('.')}`,
      ticket.siteKeys.ticket,
    ),
  ...Object.fromEntries(
    [0, 1, 2, 3].map((spelling): [string, Forge] => [
      `R2: HS256 with the site's public key as the secret (spelling ${spelling})`,
      ({ ticket: { header, claims: payload, siteKeys } }) =>
        seal(
          signHs256({ header, payload }, publicKeySpellings(siteKeys.signing)[spelling]!),
          siteKeys.ticket,
        ),
    ]),
  ),
  'R2: HS256 with the key that seals': ({ ticket: { header, claims: payload, siteKeys } }) =>
    seal(signHs256({ header, payload }, Buffer.from(siteKeys.ticket.k, 'base64url')), siteKeys.ticket),
  'R2: HS256 with no secret at all': ({ ticket: { header, claims: payload, siteKeys } }) =>
    seal(signHs256({ header, payload }, Buffer.alloc(0)), siteKeys.ticket),
  "R2: ES256 by the site's own key, under the ticket's kid": (scene) => {
    const { header, claims: payload, siteKeys } = scene.ticket
    return seal(
      signEs256({ header: { ...header, alg: 'ES256' }, payload }, siteKeys.signing),
      siteKeys.ticket,
    )
  },
  'R2: another spelling of the algorithm': withHeader({ alg: 'hs256' }),
  'R2: an algorithm of the same family': withHeader({ alg: 'HS384' }),
  'R2: sealed with the right key under another encryption': sealedWith({ enc: 'A256CBC-HS512' }),
  'R2: sealed with the right key under another key management': sealedWith({ alg: 'A256KW' }),
  "R7: the ticket's kid, a stranger's key": async (scene) => {
    const stranger = await generateSite('http://stranger.localhost')
    const { header, claims: payload, siteKeys } = scene.ticket
    return seal(signHs256({ header, payload }, ticketSecret(stranger.keys.ticket)), siteKeys.ticket)
  },
  "R7: another site's key and kid, sealed with this site's": (scene) => {
    const key = scene.world.siteOf('shop').keys.ticket
    const { header, claims: payload, siteKeys } = scene.ticket
    return seal(
      signHs256({ header: { ...header, kid: key.kid }, payload }, ticketSecret(key)),
      siteKeys.ticket,
    )
  },
  "R7: another site's key under this site's kid": (scene) => {
    const { header, claims: payload, siteKeys } = scene.ticket
    const secret = ticketSecret(scene.world.siteOf('shop').keys.ticket)
    return seal(signHs256({ header, payload }, secret), siteKeys.ticket)
  },
  "R7: the site's own signing key and kid, iss of the hub": (scene) => {
    const { header, claims: payload, siteKeys } = scene.ticket
    const { kid } = siteKeys.signing
    return seal(
      signEs256({ header: { ...header, alg: 'ES256', kid }, payload }, siteKeys.signing),
      siteKeys.ticket,
    )
  },
  'R7: no kid': (scene) => signed(scene, without(scene.ticket.header, 'kid')),
  'R7: a kid that is a path': withHeader({ kid: '../../dev/null' }),
  'R7: a kid that is a member of every object': withHeader({ kid: '__proto__' }),
  'R7: a kid that is a list': withHeader({ kid: ['x'] }),
  'R7: jku': withHeader({ jku: 'http://stranger.localhost/jwks.json' }),
  'R7: x5u': withHeader({ x5u: 'http://stranger.localhost/cert.pem' }),
  'R7: x5c': withHeader({ x5c: ['MIIB'] }),
  "R7: jwk with a stranger's key": async (scene) => {
    const { keys } = await generateSite('http://stranger.localhost')
    const { kty, crv, x, y } = keys.signing
    const header = { ...scene.ticket.header, jwk: { kty, crv, x, y } }
    return seal(
      signEs256({ header: { ...header, alg: 'ES256' }, payload: scene.ticket.claims }, keys.signing),
      scene.ticket.siteKeys.ticket,
    )
  },
  'R7: crit': withHeader({ crit: ['exp'], exp: 1 }),
  'R7: b64 false': withHeader({ crit: ['b64'], b64: false }),
  'R7: b64 true': withHeader({ b64: true }),
  'R7: jku in the encryption header': sealedWith({ jku: 'http://stranger.localhost/jwks.json' }),
  'R7: crit in the encryption header': sealedWith({ crit: ['exp'], exp: 1 }),
  'R7: no kid in the encryption header': ({ ticket: { jws, siteKeys } }) =>
    seal(jws, siteKeys.ticket, without(sealHeader(siteKeys.ticket), 'kid')),
  'R2: compressed (zip DEF)': ({ ticket: { jws, siteKeys } }) =>
    seal(deflateRawSync(jws), siteKeys.ticket, { ...sealHeader(siteKeys.ticket), zip: 'DEF' }),
  'R2: a zip bomb': ({ ticket: { siteKeys } }) =>
    seal(deflateRawSync(Buffer.alloc(2_000_000, 'A')), siteKeys.ticket, {
      ...sealHeader(siteKeys.ticket),
      zip: 'DEF',
    }),
  ...Object.fromEntries(
    ['header', 'IV', 'ciphertext', 'tag'].map((name, index): [string, Forge] => [
      `R3: one flipped character in the ${name}`,
      ({ genuine }) => flip(genuine, [0, 2, 3, 4][index]!),
    ]),
  ),
  'R3: one flipped byte in the signed payload': ({ ticket: { jws, siteKeys } }) =>
    seal(flip(jws, 1), siteKeys.ticket),
  'R3: one flipped byte in the signature': ({ ticket: { jws, siteKeys } }) =>
    seal(flip(jws, 2), siteKeys.ticket),
  'R3: unsigned claims, encrypted to the site': ({ ticket: { claims, siteKeys } }) =>
    seal(text(claims), siteKeys.ticket),
  'R3: a bare JWS with everything right': ({ ticket: { jws } }) => jws,
  'R3: sealed twice': ({ genuine, ticket: { siteKeys } }) => seal(genuine, siteKeys.ticket),
  "R3: sealed to another site's key under this site's kid": ({ world, ticket: { jws, siteKeys } }) =>
    seal(jws, world.siteOf('shop').keys.ticket, sealHeader(siteKeys.ticket)),
  "R3: sealed with another site's key and kid": ({ world, ticket: { jws } }) =>
    seal(jws, world.siteOf('shop').keys.ticket),
  'R1: a newline at the end': ({ genuine }) => `${genuine}\n`,
  'R1: a space at the start': ({ genuine }) => ` ${genuine}`,
  'R1: base64 padding': ({ genuine }) => `${genuine}==`,
  'R1: a sixth part': ({ genuine }) => `${genuine}.AAAA`,
  'R1: an encrypted key in the second part': ({ genuine }) => genuine.replace('..', '.AAAA.'),
  'R1: the JSON serialisation': ({ genuine }) => {
    const [header = '', , iv, ciphertext, tag] = genuine.split('.')
    return JSON.stringify({ protected: header, iv, ciphertext, tag })
  },
  'R1: nothing but dots': () => '....',
  'R4: the type in capitals': withHeader({ typ: 'TICKET+JWT' }),
  'R4: the type as a media type': withHeader({ typ: 'application/ticket+jwt' }),
  'R4: the type JWT': withHeader({ typ: 'JWT' }),
  'R4: the type of an offer': withHeader({ typ: 'offer+jwt' }),
  'R4: no type': (scene) => signed(scene, without(scene.ticket.header, 'typ')),
  'R4: an offer of the very site, sealed': async ({ world, visitor, ticket }) => {
    const { origin } = world.siteOf('shop')
    const { nonce } = ticket.claims
    const { offer } = (await visitor.post(origin, '/session-hub/offer', { nonce })).json
    expect(offer, 'a true offer').to.be.a('string')
    return seal(offer as string, ticket.siteKeys.ticket)
  },
  'R4: an offer, bare': async ({ world, visitor, ticket }) => {
    const { nonce } = ticket.claims
    const offered = await visitor.post(world.siteOf('shop').origin, '/session-hub/offer', { nonce })
    return offered.json.offer as string
  },
  'R4: a session token, sealed': ({ world, visitor, ticket }) =>
    seal(visitor.cookies(world.siteOf('shop').origin).get('__Host-session')!, ticket.siteKeys.ticket),
  'R4: a site token, sealed': ({ world, ticket }) =>
    seal(siteToken(world, world.siteOf('travel')), ticket.siteKeys.ticket),
  "R4: a ticket's claims under the session key": ({ ticket: { claims, siteKeys } }) =>
    seal(
      signHs256(
        { header: { alg: 'HS256', typ: 'ticket+jwt', kid: siteKeys.session.kid }, payload: claims },
        Buffer.from(siteKeys.session.k, 'base64url'),
      ),
      siteKeys.ticket,
    ),
  ...Object.fromEntries(
    ['iss', 'aud', 'grant', 'jti', 'iat', 'nbf', 'exp', 'nonce', 'origin', 'mode'].map(
      (name): [string, Forge] => [
        `R5: no ${name}`,
        ({ ticket }) => ticket.again({ claims: without(ticket.claims, name) }),
      ],
    ),
  ),
  'R5: a claim that is not listed': withClaims(() => ({ admin: true })),
  'R5: exp in ten years': withClaims(({ nowSeconds }) => ({ exp: nowSeconds + 315_360_000 })),
  'R5: exp a second past the most': withClaims(({ ticket }) => ({ exp: Number(ticket.claims.iat) + 301 })),
  'R5: exp before iat': withClaims(({ ticket }) => ({ exp: Number(ticket.claims.iat) - 1 })),
  'R5: exp as text': withClaims(({ ticket }) => ({ exp: String(ticket.claims.exp) })),
  'R5: exp that is no integer': withClaims(({ ticket }) => ({ exp: Number(ticket.claims.exp) + 0.5 })),
  'R5: exp beyond every number': ({ ticket }) =>
    ticket.again({ claims: text(ticket.claims).replace(/"exp":\d+/, '"exp":1e999') }),
  'R5: iat in the future': withClaims(({ nowSeconds }) => ({
    iat: nowSeconds + 60,
    nbf: nowSeconds,
    exp: nowSeconds + 90,
  })),
  'R5: nbf in the future': withClaims(({ nowSeconds }) => ({ nbf: nowSeconds + 20 })),
  'R5: aud as a list of one': withClaims(({ ticket }) => ({ aud: [ticket.claims.aud] })),
  'R5: aud as a list with another site': withClaims(({ ticket, world }) => ({
    aud: [ticket.claims.aud, world.siteOf('shop').origin],
  })),
  'R5: a short jti': withClaims(() => ({ jti: 'AAAAAAAAAAAAAAAAAAAAA' })),
  'R5: a jti with a newline': withClaims(({ ticket }) => ({ jti: `${String(ticket.claims.jti)}\n` })),
  'R5: claims that are a list': withClaims(() => ({ claims: [] })),
  'R5: claims nested too deeply': withClaims(() => ({ claims: { a: { b: { c: { d: { e: { f: 1 } } } } } } })),
  'R6: aud twice, the right one last': ({ ticket }) =>
    ticket.again({ claims: text(ticket.claims).replace('{', '{"aud":"https://other.example",') }),
  'R6: aud twice, in two spellings': ({ ticket }) =>
    ticket.again({ claims: text(ticket.claims).replace('{', '{"\\u0061ud":"https://other.example",') }),
  'R6: typ twice in the header': ({ ticket }) =>
    ticket.again({ header: text(ticket.header).replace('{', '{"typ":"offer+jwt",') }),
  'R6: alg twice in the encryption header': ({ ticket: { jws, siteKeys } }) =>
    seal(jws, siteKeys.ticket, text(sealHeader(siteKeys.ticket)).replace('{', '{"alg":"A256KW",')),
  'R6: __proto__ among the claims': ({ ticket }) =>
    ticket.again({ claims: text(ticket.claims).replace('{', '{"__proto__":{"x":1},') }),
  'R11: another iss': withClaims(({ world }) => ({ iss: world.siteOf('shop').origin })),
  "R11: another site's aud": withClaims(({ world }) => ({ aud: world.siteOf('shop').origin })),
  'R11: an aud that begins alike': withClaims(({ ticket }) => ({ aud: `${String(ticket.claims.aud)}/` })),
  'R11: another origin': withClaims(({ world }) => ({ origin: world.siteOf('shop').origin })),
  'R11: the mode of a link': withClaims(() => ({ mode: 'link' })),
  'R11: the mode of a redirect': withClaims(() => ({ mode: 'redirect' })),
}

describe('a ticket that is not quite one', () => {
  let scene: Scene
  let travel: string
  let verifier: string

  beforeEach(async () => {
    const world = await startWorld({ sites: ['shop', 'travel'] })
    travel = world.siteOf('travel').origin
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(world.siteOf('shop').origin, '/cart', { item: 'boots' })
    await visitor.sync(world.siteOf('shop').origin)
    const made = await visitor.ticket(travel)
    verifier = made.verifier
    scene = {
      world,
      visitor,
      genuine: made.ticket,
      ticket: openTicket(world.siteOf('travel'), made.ticket),
      nowSeconds: Math.floor(world.now() / 1000),
    }
  })
  afterEach(() => scene.world.close())

  const redeem = (ticket: string, body = { ticket, verifier }) =>
    scene.visitor.post(travel, '/session-hub/redeem', body)

  for (const [name, forge] of Object.entries(forgeries)) {
    it(`${name}: is refused, and the true ticket still works`, async () => {
      const forged = await forge(scene)

      expectRefusalWithoutCookies(await redeem(forged), 401, 'ticket_invalid')

      const twin = await redeem(scene.ticket.again())
      expect(twin.status, twin.text).to.equal(200)
    })
  }

  it('R1: a ticket longer than 4 KiB is refused before it is looked at, the true one works', async () => {
    const { ticket } = scene
    const long = ticket.again({ claims: { ...ticket.claims, claims: { name: 'x'.repeat(3000) } } })
    expect(long.length).to.be.above(4096)
    expectRefusalWithoutCookies(await redeem(long), 400, 'request_invalid')
    expect((await redeem(ticket.again())).status).to.equal(200)
  })

  it('R1: the largest claims and the longest subject still make a ticket that can be redeemed', async () => {
    const { world } = scene
    const shop = world.siteOf('shop').origin
    for (const subject of ['u'.repeat(255), '日'.repeat(85)]) {
      const visitor = new Visitor(world.hub.origin)
      const claims = { text: 'x'.repeat(1024 - '{"text":""}'.length) }
      expect((await visitor.post(shop, '/sign-in', { name: subject, claims })).status).to.equal(200)
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      const synced = await visitor.sync(travel)
      expect(synced.redeemed?.status, synced.redeemed?.text).to.equal(200)
    }
  })

  it('R5: a ticket is good for its seconds and the skew, and then it has expired', async () => {
    const { world, visitor } = scene
    const { ticket: late, verifier: lateVerifier } = await visitor.ticket(travel)
    world.advance(32)
    expect((await redeem(scene.genuine)).status).to.equal(200)
    world.advance(4)
    expectRefusalWithoutCookies(
      await redeem(late, { ticket: late, verifier: lateVerifier }),
      401,
      'ticket_expired',
    )
  })

  it("R11: one site's ticket is none at another, and still works at its own", async () => {
    const { world, visitor } = scene
    const shop = world.siteOf('shop').origin
    expectRefusalWithoutCookies(
      await visitor.post(shop, '/session-hub/redeem', { ticket: scene.genuine, verifier }),
      401,
      'ticket_invalid',
    )
    expect((await redeem(scene.genuine)).status).to.equal(200)
  })

  it("R11: a ticket for A that a hostile site re-seals to B's key is refused by B", async () => {
    const { world, visitor, ticket } = scene
    const shop = world.siteOf('shop')
    const resealed = seal(ticket.jws, shop.keys.ticket)
    expectRefusalWithoutCookies(
      await visitor.post(shop.origin, '/session-hub/redeem', { ticket: resealed, verifier }),
      401,
      'ticket_invalid',
    )
    expect((await redeem(scene.genuine)).status).to.equal(200)
  })
})
