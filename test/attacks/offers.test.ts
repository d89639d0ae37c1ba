/** Offers: a site's signed word on which session a browser holds there, and what it must not be good for (R13). */
import { expect } from 'chai'
import { generateSite, type GeneratedSiteKeys } from 'session-hub/hub'

import {
  base64url,
  flip,
  publicKeySpellings,
  readJws,
  signEs256,
  signHs256,
  siteToken,
  without,
  type Claims,
} from '../support/forge.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { binding, type FrameData, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

interface Scene {
  readonly world: World
  readonly visitor: Visitor
  readonly frame: FrameData
  readonly offer: string
  readonly header: Claims
  readonly claims: Claims
  readonly keys: GeneratedSiteKeys
  readonly nowSeconds: number
}

type Forge = (scene: Scene) => string | Promise<string>

const withClaims =
  (change: (scene: Scene) => object): Forge =>
  (scene) =>
    signEs256({ header: scene.header, payload: { ...scene.claims, ...change(scene) } }, scene.keys.signing)

const withHeader =
  (more: object): Forge =>
  ({ header, claims, keys }) =>
    signEs256({ header: { ...header, ...more }, payload: claims }, keys.signing)

const forgeries: Record<string, Forge> = {
  'R2: alg none': ({ header, claims }) => `${base64url({ ...header, alg: 'none' })}.${base64url(claims)}.`,
  'R2: alg none with a signature': ({ header, offer }) =>
    `${base64url({ ...header, alg: 'none' })}.${offer.split('.').slice(1).join('.')}`,
  "R2: HS256 with the site's public key": ({ header, claims, keys }) =>
    signHs256({ header: { ...header, alg: 'HS256' }, payload: claims }, publicKeySpellings(keys.signing)[0]!),
  "R2: HS256 with the site's own session key": ({ header, claims, keys }) =>
    signHs256(
      { header: { ...header, alg: 'HS256', kid: keys.session.kid }, payload: claims },
      Buffer.from(keys.session.k, 'base64url'),
    ),
  "R7: the right kid, a stranger's key": async ({ header, claims }) =>
    signEs256({ header, payload: claims }, (await generateSite('http://stranger.localhost')).keys.signing),
  "R7: another site's key under its own kid, iss of this one": ({ world, header, claims }) => {
    const { signing } = world.siteOf('travel').keys
    return signEs256({ header: { ...header, kid: signing.kid }, payload: claims }, signing)
  },
  'R7: jku': withHeader({ jku: 'http://stranger.localhost/jwks.json' }),
  'R7: jwk': ({ header, claims, keys }) => {
    const { kty, crv, x, y } = keys.signing
    return signEs256({ header: { ...header, jwk: { kty, crv, x, y } }, payload: claims }, keys.signing)
  },
  'R7: crit': withHeader({ crit: ['b64'], b64: true }),
  'R3: a flipped byte in the payload': ({ offer }) => flip(offer, 1),
  'R3: a flipped byte in the signature': ({ offer }) => flip(offer, 2),
  'R1: a newline at the end': ({ offer }) => `${offer}\n`,
  'R4: the type of a site token': withHeader({ typ: 'site+jwt' }),
  'R4: the type of a ticket': withHeader({ typ: 'ticket+jwt' }),
  'R4: the type in capitals': withHeader({ typ: 'OFFER+JWT' }),
  'R4: the type as a media type': withHeader({ typ: 'application/offer+jwt' }),
  'R4: a site token in its place': ({ world }) => siteToken(world, world.siteOf('shop')),
  'R4: a session token in its place': ({ world, visitor }) =>
    visitor.cookies(world.siteOf('shop').origin).get('__Host-session')!,
  ...Object.fromEntries(
    ['iss', 'aud', 'sid', 'jti', 'iat', 'exp', 'nonce'].map((name): [string, Forge] => [
      `R5: no ${name}`,
      ({ header, claims, keys }) => signEs256({ header, payload: without(claims, name) }, keys.signing),
    ]),
  ),
  'R5: a claim that is not listed': withClaims(() => ({ sub: 'ada' })),
  'R5: yields that is no flag': withClaims(() => ({ yields: 'true' })),
  'R5: exp in ten years': withClaims(({ nowSeconds }) => ({ exp: nowSeconds + 315_360_000 })),
  'R5: iat in the future': withClaims(({ nowSeconds }) => ({ iat: nowSeconds + 60, exp: nowSeconds + 80 })),
  'R5: aud as a list': withClaims(({ claims }) => ({ aud: [claims.aud] })),
  'R6: the nonce twice': ({ header, claims, keys }) =>
    signEs256(
      { header, payload: JSON.stringify(claims).replace('{', `{"nonce":"${binding().nonce}",`) },
      keys.signing,
    ),
  'R13: the nonce of another frame': withClaims(() => ({ nonce: binding().nonce })),
  'R13: for another hub': withClaims(() => ({ aud: 'https://hub.example' })),
  'R13: iss of another site, under the own key': withClaims(({ world }) => ({
    iss: world.siteOf('travel').origin,
  })),
}

