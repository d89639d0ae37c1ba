/** Sites in the store: known to every process of the hub within a second, and refused by every one within a second when they are turned off. */
import { createSecretKey } from 'node:crypto'

import { expect } from 'chai'
import {
  createHub,
  generateSite,
  type Hub,
  memoryStore,
  SessionHubError,
  type SiteRegistration,
  type Store,
} from 'session-hub/hub'

import { createSiteSeal } from '../../hub/sites/sealing.js'
import { siteToken } from '../support/forge.js'
import { listen, type Listener } from '../support/listener.js'
import { type Address, openAt } from '../support/store-address.js'
import { stores } from '../support/stores.js'
import { binding, send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const SHOP = 'https://shop.example'
const LIMITS = { perAddress: 1e6 }

async function refusal(asked: Promise<unknown>): Promise<SessionHubError> {
  const thrown: unknown = await asked.then(
    () => new Error('Nothing was refused'),
    (reason: unknown) => reason,
  )
  if (thrown instanceof SessionHubError) return thrown
  throw thrown as Error
}

/** Node looks no name up below localhost by itself. */
const streamAt = (origin: string) => `${origin.replace('hub.localhost', '127.0.0.1')}/backchannel/events`

const tokenFor = (origin: string, keys: Parameters<typeof siteToken>[1]['keys']) =>
  siteToken({ hub: { origin }, now: Date.now }, { origin: SHOP, keys })

describe('sites in the store', () => {
  let world: World
  let hub: Hub
  let shop: Awaited<ReturnType<typeof generateSite>>

  beforeEach(async () => {
    world = await startWorld({ sites: [], hub: { storedSites: true, limits: LIMITS, findSite: () => null } })
    ;({ hub } = world.hub)
    shop = await generateSite(SHOP)
  })
  afterEach(() => world.close())

  const frameAt = async (origin: string, site: string) =>
    (
      await send(`${origin}/frame?${String(new URLSearchParams({ site, nonce: binding().nonce }))}`, {
        headers: { 'sec-fetch-dest': 'iframe' },
      })
    ).status
  const frame = (site = SHOP) => frameAt(world.hub.origin, site)

  it('are there at once for whoever has added them, and gone for whoever has removed them', async () => {
    expect(await frame()).to.equal(404)
    const added = await hub.sites.add(shop.registration)
    expect(added).to.deep.include({ origin: SHOP, state: 'on' })
    expect(await frame()).to.equal(200)
    await hub.sites.remove(SHOP)
    expect(await frame()).to.equal(404)
    expect(await hub.sites.list()).to.deep.equal([])
  })

  it('show no key to whoever lists them', async () => {
    await hub.sites.add(shop.registration)
    const listed = JSON.stringify(await hub.sites.list())
    const [ticketKey] = shop.registration.ticketKeys as readonly { kid: string; k: string }[]
    expect(listed).to.include(ticketKey!.kid).and.not.include(ticketKey!.k)
  })

  it('can be turned off and on, changed, and removed and added again', async () => {
    await hub.sites.add(shop.registration)
    expect((await hub.sites.disable(SHOP)).state).to.equal('off')
    expect(await frame()).to.equal(404)
    expect((await hub.sites.enable(SHOP)).state).to.equal('on')
    expect(await frame()).to.equal(200)

    expect((await hub.sites.change(SHOP, { group: 'red', mayOffer: false })).terms).to.deep.equal({
      group: 'red',
      mayOffer: false,
    })
    expect((await hub.sites.change(SHOP, { group: undefined })).terms).to.deep.equal({ mayOffer: false })

    await hub.sites.remove(SHOP)
    expect((await hub.sites.add(shop.registration)).state).to.equal('on')
    expect(await frame()).to.equal(200)
  })

  const refused: Record<string, [code: string, act: (hub: Hub) => Promise<unknown>]> = {
    'a site twice': ['request_invalid', (it) => it.sites.add(shop.registration)],
    'a private key': [
      'request_invalid',
      (it) =>
        it.sites.add({ ...shop.registration, origin: 'https://x.example', signingKeys: [shop.keys.signing] }),
    ],
    'an origin that is none': [
      'request_invalid',
      (it) => it.sites.add({ ...shop.registration, origin: 'shop' }),
    ],
    'another origin': [
      'request_invalid',
      (it) => it.sites.change(SHOP, { origin: 'https://x.example' } as object),
    ],
    'other keys by a change': [
      'request_invalid',
      (it) => it.sites.change(SHOP, { ticketKeys: [] } as object),
    ],
    'a site that is not there': ['site_unknown', (it) => it.sites.disable('https://nobody.example')],
    'an option that nobody knows': [
      'request_invalid',
      (it) => it.sites.add(shop.registration, { prov: true } as object),
    ],
  }
  for (const [what, [code, act]] of Object.entries(refused)) {
    it(`refuse ${what}, and are as they were`, async () => {
      await hub.sites.add(shop.registration)
      const before = await hub.sites.list()
      expect((await refusal(act(hub))).code).to.equal(code)
      expect(await hub.sites.list()).to.deep.equal(before)
    })
  }

  it('cannot take the place of a site of the configuration', async () => {
    await hub.setSites([{ ...shop.registration, enabled: false }])
    expect((await refusal(hub.sites.add(shop.registration))).code).to.equal('request_invalid')
    expect(await frame()).to.equal(404)
  })

  it('are audited, each act in its own row', async () => {
    await hub.sites.add(shop.registration)
    await hub.sites.disable(SHOP)
    await hub.sites.rotateKeys(SHOP)
    await hub.sites.remove(SHOP)
    const rows = await world.hub.store.audit({ limit: 10 })
    expect(rows.map(({ act, site, who, outcome }) => [act, site, who, outcome])).to.deep.equal(
      ['site-remove', 'site-rotate-keys', 'site-disable', 'site-add'].map((act) => [
        act,
        SHOP,
        'application',
        'done',
      ]),
    )
  })

  it('get new keys in two steps, and both work in between', async () => {
    await hub.sites.add(shop.registration)
    const asks = (keys: typeof shop.keys) => asksOf(world.hub.origin, keys)
    expect(await asks(shop.keys)).to.equal(200)

    const next = (await hub.sites.rotateKeys(SHOP))!
    const renewed = { ...shop.keys, signing: next.signing }
    expect(next.ticket.map(({ kid }) => kid)[0]).to.equal(shop.keys.ticket.kid)
    expect([await asks(shop.keys), await asks(renewed)]).to.deep.equal([200, 200])
    expect((await refusal(hub.sites.rotateKeys(SHOP))).code, 'one after another').to.equal('request_invalid')

    expect(await hub.sites.rotateKeys(SHOP, { finish: true })).to.equal(undefined)
    expect([await asks(shop.keys), await asks(renewed)]).to.deep.equal([401, 200])
    const [site] = await hub.sites.list()
    expect(site!.ticketKids).to.deep.equal([next.ticket.at(-1)!.kid])
    expect((await refusal(hub.sites.rotateKeys(SHOP, { finish: true }))).code).to.equal('request_invalid')
  })

  it('forget new keys that were lost before the site had them: the old ones go on, and others can be made', async () => {
    await hub.sites.add(shop.registration)
    const lost = (await hub.sites.rotateKeys(SHOP))!
    const step = (options: object) => refusal(hub.sites.rotateKeys(SHOP, options))
    expect((await step({ finish: true, cancel: true })).code).to.equal('request_invalid')
    expect(await hub.sites.rotateKeys(SHOP, { cancel: true })).to.equal(undefined)
    const asks = (keys: typeof shop.keys) => asksOf(world.hub.origin, keys)
    const isKnown = [await asks(shop.keys), await asks({ ...shop.keys, signing: lost.signing })]
    expect(isKnown).to.deep.equal([200, 401])
    expect((await step({ cancel: true })).code, 'once').to.equal('request_invalid')

    const next = (await hub.sites.rotateKeys(SHOP))!
    expect(next.ticket.map(({ kid }) => kid))
      .to.have.length(2)
      .and.not.include(lost.ticket[1]!.kid)
    await hub.sites.rotateKeys(SHOP, { finish: true })
    expect(await asks({ ...shop.keys, signing: next.signing })).to.equal(200)
  })

  it('of an app are brought back together, after a change that ended in the middle', async () => {
    const others = ['https://a.shop.example', 'https://b.shop.example', 'https://c.shop.example']
    for (const origin of others) await hub.sites.add({ ...shop.registration, origin, app: 'shop' })
    // The third one is not reached: as if the command had been killed before it.
    const put = world.hub.store.putSite.bind(world.hub.store)
    world.hub.store.putSite = async (change) => {
      if (change.origin === others[2]) throw new Error('killed')
      return put(change)
    }
    await hub.sites.rotateKeys(others[0]!).catch(() => undefined)
    world.hub.store.putSite = put
    const kids = async () => (await hub.sites.list()).map(({ ticketKids }) => ticketKids.length)
    expect(await kids()).to.deep.equal([2, 2, 1])

    await hub.sites.rotateKeys(others[0]!, { cancel: true })
    expect(await kids()).to.deep.equal([1, 1, 1])
    await hub.sites.rotateKeys(others[0]!)
    expect(await kids()).to.deep.equal([2, 2, 2])
  })

  /** 401: the back-channel does not know the site by these keys. */
  const asksOf = async (origin: string, keys: typeof shop.keys) => {
    const reply = await fetch(streamAt(origin), {
      headers: { authorization: `Bearer ${tokenFor(origin, keys)}` },
    })
    await reply.body?.cancel()
    return reply.status
  }

  it('need the option, and say so', async () => {
    const other = await startWorld({ sites: [] })
    try {
      expect((await refusal(other.hub.hub.sites.add(shop.registration))).message).to.include('storedSites')
    } finally {
      await other.close()
    }
  })

  describe('as wildcards', () => {
    const star = 'https://*.preview.example'
    const add = (origin: string) => hub.sites.add({ ...shop.registration, origin })

    it('stand for every host with exactly one label more, each for itself', async () => {
      await add(star)
      expect(await frame('https://pr-1.preview.example')).to.equal(200)
      for (const other of [
        'https://preview.example',
        'https://a.b.preview.example',
        'https://pr-1.preview.example:8443',
        'https://pr-1.preview.example.org',
        'https://xpreview.example',
        star,
      ])
        expect(await frame(other), other).to.equal(404)
      await hub.sites.disable(star)
      expect(await frame('https://pr-1.preview.example')).to.equal(404)
    })

    it('give way to a host that is registered by itself, also where that is turned off', async () => {
      await add(star)
      await add('https://pr-1.preview.example')
      await hub.sites.disable('https://pr-1.preview.example')
      expect(await frame('https://pr-1.preview.example')).to.equal(404)
      expect(await frame('https://pr-2.preview.example')).to.equal(200)
    })

    it('allow the very host in the policy, and no other', async () => {
      await add(star)
      const reply = await send(
        `${world.hub.origin}/frame?${String(new URLSearchParams({ site: 'https://pr-1.preview.example', nonce: binding().nonce }))}`,
        { headers: { 'sec-fetch-dest': 'iframe' } },
      )
      expect(reply.headers['content-security-policy'])
        .to.include('frame-ancestors https://pr-1.preview.example')
        .and.not.include('*')
    })

    for (const wrong of [
      'https://*.example',
      'https://*.co.uk',
      'https://*.github.io',
      'https://*.vercel.app',
      'https://*.kawasaki.jp',
      'https://*.ck',
      'https://*.xn--55qx5d.cn',
      'https://*.github.io.',
      'https://*.co.uk.',
      'https://*..github.io',
      'http://*.localhost',
      'https://*.127.0.0.1',
      'https://*.*.preview.example',
      'https://a.*.preview.example',
      'https://*preview.example',
      'https://*.preview.example/',
      'http://*.preview.example',
      'https://*',
    ])
      it(`are refused where strangers have names, or the form is another: ${wrong}`, async () => {
        expect((await refusal(add(wrong))).code).to.equal('request_invalid')
        const listed = createHub({
          origin: 'https://hub.example',
          keys: world.hub.keys,
          store: memoryStore(),
          sites: [{ ...shop.registration, origin: wrong }],
        })
        expect((await refusal(listed)).code).to.equal('options_invalid')
      })

    it('do not stand for a public suffix below them, where strangers have names', async () => {
      await add('https://*.amazonaws.com')
      expect(await frame('https://shop.amazonaws.com')).to.equal(200)
      expect(await frame('https://s3.amazonaws.com')).to.equal(404)
    })

    it('do not either with the root’s dot at the end; for a name of one’s own they do', async () => {
      await add('https://*.amazonaws.com.')
      expect(await frame('https://shop.amazonaws.com.')).to.equal(200)
      expect(await frame('https://s3.amazonaws.com.')).to.equal(404)
    })
  })

  describe('as records', () => {
    const secretOf = () => createSecretKey(world.hub.keys.secret, 'base64url')
    const put = (sealed: string, origin = SHOP) =>
      world.hub.store.putSite({ origin, sealed, wasSeq: 0, audit: [] })
    const record = (registration: SiteRegistration) => ({ registration, isPending: false })

    it('are taken from the store when this hub has sealed them', async () => {
      await put(createSiteSeal(secretOf()).seal(record(shop.registration)))
      await knownTo(world.hub.origin, 200)
    })

    const forged: Record<string, () => string> = {
      'in the clear': () => JSON.stringify(record(shop.registration)),
      'under another secret': () =>
        createSiteSeal(createSecretKey(Buffer.alloc(32, 1))).seal(record(shop.registration)),
      'of another site': () =>
        createSiteSeal(secretOf()).seal(record({ ...shop.registration, origin: 'https://x.example' })),
      'with one bit changed': () => {
        const bytes = Buffer.from(createSiteSeal(secretOf()).seal(record(shop.registration)), 'base64url')
        bytes[40]! ^= 1
        return bytes.toString('base64url')
      },
      'of nothing': () => '',
    }
    for (const [what, forge] of Object.entries(forged)) {
      it(`are refused ${what}: whoever writes into the store registers no site`, async () => {
        await put(forge())
        await knownTo(world.hub.origin, 503)
      })
    }
    const knownTo = async (origin: string, status: number) => {
      const untilMs = performance.now() + 1500
      let last = await frameAt(origin, SHOP)
      while (last !== status && performance.now() < untilMs) last = await frameAt(origin, SHOP)
      expect(last).to.equal(status)
    }
  })
})

for (const { name, open } of stores.filter(({ isShared }) => isShared)) {
  describe(`two processes of a hub with sites in ${name}`, () => {
    let closers: (() => Promise<unknown>)[] = []
    afterEach(async () => {
      for (const close of closers.reverse()) await close()
      closers = []
    })

    it('know of every change within a second, and cut the streams of a site that is turned off', async () => {
      const { store, address } = await open()
      const keys = { secret: 'A'.repeat(43) }
      const begin = async (its: Store): Promise<{ hub: Hub; listener: Listener }> => {
        const listener = await listen('hub.localhost')
        const hub = await createHub({
          origin: listener.origin,
          keys,
          store: its,
          storedSites: true,
          limits: LIMITS,
        })
        listener.use(hub.router)
        closers.push(
          () => listener.close(),
          () => hub.close(),
        )
        return { hub, listener }
      }
      const one = await begin(store)
      const two = await begin(await openAt(address as Address))
      const { keys: own, registration } = await generateSite(SHOP)
      const statusAtTwo = async () =>
        (
          await send(
            `${two.listener.origin}/frame?${String(new URLSearchParams({ site: SHOP, nonce: binding().nonce }))}`,
            {
              headers: { 'sec-fetch-dest': 'iframe' },
            },
          )
        ).status
      const tookUntil = async (wanted: number) => {
        const beganMs = performance.now()
        while ((await statusAtTwo()) !== wanted)
          if (performance.now() - beganMs > 5000) throw new Error(`It never answered ${wanted}`)
        return performance.now() - beganMs
      }

      await one.hub.sites.add(registration)
      expect(await tookUntil(200), 'added').to.be.below(1000)

      const token = tokenFor(two.listener.origin, own)
      const stream = await fetch(streamAt(two.listener.origin), {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(stream.status).to.equal(200)
      const over = stream.text().catch(() => 'cut')

      const turnedOffMs = performance.now()
      await one.hub.sites.disable(SHOP)
      expect(await tookUntil(404), 'turned off').to.be.below(1000)
      await over
      expect(performance.now() - turnedOffMs, 'the stream has ended').to.be.below(1000)

      await one.hub.sites.enable(SHOP)
      expect(await tookUntil(200), 'turned on').to.be.below(1000)
      await one.hub.sites.remove(SHOP)
      expect(await tookUntil(404), 'removed').to.be.below(1000)
    })
  })
}
