/** Pages on one host whose backend is on another, as docs/frontends.md has it: two paths lead there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'
import { createServer, type ViteDevServer } from 'vite'

import { startBrowser, type TestBrowser } from '../support/browser.js'
import { startWorld, type World } from '../support/world.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

describe('in Chromium, a page whose API is on another host', function () {
  this.timeout(40_000)
  let folder: string
  let world: World
  let api: ChildProcess
  let vite: ViteDevServer
  let browser: TestBrowser
  let shop: string

  before(async () => {
    // Inside the repository, where the package finds itself by its name.
    folder = await mkdtemp(join(ROOT, 'build', 'api-host-'))
    const page = await readFile(join(ROOT, 'docs/frontends.md'), 'utf8')
    const exampleOf = (name: string) =>
      new RegExp(`^\`\`\`js\n(// ${name}\n.*?)^\`\`\`$`, 'ms').exec(page)![1]!
    world = await startWorld({ sites: ['travel'] })
    const [port, apiPort] = [await freePort(), await freePort()]
    shop = `http://shop.localhost:${port}`
    const { keys, registration } = await generateSite(shop)
    world.register(registration)

    const client = exampleOf('client.js').replace('https://hub.example', world.hub.origin)
    await writeFile(join(folder, 'client.js'), client)
    await writeFile(
      join(folder, 'index.html'),
      '<!doctype html><script type="module" src="/client.js"></script>',
    )
    await writeFile(join(folder, 'vite.config.js'), exampleOf('vite.config.js'))
    await writeFile(join(folder, 'api.mjs'), exampleOf('api.mjs'))
    const host = `127.0.0.1:${apiPort}`
    api = spawn(process.execPath, ['api.mjs'], {
      cwd: folder,
      env: {
        ...process.env,
        ORIGIN: shop,
        HOST: host,
        HUB: world.hub.origin,
        PORT: String(apiPort),
        SESSION_HUB_KEYS: JSON.stringify(keys),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(createInterface(api.stdout!), 'line')
    process.env['API'] = `http://${host}`
    vite = await createServer({
      root: folder,
      configFile: join(folder, 'vite.config.js'),
      cacheDir: join(folder, 'cache'),
      logLevel: 'error',
      optimizeDeps: { noDiscovery: true },
      server: { host: '127.0.0.1', port, strictPort: true, fs: { allow: [ROOT] } },
    })
    await vite.listen()
    browser = await startBrowser('allowed')
  })
  after(async () => {
    delete process.env['API']
    await browser.close()
    await vite.close()
    api.kill('SIGKILL')
    await world.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('shares its cart by two paths of its own host', async () => {
    const page = await browser.newPage()
    await page.open(shop)
    expect((await page.event('synced')).detail).to.include({ outcome: 'none' })
    expect(await page.fetch('/api/cart', { item: 'boots' })).to.deep.equal({ cart: ['boots'] })
    const outcome = await page.run(async () => {
      const client = Reflect.get(window, Symbol.for('session-hub')) as typeof SessionHub
      return (await client.sync({ force: true })).outcome
    })
    expect(outcome).to.equal('adopt')
    const { detail } = await page.visit(world.siteOf('travel').origin)
    expect(detail).to.include({ outcome: 'replace' })
    expect(await page.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
  })

  it('is told so, where it names the other host as its endpoint', async () => {
    const page = await browser.newPage()
    await page.visit(world.siteOf('travel').origin)
    const messages = await page.run((hub) => {
      SessionHub.close()
      return ['https://api.shop.example/session-hub', '.shop.example/session-hub', 'session-hub'].map(
        (endpoint) => {
          try {
            return SessionHub.createClient({ hub, start: 'manual', endpoint }).status
          } catch (error) {
            return String(error)
          }
        },
      )
    }, world.hub.origin)
    expect(messages).to.deep.equal([
      'TypeError: SessionHub: no endpoint "https://api.shop.example/session-hub" in /',
      'TypeError: SessionHub: no endpoint ".shop.example/session-hub" in /',
      'TypeError: SessionHub: no endpoint "session-hub" in /',
    ])
  })
})
