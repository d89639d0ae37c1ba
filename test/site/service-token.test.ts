/** A token for a service on another host, by `POST /session-hub/token` and by `req.session.tokenFor()`. */
import { expect } from 'chai'
import express, { type ErrorRequestHandler } from 'express'
import { createSite, type SessionHubError, type Site, type SiteOptions } from 'session-hub/site'
import { verifySession } from 'session-hub/verify'

import { readJws } from '../support/forge.js'
import { keyPair } from '../support/key-pairs.js'
import { expectOptionFault } from '../support/option-fault.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const API = 'https://api.example'
const OTHER = 'https://other.example'
const pair = keyPair('EdDSA')

describe('a token for a service on another host', () => {
  let world: World
  let visitor: Visitor
  let shop: string

  async function start(site: Partial<SiteOptions> = {}): Promise<void> {
    world = await startWorld({
      sites: ['shop'],
      sessionKey: () => pair.jwk,
      site: { audiences: [API, OTHER], ...site },
    })
    world.siteOf('shop').listener.use(inCode(world.siteOf('shop').site))
    ;({ origin: shop } = world.siteOf('shop'))
    visitor = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  /** The application asks for one itself. */
  function inCode(site: Site): express.Router {
    const app = express.Router()
    app.use('/code', express.json(), site.session())
    app.post('/code', async (req, res) => {
      res.json({ token: await req.session.tokenFor((req.body as { audience: string }).audience) })
    })
    app.use(((error, _req, res, _next) => {
      const { status, code } = error as SessionHubError
      res.status(status).json({ error: code })
    }) satisfies ErrorRequestHandler)
    return app
  }

  const ask = (audience: unknown = API, by = visitor) => by.post(shop, '/session-hub/token', { audience })
  const code = (audience: unknown = API) => visitor.post(shop, '/code', { audience })
  const read = (token: unknown, audience = API) =>
    verifySession(String(token), { key: pair.publicJwk, issuer: shop, audience, now: () => world.now() })
  const claimsOf = (token: unknown) => readJws(String(token)).claims

  it('says who the visitor is to that service, for a minute, and holds nothing else', async () => {
    await start()
    await visitor.post(shop, '/sign-in', { name: 'ada', claims: { plan: 'gold' } })
    for (const reply of [await ask(), await code()]) {
      const { token } = reply.json
      const session = await read(token)
      expect(session).to.deep.include({ status: 'signed-in', subject: 'ada', claims: { plan: 'gold' } })
      expect(session.authTime).to.be.closeTo(world.now() / 1000, 5)
      expect(session.expiresAt - session.issuedAt).to.equal(60)
      expect(Object.keys(claimsOf(token)).sort()).to.deep.equal([
        'aud',
        'auth_time',
        'claims',
        'exp',
        'iat',
        'iss',
        'st',
        'sub',
      ])
    }
    expect((await ask()).json.expires_in).to.equal(60)
    const { token } = (await ask(OTHER)).json
    expect(await read(token, OTHER)).to.include({ subject: 'ada' })
  })

  it('has what the token’s fields say, and nothing that they leave out, before the hub knows of the sign-in too', async () => {
    await start({ fields: [['plan', 'p', 'plan']] })
    const claims = { plan: 'gold', mail: 'canary' }
    await visitor.post(shop, '/sign-in', { name: 'ada', claims })
    await world.hub.listener.stop()
    const late = new Visitor(world.hub.origin)
    await late.post(shop, '/sign-in', { name: 'ada', claims })
    for (const by of [visitor, late]) {
      const { token } = (await ask(API, by)).json
      expect(claimsOf(token)).to.include({ p: 'gold', sub: 'ada' }).and.not.have.property('claims')
      expect(JSON.stringify(claimsOf(token))).to.not.include('canary')
    }
  })

  it('of an anonymous visitor names nobody; where there is no session, there is none', async () => {
    await start()
    for (const reply of [await ask(), await code()])
      expect([reply.status, reply.json.error]).to.deep.equal([401, 'token_missing'])
    await visitor.post(shop, '/cart', { item: 'boots' })
    for (const { json } of [await ask(), await code()])
      expect(await read(json.token)).to.deep.include({ status: 'anonymous', subject: null })
  })

  it('lives as long as the option says, and never past what is known of the session', async () => {
    await start({ serviceTokenSeconds: 300, freshForSeconds: 200 })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const lives = []
    for (const seconds of [0, 60]) {
      world.advance(seconds)
      lives.push((await ask()).json.expires_in)
    }
    expect(lives).to.deep.equal([200, 140])
    // Past half of it the session is looked up first.
    world.advance(50)
    expect((await ask()).json.expires_in).to.equal(200)
  })

  it('is not given on old knowledge while the hub is down, nor after the session has ended', async () => {
    await start()
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await world.hub.listener.stop()
    expect((await ask()).status).to.equal(200)
    world.advance(301)
    for (const reply of [await ask(), await code()])
      expect([reply.status, reply.json.error]).to.deep.equal([503, 'unavailable'])
    expect(await visitor.ask(`${shop}/who`)).to.deep.include({ status: 200 })

    await world.hub.listener.start()
    world.advance(10)
    expect((await ask()).status).to.equal(200)
    await world.hub.hub.sessions.endAll('ada')
    world.advance(301)
    expect((await ask()).json.error).to.equal('token_missing')
  })

  it('is for listed audiences only', async () => {
    await start()
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    for (const audience of ['https://stranger.example', `${API}/`, shop, 'HTTPS://API.EXAMPLE'])
      for (const reply of [await ask(audience), await code(audience)])
        expect([reply.status, reply.json.error], audience).to.deep.equal([403, 'audience_unknown'])
    for (const audience of [7, null, '', [API], 'x'.repeat(129)])
      expect((await ask(audience)).json.error, JSON.stringify(audience)).to.equal('request_invalid')
  })

  it('is no endpoint where there are no audiences', async () => {
    await start({ audiences: [] })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    expect((await ask()).status).to.equal(404)
    expect((await code()).json.error).to.equal('audience_unknown')
  })

  it('works on Request and Response too', async () => {
    await start()
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const { keys } = world.siteOf('shop')
    const options = { origin: shop, hub: world.hub.origin, keys: { ...keys, session: pair.jwk } }
    const site = await createSite({ ...options, audiences: [API] })
    const cookie = [...visitor.cookies(shop)].map(([name, one]) => `${name}=${one}`).join('; ')
    const headers = { host: new URL(shop).host, cookie, origin: shop, 'content-type': 'application/json' }
    const request = (path: string) =>
      new Request(shop + path, { method: 'POST', headers, body: JSON.stringify({ audience: API }) })
    try {
      const app = await site.fetch(request('/code'), async ({ session }) =>
        Response.json({ token: await session.tokenFor(API) }),
      )
      const page = await site.fetch(request('/session-hub/token'), () => new Response('no endpoint'))
      for (const answer of [app, page]) {
        const { token } = (await answer.json()) as { token: string }
        expect(await read(token)).to.include({ subject: 'ada' })
      }
    } finally {
      site.close()
    }
  })

  describe('has options that', () => {
    const refused: Record<string, [more: object, words: string[]]> = {
      'are no list': [{ audiences: API }, ['"audiences"', 'list of at most 32']],
      'are no origins': [{ audiences: ['api.example'] }, ['"audiences"']],
      'name one twice': [{ audiences: [API, API] }, ['twice']],
      'name the site itself': [{ audiences: [API, 'https://shop.example'] }, ['own origin']],
      'let it live too long': [{ audiences: [API], serviceTokenSeconds: 301 }, ['from 1 to 300']],
      'go with a secret': [{ audiences: [API], secret: true }, ['key pair']],
      'are misspelt': [{ audience: [API] }, ['did you mean "audiences"']],
    }
    for (const [what, [{ secret, ...more }, words]] of Object.entries(
      refused as Record<string, [{ secret?: boolean }, string[]]>,
    )) {
      it(`${what} are refused at start-up`, async () => {
        await start()
        const { keys } = world.siteOf('shop')
        const options = {
          origin: 'https://shop.example',
          hub: 'https://hub.example',
          keys: secret ? keys : { ...keys, session: pair.jwk },
          ...more,
        }
        await expectOptionFault(() => createSite(options), words)
      })
    }
  })
})
