/** `/admin/api/sites`: who may change the hub's sites by program, and what a stranger's page or a wrong body cannot do with it (R32). */
import { expect } from 'chai'
import { generateSite, type SiteRegistration } from 'session-hub/hub'

import { Administrator, newToken, program } from '../support/administrator.js'
import type { Reply } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const SHOP = 'https://shop.example'
const API = '/admin/api/sites'
const keeper = newToken('keeper', 'sites')
const chief = newToken('chief', 'read', 'logout-all')

describe('the sites of the programming interface', () => {
  let world: World
  let registration: SiteRegistration
  const start = async (storedSites = true) => {
    world = await startWorld({
      sites: [],
      hub: { storedSites, admin: { tokens: [keeper.known, chief.known] } },
    })
  }
  beforeEach(async () => {
    await start()
    ;({ registration } = await generateSite(SHOP))
    await world.hub.hub.sites.add(registration)
  })
  afterEach(() => world.close())

  const asked = (...given: Parameters<ReturnType<typeof program>>): Promise<Reply> =>
    program(world.hub.origin, keeper.token)(...given)
  const state = async () => JSON.stringify(await world.hub.hub.sites.list())
  const rows = async () => (await world.hub.store.audit({ limit: 100 })).length

  const acts: Record<string, object> = {
    add: { site: { origin: 'https://new.example' } },
    change: { origin: SHOP, changes: { mayImpersonate: true } },
    disable: { origin: SHOP },
    'rotate-keys': { origin: SHOP, step: 'begin' },
    remove: { origin: SHOP },
  }
  for (const [act, body] of Object.entries(acts)) {
    it(`${act}: is it done for a program with the permission, and for nobody without a token or with a wrong one?`, async () => {
      const before = await state()
      const stranger = new Administrator(world.hub.origin)
      const nobody = await stranger.ask(`${world.hub.origin}${API}/${act}`, { method: 'POST', body })
      expect(nobody.status).to.equal(401)
      const wrong = await program(world.hub.origin, newToken('keeper', 'sites').token)(`${API}/${act}`, body)
      expect(wrong.status).to.equal(401)
      expect(await state()).to.equal(before)

      expect((await asked(`${API}/${act}`, body)).status).to.equal(200)
      expect(await state()).to.not.equal(before)
    })

    it(`${act}: can a stranger’s page do it through an administrator’s browser? The hub’s own page can`, async () => {
      const before = await state()
      const one = new Administrator(world.hub.origin)
      await one.signIn(keeper.token)
      const send = (headers: Record<string, string>) =>
        one.ask(`${world.hub.origin}${API}/${act}`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', ...headers },
        })
      const own = { origin: world.hub.origin, 'sec-fetch-site': 'same-origin', 'x-session-hub': '1' }
      const { 'x-session-hub': _header, ...plain } = own
      const foreign = [
        { ...own, origin: 'https://evil.example' },
        { ...own, 'sec-fetch-site': 'same-site' },
        { ...own, 'sec-fetch-site': 'cross-site' },
        plain,
      ]
      for (const headers of foreign) expect((await send(headers)).status).to.equal(403)
      expect(await state()).to.equal(before)
      // A browser's form has no such type, and needs no leave of the hub's to be sent.
      expect((await send({ ...own, 'content-type': 'text/plain' })).status).to.equal(415)
      expect(await state()).to.equal(before)

      expect((await send(own)).status).to.equal(200)
      expect(await state()).to.not.equal(before)
    })
  }

  it('is nothing changed by a GET, nor by a name that is no act?', async () => {
    const before = [await state(), await rows()]
    for (const act of [...Object.keys(acts), 'prove', 'enable'])
      expect((await asked(`${API}/${act}?origin=${SHOP}`)).status).to.equal(404)
    for (const name of ['', '/', '/constructor', '/__proto__', '/toString'])
      expect((await asked(`${API}${name}`, { origin: SHOP })).status, name).to.equal(404)
    expect([await state(), await rows()]).to.deep.equal(before)
  })

  const bodies: Record<string, [act: string, body: () => object]> = {
    'a private key': [
      'add',
      () => ({
        site: {
          ...registration,
          origin: 'https://x.example',
          signingKeys: [{ ...registration.signingKeys[0], d: 'A'.repeat(43) }],
        },
      }),
    ],
    'one kind of key without the other': [
      'add',
      () => ({ site: { origin: 'https://x.example', signingKeys: registration.signingKeys } }),
    ],
    'a public suffix’s wildcard': ['add', () => ({ site: { origin: 'https://*.github.io' } })],
    'an origin that is none': ['add', () => ({ site: { origin: 'shop.example' } })],
    'an origin that is no text': ['add', () => ({ site: { origin: [SHOP] } })],
    'a site that is there': ['add', () => ({ site: { origin: SHOP } })],
    'a member that nobody knows': ['add', () => ({ site: { origin: 'https://x.example', admin: true } })],
    'another origin by a change': [
      'change',
      () => ({ origin: SHOP, changes: { origin: 'https://x.example' } }),
    ],
    'other keys by a change': ['change', () => ({ origin: SHOP, changes: { signingKeys: [] } })],
    'turning on by a change': ['change', () => ({ origin: SHOP, changes: { enabled: false } })],
    'a step that is none': ['rotate-keys', () => ({ origin: SHOP, step: 'toString' })],
    'an act without its site': ['remove', () => ({})],
    'a member beside the site': ['remove', () => ({ origin: SHOP, sure: 'yes' })],
  }
  for (const [what, [act, body]] of Object.entries(bodies))
    it(`refuses ${what}, and leaves all as it was`, async () => {
      const before = await state()
      const { status, json } = await asked(`${API}/${act}`, body())
      expect([status, json.error]).to.deep.equal([400, 'request_invalid'])
      expect(await state()).to.equal(before)
    })

  it('tells no private key and no ticket key but those that it has just made, and no cache keeps them', async () => {
    const site = { origin: 'https://new.example', app: 'news' }
    const added = await asked(`${API}/add`, { site })
    const { signing, ticket, session, app } = added.json.keys as Record<string, { d: string; k: string }>
    expect(app).to.equal('news')
    expect(added.headers['cache-control']).to.include('no-store')
    const rotated = await asked(`${API}/rotate-keys`, { origin: site.origin, step: 'begin' })
    const next = rotated.json.keys as { signing: { d: string }; ticket: { k: string }[] }
    expect(rotated.headers['cache-control']).to.include('no-store')
    expect(next.ticket.map(({ k }) => k)).to.include(ticket!.k)
    const changed = await asked(`${API}/change`, { origin: site.origin, changes: { group: 'red' } })
    for (const { text, headers } of [await asked(API), changed]) {
      expect(text).to.include(site.origin)
      expect(headers['cache-control']).to.include('no-store')
      for (const secret of [
        signing!.d,
        ticket!.k,
        session!.k,
        next.signing.d,
        ...next.ticket.map(({ k }) => k),
      ])
        expect(text).to.not.include(secret)
    }
    for (const entry of world.log) expect(JSON.stringify(entry)).to.not.include(signing!.d)
  })

  it('does a member that is null have its default again?', async () => {
    const change = (changes: object) => asked(`${API}/change`, { origin: SHOP, changes })
    const terms = async (changes: object) => ((await change(changes)).json.site as { terms: object }).terms
    expect(await terms({ group: 'red', mayOffer: false })).to.deep.equal({ group: 'red', mayOffer: false })
    expect(await terms({ group: null })).to.deep.equal({ mayOffer: false })
  })

  it('is a site with keys of its own taken as it is, and pending where its owner has to prove it?', async () => {
    const { registration: site } = await generateSite('https://own.invalid')
    const { json, status } = await asked(`${API}/add`, { site, prove: true })
    expect([status, json.keys]).to.deep.equal([200, undefined])
    expect(json.site).to.include({ origin: site.origin, state: 'pending' })
    const proven = await asked(`${API}/prove`, { origin: site.origin })
    expect([proven.status, proven.json.error]).to.deep.equal([409, 'proof_missing'])
  })

  it('is there none of it without the option?', async () => {
    await world.close()
    await start(false)
    expect((await asked(API)).status).to.equal(404)
    expect((await asked(`${API}/add`, acts['add'])).status).to.equal(404)
  })
})
