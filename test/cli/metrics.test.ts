/** `session-hub serve` with `metrics`: a port of its own for each process, and nothing of it where nobody has asked. */
import { once } from 'node:events'
import { createServer } from 'node:net'

import { expect } from 'chai'

import { freePort } from '../support/free-port.js'
import { type Folder, newFolder, RunningHub } from './command.js'

describe('session-hub serve, with "metrics"', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  const read = async (url: string) => (await fetch(url, { headers: { connection: 'close' } })).text()
  /** A machine on which nobody has installed prom-client. */
  function withoutPackage(): Record<string, string> {
    const hook = `export const resolve = async (name, context, next) => {
      if (name === 'prom-client') throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    }`
    const preload = `import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))`
    return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` }
  }
  const configure = async (config: object) => {
    expect((await folder.run('keys', '--out', 'hub-keys.json')).code).to.equal(0)
    const all = {
      origin: 'https://hub.example',
      keys: 'hub-keys.json',
      port: 0,
      proxyHops: 0,
      ...config,
    }
    folder.write('hub.json', { store: 'memory', ...all })
  }

  it('answers on a port of its own, and not where visitors come', async () => {
    const hub = await folder.serve({ metrics: { port: 0 } })
    const url = String(hub.seen.find(({ event }) => event === 'metrics')!['url'])
    expect(new URL(url).hostname).to.equal('127.0.0.1')
    expect(new URL(url).port).to.not.equal(new URL(hub.url).port)
    expect(await read(url)).to.include('# TYPE session_hub_request_duration_seconds histogram')
    expect((await hub.get('/metrics')).status).to.equal(404)
  })

  it('gives the second worker the next port', async () => {
    const port = await freePort()
    const hub = await folder.serve({ metrics: { port } }, '--workers', '2')
    const metrics = hub.seen.filter(({ event }) => event === 'metrics')
    const urls = metrics.map(({ worker, url }) => [worker, url])
    expect(urls).to.have.deep.members(
      [1, 2].map((one) => [one, `http://127.0.0.1:${port + one - 1}/metrics`]),
    )
    for (const { url } of metrics) expect(await read(String(url))).to.include('session_hub_')
  })

  it('ends where the port is taken, and says which; and where prom-client is missing, and says what to install', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    try {
      const { port } = taken.address() as { port: number }
      await configure({ metrics: { port } })
      const [onTaken, without] = await Promise.all([
        folder.run('serve', '--config', 'hub.json'),
        folder.runWith(withoutPackage(), 'serve', '--config', 'hub.json'),
      ])
      expect(onTaken.code).to.equal(1)
      expect(onTaken.stderr).to.include(`"metrics": 127.0.0.1:${port} cannot be listened on`)
      expect(without.code).to.equal(1)
      expect(without.stderr).to.include('npm install prom-client')
    } finally {
      taken.close()
    }
  })

  it('is off, and needs no package, unless it is configured', async () => {
    await configure({})
    const hub = new RunningHub(folder.begin(withoutPackage(), 'serve', '--config', 'hub.json'))
    hub.url = String((await hub.logged('listening'))['url'])
    expect(hub.seen.map(({ event }) => event)).to.not.include('metrics')
    expect((await hub.get('/metrics')).status).to.equal(404)
  })
})
