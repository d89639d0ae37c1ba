/** Four processes of one hub on one store, all asked at the same moment for what may happen only once. */
import { expect } from 'chai'
import { generateHubKeys, generateSite, type GeneratedSiteKeys } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'

import { balancer } from '../support/balancer.js'
import { siteToken } from '../support/forge.js'
import { rememberSessionKey } from '../support/handles.js'
import { forkHub, type HubProcess } from '../support/hub-worker.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { type Address, openAt } from '../support/store-address.js'
import { stores } from '../support/stores.js'
import { send, Visitor } from '../support/visitor.js'

const PROCESSES = 4

for (const { name, isShared, open } of stores) {
  if (!isShared) continue
  describe(`four hub processes on one ${name} store`, () => {
    let address: Address
    let front: Listener
    let processes: HubProcess[] = []
    let listeners: Listener[] = []
    let keys: GeneratedSiteKeys[] = []
    let sites: Site[] = []
    /** Which of the processes were asked since the race began. */
    let asked: Set<number>

    beforeEach(async () => {
      front = await listen('hub.localhost')
      const made = await open()
      address = made.address as Address
      await made.store.close()
      listeners = [await listen('shop.localhost'), await listen('travel.localhost')]
      const generated = await Promise.all(listeners.map(({ origin }) => generateSite(origin)))
      keys = generated.map((one) => one.keys)
      for (const one of keys) rememberSessionKey(one)
      const task = {
        store: address,
        port: 0,
        origin: front.origin,
        keys: generateHubKeys(),
        sites: generated.map(({ registration }) => registration),
        rules: { singleSession: true, limits: { perAddress: 1e6, perSession: 1e6 } },
      } as const
      processes = await Promise.all(Array.from({ length: PROCESSES }, () => forkHub(task)))
      asked = new Set()
      front.use(
        balancer(
          () => processes,
          (by) => asked.add(by),
        ),
      )
      sites = await Promise.all(
        listeners.map(({ origin }, at) =>
          createSite({ origin, hub: front.origin, keys: keys[at]!, perAddress: 1e6, hubTimeoutMs: 20_000 }),
        ),
      )
      for (const [at, listener] of listeners.entries()) listener.use(siteApp(String(at), sites[at]!))
    })
    afterEach(async () => {
      for (const site of sites) site.close()
      for (const hub of processes) await hub.kill()
      for (const listener of [...listeners, front]) await listener.close()
    })

    it('R26: let one of 200 redemptions of a ticket win', async () => {
      const [shop, travel] = listeners.map(({ origin }) => origin) as [string, string]
      const visitor = new Visitor(front.origin)
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
      const { ticket, verifier } = await visitor.ticket(travel)
      asked.clear()
      const replies = await Promise.all(
        Array.from({ length: 200 }, () =>
          new Visitor(front.origin).post(travel, '/session-hub/redeem', { ticket, verifier }),
        ),
      )
      expect(asked.size, 'processes that were asked').to.equal(PROCESSES)
      const statuses = replies.map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).to.have.length(1)
      // Who has waited for too long is told so, and has won nothing.
      for (const status of statuses) expect(status).to.be.oneOf([200, 401, 503])
    })

    it('leave one session of a user who signs in 50 times at once, where one is all that they may have', async () => {
      const { origin } = listeners[0]!
      const world = { hub: { origin: front.origin }, now: Date.now }
      const authorization = `Bearer ${siteToken(world, { origin, keys: keys[0]! })}`
      const replies = await Promise.all(
        Array.from({ length: 50 }, () =>
          send(`${front.origin}/backchannel/sign-in`, {
            method: 'POST',
            body: { handle: null, subject: 'ada', claims: {} },
            headers: { authorization, 'content-type': 'application/json' },
          }),
        ),
      )
      expect(asked.size, 'processes that were asked').to.equal(PROCESSES)
      const statuses = replies.map(({ status }) => status)
      for (const status of statuses) expect(status).to.be.oneOf([200, 503])
      expect(statuses).to.include(200)
      const store = await openAt(address)
      expect(await store.list('ada', Date.now(), 100)).to.have.length(1)
      await store.close()
    })
  }).timeout(60_000)
}
