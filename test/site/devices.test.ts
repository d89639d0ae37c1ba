/** `site.sessions()` and what ends one of them: a user's own list, on a site where the user is signed in. */
import { expect } from 'chai'
import express from 'express'
import type { SessionHubError } from 'session-hub/site'

import { startUsers, type Users } from '../support/users.js'
import type { Reply, Visitor } from '../support/visitor.js'

interface Listed {
  readonly ref: string
  readonly site: string
  readonly sites: readonly string[]
  readonly agent: string | null
  readonly createdAt: string
  readonly seenAt: string
  readonly expiresAt: string
  readonly isCurrent: boolean
}

describe('the list of a user’s own sessions', () => {
  let users: Users
  let desktop: Visitor
  let phone: Visitor
  let bob: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    users = await startUsers()
    ;({ shop, travel } = users)
    ;[desktop, phone, bob] = [users.browser(), users.browser(), users.browser()]
    await users.signIn(desktop, 'ada', { headers: { 'user-agent': 'Desktop' } })
    await users.signIn(phone, 'ada', { headers: { 'user-agent': 'Phone' } })
    await users.signIn(bob, 'bob')
  })
  afterEach(() => users.world.close())

  const list = async (visitor: Visitor, site: string) =>
    (await visitor.ask(`${site}/account/sessions`)).json.sessions as Listed[]
  const end = (visitor: Visitor, site: string, ref: unknown): Promise<Reply> =>
    visitor.post(site, '/account/end', { ref })
  const there = () => users.everywhere(desktop, phone, bob)
  const ALL = ['ada,ada', 'ada,ada', 'bob,bob']

  it('shows them with the newest first, and which one is this browser’s', async () => {
    for (const site of [shop, travel]) {
      const [newest, oldest, ...rest] = await list(desktop, site)
      expect(rest).to.deep.equal([])
      expect(newest).to.include({ agent: 'Phone', site: shop, isCurrent: false })
      expect(oldest).to.include({ agent: 'Desktop', site: shop, isCurrent: true })
      expect(Date.parse(newest!.createdAt)).to.be.closeTo(users.world.now(), 60_000)
      expect(Date.parse(newest!.seenAt)).to.be.closeTo(users.world.now(), 60_000)
      expect(Date.parse(newest!.expiresAt)).to.be.closeTo(users.world.now() + 30 * 86_400_000, 60_000)
    }
    expect((await list(phone, travel)).map(({ isCurrent }) => isCurrent)).to.deep.equal([true, false])
  })

  it('names each by a ref of this site’s own, and by nothing else that could open it', async () => {
    const [here, elsewhere] = [await list(desktop, shop), await list(desktop, travel)]
    const refs = [...here, ...elsewhere].map(({ ref }) => ref)
    expect(new Set(refs).size).to.equal(4)
    for (const ref of refs) expect(ref).to.match(/^[\w-]{22}$/)
    expect(Object.keys(here[0]!).sort()).to.deep.equal([
      'agent',
      'createdAt',
      'expiresAt',
      'isCurrent',
      'ref',
      'seenAt',
      'site',
      'sites',
    ])
  })

  it('names the sites where each is in use, and no other', async () => {
    const tablet = users.browser()
    await tablet.post(shop, '/account/sign-in', { subject: 'ada' })
    const sites = async (visitor: Visitor, site: string) =>
      (await list(visitor, site)).map(({ sites: listed }) => listed)
    const both = [shop, travel].sort()
    expect(await sites(desktop, travel)).to.deep.equal([[shop], both, both])
    const hubs = await users.world.hub.hub.sessions.list('ada')
    expect(hubs.map(({ sites: listed }) => listed)).to.deep.equal([[shop], both, both])

    users.world.unregister(travel)
    expect(await sites(desktop, shop), 'a site that is registered no more').to.deep.equal([
      [shop],
      [shop],
      [shop],
    ])
  })

  it('ends one of them by its ref, from another site than where it began', async () => {
    const [newest] = await list(desktop, travel)
    expect((await end(desktop, travel, newest!.ref)).json).to.deep.equal({ ended: true })

    expect((await phone.sync(shop)).ended).to.equal('revoked')
    expect(await there()).to.deep.equal(['ada,ada', ',', 'bob,bob'])
    expect(await list(desktop, shop)).to.have.length(1)
    expect((await end(desktop, travel, newest!.ref)).json, 'once more').to.deep.equal({ ended: false })
  })

  it('ends this browser’s own too', async () => {
    const own = (await list(desktop, shop)).find(({ isCurrent }) => isCurrent)
    expect((await end(desktop, shop, own?.ref)).json).to.deep.equal({ ended: true })

    expect(await there()).to.deep.equal([',', 'ada,ada', 'bob,bob'])
  })

  it('ends all but this browser’s own', async () => {
    const tablet = users.browser()
    await users.signIn(tablet, 'ada')
    expect((await desktop.post(shop, '/account/end-others', {})).json).to.deep.equal({ ended: 2 })

    expect(await there()).to.deep.equal(['ada,ada', ',', 'bob,bob'])
    expect(await users.everywhere(tablet)).to.deep.equal([','])
    expect((await list(desktop, travel)).map(({ isCurrent }) => isCurrent)).to.deep.equal([true])
    expect((await desktop.post(shop, '/account/end-others', {})).json, 'once more').to.deep.equal({
      ended: 0,
    })
    expect((await desktop.sync(travel)).outcome).to.equal('keep')
  })

  for (const ref of ['A'.repeat(22), undefined, '', 'x', 7, null, '__proto__', ['A'.repeat(22)]]) {
    it(`ends nothing by ${ref === undefined ? 'nothing' : JSON.stringify(ref)}`, async () => {
      const reply = await end(desktop, shop, ref)
      if (reply.status === 200) expect(reply.json).to.deep.equal({ ended: false })
      else expect(reply.json).to.deep.equal({ error: 'request_invalid' })
      expect(await there()).to.deep.equal(ALL)
    })
  }

  it('is nobody’s who is not signed in', async () => {
    const nobody = users.browser()
    const anonymous = users.browser()
    await anonymous.post(shop, '/cart', { item: 'boots' })
    for (const visitor of [nobody, anonymous]) {
      const replies = [
        await visitor.ask(`${shop}/account/sessions`),
        await end(visitor, shop, (await list(desktop, shop))[0]!.ref),
        await visitor.post(shop, '/account/end-others', {}),
      ]
      for (const { status, json } of replies)
        expect({ status, json }).to.deep.equal({ status: 401, json: { error: 'sign_in_required' } })
    }
    expect(await there()).to.deep.equal(ALL)
  })

  it('is nobody’s on a request whose session was never loaded', async () => {
    const { site } = users.world.siteOf('shop')
    const listed = await site.sessions({} as never).catch((error: unknown) => error)
    expect(listed).to.have.property('code', 'sign_in_required')
  })

  it('is nobody’s whose session has ended elsewhere, which is not that there are no others', async () => {
    const acts: ((browser: Visitor) => Promise<Reply>)[] = [
      (browser) => browser.ask(`${shop}/account/sessions`),
      (browser) => browser.post(shop, '/account/end', { ref: 'A'.repeat(22) }),
      (browser) => browser.post(shop, '/account/end-others', {}),
    ]
    const browsers = acts.map(() => desktop.copy())
    await users.world.hub.hub.sessions.endAll('ada')
    for (const [at, act] of acts.entries()) {
      const { status, json, headers } = await act(browsers[at]!)
      expect({ status, json }).to.deep.equal({ status: 401, json: { error: 'sign_in_required' } })
      expect(headers['set-cookie'], 'its cookies are cleared').to.have.length(2)
      // A page that leads to the sign-in does not come here again.
      expect((await browsers[at]!.ask(`${shop}/who`)).json).to.include({ session: 'none' })
    }
  })

  it('is unavailable while the hub is, also to one whose sign-in the hub does not know yet', async () => {
    await users.world.hub.listener.stop()
    const late = users.browser()
    await late.post(shop, '/account/sign-in', { subject: 'ada' })
    for (const visitor of [desktop, late]) {
      const replies = [
        await visitor.ask(`${shop}/account/sessions`),
        await visitor.post(shop, '/account/end-others', {}),
      ]
      for (const { status, json } of replies)
        expect({ status, json }).to.deep.equal({ status: 503, json: { error: 'unavailable' } })
    }
  })

  it('is unavailable to one who has signed in by this very request, of which the hub could not be told', async () => {
    const { site, listener } = users.world.siteOf('shop')
    listener.use(
      express.Router().post('/sign-in-and-list', site.session(), async (req, res) => {
        await site.signIn(req, res, { subject: 'ada' })
        const listed = await site.sessions(req).catch((error: unknown) => error)
        res.json({ error: (listed as Partial<SessionHubError>).code ?? null })
      }),
    )
    expect((await users.browser().post(shop, '/sign-in-and-list', {})).json).to.include({ error: null })
    await users.world.hub.listener.stop()
    expect((await users.browser().post(shop, '/sign-in-and-list', {})).json).to.include({
      error: 'unavailable',
    })
  })

  it('is unavailable, and not nobody’s, where the session can be trusted no more and the hub cannot be asked (R21)', async () => {
    await users.world.hub.listener.stop()
    users.world.advance(2 * 86_400)
    const { status, json } = await desktop.ask(`${shop}/account/sessions`)
    expect({ status, json }).to.deep.equal({ status: 503, json: { error: 'unavailable' } })
    const nobody = await users.browser().ask(`${shop}/account/sessions`)
    expect(nobody.status, 'the twin').to.equal(401)
  })

  it('holds a hundred at most', async () => {
    for (let at = 0; at < 110; at += 1)
      await users.browser().post(shop, '/account/sign-in', { subject: 'cleo' })
    const cleo = users.browser()
    await cleo.post(shop, '/account/sign-in', { subject: 'cleo' })

    const shown = await list(cleo, shop)
    expect(shown).to.have.length(100)
    expect(shown[0]).to.include({ isCurrent: true })
    expect((await cleo.post(shop, '/account/end-others', {})).json).to.deep.equal({ ended: 110 })
    expect(await list(cleo, shop)).to.have.length(1)
  })
})
