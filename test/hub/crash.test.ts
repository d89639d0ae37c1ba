/** What `kill -9` of the hub costs: nothing that it had answered. */
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import type { RequestHandler } from 'express'
import { generateHubKeys, generateSite } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'

import { forkHub, type HubProcess } from '../support/hub-worker.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { Visitor } from '../support/visitor.js'

const ROUNDS = 5
const AT_ONCE = 8

/** A visitor and what he put into his cart: what was answered has to be there, what was not may be. */
interface Shopper {
  readonly visitor: Visitor
  readonly answered: string[]
  readonly asked: string[]
}

describe('a hub that is killed under load and started again on the same file', () => {
  let folder: string
  let hub: HubProcess
  let startHub: (port: number) => Promise<HubProcess>
  let shop: SiteProcess
  let travel: SiteProcess

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'session-hub-crash-'))
    const keys = generateHubKeys()
    shop = await startSite('shop')
    travel = await startSite('travel')
    const sites = [shop.made.registration, travel.made.registration]
    startHub = (port) =>
      forkHub({ store: { kind: 'sqlite', path: join(folder, 'hub.sqlite') }, port, keys, sites })
    hub = await startHub(0)
    await restartSites()
  })
  afterEach(async () => {
    await hub.kill()
    await shop.close()
    await travel.close()
    await rm(folder, { recursive: true })
  })

  /** The sites start again too: the old processes may leave the hub alone for some seconds after what they saw. */
  async function restartSites(): Promise<void> {
    await shop.start(hub.origin)
    await travel.start(hub.origin)
  }

  async function restartAll(): Promise<void> {
    hub = await startHub(hub.port)
    await restartSites()
  }

  /** Several shoppers at once, each with two items, until the n-th answer kills the hub. */
  async function shopUntilKilled(answers: number): Promise<{ shoppers: Shopper[]; refused: number }> {
    const shoppers: Shopper[] = []
    let left = answers
    let refused = 0
    let killed: Promise<void> | undefined

    async function buy({ visitor, answered, asked }: Shopper, item: string): Promise<void> {
      asked.push(item)
      const reply = await visitor.post(shop.listener.origin, '/cart', { item })
      if (reply.status !== 200) {
        refused += 1
        return
      }
      answered.push(item)
      left -= 1
      if (left === 0) killed = hub.kill()
    }
    async function shopOn(): Promise<void> {
      while (!killed) {
        const shopper: Shopper = { visitor: new Visitor(hub.origin), answered: [], asked: [] }
        await buy(shopper, 'boots')
        if (shopper.answered.length === 0) continue
        shoppers.push(shopper)
        await buy(shopper, 'laces')
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, shopOn))
    await killed
    return { shoppers, refused }
  }

  async function expectAllThere(shoppers: readonly Shopper[]): Promise<void> {
    await Promise.all(
      shoppers.map(async ({ visitor, answered, asked }) => {
        const { data } = (await visitor.whoami(shop.listener.origin)) as { data: { cart: string[] } }
        expect(data.cart.slice(0, answered.length), 'what was answered').to.deep.equal(answered)
        expect(asked.slice(0, data.cart.length), 'nothing that nobody asked for').to.deep.equal(data.cart)
      }),
    )
  }

  it('has every session that it answered, with its data, and goes on sharing them', async () => {
    const everyone: Shopper[] = []
    let allRefused = 0
    for (let round = 1; round <= ROUNDS; round += 1) {
      const { shoppers, refused } = await shopUntilKilled(randomInt(1, 60))
      everyone.push(...shoppers)
      allRefused += refused
      await restartAll()

      await expectAllThere(shoppers)
      const { visitor, answered } = shoppers[0]!
      expect(await visitor.sync(shop.listener.origin)).to.include({ outcome: 'adopt' })
      expect(await visitor.sync(travel.listener.origin)).to.include({ outcome: 'replace' })
      const { data } = (await visitor.whoami(travel.listener.origin)) as { data: { cart: string[] } }
      expect(data.cart.slice(0, answered.length)).to.deep.equal(answered)
    }
    // No later kill may lose what an earlier one has kept.
    await expectAllThere(everyone)
    expect(allRefused, 'requests that the kill met on their way').to.be.above(0)
  })

  it('knows which tickets were used, and still takes those that were not', async () => {
    // Of two visitors: who uses a ticket again some seconds later, as after this restart, loses the session that it was for (R27).
    const ticketOfSomebody = async () => {
      const visitor = new Visitor(hub.origin)
      await visitor.post(shop.listener.origin, '/cart', { item: 'boots' })
      await visitor.sync(shop.listener.origin)
      return visitor.ticket(travel.listener.origin)
    }
    const [spent, unspent] = [await ticketOfSomebody(), await ticketOfSomebody()]
    const redeem = ({ ticket, verifier }: typeof spent) =>
      new Visitor(hub.origin).post(travel.listener.origin, '/session-hub/redeem', { ticket, verifier })
    expect((await redeem(spent)).status).to.equal(200)
    await hub.kill()
    await restartAll()

    expect((await redeem(spent)).json.error).to.equal('ticket_spent')
    expect((await redeem(unspent)).status).to.equal(200)
  })
})

interface SiteProcess {
  readonly made: Awaited<ReturnType<typeof generateSite>>
  readonly listener: Listener
  start(hub: string): Promise<void>
  close(): Promise<void>
}

async function startSite(name: string): Promise<SiteProcess> {
  const listener = await listen(`${name}.localhost`)
  const made = await generateSite(listener.origin)
  let site: Site | undefined
  let app: RequestHandler | undefined
  listener.use((req, res, next) => app?.(req, res, next))
  return {
    made,
    listener,
    async start(hub) {
      site?.close()
      site = await createSite({ origin: listener.origin, hub, keys: made.keys })
      app = siteApp(name, site)
    },
    async close() {
      site?.close()
      await listener.close()
    },
  }
}
