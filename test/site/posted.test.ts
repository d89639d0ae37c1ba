/** Forms that another site's page posts here: the browser keeps the visitor's cookies back, and takes those of the answer (R20, R22). */
import { expect } from 'chai'
import type { ErrorRequestHandler, Express } from 'express'
import { SessionHubError, type Site } from 'session-hub/site'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const POSTED = '__Host-session-posted'
const BANK = { origin: 'https://bank.example' }

describe('a form that another site’s page has posted', () => {
  let world: World
  let shop: string
  let ada: Visitor

  beforeEach(async () => {
    world = await startWorld({ sites: [] })
    const build = (app: Express, site: Site) => {
      app.use(site.router, site.session())
      app.get('/who', async ({ session }, res) => {
        const { status, subject } = session
        res.json({ status, subject, data: session.isStale ? null : await session.data() })
      })
      app.post('/cart', async (req, res) => {
        res.json(await req.session.update({ cart: ['boots'] }))
      })
      app.post('/sign-in', async (req, res) => {
        await site.signIn(req, res, { subject: 'eve' })
        res.json({})
      })
      app.post('/sign-out', async (req, res) => {
        await site.signOut(req, res)
        res.json({})
      })
      app.post('/acs', async (req, res) => {
        await site.signIn(req, res, { subject: 'ada', claims: { name: 'Ada' }, remember: false })
        res.set('x-subject', String(req.session.subject)).redirect(303, '/who')
      })
      app.post('/acs/page', async (req, res) => {
        await site.signIn(req, res, { subject: 'ada' })
        res.send('Welcome')
      })
      app.post('/paid', async (req, res) => {
        await req.session.update({ paid: true })
        res.redirect(303, '/who')
      })
      app.post('/paid/read', async (req, res) => {
        await req.session.data()
        res.redirect(303, '/who')
      })
      app.use(((error, _req, res, _next) => {
        const { status = 500, code = 'unknown' } = error instanceof SessionHubError ? error : {}
        res.status(status).json({ error: code })
      }) satisfies ErrorRequestHandler)
    }
    ;({ origin: shop } = await world.addSite('shop', build))
    ada = new Visitor(world.hub.origin)
  })
  afterEach(() => world.close())

  const who = async (visitor = ada) => (await visitor.ask(`${shop}/who`)).json
  const sessionsOf = (subject: string) => world.hub.hub.sessions.list(subject)

  it('signs in, and the cart comes along with the next request', async () => {
    await ada.post(shop, '/cart', {})
    const before = ada.cookies(shop).get('__Host-session')
    const [posted, arrived] = await ada.submit(`${shop}/acs`, {}, { ...BANK, 'user-agent': 'Firefox/140' })
    expect(posted?.headers['x-subject']).to.equal('ada')
    expect(posted?.headers['set-cookie']?.map((cookie) => cookie.replace(/=[^;]+/, '=…'))).to.deep.equal([
      `${POSTED}=…; Path=/; Secure; HttpOnly; SameSite=Lax`,
    ])
    expect(arrived?.json).to.deep.equal({ status: 'signed-in', subject: 'ada', data: { cart: ['boots'] } })
    expect(ada.cookies(shop).has(POSTED)).to.equal(false)
    expect(ada.cookies(shop).get('__Host-session')).to.not.equal(before)
    expect(await who()).to.include({ subject: 'ada' })
    expect(await sessionsOf('ada')).to.have.length(1)
  })

  it('signs in who has no session yet, and one who was somebody else', async () => {
    await ada.submit(`${shop}/acs`, {}, BANK)
    expect(await who()).to.include({ subject: 'ada' })
    const eve = new Visitor(world.hub.origin)
    await eve.post(shop, '/sign-in', {})
    await eve.post(shop, '/cart', {})
    await eve.submit(`${shop}/acs`, {}, BANK)
    expect(await who(eve), 'nothing of the other user’s').to.deep.equal({
      status: 'signed-in',
      subject: 'ada',
      data: {},
    })
    expect(await sessionsOf('eve')).to.deep.equal([])
  })

  it('signs in with a page of its own, and requests that come together', async () => {
    await ada.post(shop, '/cart', {})
    await ada.submit(`${shop}/acs/page`, {}, BANK)
    const all = await Promise.all([who(ada.copy()), who(ada.copy()), who()])
    for (const one of all) expect(one).to.include({ subject: 'ada' })
    expect(await sessionsOf('ada')).to.have.length(1)
  })

  it('works once: a kept copy of its cookie brings nobody back after a sign-out', async () => {
    await ada.submit(`${shop}/acs/page`, {}, BANK)
    const thief = ada.copy()
    await who()
    await ada.post(shop, '/sign-out', {})
    world.advance(61)
    expect(await who(thief)).to.include({ status: 'none' })
    expect(thief.cookies(shop).has(POSTED)).to.equal(false)
  })

  it('signs nobody out: the session would live on at the hub, and come back with the next sync', async () => {
    await ada.post(shop, '/sign-in', {})
    const [refused] = await ada.submit(`${shop}/sign-out`, {}, BANK)
    expect([refused!.status, refused!.json.error]).to.deep.equal([403, 'origin_denied'])
    expect(await who()).to.include({ subject: 'eve' })
    expect(await sessionsOf('eve')).to.have.length(1)
    // A page of the site's own may.
    expect((await ada.post(shop, '/sign-out', {})).status).to.equal(200)
    expect(await who()).to.include({ status: 'none' })
    expect(await sessionsOf('eve')).to.deep.equal([])
  })

  it('that is spent or forged leaves the session that is there', async () => {
    await ada.submit(`${shop}/acs/page`, {}, BANK)
    const spent = ada.cookies(shop).get(POSTED) ?? ''
    await who()
    await ada.post(shop, '/sign-in', {})
    world.advance(61)
    const own = ada.cookies(shop).get('__Host-session') ?? ''
    for (const cookie of [spent, own, 'x.y.z', '']) {
      ada.cookies(shop).set(POSTED, cookie)
      expect(await who(), cookie).to.include({ subject: 'eve' })
      expect(ada.cookies(shop).has(POSTED), cookie).to.equal(false)
    }
  })

  it('may be signed out before the next request, for good', async () => {
    await ada.post(shop, '/cart', {})
    await ada.submit(`${shop}/acs/page`, {}, BANK)
    const copy = ada.copy()
    await ada.post(shop, '/sign-out', {})
    expect(await who()).to.include({ status: 'none' })
    expect(ada.cookies(shop).has(POSTED)).to.equal(false)
    expect((await who(copy)).subject ?? null).to.equal(null)
  })

  it('signs in while the hub is down, and the cart comes when it is back', async () => {
    await ada.post(shop, '/cart', {})
    await world.hub.listener.stop()
    await ada.submit(`${shop}/acs`, {}, BANK)
    expect(await who()).to.include({ subject: 'ada' })
    await world.hub.listener.start()
    world.advance(11)
    expect(await who()).to.deep.equal({ status: 'signed-in', subject: 'ada', data: { cart: ['boots'] } })
  })

  for (const [what, headers] of Object.entries({
    'by Fetch Metadata': BANK,
    'by a page that hides its origin': { origin: 'null' },
    'in an older browser': { ...BANK, 'sec-fetch-site': undefined },
  }))
    it(`begins no session over the user's, ${what}`, async () => {
      await ada.post(shop, '/sign-in', {})
      const before = [...ada.cookies(shop)]
      const [refused] = await ada.submit(`${shop}/paid`, {}, headers)
      expect(refused?.json).to.deep.equal({ error: 'origin_denied' })
      await ada.submit(`${shop}/paid/read`, {}, headers)
      expect([...ada.cookies(shop)]).to.deep.equal(before)
      expect(await who()).to.deep.equal({ status: 'signed-in', subject: 'eve', data: {} })
    })

  it('is no other than a form of this site’s own, a subdomain’s, or a program’s', async () => {
    for (const headers of [
      { origin: shop, 'sec-fetch-site': 'same-origin' },
      { origin: 'https://www.shop.example', 'sec-fetch-site': 'same-site' },
      { origin: undefined, 'sec-fetch-site': 'none' },
      { origin: undefined, 'sec-fetch-site': undefined },
    ]) {
      const visitor = new Visitor(world.hub.origin)
      await visitor.submit(`${shop}/paid`, {}, headers)
      expect((await who(visitor)).data, JSON.stringify(headers)).to.deep.equal({ paid: true })
      await visitor.submit(`${shop}/acs/page`, {}, headers)
      expect(visitor.cookies(shop).has(POSTED)).to.equal(false)
    }
  })
})
