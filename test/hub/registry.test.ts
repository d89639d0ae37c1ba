/** Sites that come and go while the hub runs, looked up by the application. */
import { expect } from 'chai'
import {
  generateSite,
  type FindSite,
  type GeneratedSiteKeys,
  type HubOptions,
  type SiteRegistration,
} from 'session-hub/hub'

import { siteToken } from '../support/forge.js'
import { binding, type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const NEWS = 'https://news.example'

describe('findSite', () => {
  let world: World | undefined
  let registration: SiteRegistration
  /** What the hub has asked for, in order. */
  let asked: string[]

  before(async () => {
    ;({ registration } = await generateSite(NEWS))
  })
  beforeEach(() => {
    asked = []
  })
  afterEach(() => world?.close())

  /** A hub whose sites are whatever this answers. */
  async function start(answer: FindSite, more: object = {}): Promise<World> {
    const findSite: FindSite = (origin) => {
      asked.push(origin)
      return answer(origin)
    }
    return (world = await startWorld({ sites: [], hub: { siteCacheSeconds: 5, findSite, ...more } }))
  }
  /** The frame's own address; `site` need not be an origin here. */
  const frame = (site = NEWS): Promise<Reply> =>
    send(`${world!.hub.origin}/frame?${String(new URLSearchParams({ site, nonce: binding().nonce }))}`, {
      headers: { 'sec-fetch-dest': 'iframe' },
    })
  const statusOf = async (site?: string) => (await frame(site)).status

  it('is it asked for a site that the hub was not started with?', async () => {
    await start((origin) => (origin === NEWS ? registration : undefined))
    const reply = await frame()
    expect(reply.status).to.equal(200)
    expect(reply.headers['content-security-policy']).to.include(`frame-ancestors ${NEWS}`)
    expect(asked).to.deep.equal([NEWS])
  })

  it('may its answer come later, as a promise, or be null?', async () => {
    await start(async (origin) => (origin === NEWS ? registration : null))
    expect(await statusOf()).to.equal(200)
    expect(await statusOf('https://other.example')).to.equal(404)
  })

  it('does a site work as soon as it is registered, and no longer than it is?', async () => {
    world = await startWorld({ sites: ['shop'] })
    const visitor = new Visitor(world.hub.origin)
    const { origin: shop } = world.siteOf('shop')
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.sync(shop)

    const { origin: late, registration: mine } = await world.addSite('late')
    expect(await visitor.sync(late)).to.include({ outcome: 'replace' })
    expect(await visitor.whoami(late)).to.deep.include({ data: { cart: ['boots'] } })

    world.unregister(late)
    expect((await visitor.frame(late, binding().nonce)).status).to.equal(404)
    expect((await visitor.ask(`${late}/whoami`)).status, 'nor does the back-channel know it').to.equal(503)

    world.register(mine)
    expect(await visitor.sync(late)).to.include({ outcome: 'keep' })
    expect(await visitor.whoami(late)).to.deep.include({ data: { cart: ['boots'] } })
  })

  it('is its answer believed for as long as it was told to be, and then asked for again?', async () => {
    let isThere = true
    await start(() => (isThere ? registration : undefined), {
      siteCacheSeconds: 1,
      limits: { perAddress: 1e6 },
    })
    const startedAt = Date.now()
    expect(await statusOf()).to.equal(200)
    isThere = false
    let asksBefore = 0
    while ((await statusOf()) === 200) asksBefore += 1
    expect(Date.now() - startedAt).to.be.within(950, 2000)
    expect(asksBefore).to.be.above(5)
    expect(asked, 'once for all of them, and once more').to.deep.equal([NEWS, NEWS])
  })

  it('is an unknown origin remembered too, so that a stranger cannot make it work?', async () => {
    await start(() => undefined)
    for (let ask = 1; ask <= 5; ask += 1) expect(await statusOf('https://nobody.example')).to.equal(404)
    expect(asked).to.deep.equal(['https://nobody.example'])
  })

  it('is it asked each time where nothing may be believed?', async () => {
    let isThere = true
    await start(() => (isThere ? registration : undefined), { siteCacheSeconds: 0 })
    for (const there of [true, false, true, false]) {
      isThere = there
      expect(await statusOf()).to.equal(there ? 200 : 404)
    }
  })

  it('is it asked once by twenty requests that come while it is still looking?', async () => {
    let found: (site: SiteRegistration) => void = () => undefined
    const looking = new Promise<SiteRegistration>((resolve) => (found = resolve))
    await start(() => looking)
    const statuses = Array.from({ length: 20 }, () => statusOf())
    const { seen } = world!.hub.listener
    while (seen.length < 20) await new Promise(setImmediate)
    found(registration)
    expect(new Set(await Promise.all(statuses))).to.deep.equal(new Set([200]))
    expect(asked).to.have.length(1)
  })

  it('is it never asked for what is no origin?', async () => {
    await start(() => registration)
    const noOrigins = ['news.example', 'null', `${NEWS}/`, 'https://NEWS.example', 'http://news.example']
    for (const site of noOrigins) expect(await statusOf(site), site).to.equal(404)
    expect(asked).to.deep.equal([])
    expect(await statusOf()).to.equal(200)
  })

  describe('that fails', () => {
    const failures: Record<string, () => unknown> = {
      'by throwing': () => {
        throw new Error('connect ECONNREFUSED')
      },
      'by a rejection': async () => {
        throw new Error('connect ECONNREFUSED')
      },
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what an application may do
      'by a rejection without a reason': () => Promise.reject(),
      'by the registration of another site': () => ({ ...registration, origin: 'https://other.example' }),
      'by a registration with a private key': async () => ({
        ...registration,
        signingKeys: [(await generateSite(NEWS)).keys.signing],
      }),
      'by a registration without keys': () => ({ origin: NEWS }),
      'by something else': () => 'yes',
    }
    for (const [how, fail] of Object.entries(failures)) {
      it(`${how}: is everything refused and said in the log, and the next request looked up again?`, async () => {
        let isFailing = true
        await start((() => (isFailing ? fail() : registration)) as FindSite)
        const reply = await frame()
        expect(reply.status).to.equal(503)
        expect(reply.headers['content-security-policy']).to.include("frame-ancestors 'none'")
        expect(reply.text).to.not.include('ECONNREFUSED')
        expect(world!.log.filter(({ event }) => event === 'site_lookup_failed')).to.have.length(1)

        isFailing = false
        expect(await statusOf()).to.equal(200)
      })
    }
  })

  describe('and the sites of the configuration', () => {
    it('are those never asked for?', async () => {
      await start(() => undefined, { sites: [registration] })
      expect(await statusOf()).to.equal(200)
      expect(asked).to.deep.equal([])
    })

    it('does one that is turned off stay off, whatever is answered for it?', async () => {
      await start(() => registration, { sites: [{ ...registration, enabled: false }] })
      expect(await statusOf()).to.equal(404)
      expect(asked).to.deep.equal([])
    })
  })

  it('is a site that is turned off refused at every door, and at home again when it is turned on?', async () => {
    world = await startWorld({ sites: ['shop'] })
    const visitor = new Visitor(world.hub.origin)
    const { origin: shop, registration: mine } = world.siteOf('shop')
    await visitor.post(shop, '/cart', { item: 'boots' })
    const { data } = await visitor.frame(shop, binding().nonce)
    const { nonce } = data.message
    const { offer } = (await visitor.post(shop, '/session-hub/offer', { nonce })).json as { offer: string }

    world.register({ ...mine, enabled: false })
    expect((await visitor.frame(shop, nonce)).status).to.equal(404)
    expect((await visitor.exchange(data, offer)).json.error).to.equal('site_unknown')
    expect((await visitor.ask(`${shop}/whoami`)).json.error).to.equal('unavailable')

    world.register(mine)
    expect((await visitor.exchange(data, offer)).json.outcome).to.equal('adopt')
    expect(await visitor.whoami(shop)).to.deep.include({ data: { cart: ['boots'] } })
  })
})

describe('the sisters of a site', () => {
  type Made = { readonly keys: GeneratedSiteKeys; readonly registration: SiteRegistration }
  const origins = ['https://shop.example', 'https://travel.example', 'https://blog.example'] as const
  let made: readonly [shop: Made, travel: Made, blog: Made]
  let world: World

  before(async () => {
    const [shop, travel, blog] = origins
    made = [await generateSite(shop), await generateSite(travel), await generateSite(blog)]
  })
  afterEach(() => world.close())

  const start = async (hub: Partial<HubOptions>) => {
    world = await startWorld({ sites: [], hub: { siteCacheSeconds: 0, ...hub } })
  }
  /** The registrations of these three, each with this besides. */
  const registered = (...more: readonly Partial<SiteRegistration>[]) =>
    made.map(({ registration }, at) => ({ ...registration, ...more[at] }))

  const act = ({ keys, registration: { origin } }: Made, name: string, body: object): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, { origin, keys })}`,
      },
    })
  const sistersOf = async (site: Made) => (await act(site, 'sisters', {})).json.sisters
  /** Whether the hub would give a ticket: its refusal says which, where there is no session to carry. */
  const linked = async (site: Made, to: string) => {
    const { json } = await act(site, 'link', { handle: binding().nonce, to })
    return 'ticket' in json ? json.ticket : json.error
  }

  it('are none where nothing is said: script in a page could take the session there', async () => {
    await start({ sites: registered() })
    expect(await sistersOf(made[0])).to.deep.equal([])
    expect(await linked(made[0], origins[1])).to.equal('sister_unknown')
  })

  it('are those alone that its registration lists', async () => {
    const [shop, travel, blog] = origins
    await start({ sites: registered({ sisters: [blog] }, { sisters: [] }, { sisters: [shop, travel] }) })
    expect(await sistersOf(made[0])).to.deep.equal([blog])
    expect(await linked(made[0], blog)).to.equal(null)
    expect(await linked(made[0], travel)).to.equal('sister_unknown')
    expect(await sistersOf(made[1])).to.deep.equal([])
    expect(await linked(made[1], shop)).to.equal('sister_unknown')
    expect(await sistersOf(made[2]), 'what others list does not matter').to.deep.equal([shop, travel])
    expect(await linked(made[2], shop)).to.equal(null)
  })

  it('get no ticket while they are turned off or gone, though a list names them', async () => {
    const [, travel, blog] = origins
    await start({
      sites: registered({ sisters: [travel, blog, 'https://gone.example'] }, { enabled: false }),
    })
    expect(await linked(made[0], travel)).to.equal('sister_unknown')
    expect(await linked(made[0], 'https://gone.example')).to.equal('sister_unknown')
    expect(await linked(made[0], blog)).to.equal(null)
  })

  it('get no ticket from a site that may not offer', async () => {
    await start({ sites: registered({ mayOffer: false, sisters: [origins[1]] }, { sisters: [origins[0]] }) })
    expect(await linked(made[0], origins[1])).to.equal('offer_denied')
    expect(await linked(made[1], origins[0])).to.equal(null)
  })

  it('of a site that is looked up are none, unless its registration lists them', async () => {
    const [shop, travel, blog] = origins
    const found = new Map(registered().map((registration) => [registration.origin, registration]))
    await start({ findSite: (origin) => found.get(origin) })
    expect(await sistersOf(made[0])).to.deep.equal([])
    expect(await linked(made[0], travel)).to.equal('sister_unknown')
    found.set(shop, { ...made[0].registration, sisters: [travel, blog] })
    expect(await sistersOf(made[0])).to.deep.equal([travel, blog])
    expect(await linked(made[0], travel)).to.equal(null)
    found.delete(travel)
    expect(await linked(made[0], travel)).to.equal('sister_unknown')
  })
})
