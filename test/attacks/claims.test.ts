/** What a site changes of a user's claims, as it would get at more than is its own. Each attack has its twin, which is allowed (R33, R37). */
import { expect } from 'chai'
import type { SiteRegistration } from 'session-hub/hub'

import { accountApp } from '../support/account-app.js'
import { siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal } from '../support/refusal.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const CLAIMS = { plan: 'free', role: 'user' }

describe('R37: changing claims, attacked', () => {
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string
  let magazine: string

  /** The shop and the magazine may do everything; travel is what the test makes of it. */
  async function begin(registration: Partial<SiteRegistration>): Promise<void> {
    world = await startWorld({ registration: (name) => (name === 'travel' ? registration : {}) })
    for (const { listener, site } of Object.values(world.sites)) listener.use(accountApp(site))
    ;[shop, travel, magazine] = ['shop', 'travel', 'magazine'].map((name) => world.siteOf(name).origin) as [
      string,
      string,
      string,
    ]
    ada = await signedIn(shop)
  }
  afterEach(() => world.close())

  /** A browser of ada's, signed in there. */
  async function signedIn(site: string): Promise<Visitor> {
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(site, '/sign-in', { name: 'ada', claims: CLAIMS })
    return visitor
  }

  const nameOf = (site: string) => /\/\/(\w+)\./.exec(site)![1]!
  const heldAt = (site: string, by = ada) => String(handleIn(by.cookies(site).get('__Host-session')!))

  /** The site's own backend, or whoever has its keys. */
  const act = (site: string, patch: object, handle = heldAt(site)): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/claims`, {
      method: 'POST',
      body: { handle, patch },
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf(nameOf(site)))}`,
      },
    })

  async function claims(site: string, by = ada): Promise<unknown> {
    world.advance(301)
    return (await by.whoami(site)).claims
  }

  it('is refused for a claim that the site may not set, with `null` too, and changes nothing; for its own it is done', async () => {
    await begin({ share: { claims: ['plan'] } })
    await ada.sync(shop)
    await ada.sync(travel)
    for (const patch of [{ role: 'admin' }, { role: null }, { plan: 'gold', role: 'admin' }])
      expectRefusal(await act(travel, patch), 403, 'data_denied')
    expect(await claims(shop)).to.deep.equal(CLAIMS)

    const { status, json } = await act(travel, { plan: 'gold' })
    expect({ status, claims: json.claims }, 'and shows no other').to.deep.equal({
      status: 200,
      claims: { plan: 'gold' },
    })
    expect(await claims(shop)).to.deep.equal({ plan: 'gold', role: 'user' })
  })

  it('reaches no session that began in another group; in its own it reaches all', async () => {
    await begin({ group: 'partners' })
    const [partner, reader] = [await signedIn(travel), await signedIn(magazine)]
    expect((await act(shop, { role: 'admin' })).status).to.equal(200)
    expect(await claims(travel, partner)).to.deep.equal(CLAIMS)
    expect(await claims(magazine, reader)).to.deep.equal({ plan: 'free', role: 'admin' })

    expect((await act(travel, { role: 'partner' }, heldAt(travel, partner))).status).to.equal(200)
    expect(await claims(travel, partner)).to.deep.equal({ plan: 'free', role: 'partner' })
    expect(await claims(shop)).to.deep.equal({ plan: 'free', role: 'admin' })
  })

  it('by a site that only receives changes no session of others; one that began with it is its own', async () => {
    await begin({ mayOffer: false })
    const own = await signedIn(travel)
    await ada.sync(shop)
    await ada.sync(travel)
    expectRefusal(await act(travel, { role: 'admin' }), 403, 'data_denied')
    expect((await act(travel, { role: 'admin' }, heldAt(travel, own))).status).to.equal(200)

    expect(await claims(shop)).to.deep.equal(CLAIMS)
    expect(await claims(travel)).to.deep.equal(CLAIMS)
    expect(await claims(travel, own)).to.deep.equal({ plan: 'free', role: 'admin' })
  })

  it("is not done by the handle of another site's session; by the site's own it is", async () => {
    await begin({})
    await ada.sync(shop)
    await ada.sync(travel)
    expectRefusal(await act(travel, { role: 'admin' }, heldAt(shop)), 410, 'session_ended')
    expect(await claims(shop)).to.deep.equal(CLAIMS)
    expect((await act(travel, { role: 'admin' })).status).to.equal(200)
    expect(await claims(shop)).to.deep.equal({ plan: 'free', role: 'admin' })
  })

  it('is not done by a handle that was given up, nor for an anonymous visitor; by the present one it is', async () => {
    await begin({})
    const former = heldAt(shop)
    await ada.post(shop, '/sign-in', { name: 'ada', claims: CLAIMS })
    expectRefusal(await act(shop, { role: 'admin' }, former), 410, 'session_ended')
    const nobody = new Visitor(world.hub.origin)
    await nobody.post(shop, '/cart', { item: 'boots' })
    expectRefusal(await act(shop, { role: 'admin' }, heldAt(shop, nobody)), 401, 'sign_in_required')
    expect((await act(shop, { plan: 'gold' })).status).to.equal(200)
    expect(await claims(shop)).to.deep.equal({ plan: 'gold', role: 'user' })
  })
})
