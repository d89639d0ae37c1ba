/** Four processes of one hub on one file, all asked at the same moment: what happens once, and what nobody loses. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { generateHubKeys, generateSite, type GeneratedSiteKeys, sqliteStore } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'

import { accountApp } from '../support/account-app.js'
import { balancer } from '../support/balancer.js'
import { signEs256 } from '../support/forge.js'
import { createGate } from '../support/gate.js'
import { handleIn, rememberSessionKey } from '../support/handles.js'
import { forkHub, type HubProcess } from '../support/hub-worker.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { binding, type Reply, send, Visitor } from '../support/visitor.js'
import { sessionIn } from '../support/records.js'

const PROCESSES = 4
const AT_ONCE = 50

describe('four hub processes on one file', () => {
  let folder: string
  let front: Listener
  let processes: HubProcess[] = []
  let listeners: Listener[] = []
  let sites: Site[] = []
  let keys: GeneratedSiteKeys[] = []
  let visitor: Visitor
  let shop: string
  let travel: string
  /** How many requests each has had since the gate was set. */
  let askedOf: number[]
  const gate = createGate()

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'session-hub-four-'))
    front = await listen('hub.localhost')
    listeners = [await listen('shop.localhost'), await listen('travel.localhost')]
    const made = await Promise.all(listeners.map(({ origin }) => generateSite(origin)))
    for (const { keys } of made) rememberSessionKey(keys)
    const task = {
      store: { kind: 'sqlite', path: join(folder, 'hub.sqlite') },
      port: 0,
      origin: front.origin,
      keys: generateHubKeys(),
      sites: made.map(({ registration }) => registration),
      rules: {
        // What is added up shows how often it was.
        merge: { keys: { cart: 'union', merges: 'sum' } },
        limits: { perAddress: 100_000, perSession: 100_000 },
      },
    } as const
    processes = await Promise.all(Array.from({ length: PROCESSES }, () => forkHub(task)))
    keys = made.map((one) => one.keys)
    sites = await Promise.all(
      listeners.map(({ origin }, index) =>
        createSite({
          origin,
          hub: front.origin,
          keys: keys[index]!,
          perAddress: 100_000,
          hubTimeoutMs: 20_000,
        }),
      ),
    )
    for (const [index, listener] of listeners.entries()) {
      listener.use(siteApp(String(index), sites[index]!))
      listener.use(accountApp(sites[index]!))
    }
    ;[shop, travel] = listeners.map(({ origin }) => origin) as [string, string]
    askedOf = processes.map(() => 0)
    // As a hub that knows no batches: each act comes by itself, and each process has its part of them.
    front.use((req, res, next) => {
      if (req.path === '/backchannel/batch') res.sendStatus(404)
      else next()
    })
    front.use(gate.handler)
    front.use(
      balancer(
        () => processes,
        (by) => (askedOf[by]! += 1),
      ),
    )
    visitor = new Visitor(front.origin)
  })
  afterEach(async () => {
    for (const site of sites) site.close()
    for (const hub of processes) await hub.kill()
    for (const listener of [...listeners, front]) await listener.close()
    await rm(folder, { recursive: true })
  })

  const lines = (name: string) => Array.from({ length: 20 }, (_, at) => ({ id: `${name} ${at}` }))
  const store = (site: string, data: object) => visitor.post(site, '/account/data', data)
  const times = <Result>(make: (at: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, at) => make(at)))
  /** All at the same moment, each to the next process. */
  async function atOnce<Result>(path: string, make: (at: number) => Promise<Result>): Promise<Result[]> {
    gate.holdUntil(AT_ONCE, path)
    askedOf.fill(0)
    const results = await times(make)
    for (const asked of askedOf)
      expect(asked, 'asked of each').to.be.at.least(Math.floor(AT_ONCE / PROCESSES))
    return results
  }
  async function expectMergedOnce(): Promise<void> {
    const store = sqliteStore(join(folder, 'hub.sqlite'))
    const endings = await store.endings(0, 100)
    expect(endings.map(({ reason }) => reason)).to.deep.equal(['replaced'])
    expect((await sessionIn(store, endings[0]?.sessionId ?? ''))?.endReason).to.equal('replaced')
    await store.close()
    const { data } = await visitor.whoami(shop)
    const { cart, merges } = data as { cart: { id: string }[]; merges: number }
    expect(merges, 'merged').to.equal(11)
    const ids = cart.map(({ id }) => id)
    expect(ids.toSorted()).to.deep.equal(
      [...lines('shop'), ...lines('travel')].map(({ id }) => id).toSorted(),
    )
  }

  it('merge once, whatever number of exchanges comes', async () => {
    await store(travel, { cart: lines('travel'), merges: 1 })
    await visitor.sync(travel)
    await visitor.post(shop, '/account/sign-in', { subject: 'ada' })
    await store(shop, { cart: lines('shop'), merges: 10 })
    // Each exchange has a frame and an offer of its own, as in so many tabs.
    const asked = await times(async () => {
      const { nonce } = binding()
      const { data } = await visitor.frame(shop, nonce)
      const { json } = await visitor.post(shop, '/session-hub/offer', { nonce })
      return { data, offer: json.offer as string }
    })
    const before = new Map(visitor.cookies(front.origin))

    const replies = await atOnce('/exchange', async (at) => {
      const tab = new Visitor(front.origin)
      for (const [name, value] of before) tab.cookies(front.origin).set(name, value)
      return tab.exchange(asked[at]!.data, asked[at]!.offer)
    })

    expect(replies.map(({ json }) => json.outcome)).to.deep.equal(replies.map(() => 'adopt'))
    await expectMergedOnce()
  })

  it('merge once, whatever number of tickets is redeemed', async () => {
    await store(shop, { cart: lines('shop'), merges: 10 })
    await visitor.sync(shop)
    await store(travel, { cart: lines('travel'), merges: 1 })
    const tickets = await times(async () => {
      const { nonce, verifier } = binding()
      const { data } = await visitor.frame(travel, nonce)
      const { json } = await visitor.post(travel, '/session-hub/offer', { nonce })
      const { ticket } = (await visitor.exchange(data, json.offer as string)).json
      return { ticket, verifier }
    })
    const cookie = [...visitor.cookies(travel)].map(([name, value]) => `${name}=${value}`).join('; ')

    const replies = await atOnce('/backchannel/redeem', (at) =>
      new Visitor(front.origin).post(travel, '/session-hub/redeem', tickets[at]!, { cookie }),
    )

    expect(replies.map(({ status }) => status)).to.deep.equal(replies.map(() => 200))
    expect(replies.filter(({ json }) => json.reason === 'merged')).to.have.length(1)
    await expectMergedOnce()
  })

  it('lose none of what two sites write to different keys at once', async () => {
    await store(shop, { cart: lines('shop') })
    await visitor.sync(shop)
    await visitor.sync(travel)

    const replies = await atOnce('/backchannel/update', (at) =>
      store(at % 2 ? shop : travel, { [`key ${at % 25}`]: at, [`own ${at}`]: { [`deep ${at}`]: at } }),
    )

    expect(replies.map(({ status }) => status)).to.deep.equal(replies.map(() => 200))
    const data = (await visitor.whoami(shop)).data as Record<string, unknown>
    for (let at = 0; at < AT_ONCE; at += 1) expect(data[`own ${at}`]).to.deep.equal({ [`deep ${at}`]: at })
    expect(data.cart).to.deep.equal(lines('shop'))
  })

  it('lose none of what two sites add to one key at once, by function', async () => {
    await store(shop, { cart: lines('shop') })
    await visitor.sync(shop)
    await visitor.sync(travel)

    const items = Array.from({ length: AT_ONCE }, (_, at) => `item ${at}`)
    const replies = await Promise.all(
      items.map((item, at) => visitor.post(at % 2 ? shop : travel, '/cart', { item })),
    )

    expect(replies.map(({ status }) => status)).to.deep.equal(replies.map(() => 200))
    const { cart } = (await visitor.whoami(travel)).data as { cart: unknown[] }
    expect(cart.slice(0, 20)).to.deep.equal(lines('shop'))
    expect(cart.slice(20).toSorted()).to.deep.equal(items.toSorted())
  })

  describe('asked to write one key twice at once', () => {
    let handles: string[]

    beforeEach(async () => {
      await store(shop, { wish: 'first' })
      await visitor.sync(shop)
      await visitor.sync(travel)
      handles = [shop, travel].map((site) => String(handleIn(visitor.cookies(site).get('__Host-session')!)))
    })

    const update = (index: number, body: object): Promise<Reply> => {
      const iat = Math.floor(Date.now() / 1000)
      const { signing } = keys[index]!
      const token = signEs256(
        {
          header: { alg: 'ES256', typ: 'site+jwt', kid: signing.kid },
          payload: { iss: [shop, travel][index], aud: front.origin, iat, exp: iat + 60 },
        },
        signing,
      )
      return send(`${front.origin}/backchannel/update`, {
        method: 'POST',
        body: { handle: handles[index], ...body },
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      })
    }
    const wish = async () => (await visitor.whoami(shop)).data

    it('keep the last word, and count each', async () => {
      const replies = await atOnce('/backchannel/update', (at) => update(at % 2, { patch: { wish: at } }))

      const versions = replies.map(({ json }) => Number(json.version))
      expect(new Set(versions).size).to.equal(AT_ONCE)
      const last = versions.indexOf(Math.max(...versions))
      expect(await wish()).to.deep.equal({ wish: last })
    })

    it('tell all but one who say which version they mean', async () => {
      const { version } = (await update(0, { patch: {} })).json
      const replies = await atOnce('/backchannel/update', (at) =>
        update(at % 2, { patch: { wish: at }, version }),
      )

      const winners = replies.flatMap(({ status }, at) => (status === 200 ? [at] : []))
      expect(winners).to.have.length(1)
      expect(await wish()).to.deep.equal({ wish: winners[0] })
      for (const [at, { status, json }] of replies.entries())
        if (at !== winners[0]) expect([status, json.error]).to.deep.equal([409, 'version_conflict'])
    })
  })
})
