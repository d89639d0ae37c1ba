/** `mayStore`: before the visitor has agreed, no cookie at all is set, no session begins, and no endpoint does anything of the kind. */
import { expect } from 'chai'
import type { SessionHubError, SiteOptions } from 'session-hub/site'

import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const SESSION = '__Host-session'

describe('a visitor who has not agreed that anything is stored', () => {
  let world: World
  let shop: string
  let travel: string
  let ada: Visitor
  let sentCookies: string[]

  /** The application's own banner has set it, on both hosts. */
  const agree = (visitor = ada) => {
    for (const site of [shop, travel]) visitor.cookies(site).set('consent', 'yes')
  }
  const disagree = (visitor = ada) => {
    for (const site of [shop, travel]) visitor.cookies(site).delete('consent')
  }
  /** Of Node's request and of the Web's. */
  const cookieOf = ({ headers }: { headers: unknown }) =>
    headers instanceof Headers ? headers.get('cookie') : (headers as { cookie?: string }).cookie
  const mayStore = async (req: { headers: unknown }) => (cookieOf(req) ?? '').includes('consent=yes')

  async function start(options: Partial<SiteOptions> = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], sisters: true, site: { mayStore, ...options } })
    for (const { site, listener } of Object.values(world.sites))
      listener.app.use('/once', (req, res, next) => {
        site.redirectOnce()(req as never, res as never, next)
      })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    ada = new Visitor(world.hub.origin)
    sentCookies = []
  }
  afterEach(() => world.close())

  const seen = (...replies: Reply[]) => {
    for (const { headers } of replies)
      for (const cookie of headers['set-cookie'] ?? []) if (!/=;|hub-/.test(cookie)) sentCookies.push(cookie)
    return replies.at(-1)!
  }
  const ownCookies = () => [...ada.cookies(travel).keys(), ...ada.cookies(shop).keys()]

  it('gets no cookie from any page, call or endpoint, and nothing begins at the hub', async () => {
    await start()
    const bob = new Visitor(world.hub.origin)
    agree(bob)
    await bob.post(travel, '/cart', { item: 'map' })
    await bob.sync(travel)
    // The hub's cookie alone: whoever has it would get the session here.
    ada.jar.set(new URL(world.hub.origin).host, bob.cookies(world.hub.origin))
    const { nonce, verifier, ticket } = await ada.ticket(shop)
    const link = await bob.linkTicket(travel, shop)
    const acts = () =>
      world.hub.listener.seen.filter(({ url }) => url.startsWith('/backchannel/') && !url.endsWith('/events'))
    const before = acts().length

    const refusals: Record<string, [number, unknown, () => Promise<Reply>]> = {
      'a first update': [403, 'consent_required', () => ada.post(shop, '/cart', { item: 'boots' })],
      'a first patch': [403, 'consent_required', () => ada.post(shop, '/patch', { a: 1 })],
      'a sign-in': [403, 'consent_required', () => ada.post(shop, '/sign-in', { name: 'ada' })],
      'a ticket': [
        403,
        'consent_required',
        () => ada.post(shop, '/session-hub/redeem', { ticket, verifier }),
      ],
      'an offer': [200, undefined, () => ada.post(shop, '/session-hub/offer', { nonce })],
      'a link': [200, undefined, () => ada.post(shop, '/session-hub/link', { to: travel })],
      'a sign-out': [200, undefined, () => ada.post(shop, '/session-hub/sign-out', {})],
      'a page': [200, undefined, () => ada.ask(`${shop}/whoami`)],
    }
    for (const [what, [status, error, ask]] of Object.entries(refusals)) {
      const reply = seen(await ask())
      expect({ what, status: reply.status, error: reply.json.error }).to.deep.equal({ what, status, error })
    }
    const redirected = await ada.redirect(shop)
    expect(redirected.arrival).to.equal(undefined)
    seen(...redirected.replies)
    expect(seen(...(await ada.navigate(`${shop}/once`))).status).to.equal(404)
    const followed = await ada.submit(
      `${shop}/session-hub/enter`,
      { ticket: link!, to: `${shop}/who` },
      { origin: travel },
    )
    expect(seen(...followed)).to.include({ status: 200 })
    expect(sentCookies).to.deep.equal([])
    expect(ownCookies()).to.deep.equal([])
    expect(acts(), 'the hub was asked nothing').to.have.length(before)
  })

  it('gets all of it after the consent, in the same browser, and by the same ticket', async () => {
    await start()
    const bob = new Visitor(world.hub.origin)
    agree(bob)
    await bob.post(travel, '/cart', { item: 'map' })
    await bob.sync(travel)
    ada.jar.set(new URL(world.hub.origin).host, bob.cookies(world.hub.origin))
    const { verifier, ticket } = await ada.ticket(shop)
    expect((await ada.post(shop, '/session-hub/redeem', { ticket, verifier })).status).to.equal(403)
    agree()
    expect((await ada.post(shop, '/session-hub/redeem', { ticket, verifier })).status).to.equal(200)
    expect(ownCookies()).to.include.members([SESSION, `${SESSION}-state`])
    expect((await ada.post(shop, '/sign-in', { name: 'ada' })).json).to.deep.equal({ subject: 'ada' })
    expect((await ada.redirect(shop)).arrival).to.match(/^redirect\./)
    // A sister's page posts the link, and the browser keeps the consent's own cookie back: so this is a no.
    const followed = await ada.follow(shop, `${travel}/who`)
    expect(followed.arrival).to.equal(undefined)
    expect(followed.replies.at(-1)).to.include({ status: 200 })
  })

  it('who takes the consent back keeps what is there, gets nothing new, and can be signed out', async () => {
    await start()
    agree()
    await ada.post(shop, '/sign-in', { name: 'ada' })
    disagree()
    world.advance(400)
    const page = seen(await ada.ask(`${shop}/who`))
    expect(page.json).to.include({ subject: 'ada' })
    expect((await ada.post(shop, '/cart', { item: 'boots' })).json, 'it is there already').to.deep.equal({
      cart: ['boots'],
    })
    expect(sentCookies).to.deep.equal([])
    await ada.post(shop, '/session-hub/sign-out', {})
    expect(ownCookies()).to.deep.equal([])
  })

  it('can opt out of sharing all the same: that word is the visitor’s own', async () => {
    await start()
    expect((await ada.post(shop, '/session-hub/forget', { off: true })).status).to.equal(200)
    expect([...ada.cookies(shop).keys()]).to.deep.equal([`${SESSION}-off`])
  })

  for (const [what, said] of Object.entries({
    throws: () => {
      throw new Error('no database')
    },
    'says something else than true': () => 'yes' as never,
    'says nothing': () => undefined as never,
  })) {
    it(`R21: has not agreed where the application ${what}`, async () => {
      await start({ mayStore: said })
      agree()
      const reply = await ada.post(shop, '/cart', { item: 'boots' })
      expect(reply.status).to.be.oneOf([403, 500, 503])
      expect(reply.headers['set-cookie']).to.equal(undefined)
      expect((await ada.ask(`${shop}/who`)).json).to.include({ session: 'none' })
    })
  }

  it('may agree in the very request that stores something', async () => {
    let has = false
    await start({ mayStore: () => has })
    const own = await world.addSite(
      'magazine',
      (app, site) => {
        app.use(site.router, site.session())
        app.post('/agree', async (req, res) => {
          const before = await req.session.update({ a: 1 }).then(
            () => 'stored',
            (error: unknown) => (error as SessionHubError).code,
          )
          has = true
          res.json([before, await req.session.update({ a: 1 })])
        })
      },
      { mayStore: () => has },
    )
    expect((await ada.post(own.origin, '/agree', {})).json).to.deep.equal(['consent_required', { a: 1 }])
    expect(ada.cookies(own.origin).size).to.equal(2)
  })
})
