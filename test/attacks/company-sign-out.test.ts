/** `POST /backchannel-logout`: who may say that a user has signed out at the company's identity provider. */
import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { createHub, generateHubKeys, memoryStore } from 'session-hub/hub'

import { listenTo } from '../support/event-source.js'
import { expectOptionFault } from '../support/option-fault.js'
import { newSession, write } from '../support/records.js'
import { expectRefusal } from '../support/refusal.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const STAFF = 'https://login.example/realms/staff'
const PARTNERS = 'https://partners.example'
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

/** Those of a JWT, also absent or wrong ones. */
type Claims = Record<string, unknown>
type Keys = Awaited<ReturnType<typeof generateKeyPair>>

describe('R44: a sign-out at the company’s identity provider', () => {
  let staff: Keys
  let partners: Keys
  let world: World
  let hub: string
  let shop: string
  let travel: string
  let jtis: number

  before(async () => {
    staff = await generateKeyPair('ES256', { extractable: true })
    partners = await generateKeyPair('ES256', { extractable: true })
  })
  beforeEach(async () => {
    jtis = 0
    world = await startWorld({
      sites: ['shop', 'travel'],
      site: { live: true },
      hub: {
        companySignOut: {
          issuers: [
            {
              issuer: STAFF,
              audience: ['shop-client', 'travel-client'],
              jwks: { keys: [{ ...(await exportJWK(staff.publicKey)), kid: 'staff-1', alg: 'ES256' }] },
              subjectPrefix: 'staff:',
            },
            {
              issuer: PARTNERS,
              audience: 'shop-client',
              jwks: { keys: [{ ...(await exportJWK(partners.publicKey)), kid: 'partners-1', alg: 'ES256' }] },
              subjectPrefix: 'partner:',
            },
          ],
        },
      },
    })
    hub = world.hub.origin
    ;[shop, travel] = ['shop', 'travel'].map((name) => world.siteOf(name).origin) as [string, string]
  })
  afterEach(() => world.close())

  const nowSeconds = () => Math.floor(world.now() / 1000)
  /** What the provider of the staff says of ada; each difference from that is a test. */
  const tokenOf = (
    claims: Claims = {},
    { header = {}, key = staff.privateKey }: { header?: object; key?: Keys['privateKey'] | Uint8Array } = {},
  ) => {
    const all: Claims = {
      iss: STAFF,
      aud: 'shop-client',
      iat: nowSeconds(),
      exp: nowSeconds() + 120,
      jti: `jti-${(jtis += 1)}`,
      events: EVENTS,
      sub: 'ada',
      ...claims,
    }
    return new SignJWT(JSON.parse(JSON.stringify(all)) as JWTPayload)
      .setProtectedHeader({ alg: 'ES256', kid: 'staff-1', typ: 'logout+jwt', ...header })
      .sign(key, { crit: { exp2: true } })
  }
  const say = (token: string, more = '') =>
    send(`${hub}/backchannel-logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${token}${more}`,
    })
  const signedIn = async (name: string, sid?: string, issuer = STAFF) => {
    const visitor = new Visitor(hub)
    const idp = sid === undefined ? undefined : { issuer, sid }
    expect((await visitor.post(shop, '/sign-in', { name, idp })).status).to.equal(200)
    return visitor
  }
  const share = async (visitor: Visitor) => {
    await visitor.sync(shop)
    await visitor.sync(travel)
  }
  const isIn = async (visitor: Visitor, site = shop) =>
    typeof (await visitor.whoami(site))['subject'] === 'string'

  it('ends all of the user’s sessions by "sub", on every site, and answers as the standard says', async () => {
    const [desktop, phone, bob] = [
      await signedIn('staff:ada'),
      await signedIn('staff:ada', 'phone'),
      await signedIn('staff:bob'),
    ]
    await share(desktop)
    expect(await isIn(desktop, travel)).to.equal(true)

    const answer = await say(await tokenOf())

    expect(answer).to.include({ status: 200, text: '' })
    expect(answer.headers['cache-control']).to.equal('no-store')
    for (const [visitor, site] of [
      [desktop, shop],
      [desktop, travel],
      [phone, shop],
    ] as const)
      expect(await isIn(visitor, site)).to.equal(false)
    expect(await isIn(bob)).to.equal(true)
    expect(world.log).to.deep.include({
      level: 'info',
      event: 'company_sign_out',
      issuer: STAFF,
      sessions: 2,
    })
  })

  it('ends the one session with this "sid", however many the user has, and also where "sub" is not said', async () => {
    const [desktop, phone, tablet] = [
      await signedIn('staff:ada', 'one'),
      await signedIn('staff:ada', 'two'),
      await signedIn('staff:ada', 'three'),
    ]
    expect((await say(await tokenOf({ sid: 'two' }))).status).to.equal(200)
    expect([await isIn(desktop), await isIn(phone), await isIn(tablet)]).to.deep.equal([true, false, true])
    expect((await say(await tokenOf({ sid: 'three', sub: undefined }))).status).to.equal(200)
    expect([await isIn(desktop), await isIn(tablet)]).to.deep.equal([true, false])
  })

  it('ends every session that came from one at the provider, where there are more than a transaction reads', async () => {
    const visitors = []
    for (let at = 0; at < 10; at += 1) visitors.push(await signedIn('staff:ada', 'one'))
    const other = await signedIn('staff:ada', 'two')
    await say(await tokenOf({ sid: 'one', sub: undefined }))
    for (const visitor of visitors) expect(await isIn(visitor)).to.equal(false)
    expect(await isIn(other)).to.equal(true)
  })

  for (const [others, isOtherIn] of [
    [997, true],
    [998, false],
  ] as const)
    it(`ends it though ${others + 1} sessions of the user’s are newer: others with it rather than not that one`, async () => {
      const [meant, other] = [await signedIn('staff:ada', 'one'), await signedIn('staff:ada', 'two')]
      const newer = Array.from({ length: others }, (_, at) =>
        newSession({ subject: 'staff:ada', createdAtMs: world.now() + 1 + at, generation: 1 }),
      )
      await write(world.hub.store, { sessions: newer })
      await say(await tokenOf({ sid: 'one', sub: undefined }))
      expect([await isIn(meant), await isIn(other)]).to.deep.equal([false, isOtherIn])
      const back = await signedIn('staff:ada')
      expect(await isIn(back)).to.equal(true)
    })

  it('reaches a sign-in that the hub was told of later', async () => {
    world.hub.listener.hang(true)
    const visitor = new Visitor(hub)
    await visitor.post(shop, '/sign-in', { name: 'staff:ada', idp: { issuer: STAFF, sid: 'late' } })
    world.hub.listener.hang(false)
    world.advance(400)
    expect(await isIn(visitor)).to.equal(true)
    await say(await tokenOf({ sid: 'late', sub: undefined }))
    expect(await isIn(visitor)).to.equal(false)
  })

  it('is heard by open pages on all domains within a second', async () => {
    const visitor = await signedIn('staff:ada', 'one')
    await share(visitor)
    const pages = await Promise.all(
      [shop, travel].map((site) => {
        const cookie = [...visitor.cookies(site)].map((pair) => pair.join('=')).join('; ')
        return listenTo(`${site}/session-hub/live`, { cookie, 'sec-fetch-site': 'same-origin' })
      }),
    )
    const saidMs = performance.now()
    await say(await tokenOf({ sid: 'one' }))
    const heard = await Promise.all(pages.map((page) => page.heard('ended')))
    expect(performance.now() - saidMs).to.be.below(1000)
    for (const [event] of heard) expect(JSON.parse(event!.data)).to.deep.equal({ reason: 'signed-out' })
  })

  describe('is refused, and ends nothing,', () => {
    let ada: Visitor
    beforeEach(async () => {
      ada = await signedIn('staff:ada', 'one')
    })

    const refusals: Record<string, () => Promise<string>> = {
      'from an issuer that is not configured': () => tokenOf({ iss: 'https://evil.example' }),
      'with an issuer that differs in a slash': () => tokenOf({ iss: `${STAFF}/` }),
      'signed by another issuer’s key': () => tokenOf({}, { key: partners.privateKey }),
      'signed by another issuer’s key, under that key’s name': () =>
        tokenOf({}, { key: partners.privateKey, header: { kid: 'partners-1' } }),
      'for another audience': () => tokenOf({ aud: 'other-client' }),
      'without a signature (alg none)': async () => {
        const [, payload] = (await tokenOf()).split('.')
        return `${base64url({ alg: 'none', typ: 'logout+jwt' })}.${payload}.`
      },
      'signed with the public key as a secret (HS256)': async () => {
        const [, payload] = (await tokenOf()).split('.')
        const text = `${base64url({ alg: 'HS256', kid: 'staff-1', typ: 'logout+jwt' })}.${payload}`
        const secret = await exportSPKI(staff.publicKey)
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
      },
      'with a key that the token brings along (jwk)': async () => {
        const own = await generateKeyPair('ES256', { extractable: true })
        const jwk = await exportJWK(own.publicKey)
        return tokenOf({}, { key: own.privateKey, header: { kid: 'mine', jwk } })
      },
      'with a changed claim': async () => {
        const [header, payload, signature] = (await tokenOf({ sub: 'bob' })).split('.')
        const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as object
        return `${header}.${base64url({ ...claims, sub: 'ada' })}.${signature}`
      },
      'with a nonce, as ID tokens have it': () => tokenOf({ nonce: 'n' }),
      'with a nonce of nothing': () => tokenOf({ nonce: null }),
      'without events: an ID token is no sign-out': () => tokenOf({ events: undefined }),
      'with another event': () => tokenOf({ events: { 'http://schemas.openid.net/event/other': {} } }),
      'with the event as a text': () => tokenOf({ events: { [Object.keys(EVENTS)[0]!]: 'yes' } }),
      'of another type': () => tokenOf({}, { header: { typ: 'at+jwt' } }),
      'of the type JWT, where that is not asked for': () => tokenOf({}, { header: { typ: 'JWT' } }),
      'of no type': () => tokenOf({}, { header: { typ: undefined } }),
      'with an extension that it calls critical': () => tokenOf({}, { header: { crit: ['exp2'], exp2: 1 } }),
      'without jti': () => tokenOf({ jti: undefined }),
      'without iat': () => tokenOf({ iat: undefined }),
      'without exp': () => tokenOf({ exp: undefined }),
      'too late': () => tokenOf({ iat: nowSeconds() - 200, exp: nowSeconds() - 40 }),
      'from the future': () => tokenOf({ iat: nowSeconds() + 90, exp: nowSeconds() + 200 }),
      'that would last for longer than a day': () => tokenOf({ exp: nowSeconds() + 90_000 }),
      'without sub and sid': () => tokenOf({ sub: undefined }),
      'with a sub that is no text': () => tokenOf({ sub: ['ada'] }),
      'with an empty sid': () => tokenOf({ sid: '' }),
      'that is no JWT': () => Promise.resolve('x.y.z'),
      'that is longer than a token may be': () => tokenOf({ more: 'x'.repeat(4000) }),
    }
    for (const [name, make] of Object.entries(refusals))
      it(name, async () => {
        expectRefusal(await say(await make()), 400, 'logout_token_invalid')
        expect(await isIn(ada)).to.equal(true)
        // The twin that differs in this one thing.
        expect((await say(await tokenOf())).status).to.equal(200)
        expect(await isIn(ada)).to.equal(false)
      })

    it('a second time: a user who is back stays', async () => {
      const token = await tokenOf()
      const [first, second] = await Promise.all([say(token), say(token)])
      expect([first.status, second.status].sort()).to.deep.equal([200, 400])
      const back = await signedIn('staff:ada')
      expectRefusal(await say(token), 400, 'logout_token_invalid')
      expect(await isIn(back)).to.equal(true)

      const bySid = await tokenOf({ sid: 'three' })
      expect((await say(bySid)).status).to.equal(200)
      const again = await signedIn('staff:ada', 'three')
      expectRefusal(await say(bySid), 400, 'logout_token_invalid')
      expect(await isIn(again)).to.equal(true)
    })

    it('of a user of another issuer, by name or by session', async () => {
      const theirs = { key: partners.privateKey, header: { kid: 'partners-1' } }
      const bob = await signedIn('partner:bob', 'b', PARTNERS)
      for (const claims of [
        { sub: 'ada' },
        { sub: 'staff:ada' },
        { sub: 'ada', sid: 'one' },
        { sub: undefined, sid: 'one' },
      ])
        expect((await say(await tokenOf({ iss: PARTNERS, ...claims }, theirs))).status).to.equal(200)
      expect(await isIn(ada)).to.equal(true)
      await say(await tokenOf({ iss: PARTNERS, sub: 'bob', sid: 'b' }, theirs))
      expect(await isIn(bob)).to.equal(false)
    })

    it('by a "sid" with the name of a user whose session it is not', async () => {
      await signedIn('staff:bob', 'two')
      await say(await tokenOf({ sub: 'bob', sid: 'one' }))
      expect(await isIn(ada)).to.equal(true)
    })

    it('led away by another user who claims the same "sid"', async () => {
      const mallory = await signedIn('staff:mallory', 'one')
      await say(await tokenOf({ sub: undefined, sid: 'one' }))
      expect([await isIn(ada), await isIn(mallory)]).to.deep.equal([false, true])
    })

    it('in any other form than one token in a form', async () => {
      const token = await tokenOf()
      expectRefusal(await say(token, `&logout_token=${token}`), 400, 'logout_token_invalid')
      expectRefusal(await say('', ''), 400, 'logout_token_invalid')
      const json = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: { logout_token: token },
      }
      expectRefusal(await send(`${hub}/backchannel-logout`, json), 415, 'media_type_invalid')
      expectRefusal(await send(`${hub}/backchannel-logout?logout_token=${token}`), 405, 'method_not_allowed')
      expectRefusal(await say(token, `&x=${'x'.repeat(9000)}`), 413, 'body_too_large')
      expect(await isIn(ada)).to.equal(true)
      expect((await say(token)).status).to.equal(200)
    })
  })

  it('has no address at a hub that has no provider', async () => {
    const plain = await startWorld({ sites: [] })
    const answer = await send(`${plain.hub.origin}/backchannel-logout`, { method: 'POST' })
    await plain.close()
    expect(answer.status).to.equal(404)
  })

  it('reads keys only where the configuration says, and says so where they cannot be had: the provider tries again', async () => {
    const asked: string[] = []
    let keys: object | undefined
    const provider: Server = createServer((req, res) => {
      asked.push(req.url ?? '')
      res.statusCode = keys ? 200 : 500
      res.end(JSON.stringify(keys ?? {}))
    })
    provider.listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const at = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const one = { issuer: STAFF, audience: 'shop-client', jwksUri: `${at}/keys`, subjectPrefix: 'staff:' }
    const remote = await startWorld({ sites: [], hub: { companySignOut: { issuers: [one] } } })
    hub = remote.hub.origin
    try {
      expectRefusal(await say(await tokenOf()), 503, 'unavailable')
      keys = { keys: [{ ...(await exportJWK(staff.publicKey)), kid: 'staff-1', alg: 'ES256' }] }
      const jku = { jku: `${at}/evil`, x5u: `${at}/evil` }
      expect((await say(await tokenOf({}, { header: jku }))).status).to.equal(200)
      expectRefusal(
        await say(await tokenOf({}, { key: partners.privateKey, header: jku })),
        400,
        'logout_token_invalid',
      )
      expect(new Set(asked)).to.deep.equal(new Set(['/keys']))
    } finally {
      hub = world.hub.origin
      await remote.close()
      provider.close()
      provider.closeAllConnections()
    }
  })

  it('is refused where the keys come without an end, and the hub stops reading; as many as a provider may have are taken', async () => {
    const jwks = { keys: [{ ...(await exportJWK(staff.publicKey)), kid: 'staff-1', alg: 'ES256' }] }
    let isEndless = true
    let sentBytes = 0
    const cutOff: Promise<unknown>[] = []
    const provider = createServer((_req, res) => {
      cutOff.push(once(res, 'close'))
      const more = Buffer.alloc(65_536, ' ')
      const go = () => {
        if (!isEndless && sentBytes > 524_288) res.end(JSON.stringify(jwks))
        else if (!res.destroyed) {
          sentBytes += more.length
          res.write(more, go)
        }
      }
      go()
    }).listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const at = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const one = { issuer: STAFF, audience: 'shop-client', jwksUri: `${at}/keys`, subjectPrefix: 'staff:' }
    const remote = await startWorld({ sites: [], hub: { companySignOut: { issuers: [one] } } })
    hub = remote.hub.origin
    try {
      expectRefusal(await say(await tokenOf()), 503, 'unavailable')
      await Promise.all(cutOff)
      // What the system holds on the way is not the hub's.
      expect(sentBytes).to.be.below(16 * 1_048_576)
      isEndless = false
      sentBytes = 0
      expect((await say(await tokenOf())).status).to.equal(200)
    } finally {
      hub = world.hub.origin
      await remote.close()
      provider.close()
      provider.closeAllConnections()
    }
  })

  it('is configured in one way only, or the hub does not start', async () => {
    const { publicKey, privateKey } = staff
    const jwks = { keys: [await exportJWK(publicKey)] }
    const good = { issuer: STAFF, audience: 'a', jwks }
    const faults: [given: unknown, word: string][] = [
      [{}, 'issuers'],
      [{ issuers: [] }, 'issuers'],
      [{ issuers: [good, { ...good, issuer: PARTNERS }] }, 'subjectPrefix'],
      [
        {
          issuers: [
            { ...good, subjectPrefix: 'a' },
            { ...good, issuer: PARTNERS, subjectPrefix: 'ab' },
          ],
        },
        'subjectPrefix',
      ],
      [
        {
          issuers: [
            { ...good, subjectPrefix: 'a' },
            { ...good, subjectPrefix: 'b' },
          ],
        },
        'twice',
      ],
      [{ issuers: [{ ...good, jwksUri: 'https://x.example' }] }, 'either'],
      [{ issuers: [{ issuer: STAFF, audience: 'a' }] }, 'either'],
      [{ issuers: [{ issuer: STAFF, audience: 'a', jwksUri: 'http://login.example/keys' }] }, 'https'],
      [{ issuers: [{ ...good, audience: [] }] }, 'audience'],
      [{ issuers: [{ ...good, jwks: { keys: [await exportJWK(privateKey)] } }] }, 'public'],
      [{ issuers: [{ ...good, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }] }, 'public'],
      [{ issuers: [{ ...good, ends: 'all' }] }, 'ends'],
      [{ issuers: [{ ...good, endz: 'user' }] }, 'ends'],
    ]
    const options = { origin: 'https://hub.example', keys: generateHubKeys(), store: memoryStore() }
    for (const [companySignOut, word] of faults)
      await expectOptionFault(() => createHub({ ...options, companySignOut } as never), [word])
  })

  it('ends all of a user’s sessions also by "sid", and takes older tokens, where the configuration says so', async () => {
    const one = {
      issuer: STAFF,
      audience: 'shop-client',
      jwks: { keys: [{ ...(await exportJWK(staff.publicKey)), kid: 'staff-1', alg: 'ES256' }] },
      ends: 'user',
      acceptsUntyped: true,
    } as const
    const other = await startWorld({ sites: ['shop'], hub: { companySignOut: { issuers: [one] } } })
    ;[hub, shop] = [other.hub.origin, other.siteOf('shop').origin]
    const [ada, phone] = [await signedIn('ada'), await signedIn('ada', 'x')]
    expect((await say(await tokenOf({ sid: 'unknown' }, { header: { typ: 'JWT' } }))).status).to.equal(200)
    expect([await isIn(ada), await isIn(phone)]).to.deep.equal([false, false])
    await other.close()
  })
})

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
