/** Session tokens where they do not belong: each beside a twin that is taken (R2, R4, R5, R7, R11, R22, R28, R36). */
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'

import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Response } from 'express'
import { SessionHubError } from 'session-hub/site'
import { type VerifyOptions, verifySession } from 'session-hub/verify'

import { base64url, flip, readJws, signEs256, signHs256 } from '../support/forge.js'
import { type KeyPair, keyPair } from '../support/key-pairs.js'
import { until } from '../support/until.js'
import { binding, send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldSite } from '../support/world.js'

const SESSION = '__Host-session'

/** A list of keys that never ends, and shrinks to nearly nothing on the wire. */
const endless = () =>
  new Readable({
    read() {
      this.push(' '.repeat(65_536))
    },
  })

describe('a session token', () => {
  let world: World
  let shop: WorldSite
  let travel: WorldSite
  let ada: Visitor
  let options: VerifyOptions
  const pairs: Record<string, KeyPair> = {
    shop: keyPair('ES256', 'shop-1'),
    travel: keyPair('ES256', 'travel-1'),
  }

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'], sessionKey: (name) => pairs[name]!.jwk })
    ;[shop, travel] = [world.siteOf('shop'), world.siteOf('travel')]
    for (const { listener, site } of [shop, travel]) {
      const api = express.Router()
      api.use('/api', site.session({ bearer: true }), (req, res) => {
        res.json({ subject: req.session.subject, status: req.session.status })
      })
      api.use(((error, _req, res, _next) => {
        const { status = 500, code = 'unknown' } = error instanceof SessionHubError ? error : {}
        res.status(status).json({ error: code })
      }) satisfies ErrorRequestHandler)
      listener.use(api)
    }
    ada = new Visitor(world.hub.origin)
    await ada.post(shop.origin, '/sign-in', { name: 'ada' })
    options = { key: pairs.shop!.publicJwk, issuer: shop.origin, now: () => world.now() }
  })
  afterEach(() => world.close())

  const genuine = () => ada.cookies(shop.origin).get(SESSION)!
  const atSite = async (token: string, { origin } = shop) =>
    (await send(`${origin}/whoami`, { headers: { cookie: `${SESSION}=${token}` } })).json.subject
  const asBearer = (token: string, headers: Record<string, string> = {}, { origin } = shop) =>
    send(`${origin}/api`, { headers: { authorization: `Bearer ${token}`, ...headers } })

  async function refusal(
    token: string | Parameters<typeof verifySession>[0],
    more: Partial<VerifyOptions> = {},
  ) {
    try {
      await verifySession(token, { ...options, ...more })
    } catch (error) {
      return (error as SessionHubError).code
    }
    return 'taken'
  }

  describe('is refused by the site, as a cookie and as a Bearer token, and by a service', () => {
    type Forge = () => string | Promise<string>
    const signedBy = (pair: KeyPair, header: object, claims: object) =>
      signEs256({ header, payload: claims }, pair.jwk as never)
    const forgeries: Record<string, Forge> = {
      'R11: when it is of another site': async () => {
        await ada.post(travel.origin, '/sign-in', { name: 'ada' })
        return ada.cookies(travel.origin).get(SESSION)!
      },
      "R7: when another site's key says it is this one's": () => {
        const { header, claims } = readJws(genuine())
        return signedBy(pairs.travel!, header, claims)
      },
      'R2: when the public key is the secret': () => {
        const { header, claims } = readJws(genuine())
        return signHs256(
          { header: { ...header, alg: 'HS256' }, payload: claims },
          Buffer.from(pairs.shop!.publicPem),
        )
      },
      'R2: when the public key is the secret, as a JWK': () => {
        const { header, claims } = readJws(genuine())
        const secret = Buffer.from(JSON.stringify(pairs.shop!.publicJwk))
        return signHs256({ header: { ...header, alg: 'HS256' }, payload: claims }, secret)
      },
      'R2: with alg none': () => {
        const { header, claims } = readJws(genuine())
        return `${base64url({ ...header, alg: 'none' })}.${base64url(claims)}.AA`
      },
      'R2: with alg none and no signature': () => {
        const { header, claims } = readJws(genuine())
        return `${base64url({ ...header, alg: 'none' })}.${base64url(claims)}.`
      },
      'R4: when it is a ticket': async () => {
        await ada.sync(shop.origin)
        return (await ada.ticket(travel.origin)).ticket
      },
      'R4: when it is an offer': async () => {
        const { nonce } = binding()
        return (await ada.post(shop.origin, '/session-hub/offer', { nonce })).json.offer as string
      },
      "R4: with the type of an offer, by the token's own key": () => {
        const { header, claims } = readJws(genuine())
        return signedBy(pairs.shop!, { ...header, typ: 'offer+jwt' }, claims)
      },
      'R7: with a key in the header': () => {
        const { header, claims } = readJws(genuine())
        return signedBy(pairs.travel!, { ...header, jwk: pairs.travel!.publicJwk }, claims)
      },
      'R5: for two audiences': () => {
        const { header, claims } = readJws(genuine())
        return signedBy(pairs.shop!, header, { ...claims, aud: [shop.origin] })
      },
      'R28: when it lives for a day': () => {
        const { header, claims } = readJws(genuine())
        return signedBy(pairs.shop!, header, { ...claims, exp: Number(claims.iat) + 86_400 })
      },
      'R3: with a flipped bit': () => flip(genuine(), 1),
      'R1: with a line feed': () => `${genuine()}.x`,
    }
    for (const [what, forge] of Object.entries(forgeries)) {
      it(what, async () => {
        const forged = await forge()
        expect(await atSite(forged)).to.equal(null)
        expect((await asBearer(forged)).json.subject).to.equal(null)
        expect(await refusal(forged)).to.equal('token_invalid')
        const { header, claims } = readJws(genuine())
        const twin = signedBy(pairs.shop!, header, claims)
        expect(await atSite(twin)).to.equal('ada')
        expect((await asBearer(twin)).json.subject).to.equal('ada')
        expect(await refusal(twin)).to.equal('taken')
      })
    }
  })

  it('R4: is no ticket, where a ticket is', async () => {
    await ada.sync(shop.origin)
    const { ticket, verifier } = await ada.ticket(travel.origin)
    const forged = await ada.post(travel.origin, '/session-hub/redeem', { ticket: genuine(), verifier })
    expect(forged.json).to.include({ error: 'ticket_invalid' })
    expect((await ada.post(travel.origin, '/session-hub/redeem', { ticket, verifier })).status).to.equal(200)
  })

  it('R11: is refused by a service of another audience', async () => {
    expect(await refusal(genuine(), { audience: travel.origin })).to.equal('token_invalid')
    expect(await refusal(genuine(), { audience: shop.origin })).to.equal('taken')
    expect(await refusal(genuine(), { issuer: travel.origin, audience: shop.origin })).to.equal(
      'token_invalid',
    )
  })

  it('R28: is refused by a service when its life is over', async () => {
    world.advance(300)
    expect(await refusal(genuine()), 'clocks may differ').to.equal('taken')
    world.advance(10)
    expect(await refusal(genuine())).to.equal('token_expired')
  })

  it('R9: is refused by a service when its key has retired, and not before the service has looked again', async () => {
    const published = [pairs.shop!.publicJwk]
    let asked = 0
    travel.listener.app.get('/keys', (_req, res) => {
      asked += 1
      res.json({ keys: published })
    })
    const jwks = `http://127.0.0.1:${travel.listener.port}/keys`
    const by = { issuer: shop.origin, now: () => world.now(), jwks }
    expect(await verifySession(genuine(), by)).to.include({ subject: 'ada' })
    published.splice(0, 1, pairs.travel!.publicJwk)
    expect(await verifySession(genuine(), by), 'still known').to.include({ subject: 'ada' })
    world.advance(601)
    const { header, claims } = readJws(genuine())
    const iat = Math.floor(world.now() / 1000)
    const late = signEs256({ header, payload: { ...claims, iat, exp: iat + 300 } }, pairs.shop!.jwk as never)
    const code = await verifySession(late, by).then(
      () => 'taken',
      (error: unknown) => (error as SessionHubError).code,
    )
    expect(code).to.equal('token_invalid')
    expect(asked).to.equal(2)
  })

  describe('R9: where a service cannot read the list of keys any more', () => {
    const late = () => {
      const { header, claims } = readJws(genuine())
      const iat = Math.floor(world.now() / 1000)
      return signEs256({ header, payload: { ...claims, iat, exp: iat + 300 } }, pairs.shop!.jwk as never)
    }
    /** A list of keys that is well at first. */
    function publish(answer: (res: Response) => unknown) {
      const state = { isBad: false, asked: 0 }
      travel.listener.app.get('/list', (_req, res) => {
        state.asked += 1
        if (state.isBad) answer(res)
        else res.json({ keys: [pairs.shop!.publicJwk] })
      })
      const jwks = `http://127.0.0.1:${travel.listener.port}/list`
      const by = { issuer: shop.origin, now: () => world.now(), jwks }
      const outcome = (token: string) =>
        verifySession(token, by).then(
          () => 'taken',
          (error: unknown) => (error as SessionHubError).code,
        )
      return { state, by, outcome }
    }

    it('a known key is used at once, for a day, and then no more', async () => {
      const held: Response[] = []
      let isHanging = true
      const { state, outcome } = publish((res) => (isHanging ? held.push(res) : res.status(503).end()))
      expect(await outcome(genuine())).to.equal('taken')
      state.isBad = true
      world.advance(601)
      const beganMs = performance.now()
      for (let count = 0; count < 5; count += 1) expect(await outcome(late())).to.equal('taken')
      expect(performance.now() - beganMs, 'less than the time limit').to.be.below(2500)
      expect(state.asked).to.equal(2)
      isHanging = false
      held.forEach((res) => res.destroy())
      world.advance(86_400)
      expect(await outcome(late())).to.equal('unavailable')
      state.isBad = false
      world.advance(31)
      expect(await outcome(late())).to.equal('taken')
    })

    it('R31: gzip is expanded no further than a list may be long', async () => {
      let isClosed = false
      const { state, by, outcome } = publish((res) => {
        const gzip = createGzip()
        res.type('json').set('content-encoding', 'gzip')
        res.on('close', () => (isClosed = true))
        pipeline(endless(), gzip, res, () => undefined)
      })
      state.isBad = true
      const thrown = await verifySession(genuine(), by).catch((error: unknown) => error as SessionHubError)
      expect(thrown).to.include({ code: 'unavailable' })
      expect(String((thrown as SessionHubError).cause)).to.include('the list is too long')
      await until(() => isClosed)
      state.isBad = false
      world.advance(31)
      expect(await outcome(late())).to.equal('taken')
    })
  })

  describe('as a Bearer token', () => {
    it("R22: is refused beside another's cookie, and taken beside its own or none", async () => {
      const eve = new Visitor(world.hub.origin)
      await eve.post(shop.origin, '/sign-in', { name: 'eve' })
      const others = eve.cookies(shop.origin).get(SESSION)!
      const beside = await asBearer(genuine(), { cookie: `${SESSION}=${others}` })
      expect({ status: beside.status, ...beside.json }).to.deep.equal({
        status: 400,
        error: 'session_ambiguous',
      })
      expect(beside.headers['set-cookie']).to.equal(undefined)
      expect((await asBearer(genuine(), { cookie: `${SESSION}=${genuine()}` })).json.subject).to.equal('ada')
      expect((await asBearer(genuine())).json.subject).to.equal('ada')

      const headers = (cookie: string) => ({
        authorization: `Bearer ${genuine()}`,
        cookie: `${SESSION}=${cookie}`,
      })
      expect(await refusal({ headers: headers(others) })).to.equal('session_ambiguous')
      expect(await refusal({ headers: headers(genuine()) })).to.equal('taken')
      expect(await refusal({ headers: new Headers(headers(genuine())) })).to.equal('taken')
      const twice = {
        authorization: `Bearer ${genuine()}`,
        cookie: `${SESSION}=${others}; ${SESSION}=${genuine()}`,
      }
      expect(await refusal({ headers: twice })).to.equal('session_ambiguous')
      expect((await asBearer(genuine(), { cookie: twice.cookie })).json).to.deep.equal({
        error: 'session_ambiguous',
      })
    })

    it('counts for nothing where the site does not ask for it', async () => {
      const headers = { authorization: `Bearer ${genuine()}` }
      expect((await send(`${shop.origin}/who`, { headers })).json).to.include({ subject: null })
      expect((await send(`${shop.origin}/api`, { headers })).json).to.include({ subject: 'ada' })
    })

    it('is answered with its successor in a header, and never with a cookie', async () => {
      const first = await asBearer(genuine())
      expect(first.headers).to.not.have.any.keys('session-token', 'set-cookie')
      world.advance(151)
      const { headers } = await asBearer(genuine())
      expect(headers['set-cookie']).to.equal(undefined)
      expect(headers['cache-control']).to.include('private')
      expect(headers['session-token']).to.be.a('string').and.to.not.equal(genuine())
      expect(await refusal(headers['session-token'] as string)).to.equal('taken')
    })

    it('is nobody after the session has ended', async () => {
      const stolen = genuine()
      await ada.post(shop.origin, '/sign-out', {})
      world.advance(151)
      expect((await asBearer(stolen)).json).to.deep.equal({ subject: null, status: 'none' })
    })
  })

  it('R26: holds no handle that the hub knows, not even for whoever has the signing key of the site', async () => {
    const { sk } = readJws(genuine()).claims
    const iat = Math.floor(world.now() / 1000)
    const { signing } = shop.keys
    const bearer = signEs256(
      {
        header: { alg: 'ES256', typ: 'site+jwt', kid: signing.kid },
        payload: { iss: shop.origin, aud: world.hub.origin, iat, exp: iat + 60 },
      },
      signing,
    )
    const read = (handle: unknown) =>
      send(`${world.hub.origin}/backchannel/read`, {
        method: 'POST',
        body: { handle },
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      })
    expect((await read(sk)).json).to.include({ error: 'request_invalid' })
    expect((await read(String(sk).slice(0, 43))).json).to.include({ error: 'session_ended' })
    const seen = JSON.stringify(await verifySession(genuine(), options))
    expect(seen).to.not.include(String(sk))
  })

  it('is missing where there is none', async () => {
    expect(await refusal({ headers: {} })).to.equal('token_missing')
    expect(await refusal({ headers: { authorization: 'Basic YTpi' } })).to.equal('token_missing')
    expect(await refusal({ headers: { cookie: `${SESSION}=${genuine()}` } })).to.equal('taken')
  })
})
