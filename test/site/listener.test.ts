/** A site in front of an application on a Node server. The rest: `npm run test:adapters`. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { createSite, type ListenerOptions, type Site } from 'session-hub/site'

import { expectOptionFault } from '../support/option-fault.js'
import { send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a site in front of an application', () => {
  let world: World
  let site: Site
  let server: Server | undefined
  let origin: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop'] })
    const { keys } = world.siteOf('shop')
    ;({ origin } = world.siteOf('shop'))
    site = await createSite({ origin, hub: world.hub.origin, keys, perAddress: 2 })
  })
  afterEach(async () => {
    site.close()
    server?.close()
    server = undefined
    await world.close()
  })

  async function start(app: RequestListener, options?: ListenerOptions): Promise<string> {
    server = createServer(site.listener(app, options)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const offer = (address: string, from: string) =>
    send(`${address}/session-hub/offer`, {
      method: 'POST',
      headers: {
        host: new URL(origin).host,
        origin,
        'content-type': 'application/json',
        'x-forwarded-for': from,
      },
      body: JSON.stringify({ nonce: 'n'.repeat(43) }),
    })
  const statuses = async (address: string) => {
    const all = []
    for (const from of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.1'])
      all.push((await offer(address, from)).status)
    return all
  }
  const nothing: RequestListener = (_req, res) => res.end()

  it('R31: counts each visitor alone behind a proxy that it knows of', async () => {
    expect(await statuses(await start(nothing, { proxyHops: 1 }))).to.deep.equal([200, 200, 200, 429])
  })

  it('R31: believes no address that a stranger has written', async () => {
    expect(await statuses(await start(nothing))).to.deep.equal([200, 200, 429, 429])
  })

  it('answers with the error where another middleware has the session’s place', async () => {
    const address = await start(nothing)
    const [listener] = server!.listeners('request') as [RequestListener]
    server!.removeAllListeners('request').on('request', (req, res) => {
      Object.assign(req, { session: {} })
      listener(req, res)
    })
    const { status, json } = await send(`${address}/`)
    expect({ status, error: json.error }).to.deep.equal({ status: 500, error: 'options_invalid' })
  })

  it('says at the start what is wrong', async () => {
    await expectOptionFault(async () => site.listener(nothing, { proxyHop: 1 } as never), ['proxyHops'])
    await expectOptionFault(async () => site.listener(nothing, { proxyHops: -1 }), ['proxyHops', '0 to 32'])
    await expectOptionFault(async () => site.listener({} as never), ['has to be a function'])
  })
})
