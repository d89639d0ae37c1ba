/** From `pending` to `on`: what a customer's domain is served before its owner has shown that it is theirs, and after. */
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { generateSite, SessionHubError, type SiteState } from 'session-hub/hub'

import type { HubContext } from '../../hub/flows/context.js'
import { proveStoredSite, type SiteAdministration } from '../../hub/flows/administer-sites.js'
import { readHubKeys } from '../../hub/keys/hub-keys.js'
import { createOwnership, type OwnershipOptions } from '../../hub/ownership/ownership.js'
import { createStoredSites } from '../../hub/sites/stored-sites.js'
import { siteToken } from '../support/forge.js'
import { selfSigned } from '../support/self-signed.js'
import { until } from '../support/until.js'
import { binding, send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const SHOP = 'https://shop.customer.example'
const by = { name: 'command', permissions: ['sites'], from: 'here' } as const

describe('a customer’s domain', () => {
  const certificate = selfSigned(['shop.customer.example'], 1)
  let world: World
  let shop: Awaited<ReturnType<typeof generateSite>>
  /** What the domain's own server has in its file. */
  let file: string | undefined
  let server: https.Server

  beforeEach(async () => {
    world = await startWorld({ sites: [], hub: { storedSites: true, findSite: () => null } })
    shop = await generateSite(SHOP)
    file = undefined
    server = https.createServer(certificate, ({ url }, res) => {
      const isThere = url === '/.well-known/session-hub-site.txt' && file !== undefined
      res.writeHead(isThere ? 200 : 404).end(file)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await world.close()
  })

  /** A command beside the hub, in a process of its own: it has the store and the keys, and finds the domain here. */
  function command(more: OwnershipOptions = {}): SiteAdministration {
    const { origin, store, keys } = world.hub
    const secret = readHubKeys(keys)
    const log = () => undefined
    return {
      hub: { origin, store, secret, log, now: Date.now } as Partial<HubContext> as HubContext,
      stored: createStoredSites({ store, secret, log, changed: () => undefined, isFollowing: false }),
      isListed: () => false,
      ownership: createOwnership(secret, {
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
        isAllowed: () => true,
        ca: certificate.cert,
        port: (server.address() as AddressInfo).port,
        texts: async () => [],
        ...more,
      }),
    }
  }
  const prove = (more?: OwnershipOptions) =>
    proveStoredSite(command(more), by, SHOP).then(
      ({ state }) => state,
      (thrown: unknown) => (thrown as SessionHubError).code,
    )

  /** What a frame of the site gets, and what the site itself gets on the back-channel. */
  async function doors(keys = shop.keys): Promise<[frame: number, backchannel: number]> {
    const { origin } = world.hub
    const query = new URLSearchParams({ site: SHOP, nonce: binding().nonce })
    const frame = await send(`${origin}/frame?${query.toString()}`, {
      headers: { 'sec-fetch-dest': 'iframe' },
    })
    const token = siteToken({ hub: world.hub, now: Date.now }, { origin: SHOP, keys })
    const act = await send(`${origin}/backchannel/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: { handle: null, subject: 'ada', claims: {} },
    })
    return [frame.status, act.status]
  }
  const stateOf = async (): Promise<SiteState> => (await world.hub.hub.sites.list())[0]!.state
  const isServed = () => until(async () => (await doors())[0] === 200)
  const add = (registration = shop.registration) => world.hub.hub.sites.add(registration, { prove: true })

  it('is served nothing at any door until its file is there, and everything from then on', async () => {
    const { proof } = await add()
    expect(await doors()).to.deep.equal([404, 401])
    expect(await prove()).to.equal('proof_missing')
    file = 'session-hub-site=of-somebody-else'
    expect(await prove()).to.equal('proof_missing')
    expect([await stateOf(), ...(await doors())]).to.deep.equal(['pending', 404, 401])

    file = `${proof!.file!.content}\n`
    expect(await prove()).to.equal('on')
    await isServed()
    expect(await doors()).to.deep.equal([200, 200])
    const [row] = await world.hub.store.audit({ limit: 1 })
    expect(row).to.include({ who: 'command', act: 'site-prove', site: SHOP, outcome: 'done' })
  })

  it('shows it by a TXT record too, and once is enough', async () => {
    const { proof } = await add()
    const looked: string[] = []
    const texts = async (name: string) => {
      looked.push(name)
      return [proof!.record!.value]
    }
    expect(await prove({ texts })).to.equal('on')
    expect(looked).to.deep.equal(['_session-hub.shop.customer.example'])
    await isServed()
    expect(await prove(), 'with nothing there any more').to.equal('on')
    expect(await doors()).to.deep.equal([200, 200])
  })

  it('stays off where it was turned off, whatever is shown', async () => {
    const { proof } = await add({ ...shop.registration, enabled: false })
    expect(await prove({ texts: async () => [proof!.token] })).to.equal('off')
    expect(await doors()).to.deep.equal([404, 401])
  })

  it('registered anew while somebody looks is shown nothing by the proof of the keys before', async () => {
    const { proof } = await add()
    const other = await generateSite(SHOP)
    // Between the look and the write: whoever registers it now has shown nothing.
    const texts = async () => {
      await world.hub.hub.sites.remove(SHOP)
      await add(other.registration)
      return [proof!.token]
    }
    expect(await prove({ texts })).to.equal('request_invalid')
    expect(await stateOf()).to.equal('pending')
    expect(await doors(other.keys)).to.deep.equal([404, 401])
    const { proof: anew } = (await world.hub.hub.sites.list())[0]!
    expect(await prove({ texts: async () => [anew!.token] })).to.equal('on')
  })

  it('removed while somebody looks is not brought back', async () => {
    const { proof } = await add()
    const texts = async () => {
      await world.hub.hub.sites.remove(SHOP)
      return [proof!.token]
    }
    expect(await prove({ texts })).to.equal('site_unknown')
    expect(await world.hub.hub.sites.list()).to.deep.equal([])
  })
})
