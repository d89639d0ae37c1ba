/** The session token as a site's owner shapes it: what stands in it, what signs it, how long it lives, and how it comes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { createSite, type SiteOptions } from 'session-hub/site'
import { type VerifyOptions, verifySession } from 'session-hub/verify'

import { needs } from '../support/adapters/abilities.js'
import { readJws } from '../support/forge.js'
import { keyPair, pairAlgorithms } from '../support/key-pairs.js'
import { listen } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

const SESSION = '__Host-session'
const HALF = 150

describe('a session token', () => {
  let world: World
  let shop: string
  let ada: Visitor
  let options: VerifyOptions

  async function start(site: Partial<SiteOptions> = {}, more: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sites: ['shop'], site, ...more })
    const { origin, listener, keys } = world.siteOf('shop')
    shop = origin
    ada = new Visitor(world.hub.origin)
    listener.app.get('/fields', ({ session }, res) => {
      res.json({ fields: session.fields, claims: session.claims })
    })
    options = {
      issuer: shop,
      now: () => world.now(),
      ...(more.sessionKey
        ? { jwks: `http://127.0.0.1:${listener.port}/session-hub/jwks.json` }
        : { key: keys.session }),
      ...(site.fields && { fields: site.fields }),
    }
  }
  afterEach(() => world.close())

  const token = () => ada.cookies(shop).get(SESSION)!
  const signIn = (claims: object = {}) => ada.post(shop, '/sign-in', { name: 'ada', claims })
  const logged = (event: string) => world.log.filter((entry) => entry.event === event)
  const reads = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length

  describe('with fields', () => {
    const fields = [
      'name',
      ['profile.email', 'e', 'email'],
      ['data.cart', 'c', 'cart'],
      ['profile.plan', 'plan'],
    ] as const
    const claims = { name: 'Ada', profile: { email: 'ada@shop.example', phone: '1' }, secret: 'x' }
    beforeEach(() => start({ fields }))

    it('are both names there after reading, and only the short one on the wire?', async () => {
      await signIn(claims)
      await ada.post(shop, '/cart', { item: 'boots' })
      const { claims: wire } = readJws(token())
      expect(wire)
        .to.include({ name: 'Ada', e: 'ada@shop.example' })
        .and.to.not.have.any.keys('email', 'claims', 'plan')
      const expected = {
        name: 'Ada',
        e: 'ada@shop.example',
        email: 'ada@shop.example',
        c: ['boots'],
        cart: ['boots'],
      }
      expect((await verifySession(token(), options)).fields).to.deep.equal(expected)
      const here = (await ada.ask(`${shop}/fields`)).json
      expect(here).to.deep.equal({
        fields: expected,
        claims: { name: 'Ada', profile: { email: 'ada@shop.example' } },
      })
    })

    it('is a path that leads nowhere left out, and said once?', async () => {
      for (const name of ['ada', 'bob', 'eve']) await ada.post(shop, '/sign-in', { name, claims })
      const warned = logged('token_field_left_out').map(({ path, reason }) => [path, reason])
      expect(warned).to.deep.equal([
        ['data.cart', 'missing'],
        ['profile.plan', 'missing'],
      ])
    })

    it('does a change of the data bring a new token at once, and one that no field shows none?', async () => {
      await signIn(claims)
      expect((await ada.post(shop, '/wish', { wish: 'laces' })).headers['set-cookie']).to.equal(undefined)
      expect((await ada.post(shop, '/cart', { item: 'boots' })).headers['set-cookie']).to.have.length(2)
      expect((await verifySession(token(), options)).fields).to.deep.include({ cart: ['boots'] })
    })

    it('is a field that has grown too large left out, while the session works?', async () => {
      await signIn(claims)
      await ada.post(shop, '/cart', { item: 'b'.repeat(800) })
      expect((await verifySession(token(), options)).fields).to.have.property('email')
      expect((await verifySession(token(), options)).fields).to.not.have.property('cart')
      expect(logged('token_field_left_out').map(({ reason }) => reason)).to.not.be.empty
      expect(await ada.whoami(shop)).to.include({ subject: 'ada' })
    })
  })

  describe('with tokenClaims', () => {
    it('does what no path leads to stand in it, by session and request?', async function () {
      needs(this, 'a hook with Express’s request')
      await start({
        tokenClaims: async ({ subject }, req) => ({
          role: subject === 'ada' ? 'owner' : 'guest',
          at: req.path,
        }),
      })
      await signIn({ name: 'Ada' })
      const session = await verifySession(token(), options)
      expect(session.fields).to.deep.equal({ role: 'owner', at: '/sign-in' })
      expect(session.claims).to.deep.equal({ name: 'Ada' })
      expect((await ada.ask(`${shop}/fields`)).json.fields).to.deep.equal(session.fields)
    })

    const failing: Record<string, [hook: () => object, words: string]> = {
      throws: [
        () => {
          throw new Error('no roles today')
        },
        'no roles today',
      ],
      'gives a list': [() => [], 'the value is an Array, not an object'],
      'names the subject': [() => ({ sub: 'eve' }), '"sub"'],
      'names the handle': [() => ({ sk: 'x' }), '"sk"'],
      'names a field': [() => ({ e: 'eve@shop.example' }), 'which is a field'],
      'gives too much': [() => ({ more: 'm'.repeat(800) }), '768 bytes'],
    }
    for (const [what, [tokenClaims, words]] of Object.entries(failing)) {
      it(`is nobody signed in, and the log told why, where it ${what}?`, async () => {
        await start({ tokenClaims, fields: [['email', 'e']] })
        const reply = await signIn()
        expect(reply).to.include({ status: 503 })
        expect(reply.headers['set-cookie']).to.equal(undefined)
        expect(logged('hook_failed').map(({ description }) => description)).to.have.length(1)
        expect(String(logged('hook_failed')[0]!.description)).to.include(words)
      })
    }
  })

  it('does the handle stand where sessionField says?', async () => {
    await start({ sessionField: 'sid' })
    await signIn()
    expect(readJws(token()).claims)
      .to.have.property('sid')
      .and.to.match(/^[\w-]{54}$/)
    expect(readJws(token()).claims).to.not.have.property('sk')
    world.advance(301)
    expect(await ada.whoami(shop)).to.include({ subject: 'ada' })
    expect((await verifySession(token(), { ...options, sessionField: 'sid' })).fields).to.deep.equal({})
  })

  it('does the cookie live as long as cookieSeconds says, whatever the token does?', async () => {
    await start({ cookieSeconds: 3600 })
    expect(String((await signIn()).headers['set-cookie'])).to.include('Max-Age=3600;')
  })

  describe('signed with a key pair', () => {
    for (const alg of pairAlgorithms) {
      const pair = keyPair(alg)
      const folder = mkdtempSync(join(tmpdir(), 'session-hub-keys-'))
      after(() => {
        rmSync(folder, { recursive: true, force: true })
      })
      const file = (name: string, text: string) => {
        writeFileSync(join(folder, name), text)
        return join(folder, name)
      }
      const forms: Record<string, () => object | string> = {
        'a JWK': () => pair.jwk,
        'a PEM': () => pair.pem,
        'the path of a PEM': () => file('key.pem', pair.pem),
        'the path of a JWK': () => file('key.json', JSON.stringify(pair.jwk)),
      }
      for (const [form, key] of Object.entries(forms)) {
        it(`${alg}, given as ${form}: does it verify by what the site publishes?`, async () => {
          await start({}, { sessionKey: key })
          await signIn({ name: 'Ada' })
          const { keys } = (await send(`${shop}/session-hub/jwks.json`)).json as {
            keys: Record<string, unknown>[]
          }
          expect(keys).to.have.length(1)
          expect(keys[0])
            .to.include({ alg, use: 'sig' })
            .and.to.not.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi', 'k')
          expect(readJws(token()).header).to.deep.equal({ alg, typ: 'session+jwt', kid: keys[0]!.kid })
          expect(await verifySession(token(), options)).to.deep.include({
            subject: 'ada',
            claims: { name: 'Ada' },
          })
          const byPem = { issuer: shop, key: pair.publicPem, now: () => world.now() }
          expect(await verifySession(token(), byPem)).to.include({ subject: 'ada' })
        })
      }
    }

    it('and then with another: is the old token good, and the next one of the new key?', async () => {
      const next = keyPair('EdDSA', 'next')
      await start()
      await signIn()
      const before = token()
      const { keys } = world.siteOf('shop')
      const again = await createSite({
        origin: shop,
        hub: world.hub.origin,
        keys: { ...keys, session: [next.jwk, keys.session] },
        now: () => world.now(),
      })
      const listener = await listen('shop.localhost')
      try {
        listener.use(siteApp('shop', again))
        const headers = { cookie: `${SESSION}=${before}` }
        expect((await send(`${listener.origin}/who`, { headers })).json).to.include({ subject: 'ada' })
        world.advance(HALF + 1)
        const reply = await send(`${listener.origin}/who`, { headers })
        const [, after = ''] = /__Host-session=([^;]+)/.exec(String(reply.headers['set-cookie'])) ?? []
        expect(readJws(after).header).to.include({ alg: 'EdDSA', kid: 'next' })
        const published = (await send(`${listener.origin}/session-hub/jwks.json`)).json as { keys: object[] }
        expect(published.keys).to.have.length(1)
        const both = { issuer: shop, now: () => world.now(), key: [keys.session, next.publicJwk] }
        for (const one of [before, after])
          expect(await verifySession(one, both)).to.include({ subject: 'ada' })
        const late = { issuer: shop, now: () => world.now(), jwks: published }
        expect(await verifySession(after, late)).to.include({ subject: 'ada' })
      } finally {
        again.close()
        await listener.close()
      }
    })
  })

  it('signed with a secret: is nothing published?', async () => {
    await start()
    await signIn()
    const reply = await send(`${shop}/session-hub/jwks.json`)
    expect(reply.json).to.deep.equal({ keys: [] })
    expect(reply.headers['cache-control']).to.equal('public, max-age=300')
    expect(await verifySession(token(), options)).to.include({ subject: 'ada' })
  })

  describe('past half of its life', () => {
    const crowd = async () => {
      const copies = Array.from({ length: 50 }, () => ada.copy())
      const replies = await Promise.all(copies.map((copy) => copy.ask(`${shop}/who`)))
      const tokens = new Set(copies.map((copy) => copy.cookies(shop).get(SESSION)))
      return { replies, tokens }
    }

    it('is there exactly one new one per half-life, whatever comes at once and late?', async () => {
      await start()
      await signIn()
      for (let round = 1; round <= 4; round += 1) {
        const before = token()
        const readBefore = reads()
        world.advance(HALF - 5)
        expect((await crowd()).tokens, 'too soon').to.deep.equal(new Set([before]))
        world.advance(6)
        const { replies, tokens } = await crowd()
        expect(replies.every(({ json }) => json.subject === 'ada')).to.equal(true)
        expect(tokens.size).to.equal(1)
        expect((await crowd()).tokens, 'those who come late').to.deep.equal(tokens)
        expect(tokens).to.not.include(before)
        expect(reads() - readBefore).to.equal(1)
        ada.cookies(shop).set(SESSION, [...tokens][0]!)
      }
    })

    it('does it go on to its end while the hub is down?', async () => {
      await start()
      await signIn()
      await world.hub.listener.stop()
      world.advance(HALF + 10)
      expect((await ada.ask(`${shop}/who`)).json).to.deep.equal({
        session: 'signed-in',
        subject: 'ada',
        isStale: false,
      })
      world.advance(HALF)
      expect((await ada.ask(`${shop}/who`)).json).to.include({ isStale: true })
    })

    it('is a session that has ended found out?', async () => {
      await start()
      await signIn()
      const copy = ada.copy()
      await world.hub.hub.sessions.endAll('ada')
      world.advance(HALF + 1)
      expect((await copy.ask(`${shop}/who`)).json).to.include({ session: 'none' })
    })
  })
})
