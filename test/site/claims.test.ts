/** `req.session.updateClaims()`: what is known of a user changes while the user is signed in, without another sign-in. */
import { expect } from 'chai'
import { createSite, type SessionHubError, type SiteOptions } from 'session-hub/site'

import { siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { startUsers, type Users } from '../support/users.js'
import { type Reply, send, type Visitor } from '../support/visitor.js'

/** By then every token has been made anew. */
const RENEWED = 301

describe('changing the claims of a user who is signed in', () => {
  let users: Users
  let shop: string
  let travel: string
  let desktop: Visitor
  let phone: Visitor

  async function start(site: Partial<SiteOptions> = {}): Promise<void> {
    users = await startUsers({ site })
    ;({ shop, travel } = users)
    ;[desktop, phone] = [users.browser(), users.browser()]
    await users.signIn(desktop, 'ada', { claims: { name: 'Ada', plan: 'gold' } })
    await users.signIn(phone, 'ada', { claims: { name: 'Ada', staff: true } })
  }
  afterEach(() => users.world.close())

  const change = (visitor: Visitor, patch: object, site = shop): Promise<Reply> =>
    visitor.post(site, '/account/claims', patch)
  const claims = async (visitor: Visitor, site = shop) => (await visitor.whoami(site)).claims
  const secret = async (visitor: Visitor) => (await visitor.ask(`${shop}/account/secret`)).status

  it('shows them at once and in the cookie, by the same handle and the same sign-in', async () => {
    await start()
    const cookie = () => desktop.cookies(shop).get('__Host-session')!
    const [before, authTime] = [handleIn(cookie()), (await desktop.ask(`${shop}/account/secret`)).json]
    users.world.advance(10)
    const reply = await change(desktop, { name: 'Ada L.', plan: null, address: { town: 'Ockham' } })
    expect(reply.json).to.deep.equal({ name: 'Ada L.', address: { town: 'Ockham' } })

    expect(await claims(desktop)).to.deep.equal({ name: 'Ada L.', address: { town: 'Ockham' } })
    expect(handleIn(cookie())).to.equal(before)
    expect((await desktop.ask(`${shop}/account/secret`)).json).to.deep.equal(authTime)
    await change(desktop, { address: { street: 'High' } })
    expect(await claims(desktop)).to.deep.include({ address: { town: 'Ockham', street: 'High' } })
  })

  it('asks for a recent sign-in as before: the user has shown no password', async () => {
    await start()
    users.world.advance(3600)
    expect(await secret(desktop)).to.equal(401)
    await change(desktop, { name: 'Ada L.' })
    expect(await secret(desktop)).to.equal(401)
    await users.signIn(desktop, 'ada')
    expect(await secret(desktop), 'the twin').to.equal(200)
  })

  it('changes them on all sites and in the user’s other sessions, each of which keeps what is its own', async () => {
    await start()
    const bob = users.browser()
    await users.signIn(bob, 'bob', { claims: { name: 'Bob' } })
    expect((await change(desktop, { name: 'Ada L.' }, travel)).status).to.equal(200)

    users.world.advance(RENEWED)
    for (const site of [shop, travel]) {
      expect(await claims(desktop, site)).to.deep.equal({ name: 'Ada L.', plan: 'gold' })
      expect(await claims(phone, site)).to.deep.equal({ name: 'Ada L.', staff: true })
      expect(await claims(bob, site)).to.deep.equal({ name: 'Bob' })
    }
    expect(await users.count('ada')).to.equal(2)
  })

  it('leaves data, and an update beside it, as they are', async () => {
    await start()
    const replies = await Promise.all([
      change(desktop, { name: 'Ada L.' }),
      desktop.post(shop, '/cart', { item: 'boots' }),
      change(desktop, { nick: 'A.' }),
      desktop.post(shop, '/cart', { item: 'tent' }),
    ])
    for (const { status } of replies) expect(status).to.equal(200)
    expect(await desktop.whoami(shop)).to.deep.include({ data: { cart: ['boots', 'tent'] } })
    users.world.advance(RENEWED)
    expect(await claims(desktop)).to.deep.equal({ name: 'Ada L.', nick: 'A.', plan: 'gold' })
  })

  it('is for one who is signed in', async () => {
    await start()
    const [nobody, anonymous] = [users.browser(), users.browser()]
    await anonymous.post(shop, '/cart', { item: 'boots' })
    for (const visitor of [nobody, anonymous]) {
      const { status, json } = await change(visitor, { name: 'Eve' })
      expect({ status, json }).to.deep.equal({ status: 401, json: { error: 'sign_in_required' } })
    }
    expect(await anonymous.whoami(shop)).to.deep.include({ claims: {}, data: { cart: ['boots'] } })
    await users.world.hub.hub.sessions.endAll('ada')
    expect((await change(desktop, { name: 'Ada L.' })).json).to.deep.equal({ error: 'session_ended' })
    expect((await change(desktop, { name: 'Ada L.' })).json).to.deep.equal({ error: 'sign_in_required' })
  })

  it('is unavailable while the hub is, also for one whose sign-in the hub does not know yet', async () => {
    await start()
    await users.world.hub.listener.stop()
    const late = users.browser()
    await late.post(shop, '/account/sign-in', { subject: 'ada' })
    for (const visitor of [desktop, late])
      expect((await change(visitor, { name: 'Ada L.' })).json).to.deep.equal({ error: 'unavailable' })
    expect((await desktop.ask(`${shop}/who`)).json).to.include({ subject: 'ada' })
  })

  const refused: Record<string, [patch: object, code: string]> = {
    'more than 1 KiB in all': [{ note: 'x'.repeat(990) }, 'data_too_large'],
    'more than 32 names in all': [
      Object.fromEntries(Array.from({ length: 31 }, (_, at) => [`n${at}`, at])),
      'request_invalid',
    ],
    'six levels': [{ a: { b: { c: { d: { e: {} } } } } }, 'request_invalid'],
    'a list': [['name'], 'request_invalid'],
  }
  for (const [what, [patch, code]] of Object.entries(refused)) {
    it(`refuses ${what}, and changes nothing`, async () => {
      await start()
      expect((await change(desktop, patch)).json).to.deep.equal({ error: code })
      users.world.advance(RENEWED)
      expect(await claims(desktop)).to.deep.equal({ name: 'Ada', plan: 'gold' })
      expect(await claims(phone)).to.deep.equal({ name: 'Ada', staff: true })
    })
  }

  it('leaves another session alone whose claims would be too large, and says so in the log', async () => {
    await start()
    const tablet = users.browser()
    await users.signIn(tablet, 'ada', { claims: { note: 'x'.repeat(1005) } })
    expect((await change(desktop, { name: 'Ada Lovelace' })).status).to.equal(200)

    users.world.advance(RENEWED)
    expect(await claims(phone)).to.deep.include({ name: 'Ada Lovelace' })
    expect(await claims(tablet)).to.deep.equal({ note: 'x'.repeat(1005) })
    expect(users.world.log.map(({ event }) => event)).to.include('claims_too_large')
  })

  it('makes the token’s fields anew', async () => {
    await start({ fields: [['name', 'n', 'name']] })
    expect((await change(desktop, { name: 'Ada L.' })).json).to.deep.equal({ name: 'Ada L.' })
    expect(await claims(desktop)).to.deep.equal({ name: 'Ada L.' })
  })

  it('is done once where it comes twice, by its jti', async () => {
    await start()
    const handle = String(handleIn(desktop.cookies(shop).get('__Host-session')!))
    const act = (body: object) =>
      send(`${users.world.hub.origin}/backchannel/claims`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(users.world, users.world.siteOf('shop'))}`,
        },
      })
    const first = { handle, jti: 'A'.repeat(22), patch: { name: 'first' } }
    expect((await act(first)).json.claims).to.include({ name: 'first' })
    await change(desktop, { name: 'second' })
    expect((await act(first)).json.claims).to.include({ name: 'second' })
    expect((await act({ ...first, jti: 'B'.repeat(22) })).json.claims, 'the twin').to.include({
      name: 'first',
    })
  })

  it('works on Request and Response too', async () => {
    await start()
    const { keys } = users.world.siteOf('shop')
    const site = await createSite({ origin: shop, hub: users.world.hub.origin, keys })
    const cookie = [...desktop.cookies(shop)].map(([name, value]) => `${name}=${value}`).join('; ')
    const request = (headers: Record<string, string>) =>
      new Request(`${shop}/profile`, { headers: { host: new URL(shop).host, ...headers } })
    try {
      const answer = await site.fetch(request({ cookie }), async ({ session }) =>
        Response.json(await session.updateClaims({ name: 'Ada L.' })),
      )
      expect(await answer.json()).to.deep.include({ name: 'Ada L.' })
      const newer = answer.headers.getSetCookie().map((line) => line.split(';')[0]!)
      const shown = await site.fetch(request({ cookie: newer.join('; ') }), ({ session }) =>
        Response.json(session.claims),
      )
      expect(await shown.json()).to.deep.include({ name: 'Ada L.' })
      const refusal = await site.fetch(request({}), ({ session }) =>
        session.updateClaims({ name: 'Eve' }).then(
          () => Response.json({}),
          (error: unknown) => Response.json({ error: (error as SessionHubError).code }),
        ),
      )
      expect(await refusal.json()).to.deep.equal({ error: 'sign_in_required' })
    } finally {
      site.close()
    }
  })
})
