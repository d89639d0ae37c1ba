/**
 * Limits that the processes of one hub count together (`limits.store`), on a real Redis and a real PostgreSQL. Without it each process allows its own
 * share: who reaches two of them gets twice as much, and who reaches one gets half.
 */
import http from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import pg from 'pg'
import { RateLimiterPostgres, RateLimiterRedis } from 'rate-limiter-flexible'
import { createClient } from 'redis'

import {
  createHub,
  generateHubKeys,
  generateSite,
  type HubKeys,
  type HubOptions,
  type LimitStore,
  type LogEntry,
  memoryStore,
  type SiteRegistration,
} from 'session-hub/hub'

import { COUNT_WAIT_MS } from '../../hub/routes/shared-limits.js'
import { siteToken } from '../support/forge.js'
import { openSchema } from '../support/postgres.js'
import { openPrefix, type Redis, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'
import { binding, type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const SHOP = 'https://shop.example'
const TRAVEL = 'https://travel.example'
const NOBODY = '192.0.2.1'

interface Served {
  ask(site?: string, address?: string): Promise<Reply>
  /** The same: its status. */
  frame(site?: string, address?: string): Promise<number>
  close(): Promise<void>
}

/** Asks for frames, as visitors of these addresses would behind one proxy. */
async function serve(options: Omit<HubOptions, 'origin' | 'store'>): Promise<Served> {
  const hub = await createHub({ origin: 'https://hub.example', store: memoryStore(), ...options })
  const server = http.createServer(hub.listener(() => undefined, { proxyHops: 1 })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = (site = SHOP, address = NOBODY) => {
    const query = new URLSearchParams({ site, nonce: binding().nonce })
    const headers = { 'sec-fetch-dest': 'iframe', referer: `${site}/`, 'x-forwarded-for': address }
    return send(`http://127.0.0.1:${port}/frame?${query}`, { headers })
  }
  return {
    ask,
    frame: async (site, address) => (await ask(site, address)).status,
    async close() {
      server.close()
      await hub.close()
    },
  }
}

const served = (statuses: readonly number[]) => statuses.filter((status) => status === 200).length

async function clientOf({ url }: Pick<Redis, 'url'>) {
  const client = createClient({ url, socket: { reconnectStrategy: 50 } })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

const inRedis =
  (storeClient: Awaited<ReturnType<typeof clientOf>>): LimitStore =>
  (options) =>
    new RateLimiterRedis({ ...options, storeClient, useRedisPackage: true })

const inPostgres =
  (storeClient: pg.Pool): LimitStore =>
  (options) =>
    new Promise((resolve, reject) => {
      const limiter = new RateLimiterPostgres(
        { ...options, storeClient, tableName: 'session_hub_limits' },
        (error) => (error ? reject(error) : resolve(limiter)),
      )
    })

describe('R31: limits of two processes', () => {
  // With each key, the counts in the store are others.
  let keys: HubKeys
  let sites: readonly SiteRegistration[]
  let processes: Served[]
  let ends: (() => unknown)[]

  before(async () => {
    sites = await Promise.all([SHOP, TRAVEL].map(async (origin) => (await generateSite(origin)).registration))
  })
  beforeEach(() => {
    keys = generateHubKeys()
    processes = []
    ends = []
  })
  afterEach(async () => {
    for (const one of processes) await one.close()
    for (const end of ends) await end()
  })

  async function begin(options: Pick<HubOptions, 'limits' | 'hubProcesses'>): Promise<void> {
    processes = await Promise.all([1, 2].map(() => serve({ keys, sites, ...options })))
  }
  async function redisStore(): Promise<LimitStore> {
    const client = await clientOf((await openPrefix()).redis)
    ends.push(() => client.destroy())
    return inRedis(client)
  }
  async function postgresStore(): Promise<LimitStore> {
    const { postgres } = await openSchema()
    const pool = new pg.Pool({ connectionString: postgres.url, max: 2 })
    ends.push(() => pool.end())
    return inPostgres(pool)
  }
  /** One address asks each of them in turn. */
  async function alternate(times: number, site?: string, address?: string): Promise<number[]> {
    const statuses = []
    for (let time = 0; time < times; time += 1) statuses.push(await processes[time % 2]!.frame(site, address))
    return statuses
  }

  it('that count by themselves are passed by whoever asks both', async () => {
    await begin({ limits: { perAddress: 6 } })
    expect(served(await alternate(12))).to.equal(12)
  })

  for (const [name, open] of [
    ['Redis', redisStore],
    ['PostgreSQL', postgresStore],
  ] as const) {
    it(`in ${name} are not passed by whoever asks both; another address and another site’s frames still are served`, async () => {
      await begin({ limits: { perAddress: 6, store: await open() } })
      const statuses = await alternate(12)
      expect(served(statuses)).to.equal(6)
      expect(statuses.slice(6)).to.deep.equal([429, 429, 429, 429, 429, 429])
      expect(served(await alternate(4, SHOP, '192.0.2.2')), 'another address').to.equal(4)
      expect(served(await alternate(4, TRAVEL)), 'another site').to.equal(4)
    })

    it(`in ${name} are the same for whoever asks only one, however many processes there are`, async () => {
      await begin({ limits: { perAddress: 6, store: await open() }, hubProcesses: 2 })
      const statuses = []
      for (let time = 0; time < 8; time += 1) statuses.push(await processes[0]!.frame())
      expect(served(statuses)).to.equal(6)
      expect(await processes[1]!.frame(), 'the other one').to.equal(429)
    })
  }

  it('are not passed by 40 requests at the same moment; 6 of them are served', async () => {
    await begin({ limits: { perAddress: 6, store: await redisStore() } })
    const statuses = await Promise.all(Array.from({ length: 40 }, (_, at) => processes[at % 2]!.frame()))
    expect(served(statuses)).to.equal(6)
  })

  it('say in the store neither an address nor a site nor a session', async () => {
    const redis = await startRedis()
    const client = await clientOf(redis)
    await begin({ limits: { store: inRedis(client) } })
    await alternate(2)
    const names = (await client.keys('*')).sort()
    expect(names).to.have.length(1)
    expect(names[0]).to.match(/^session_hub_per_address:[\w-]{22}$/)
    expect(await client.ttl(names[0]!)).to.be.within(1, 60)
    client.destroy()
    await redis.kill()
  })

  it('cost the store nothing more for a party that has spent its own', async () => {
    const counted: string[] = []
    const store = await redisStore()
    const watched: LimitStore = async (options) => {
      const limiter = await store(options)
      return {
        consume(party) {
          counted.push(party)
          return limiter.consume(party)
        },
      }
    }
    await begin({ limits: { perAddress: 2, store: watched } })
    expect(served(await alternate(20))).to.equal(2)
    // The third and the fourth: each process learns it by itself.
    expect(counted).to.have.length(4)
  })

  it('of another hub in the same store are others', async () => {
    const store = await redisStore()
    await begin({ limits: { perAddress: 2, store } })
    const other = await serve({ keys: generateHubKeys(), sites, limits: { perAddress: 2, store } })
    processes.push(other)
    expect(served(await alternate(4))).to.equal(2)
    expect(await other.frame()).to.equal(200)
  })

  for (const [what, store, says] of [
    ['is no function', 'redis://localhost' as unknown as LimitStore, '"store" has to be a function'],
    ['returns no limiter', (() => ({})) as unknown as LimitStore, '"store" has to return a limiter'],
  ] as const) {
    it(`are refused at the start with a store that ${what}`, async () => {
      const made = createHub({
        origin: 'https://hub.example',
        keys,
        store: memoryStore(),
        limits: { store },
      }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(await made).to.include({ code: 'options_invalid' })
      expect(((await made) as Error).message).to.include(says)
    })
  }

  for (const [what, failures, isMade] of [
    ['start where another process was in the way of their store’s first tries', 2, true],
    ['do not start where their store never opens', Infinity, false],
  ] as const) {
    it(what, async () => {
      let tries = 0
      const inTheWay: LimitStore = () => {
        tries += 1
        if (tries <= failures) throw new Error('type "session_hub_limits" already exists')
        return { consume: () => Promise.resolve() }
      }
      const made = await createHub({
        origin: 'https://hub.example',
        keys,
        store: memoryStore(),
        limits: { store: inTheWay },
      }).then(
        (hub) => hub.close(),
        (thrown: unknown) => thrown,
      )
      if (isMade) expect(made).to.equal(undefined)
      else expect(made).to.be.an('error').with.property('message', 'type "session_hub_limits" already exists')
    })
  }

  const saying =
    (msBeforeNext: number): LimitStore =>
    () => ({
      // As rate-limiter-flexible does.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      consume: () => Promise.reject({ msBeforeNext }),
    })

  it('bound what a foreign store says: nobody waits for longer than a minute', async () => {
    await begin({ limits: { store: saying(1e12) } })
    const { status, headers } = await processes[0]!.ask()
    expect(status).to.equal(429)
    expect(headers['retry-after']).to.equal('60')
  })

  it('take a foreign store that says nonsense for one that is away', async () => {
    await begin({ limits: { store: saying(NaN) } })
    expect((await processes[0]!.ask()).status).to.equal(200)
  })
})

describe('R38: limits whose store is away', () => {
  const keys = generateHubKeys()
  let redis: Redis
  let client: Awaited<ReturnType<typeof clientOf>>
  let hub: Served
  let log: LogEntry[]
  const logged = (event: string) => log.filter((entry) => entry.event === event)

  beforeEach(async () => {
    redis = await startRedis()
    client = await clientOf(redis)
    log = []
    const { registration } = await generateSite(SHOP)
    hub = await serve({
      keys,
      sites: [registration],
      limits: { perAddress: 8, store: inRedis(client) },
      hubProcesses: 2,
      log: (entry) => void log.push(entry),
    })
  })
  afterEach(async () => {
    await hub.close()
    client.destroy()
    await redis.kill()
  })

  async function timed<Result>(
    ask: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly ms: number }> {
    const begun = performance.now()
    const result = await ask()
    return { result, ms: performance.now() - begun }
  }

  it('are counted by each process in its memory, and one line says so; back, they are shared again', async () => {
    expect(await hub.frame()).to.equal(200)
    await redis.kill()
    const statuses = []
    for (let time = 0; time < 8; time += 1) statuses.push(await hub.frame())
    expect(served(statuses), 'its share of 8').to.equal(4)
    expect(statuses.slice(4)).to.deep.equal([429, 429, 429, 429])
    expect(logged('limits_store_away')).to.have.length(1)
    expect(logged('limits_store_away')[0]).to.include({ level: 'error' })

    await redis.start()
    let asked = 0
    await until(async () => {
      await hub.frame(SHOP, `203.0.113.${(asked += 1) % 250}`)
      return logged('limits_store_back').length > 0
    })
    expect(logged('limits_store_back')).to.have.length(1)
    const after = []
    for (let time = 0; time < 10; time += 1) after.push(await hub.frame(SHOP, '198.51.100.7'))
    expect(served(after), 'the whole of 8').to.equal(8)
  })

  it('that stands still keep one visitor waiting for a moment, and the next ones not at all', async () => {
    expect(await hub.frame()).to.equal(200)
    const goOn = redis.hang()
    try {
      const first = await timed(() => hub.frame(SHOP, '192.0.2.7'))
      expect(first.result).to.equal(200)
      expect(first.ms).to.be.within(COUNT_WAIT_MS - 5, 10 * COUNT_WAIT_MS)
      for (let time = 0; time < 5; time += 1) {
        const next = await timed(() => hub.frame(SHOP, `192.0.2.${10 + time}`))
        expect(next.result).to.equal(200)
        expect(next.ms).to.be.below(COUNT_WAIT_MS - 5)
      }
      expect(logged('limits_store_away')).to.have.length(1)
      expect(logged('limits_store_away')[0]?.['description']).to.include('no answer within')
    } finally {
      goOn()
    }
  })
})

describe('R38: limits in a store keep their meaning:', () => {
  let world: World
  let client: Awaited<ReturnType<typeof clientOf>>

  async function begin(limits: HubOptions['limits']): Promise<void> {
    client = await clientOf((await openPrefix()).redis)
    world = await startWorld({
      sites: ['shop', 'travel'],
      hub: { limits: { ...limits, store: inRedis(client) } },
    })
  }
  afterEach(async () => {
    await world.close()
    client.destroy()
  })
  const backchannel = (act: string, name: string) =>
    send(`${world.hub.origin}/backchannel/${act}`, {
      method: 'POST',
      body: { handle: binding().verifier },
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf(name))}`,
      },
    })

  it('a session has its own for each site; another site still gets a frame', async () => {
    await begin({ perSession: 3 })
    const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    expect((await visitor.sync(shop)).outcome).to.equal('adopt')
    const statuses = []
    for (let time = 0; time < 5; time += 1)
      statuses.push((await visitor.frame(travel, binding().nonce)).status)
    expect(statuses).to.deep.equal([200, 200, 200, 429, 429])
    expect((await visitor.frame(shop, binding().nonce)).status).to.equal(200)
  })

  it('a site that has asked too often can still sign out; its reads are refused', async () => {
    await begin({ perSite: 3 })
    const reads = []
    for (let time = 0; time < 5; time += 1) reads.push((await backchannel('read', 'shop')).status)
    expect(reads.slice(3)).to.deep.equal([429, 429])
    expect((await backchannel('end', 'shop')).status).to.equal(200)
    expect((await backchannel('read', 'travel')).status).to.not.equal(429)
  })
})
