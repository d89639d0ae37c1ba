/** `/admin/sites`: who may use it, and what strangers' pages cannot do with it (R32). */
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import { Administrator, newToken } from '../support/administrator.js'
import { startWorld, type World } from '../support/world.js'

const SHOP = 'https://shop.example'
const keeper = newToken('keeper', 'sites')
const chief = newToken('chief', 'read', 'logout-all')

describe('the sites of the admin pages', () => {
  let world: World
  const start = async (storedSites = true) => {
    world = await startWorld({
      sites: [],
      hub: { storedSites, admin: { tokens: [keeper.known, chief.known] } },
    })
  }
  beforeEach(() => start())
  afterEach(() => world.close())

  const administrator = async ({ token }: typeof keeper) => {
    const one = new Administrator(world.hub.origin)
    await one.signIn(token)
    await one.read('/admin/sites')
    return one
  }
  const listed = async () =>
    (await world.hub.hub.sites.list()).map(({ origin, state }) => `${origin} ${state}`)
  const add = async () => world.hub.hub.sites.add((await generateSite(SHOP)).registration)

  it('does one who may look after sites alone come to them after the sign-in?', async () => {
    const one = new Administrator(world.hub.origin)
    expect((await one.signIn(keeper.token)).headers.location).to.equal('/admin/sites')
    expect((await one.read('/admin/sites')).status).to.equal(200)
    expect((await one.read('/admin')).status, 'and to no sessions').to.equal(403)
  })

  it('is a new site’s key shown once, and never listed?', async () => {
    const one = await administrator(keeper)
    const page = await one.send('/admin/sites/add', { origin: SHOP })
    expect(page.status).to.equal(200)
    const secret = /&#34;d&#34;:&#34;([\w-]{43})/.exec(page.text)?.[1]
    expect(secret, page.text).to.be.a('string')
    expect(await listed()).to.deep.equal([`${SHOP} on`])
    for (const path of ['/admin/sites', `/admin/sites?site=${SHOP}`]) {
      const { text, headers } = await one.read(path)
      expect(text).to.include(SHOP).and.not.include(secret!)
      expect(headers['cache-control']).to.include('no-store')
    }
  })

  it('are new keys that were lost forgotten again, and the old ones kept?', async () => {
    await add()
    const one = await administrator(keeper)
    const step = (word: string) => one.send('/admin/sites/rotate-keys', { origin: SHOP, step: word })
    const kids = async () => (await world.hub.hub.sites.list())[0]!.signingKids
    const before = await kids()
    expect((await step('first')).status).to.equal(200)
    expect((await one.read(`/admin/sites?site=${SHOP}`)).text).to.include('Forget the new keys')
    expect(await kids()).to.have.length(2)
    expect((await step('cancel')).status).to.equal(303)
    expect(await kids()).to.deep.equal(before)
  })

  const acts: Record<string, [path: string, fields: Record<string, string>, after: string[]]> = {
    'turn it off': ['turn', { turn: 'off' }, [`${SHOP} off`]],
    'change it': ['change', { group: 'red' }, [`${SHOP} on`]],
    'change its keys': ['rotate-keys', { step: 'first' }, [`${SHOP} on`]],
    'remove it': ['remove', { sure: 'yes' }, []],
  }
  for (const [what, [path, fields, after]] of Object.entries(acts)) {
    const act = (one: Administrator, headers = {}) =>
      one.send(`/admin/sites/${path}`, { origin: SHOP, ...fields }, headers)

    it(`may one with the permission ${what}?`, async () => {
      await add()
      expect((await act(await administrator(keeper))).status).to.be.oneOf([200, 303])
      expect(await listed()).to.deep.equal(after)
      const [row] = await world.hub.store.audit({ limit: 1 })
      expect(row).to.include({ who: 'keeper', site: SHOP, outcome: 'done' })
    })

    it(`may one without it ${what}? It is refused, and written down`, async () => {
      await add()
      const before = JSON.stringify(await world.hub.hub.sites.list())
      const one = await administrator(chief)
      await one.read('/admin')
      expect((await act(one)).status).to.equal(403)
      expect(JSON.stringify(await world.hub.hub.sites.list())).to.equal(before)
      const [row] = await world.hub.store.audit({ limit: 1 })
      expect(row).to.include({ who: 'chief', site: SHOP, outcome: 'refused' })
    })

    it(`can a stranger’s page ${what} through an administrator’s browser?`, async () => {
      await add()
      const before = JSON.stringify(await world.hub.hub.sites.list())
      const one = await administrator(keeper)
      const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      expect((await act(one, foreign)).status).to.equal(403)
      one.formTag = 'A'.repeat(22)
      expect((await act(one)).status, 'nor without the form’s tag').to.equal(403)
      expect(JSON.stringify(await world.hub.hub.sites.list())).to.equal(before)
    })
  }

  it('is what somebody writes into a name shown as text?', async () => {
    const one = await administrator(keeper)
    const page = await one.send('/admin/sites/add', { origin: '"><script>alert(1)</script>' })
    expect(page.status).to.equal(400)
    expect(page.text).to.not.include('<script>')
  })

  it('does a site that waits for its proof say what its owner has to do?', async () => {
    const one = await administrator(keeper)
    await one.send('/admin/sites/add', { origin: 'https://shop.invalid', prove: 'yes' })
    const { text } = await one.read('/admin/sites?site=https://shop.invalid')
    expect(text).to.include('https://shop.invalid/.well-known/session-hub-site.txt')
    const checked = await one.send('/admin/sites/prove', { origin: 'https://shop.invalid' })
    expect(checked.status).to.equal(409)
    expect(checked.text).to.include('its name does not resolve')
    expect(await listed()).to.deep.equal(['https://shop.invalid pending'])
  })

  it('is there none of it without the option, nor a link to it?', async () => {
    await world.close()
    await start(false)
    const one = new Administrator(world.hub.origin)
    await one.signIn(chief.token)
    expect((await one.read('/admin/sites')).status).to.equal(404)
    expect((await one.read('/admin')).text).to.not.include('/admin/sites')
  })
})
