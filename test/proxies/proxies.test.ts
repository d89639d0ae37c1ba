/** The real nginx and Caddy, with the examples of `ops`, in front of a real hub of two processes and a site. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { expect } from 'chai'
import { generateHubKeys, generateSite } from 'session-hub/hub'

import { type Folder, newFolder, type RunningHub } from '../cli/command.js'
import { freePort } from '../support/free-port.js'
import { selfSigned } from '../support/self-signed.js'
import { root } from '../support/titles.js'
import { until } from '../support/until.js'
import { type Client, createClient } from './client.js'
import { endProcess, type Proxy, proxies } from './proxies.js'
import { forkShop } from './site.js'

/** What proxies say of a server that they cannot reach. */
const isGatewayTrouble = (status: number) => status === 502 || status === 503 || status === 504

for (const proxy of proxies) describe(`ops: ${proxy.name}`, () => testsOf(proxy))

function testsOf(proxy: Proxy): void {
  let folder: Folder
  let client: Client
  let running: ChildProcess
  let shopProcess: ChildProcess
  let hubs: [RunningHub, RunningHub]
  let hub: string
  let shop: string
  let sitePort: number
  const configs = ['hub-0.json', 'hub-1.json'] as const

  before(async function () {
    this.timeout(60_000)
    folder = newFolder()
    const { key, cert } = selfSigned(['hub.localhost', 'shop.localhost'], 90)
    folder.write('cert.pem', cert)
    folder.write('key.pem', key)
    folder.write('hub-keys.json', generateHubKeys())
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
    const [port, first, second] = ports
    sitePort = ports[3]
    hub = `https://hub.localhost:${port}`
    shop = `https://shop.localhost:${port}`
    const { keys, registration } = await generateSite(shop)
    folder.write('sites.json', [registration])
    const config = {
      origin: hub,
      keys: 'hub-keys.json',
      sites: 'sites.json',
      store: 'hub.sqlite',
      proxyHops: 1,
    }
    folder.write(configs[0], { ...config, port: first })
    folder.write(configs[1], { ...config, port: second })
    hubs = [await folder.start(configs[0]), await folder.start(configs[1])]
    const place = {
      folder: folder.path(''),
      port,
      hubs: [first, second],
      site: sitePort,
      cert: folder.path('cert.pem'),
      key: folder.path('key.pem'),
    } as const
    running = proxy.start(place)
    client = createClient(cert)
    await until(() => isOpen(port))
    shopProcess = await forkShop({ port: sitePort, site: { origin: shop, hub, keys } }, place.cert)
  })
  after(async () => {
    client.close()
    // First, because it holds an event stream open through the proxy.
    await endProcess(shopProcess, 'SIGKILL')
    // Not SIGKILL: the worker of nginx would outlive it.
    await endProcess(running, 'SIGTERM')
    await folder.close()
  })

  it('speaks HTTP/2 over TLS, and sends the host, the origin and the address of the visitor on', async () => {
    const headers = { origin: shop, 'x-forwarded-for': '203.0.113.9' }
    const { status, text, headers: answered } = await client.overHttp2(`${shop}/seen`, { headers }).done

    expect(status).to.equal(200)
    expect(JSON.parse(text)).to.deep.equal({
      // Not what the visitor has written: whoever could choose an address would have no limit.
      ip: '127.0.0.1',
      protocol: 'https',
      host: new URL(shop).host,
      origin: shop,
    })
    expect(answered['strict-transport-security']).to.include('max-age=')
  })

  it('sends an event on at once: a session ends at the hub, and an open page hears of it within a second', async () => {
    const signedIn = await client.overHttp2(`${shop}/sign-in`, { method: 'POST', body: { name: 'ada' } }).done
    expect(signedIn.text).to.equal('{"subject":"ada"}')
    const cookies = [signedIn.headers['set-cookie'] ?? []].flat().map((line) => line.split(';')[0])
    const headers = { cookie: cookies.join('; '), 'sec-fetch-site': 'same-origin' }
    const page = client.overHttp2(`${shop}/session-hub/live`, { headers })
    expect(await page.begun).to.equal(200)

    const ended = await folder.run('sessions', 'end', '--subject', 'ada', '--config', configs[0])
    const beganMs = performance.now()
    expect(ended.code, ended.stderr).to.equal(0)
    await page.heard('event: ended')

    expect(performance.now() - beganMs).to.be.below(1500)
    page.cancel()
  })

  it('resets none of 500 requests that meet connections at the end of their rest', async () => {
    const statuses: number[] = []
    for (const restMs of [0, 990, 1000, 1010]) {
      await delay(restMs)
      const asked = Array.from({ length: 125 }, (_, at) =>
        client.ask(at % 2 === 0 ? `${hub}/healthz` : `${shop}/seen`),
      )
      statuses.push(...(await Promise.all(asked)).map(({ status }) => status))
    }
    expect(statuses).to.deep.equal(Array.from({ length: 500 }, () => 200))
  })

  it('closes idle connections before the hub does', () => {
    const [, hubMs = ''] =
      /^const KEEP_ALIVE_MS = ([\d_]+)$/m.exec(readFileSync(join(root, 'hub/cli/server.ts'), 'utf8')) ?? []
    const text = readFileSync(join(root, 'ops', proxy.name === 'Caddy' ? 'Caddyfile' : 'nginx.conf'), 'utf8')
    const [toHub, toSite] = [...text.matchAll(/keepalive(?:_timeout)? (\d+)s/g)].map(([, seconds]) =>
      Number(seconds),
    )
    expect(toHub! * 1000).to.be.below(Number(hubMs.replaceAll('_', '')))
    // What Node.js does where nobody has said anything.
    expect(toSite! * 1000).to.be.below(5000)
  })

  it('shows no visitor that one process of the hub after the other stops and starts', async () => {
    const statuses = new Map<number, number>()
    let isOver = false
    const asking = async (method: string, path: string) => {
      while (!isOver) {
        const { status } = await client.ask(hub + path, { method, ...(method === 'POST' && { body: {} }) })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    const all = [
      ...Array.from({ length: 8 }, () => asking('GET', '/healthz')),
      // Proxies do not send these twice once they are on their way.
      ...Array.from({ length: proxy.sendsBodiesAgain ? 8 : 0 }, () => asking('POST', '/backchannel/read')),
    ]
    try {
      for (const at of [0, 1] as const) {
        hubs[at].signal('SIGTERM')
        expect(await hubs[at].exitCode()).to.equal(0)
        hubs[at] = await folder.start(configs[at])
      }
    } finally {
      isOver = true
      await Promise.all(all)
    }
    expect([...statuses.keys()].filter(isGatewayTrouble), JSON.stringify([...statuses])).to.deep.equal([])
    expect(statuses.get(200)).to.be.above(100)
  })

  it('leaves the doctor nothing to find', async () => {
    const environment = { NODE_EXTRA_CA_CERTS: folder.path('cert.pem') }
    const { code, stdout } = await folder.runWith(environment, 'doctor', hub, shop)
    expect(code, stdout).to.equal(0)
  })
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