describe('an offer that is not quite one', () => {
  let scene: Scene
  let shop: string

  beforeEach(async () => {
    const world = await startWorld({ sites: ['shop', 'travel'] })
    scene = await begin(world)
    shop = world.siteOf('shop').origin
  })
  afterEach(() => scene.world.close())

  async function begin(world: World): Promise<Scene> {
    const { origin, keys } = world.siteOf('shop')
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(origin, '/sign-in', { name: 'ada' })
    const { nonce } = binding()
    const { data: frame } = await visitor.frame(origin, nonce)
    const offer = (await visitor.post(origin, '/session-hub/offer', { nonce })).json.offer as string
    return {
      world,
      visitor,
      frame,
      offer,
      ...readJws(offer),
      keys,
      nowSeconds: Math.floor(world.now() / 1000),
    }
  }

  for (const [name, forge] of Object.entries(forgeries)) {
    it(`${name}: is refused, and the true offer still works`, async () => {
      const { visitor, frame, offer } = scene
      const reply = await visitor.exchange(frame, await forge(scene))
      expectRefusalWithoutCookies(reply, 401, 'offer_invalid')

      const twin = await visitor.exchange(frame, offer)
      expect(twin.json).to.include({ outcome: 'adopt' })
    })
  }

  it('R5: an offer is good for its seconds and the skew, and then it has expired', async () => {
    const { world, visitor, frame, offer } = scene
    const late = (await visitor.post(shop, '/session-hub/offer', { nonce: frame.message.nonce })).json
    world.advance(31)
    expect((await visitor.exchange(frame, offer)).status).to.equal(200)
    world.advance(5)
    expectRefusalWithoutCookies(await visitor.exchange(frame, late.offer as string), 401, 'offer_expired')
  })

  it('R13: an offer works once, in sequence and in a race', async () => {
    const { visitor, frame, offer } = scene
    const replies = await Promise.all([1, 2, 3, 4].map(() => visitor.exchange(frame, offer)))
    expect(replies.map(({ status }) => status).sort()).to.deep.equal([200, 401, 401, 401])
    expectRefusalWithoutCookies(await visitor.exchange(frame, offer), 401, 'offer_spent')
  })

  it("R13: one site's offer in another site's frame is refused, in its own it works", async () => {
    const { world, visitor, frame, offer } = scene
    const { nonce } = frame.message
    const { data: other } = await visitor.frame(world.siteOf('travel').origin, nonce)
    expectRefusalWithoutCookies(await visitor.exchange(other, offer), 401, 'offer_invalid')
    expect((await visitor.exchange(frame, offer)).json.outcome).to.equal('adopt')
  })

  it("R13: an attacker's offer for his own frame is worthless in the frame of a victim", async () => {
    const { world, offer: theirs } = scene
    const victim = new Visitor(world.hub.origin)
    const { nonce } = binding()
    const { data } = await victim.frame(shop, nonce)
    expectRefusalWithoutCookies(await victim.exchange(data, theirs), 401, 'offer_invalid')
    expect(victim.cookies(world.hub.origin).size).to.equal(0)
    // The twin: the victim's own session, in the same frame.
    await victim.post(shop, '/cart', { item: 'hat' })
    const own = (await victim.post(shop, '/session-hub/offer', { nonce })).json.offer as string
    expect((await victim.exchange(data, own)).json.outcome).to.equal('adopt')
  })

  it("R13: a hostile site's offer of another site's handle is worth nothing", async () => {
    const { world, visitor, claims } = scene
    const travel = world.siteOf('travel')
    const { nonce } = binding()
    const offerOf = (sid: unknown) =>
      signEs256(
        {
          header: { alg: 'ES256', typ: 'offer+jwt', kid: travel.keys.signing.kid },
          payload: { ...claims, iss: travel.origin, nonce, sid, jti: binding().nonce.slice(0, 22) },
        },
        travel.keys.signing,
      )
    const thief = new Visitor(world.hub.origin)
    const { data } = await thief.frame(travel.origin, nonce)
    expect((await thief.exchange(data, offerOf(claims.sid))).json).to.include({ outcome: 'none' })
    expect(thief.cookies(world.hub.origin).size).to.equal(0)

    await visitor.post(travel.origin, '/sign-in', { name: 'bob' })
    const { offer } = (await visitor.post(travel.origin, '/session-hub/offer', { nonce })).json
    const own = readJws(offer as string).claims.sid
    expect((await visitor.exchange(data, offerOf(own))).json).to.include({ outcome: 'adopt' })
  })
})

describe('R13: a site without mayOffer', () => {
  const registration: WorldOptions['registration'] = (name) => ({ mayOffer: name !== 'shop' })

  it('is refused its offer; the same site with mayOffer is not', async () => {
    const world = await startWorld({ sites: ['shop', 'travel'], registration })
    try {
      for (const [name, isAllowed] of [
        ['shop', false],
        ['travel', true],
      ] as const) {
        const { origin } = world.siteOf(name)
        const visitor = new Visitor(world.hub.origin)
        await visitor.post(origin, '/sign-in', { name: 'mallory' })
        const { nonce } = binding()
        const { data } = await visitor.frame(origin, nonce)
        expect(data.message.outcome).to.equal(isAllowed ? 'offer' : 'none')
        const offer = (await visitor.post(origin, '/session-hub/offer', { nonce })).json.offer as string
        const reply = await visitor.exchange(data, offer)
        if (isAllowed) expect(reply.json).to.include({ outcome: 'adopt' })
        else expectRefusalWithoutCookies(reply, 403, 'offer_denied')
      }
    } finally {
      await world.close()
    }
  })

  it('still receives what others share', async () => {
    const world = await startWorld({ sites: ['shop', 'travel'], registration })
    try {
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(world.siteOf('travel').origin, '/sign-in', { name: 'ada' })
      await visitor.sync(world.siteOf('travel').origin)
      expect(await visitor.sync(world.siteOf('shop').origin)).to.include({ outcome: 'replace' })
      expect(await visitor.whoami(world.siteOf('shop').origin)).to.include({ subject: 'ada' })
    } finally {
      await world.close()
    }
  })
})
