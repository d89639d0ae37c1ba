/** Forged session cookies: a site's session token opens nothing but that site, and is good for minutes (R2 to R7, R28). */
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import {
  base64url,
  type Claims,
  flip,
  publicKeySpellings,
  readJws,
  seal,
  signEs256,
  signHs256,
  without,
} from '../support/forge.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldSite } from '../support/world.js'

interface Scene {
  readonly world: World
  readonly site: WorldSite
  readonly genuine: string
  readonly header: Claims
  readonly claims: Claims
  readonly nowSeconds: number
}
type Forge = (scene: Scene) => string | Promise<string>

const secretOf = ({ keys }: WorldSite) => Buffer.from(keys.session.k, 'base64url')
const signed = ({ site }: Scene, header: object, payload: object | string) =>
  signHs256({ header, payload }, secretOf(site))
const withHeader =
  (more: object): Forge =>
  (scene) =>
    signed(scene, { ...scene.header, ...more }, scene.claims)
const withClaims =
  (change: (scene: Scene) => object): Forge =>
  (scene) =>
    signed(scene, scene.header, { ...scene.claims, ...change(scene) })

const forgeries: Record<string, Forge> = {
  'R2: alg none': ({ header, claims }) => `${base64url({ ...header, alg: 'none' })}.${base64url(claims)}.AA`,
  'R2: HS384 by name': withHeader({ alg: 'HS384' }),
  'R2: ES256 by the site’s own signing key': ({ site, header, claims }) =>
    signEs256({ header: { ...header, alg: 'ES256' }, payload: claims }, site.keys.signing),
  'R2: the site’s public key as the secret': ({ site, header, claims }) =>
    signHs256({ header, payload: claims }, publicKeySpellings(site.keys.signing)[0]!),
  'R2: an empty secret': ({ header, claims }) => signHs256({ header, payload: claims }, Buffer.alloc(0)),
  "R7: another site's key under this one's kid": ({ world, header, claims }) =>
    signHs256({ header, payload: claims }, secretOf(world.siteOf('travel'))),
  "R7: another site's key and kid": ({ world, header, claims }) => {
    const other = world.siteOf('travel')
    return signHs256({ header: { ...header, kid: other.keys.session.kid }, payload: claims }, secretOf(other))
  },
  'R7: the ticket key, which the hub knows too': ({ site, header, claims }) =>
    signHs256(
      { header: { ...header, kid: site.keys.ticket.kid }, payload: claims },
      Buffer.from(site.keys.ticket.k, 'base64url'),
    ),
  'R7: a jwk with the key': async ({ header, claims }) => {
    const { session } = (await generateSite('http://stranger.localhost')).keys
    return signHs256(
      { header: { ...header, jwk: session }, payload: claims },
      Buffer.from(session.k, 'base64url'),
    )
  },
  'R7: crit': withHeader({ crit: ['x'], x: 1 }),
  'R4: the type of a ticket': withHeader({ typ: 'ticket+jwt' }),
  'R4: the type in capitals': withHeader({ typ: 'SESSION+JWT' }),
  'R4: no type': (scene) => signed(scene, without(scene.header, 'typ'), scene.claims),
  'R3: a flipped byte in the payload': ({ genuine }) => flip(genuine, 1),
  'R3: a flipped byte in the signature': ({ genuine }) => flip(genuine, 2),
  'R1: encrypted': ({ site, genuine }) => seal(genuine, site.keys.ticket),
  'R5: a claim that is not listed': withClaims(() => ({ role: 'admin' })),
  'R5: without exp': (scene) => signed(scene, scene.header, without(scene.claims, 'exp')),
  'R5: without iat': (scene) => signed(scene, scene.header, without(scene.claims, 'iat')),
  'R5: aud as a list': withClaims(({ claims }) => ({ aud: [claims.aud] })),
  'R5: an empty subject': withClaims(() => ({ sub: '' })),
  'R6: the subject twice': (scene) =>
    signed(scene, scene.header, JSON.stringify(scene.claims).replace('{', '{"sub":"eve",')),
  'R11: the iss of another site': withClaims(({ world }) => ({ iss: world.siteOf('travel').origin })),
  'R11: the aud of another site': withClaims(({ world }) => ({ aud: world.siteOf('travel').origin })),
  'R28: fresh for more than five minutes': withClaims(({ claims }) => ({ exp: Number(claims.iat) + 301 })),
  'R28: fresh for ten years': withClaims(({ nowSeconds }) => ({ exp: nowSeconds + 315_360_000 })),
}

describe('a session cookie that is not quite one', () => {
  let scene: Scene

  beforeEach(async () => {
    const world = await startWorld({ sites: ['shop', 'travel'] })
    const site = world.siteOf('shop')
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(site.origin, '/sign-in', { name: 'ada' })
    const genuine = visitor.cookies(site.origin).get('__Host-session')!
    scene = { world, site, genuine, ...readJws(genuine), nowSeconds: Math.floor(world.now() / 1000) }
  })
  afterEach(() => scene.world.close())

  const seen = async (cookie: string) =>
    (await send(`${scene.site.origin}/whoami`, { headers: { cookie: `__Host-session=${cookie}` } })).json

  for (const [name, forge] of Object.entries(forgeries)) {
    it(`${name}: is nobody's, and the true one is Ada's`, async () => {
      expect(await seen(await forge(scene))).to.include({ session: 'none', subject: null })
      expect(await seen(signed(scene, scene.header, scene.claims))).to.include({ subject: 'ada' })
    })
  }

  it('R28: what it says of a subject is asked at the hub when it is of the future', async () => {
    const { header, claims, nowSeconds } = scene
    const times = { iat: nowSeconds + 600, exp: nowSeconds + 900 }
    expect(await seen(signed(scene, header, { ...claims, ...times, sub: 'eve' }))).to.include({
      subject: 'ada',
    })
  })

  it('R28: what it says of a subject is asked again at the hub when it is no longer fresh', async () => {
    const { world, header, claims } = scene
    const forged = signed(scene, header, { ...claims, sub: 'eve' })
    world.advance(301)
    expect(await seen(forged)).to.include({ subject: 'ada' })
  })
})
