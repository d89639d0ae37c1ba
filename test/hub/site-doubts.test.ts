/** What a hub says of its sites as a whole, wherever they come from and whenever they come. */
import { expect } from 'chai'
import {
  createHub,
  generateHubKeys,
  generateSite,
  type Hub,
  type HubOptions,
  type LogEntry,
  memoryStore,
  type SiteRegistration,
  type Store,
} from 'session-hub/hub'

import { until } from '../support/until.js'

const HUB = 'https://hub.shop.example'

const registered = async (...origins: string[]): Promise<SiteRegistration[]> =>
  Promise.all(origins.map(async (origin) => (await generateSite(origin)).registration))

describe('the hub', () => {
  const keys = generateHubKeys()
  let hub: Hub
  let hubs: Hub[] = []
  let log: LogEntry[]

  async function start(options: Partial<HubOptions>, store: Store = memoryStore()): Promise<void> {
    log = []
    const write = (entry: LogEntry) => void log.push(entry)
    hub = await createHub({ origin: HUB, keys, log: write, ...options, store })
    hubs.push(hub)
  }
  afterEach(async () => {
    await Promise.all(hubs.map((one) => one.close()))
    hubs = []
  })

  const saidOf = (event: string) => log.filter((entry) => entry.event === event)
  const lone = () => saidOf('config_doubtful').length
  const own = () => saidOf('site_doubtful').map(({ site }) => site)
  /** The store has told its sites: a hub says nothing of them before. */
  const isRead = () => hub.sites.list()

  describe('does it say that no site is on its domain', () => {
    it('of a list, to whoever makes it in a server of their own, and once?', async () => {
      await start({ origin: 'https://id.example', sites: await registered('https://shop.example') })
      expect(lone()).to.equal(1)
      expect(saidOf('config_doubtful')[0]?.['description']).to.match(/no site is on "id\.example".+"\/you"/)
      await hub.setSites(await registered('https://other.example'))
      expect(lone()).to.equal(1)
    })

    it('not where a wildcard is on it, nor where findSite may know one, nor on this machine, nor without sites?', async () => {
      const sites = await registered('https://travel.example')
      const fine: Partial<HubOptions>[] = [
        { sites: [...sites, ...(await registered('https://*.preview.shop.example'))] },
        { sites, findSite: () => null },
        { sites, origin: 'http://hub.localhost:4000' },
        { sites: [] },
      ]
      for (const options of fine) {
        await start(options)
        expect(lone(), JSON.stringify(options)).to.equal(0)
      }
    })

    it('of sites in the store alone, when the first of them comes?', async () => {
      await start({ storedSites: true })
      await isRead()
      expect(lone()).to.equal(0)
      const [travel] = await registered('https://travel.example')
      await hub.sites.add(travel!)
      await until(() => lone() > 0)
      expect(lone()).to.equal(1)
    })

    it('not of a list where the one site on its domain is in the store, from the start on?', async () => {
      const store = memoryStore()
      await start({ storedSites: true }, store)
      const [shop] = await registered('https://shop.example')
      await hub.sites.add(shop!)
      await start({ storedSites: true, sites: await registered('https://travel.example') }, store)
      await isRead()
      expect(lone()).to.equal(0)
      await hub.sites.remove('https://shop.example')
      await until(() => lone() > 0)
      expect(lone(), 'and when that one has gone').to.equal(1)
    })
  })

  describe('does it say that a site has its own host', () => {
    const [wildcard, other] = ['https://*.shop.example', 'https://www.shop.example']

    it('of a list, at the start?', async () => {
      await start({ sites: await registered(HUB) })
      expect(own()).to.deep.equal([HUB])
      await start({ sites: await registered(wildcard) })
      expect(own()).to.deep.equal([wildcard])
      expect(saidOf('site_doubtful')[0]?.['description']).to.match(/covers the hub’s own host/)
      await start({ sites: await registered(other) })
      expect(own()).to.deep.equal([])
    })

    it('of a list that came later, and once?', async () => {
      await start({ sites: await registered(other) })
      for (const origins of [[other, HUB], [other], [other, HUB]])
        await hub.setSites(await registered(...origins))
      expect(own()).to.deep.equal([HUB])
      await hub.setSites(await registered(wildcard))
      expect(own()).to.deep.equal([HUB, wildcard])
    })

    for (const origin of [HUB, wildcard])
      it(`of ${origin} in the store, in every process?`, async () => {
        const store = memoryStore()
        await start({ storedSites: true }, store)
        await hub.sites.add((await registered(other))[0]!)
        expect(own()).to.deep.equal([])
        await hub.sites.add((await registered(origin))[0]!)
        await until(() => own().length > 0)
        expect(own()).to.deep.equal([origin])
        await start({ storedSites: true }, store)
        await until(() => own().length > 0)
        expect(own(), 'and by one that starts then').to.deep.equal([origin])
      })
  })
})
