/** `session-hub/testing`, as the tests of an application use it: with supertest, with fetch, and with the application's own site. */
import { expect } from 'chai'
import type { Express } from 'express'
import { createSite, type Site, type SiteKeys, type SiteOptions } from 'session-hub/site'
import { startTestHub, type TestHub, type TestHubOptions } from 'session-hub/testing'
import { verifySession } from 'session-hub/verify'
import request from 'supertest'

import { keyPair } from '../support/key-pairs.js'
import { listen } from '../support/listener.js'
import { shopApp } from '../support/shop-app.js'
import { Visitor } from '../support/visitor.js'

describe('a test hub', () => {
  let hub: TestHub
  let site: Site
  let app: Express

  async function start(options: TestHubOptions = {}, more: Partial<SiteOptions> = {}): Promise<void> {
    hub = await startTestHub(options)
    const own = hub.siteOptions()
    site = await createSite({ ...own, ...more, keys: { ...own.keys, ...(more.keys as Partial<SiteKeys>) } })
    app = shopApp(site)
  }
  afterEach(async () => {
    site.close()
    await hub.close()
  })

  const me = async (cookie: string) => {
    const { body } = (await request(app).get('/me').set('cookie', cookie).expect(200)) as { body: unknown }
    return body
  }
  const nobody = { status: 'none', subject: null, claims: {}, fields: {}, data: {} }
  const ada = { subject: 'ada', claims: { name: 'Ada' }, data: { cart: ['boots'] } }

  it('is a user signed in, with claims and data, for supertest?', async () => {
    await start()
    const { cookie } = await hub.signedInAs(ada)
    expect(await me(cookie)).to.deep.equal({ ...nobody, status: 'signed-in', ...ada })
    expect(await me('')).to.deep.equal(nobody)
  })

  it('and for fetch?', async () => {
    await start()
    const listener = await listen('shop.localhost')
    try {
      listener.use(app)
      const { cookie } = await hub.signedInAs(ada)
      const reply = await fetch(`http://127.0.0.1:${listener.port}/me`, { headers: { cookie } })
      expect(await reply.json()).to.deep.equal({ ...nobody, status: 'signed-in', ...ada })
    } finally {
      await listener.close()
    }
  })

  it("and for supertest's agent, for all that it asks?", async () => {
    await start()
    const agent = request.agent(app).set('cookie', (await hub.signedInAs(ada)).cookie)
    await agent.post('/cart').send({ item: 'laces' }).expect(200)
    await agent.get('/cart').expect(200, ['boots', 'laces'])
  })

  it('is a stranger anonymous, with data?', async () => {
    await start()
    const { cookie } = await hub.anonymous({ data: { cart: ['laces'] } })
    expect(await me(cookie)).to.deep.equal({ ...nobody, status: 'anonymous', data: { cart: ['laces'] } })
    expect(await me((await hub.anonymous()).cookie)).to.deep.equal({ ...nobody, status: 'anonymous' })
  })

  it('is each visitor in a browser of their own?', async () => {
    await start()
    const [one, other] = await Promise.all([hub.signedInAs(ada), hub.signedInAs({ subject: 'ada' })])
    await request(app).post('/cart').set('cookie', one.cookie).send({ item: 'laces' }).expect(200)
    await request(app).get('/cart').set('cookie', one.cookie).expect(200, ['boots', 'laces'])
    await request(app).get('/cart').set('cookie', other.cookie).expect(200, [])
    expect(await hub.sessions.list('ada')).to.have.length(2)
  })

  it('does a sign-out end the session?', async () => {
    await start()
    const { cookie } = await hub.signedInAs(ada)
    await request(app).post('/sign-out').set('cookie', cookie).expect(204)
    hub.clock.advance(150)
    expect(await me(cookie)).to.deep.equal(nobody)
  })

  it('is a session that the hub has ended known when the clock says so?', async () => {
    await start()
    const [one, other] = [await hub.signedInAs(ada), await hub.signedInAs({ subject: 'bob' })]
    expect(await hub.sessions.endAll('ada')).to.equal(1)
    hub.clock.advance(150)
    expect(await me(one.cookie)).to.deep.equal(nobody)
    expect(await me(other.cookie)).to.include({ subject: 'bob' })
  })

  it('is a recent sign-in recent, and then not?', async () => {
    await start()
    const { cookie } = await hub.signedInAs(ada)
    const secret = () => request(app).get('/secret').set('cookie', cookie)
    await secret().expect(200)
    hub.clock.advance(301)
    await secret().expect(401, { error: 'sign_in_required' })
  })

  it("do the options of the application's own site count, if it makes the session?", async () => {
    const pair = keyPair('ES256')
    const fields = ['plan', ['name', 'n', 'name']] as const
    await start(
      {},
      {
        cookieName: '__Host-shop',
        sessionField: 'sid',
        fields,
        tokenClaims: ({ subject }) => ({ role: subject === 'ada' ? 'owner' : 'guest' }),
        keys: { session: pair.jwk } as SiteOptions['keys'],
      },
    )
    const { cookie, token } = await hub.signedInAs({
      site,
      subject: 'ada',
      claims: { name: 'Ada', plan: 'gold' },
    })
    expect(cookie).to.match(/^__Host-shop=/)
    const read = { name: 'Ada', n: 'Ada', plan: 'gold', role: 'owner' }
    expect(await me(cookie))
      .to.include({ subject: 'ada' })
      .and.to.deep.include({ fields: read })
    const { origin: issuer, now } = hub.siteOptions()
    const known = { issuer, now, key: pair.publicJwk, sessionField: 'sid', fields }
    expect((await verifySession(token, known)).fields).to.deep.equal(read)
  })

  it('does each of several sites know its own visitors, and no other?', async () => {
    const sites = ['https://shop.example', 'https://travel.example']
    await start({ sites })
    const there = await hub.signedInAs({ ...ada, site: sites[1]! })
    const here = await hub.signedInAs({ ...ada, site: sites[0]! })
    expect(await me(here.cookie)).to.include({ subject: 'ada' })
    expect(await me(there.cookie)).to.deep.equal(nobody)
  })

  it('does a session come along from one of its sites to the other, as in a browser?', async () => {
    const [here, there] = [await listen('shop.localhost'), await listen('travel.localhost')]
    await start({ sites: [here.origin, there.origin] })
    const other = await createSite(hub.siteOptions(there.origin))
    try {
      here.use(app)
      there.use(shopApp(other))
      const visitor = new Visitor(hub.origin)
      await visitor.post(here.origin, '/cart', { item: 'boots' })
      expect((await visitor.sync(here.origin)).outcome).to.equal('adopt')
      expect((await visitor.sync(there.origin)).outcome).to.equal('replace')
      expect((await visitor.ask(`${there.origin}/me`)).json).to.deep.include({ data: { cart: ['boots'] } })
    } finally {
      other.close()
      await here.close()
      await there.close()
    }
  })

  it('does the hub hold a site to what is registered of it?', async () => {
    const as = { subject: 'ada', reason: 'Her cart is empty' }
    for (const registration of [{ mayImpersonate: true }, {}]) {
      await start({ registration })
      app.post('/act-as', async (req, res) => {
        await site
          .actAs(req, res, as)
          .catch((error: unknown) => res.status((error as { status: number }).status))
        res.json({})
      })
      const { cookie } = await hub.signedInAs({ subject: 'root' })
      await request(app)
        .post('/act-as')
        .set('cookie', cookie)
        .expect(registration.mayImpersonate ? 200 : 403)
      site.close()
      await hub.close()
    }
  })

  it('does the hub do what its options say?', async () => {
    await start({ hub: { singleSession: true } })
    const one = await hub.signedInAs({ subject: 'ada' })
    const other = await hub.signedInAs({ subject: 'ada' })
    hub.clock.advance(150)
    expect(await me(one.cookie)).to.deep.equal(nobody)
    expect(await me(other.cookie)).to.include({ subject: 'ada' })
  })

  it('is its cookie worth nothing to another hub’s site?', async () => {
    await start()
    const other = await startTestHub()
    try {
      const { cookie } = await other.signedInAs(ada)
      expect(await me(cookie)).to.deep.equal(nobody)
      expect(await me((await hub.signedInAs(ada)).cookie)).to.include({ subject: 'ada' })
    } finally {
      await other.close()
    }
  })

  it('after its close: does the site live on, and nobody new come?', async () => {
    await start()
    const { cookie } = await hub.signedInAs(ada)
    await hub.close()
    await request(app).get('/who').set('cookie', cookie).expect(200, { subject: 'ada', isStale: false })
    hub.clock.advance(301)
    await request(app).get('/who').set('cookie', cookie).expect(200, { subject: 'ada', isStale: true })
    for (const come of [() => hub.signedInAs({ site, subject: 'ada' }), () => hub.anonymous({ site })]) {
      const code = await come().then(
        () => 'came',
        (error: unknown) => (error as { code: string }).code,
      )
      expect(code).to.equal('unavailable')
    }
  })

  it('is nobody sent away for asking often?', async () => {
    await start()
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) => hub.signedInAs({ subject: `user-${index}` })),
    )
    const { cookie } = all[99]!
    for (let count = 1; count <= 100; count += 1)
      await request(app)
        .post('/cart')
        .set('cookie', cookie)
        .send({ item: `${count}` })
        .expect(200)
    expect(await me(cookie)).to.include({ subject: 'user-99' })
  })
})
