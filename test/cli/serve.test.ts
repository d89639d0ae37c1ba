import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'

import { generateHubKeys, generateSite } from '../../hub/keys/generate.js'
import { keepBusy } from '../support/busy-connections.js'
import { listenTo } from '../support/event-source.js'
import { siteToken } from '../support/forge.js'
import { type Folder, newFolder, type RunningHub } from './command.js'

describe('session-hub serve', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  it('serves the hub, with its sessions in a file beside the configuration', async () => {
    const hub = await folder.serve()

    expect(await (await hub.get('/readyz')).json()).to.deep.equal({ status: 'ready' })
    expect(await (await hub.get('/sdk.js')).text()).to.equal(readFileSync('dist/sdk.js', 'utf8'))
    expect(existsSync(folder.path('session-hub.sqlite'))).to.equal(true)
  })

  it('answers anything else with 404 as JSON, and does not say what it runs on', async () => {
    const hub = await folder.serve({ store: 'memory' })

    const response = await hub.get('/nothing')

    expect(response.status).to.equal(404)
    expect(await response.json())
      .to.have.keys('error', 'error_description')
      .and.include({ error: 'not_found' })
    expect(response.headers.get('x-powered-by')).to.equal(null)
  })

  it('serves the sites of a list that "sites add" wrote', async () => {
    await folder.run('sites', 'add', 'https://shop.example', '--file', 'sites.json')
    const hub = await folder.serve({ sites: 'sites.json', store: 'memory' })
    const frameFor = (site: string) =>
      hub.get(`/frame?site=${site}&nonce=${'n'.repeat(43)}`, { 'sec-fetch-dest': 'iframe' })

    expect((await frameFor('https://shop.example')).status).to.equal(200)
    expect((await frameFor('https://stranger.example')).status).to.equal(404)
  })

  it('logs JSON lines without colour, and no secret', async () => {
    const hub = await folder.serve({ store: 'memory' })
    const nonce = 'n'.repeat(43)
    await hub.get(`/frame?site=https://stranger.example&nonce=${nonce}`, {
      'sec-fetch-dest': 'iframe',
      cookie: `__Host-session-hub=${'c'.repeat(43)}`,
    })

    const entry = await hub.logged('request_refused')

    expect(entry).to.include({ level: 'info', code: 'site_unknown' })
    const said = JSON.stringify(hub.seen)
    expect(said).to.not.include('\\u001b').and.not.include(nonce).and.not.include('ccc')
  })

  it('takes the keys from the environment, where the configuration names none', async () => {
    const { stdout } = await folder.run('keys')
    folder.write('hub.json', { origin: 'https://hub.example', port: 0, store: 'file/x.sqlite' })

    const withKeys = await folder.runWith({ SESSION_HUB_HUB_KEYS: stdout }, 'serve', '--config', 'hub.json')
    const without = await folder.run('serve', '--config', 'hub.json')

    expect(withKeys.stderr).to.include('"store"') // got as far as that
    for (const quote of ["'", '"']) {
      const kept = { SESSION_HUB_HUB_KEYS: `${quote}${JSON.stringify(JSON.parse(stdout))}${quote}` }
      const quoted = await folder.runWith(kept, 'serve', '--config', 'hub.json')
      expect(quoted.stderr, 'in quotes, as docker keeps them').to.include('"store"')
    }
    expect(without.stderr).to.include('"keys" is missing').and.include('SESSION_HUB_HUB_KEYS')
  })

  it('runs a configuration in code, with functions', async () => {
    folder.write('hub-keys.json', generateHubKeys())
    folder.write(
      'hub.mjs',
      `export default {
        origin: 'https://hub.example', keys: 'hub-keys.json', port: 0, proxyHops: 1, store: 'memory',
        findSite: (origin) => { console.log(JSON.stringify({ event: 'asked', origin })) },
      }`,
    )
    const hub = await folder.start('hub.mjs')

    const answer = hub.get(`/frame?site=https://shop.example&nonce=${'n'.repeat(43)}`, {
      'sec-fetch-dest': 'iframe',
    })

    expect(await hub.logged('asked')).to.include({ origin: 'https://shop.example' })
    expect((await answer).status).to.equal(404)
  })

  const stops: Record<string, readonly NodeJS.Signals[]> = {
    SIGTERM: ['SIGTERM'],
    SIGINT: ['SIGINT'],
    'SIGTERM twice, as npm passes on what systemd has sent to both': ['SIGTERM', 'SIGTERM'],
  }
  for (const [what, signals] of Object.entries(stops)) {
    it(`leaves every session in the one file, and nothing beside it, after ${what}`, async () => {
      const { keys, registration } = await generateSite('https://shop.example')
      const hub = await folder.serve({ sites: [registration] })
      const world = { hub: { origin: 'https://hub.example' }, now: Date.now }
      const token = siteToken(world, { origin: 'https://shop.example', keys })
      const begun = await fetch(`${hub.url}/backchannel/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ handle: null, subject: 'ada', claims: {} }),
      })
      expect(begun.status).to.equal(200)
      const streams = await listenTo(`${hub.url}/backchannel/events`, { authorization: `Bearer ${token}` })
      await streams.heard('hello')

      for (const [at, signal] of signals.entries()) {
        if (at === 1) await hub.logged('stopping')
        hub.signal(signal)
      }
      expect(await hub.exitCode()).to.equal(0)

      const kept = readdirSync(folder.path('.')).filter((name) => name.startsWith('session-hub.sqlite'))
      expect(kept).to.deep.equal(['session-hub.sqlite'])
      copyFileSync(folder.path('session-hub.sqlite'), folder.path('copy.sqlite'))
      folder.write('copy.json', {
        origin: 'https://hub.example',
        keys: 'hub-keys.json',
        store: 'copy.sqlite',
      })
      const { stdout } = await folder.run('sessions', 'list', '--config', 'copy.json', '--json')
      expect(JSON.parse(stdout)).to.have.length(1).and.have.nested.property('[0].subject', 'ada')
      const copies = readdirSync(folder.path('.')).filter((name) => name.startsWith('copy.sqlite'))
      expect(copies, 'the command lets go of it too').to.deep.equal(['copy.sqlite'])
    })
  }

  it('cuts off what is open at a second SIGINT of somebody who does not wait, and leaves the one file whole', async () => {
    const hub = await folder.serve()
    const open = await openRequest(hub)
    hub.signal('SIGINT')
    await hub.logged('stopping')

    const again = setInterval(() => {
      hub.signal('SIGINT')
    }, 100)
    await hub.logged('stop_forced').finally(() => {
      clearInterval(again)
    })

    expect(await hub.exitCode()).to.equal(0)
    expect(await open.answer).to.equal('')
    const kept = readdirSync(folder.path('.')).filter((name) => name.startsWith('session-hub.sqlite'))
    expect(kept).to.deep.equal(['session-hub.sqlite'])
  })

  it('R21: is not ready, and says so, when its database was moved away; and again when it is back', async () => {
    const hub = await folder.serve()
    const file = folder.path('session-hub.sqlite')
    expect((await hub.get('/readyz')).status).to.equal(200)

    renameSync(file, `${file}.old`)
    expect((await hub.get('/readyz')).status).to.equal(503)
    expect((await hub.logged('request_failed')).description).to.include('moved')
    expect((await hub.get('/healthz')).status, 'the process itself is up').to.equal(200)

    renameSync(`${file}.old`, file)
    expect((await hub.get('/readyz')).status).to.equal(200)
  })

  describe('on SIGHUP', () => {
    const nonce = 'n'.repeat(43)
    const frame = (hub: RunningHub, site = 'https://shop.example') =>
      hub.get(`/frame?site=${site}&nonce=${nonce}`, {
        'sec-fetch-dest': 'iframe',
        referer: `${site}/`,
      })
    const config = (folder: Folder, more: object) => {
      const written = JSON.parse(readFileSync(folder.path('hub.json'), 'utf8')) as object
      folder.write('hub.json', { ...written, ...more })
    }

    it('takes a changed configuration, changed keys and changed sites, and cuts nobody off', async () => {
      await folder.run('sites', 'add', 'https://shop.example', '--file', 'sites.json')
      const hub = await folder.serve({ sites: 'sites.json' })
      const keys = readFileSync(folder.path('hub-keys.json'), 'utf8')
      const busy = keepBusy(hub.url, '/readyz', 4)
      await busy.answered(5)
      const limited = async () => {
        const statuses = []
        for (let time = 0; time < 4; time += 1) statuses.push((await frame(hub)).status)
        return statuses
      }
      expect(await limited()).to.deep.equal([200, 200, 200, 200])
      const proofOf = async () => /"proof":"([^"]+)"/.exec(await (await frame(hub)).text())?.[1]
      const isOwn = async (proof: string | undefined) => {
        const answer = await fetch(`${hub.url}/exchange`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            connection: 'close',
            origin: 'https://hub.example',
            'sec-fetch-site': 'same-origin',
            'x-session-hub': '1',
          },
          body: JSON.stringify({ site: 'https://shop.example', nonce, proof, offer: null }),
        })
        return (await answer.json()) as { error?: string }
      }
      const before = await proofOf()
      const accepted = await isOwn(before)

      folder.write('hub-keys.json', generateHubKeys())
      hub.signal('SIGHUP')
      await hub.logged('config_reread')
      expect(await isOwn(before), 'sealed by the secret of before').to.not.deep.equal(accepted)
      expect(await isOwn(await proofOf()), 'sealed by the new one').to.deep.equal(accepted)

      folder.write('hub-keys.json', keys)
      config(folder, { limits: { perAddress: 2 } })
      await folder.run('sites', 'add', 'https://travel.example', '--file', 'sites.json')
      hub.signal('SIGHUP')
      expect(await hub.logged('config_reread')).to.include({ sites: 2 })
      expect((await frame(hub, 'https://travel.example')).status).to.equal(200)
      expect(await limited()).to.deep.equal([200, 200, 429, 429])

      await busy.answered(5)
      hub.signal('SIGTERM')
      expect(await busy.ends).to.deep.equal(Array.from({ length: 4 }, () => 'told'))
      expect(await hub.exitCode()).to.equal(0)
      expect(await hub.errors()).to.equal('')
    })

    it('keeps all as it was where something is wrong or needs a restart, and says what', async () => {
      await folder.run('sites', 'add', 'https://shop.example', '--file', 'sites.json')
      const hub = await folder.serve({ sites: 'sites.json' })
      const good = readFileSync(folder.path('hub.json'), 'utf8')
      const keys = readFileSync(folder.path('hub-keys.json'), 'utf8')
      const refused = async (says: string) => {
        hub.signal('SIGHUP')
        const { level, description } = await hub.logged('config_kept')
        expect(level).to.equal('error')
        expect(description).to.include(says)
        expect((await frame(hub)).status).to.equal(200)
        folder.write('hub.json', good)
        folder.write('hub-keys.json', keys)
      }
      config(folder, { port: 1, store: 'elsewhere.sqlite', limits: { perAddress: 1 } })
      await refused('"port" and "store" cannot change while the hub runs')
      config(folder, { limits: { perAddres: 1 } })
      await refused('perAddres')
      folder.write('hub.json', '{')
      await refused('hub.json')
      folder.write('hub-keys.json', { secret: 'short' })
      await refused('"secret"')
      folder.write('hub-keys.json', '')
      await refused('hub-keys.json')
      hub.signal('SIGHUP')
      expect(await hub.logged('sites_reread')).to.include({ sites: 1 })
      expect(existsSync(folder.path('elsewhere.sqlite'))).to.equal(false)
    })

    it('changes only the sites of a hub whose sessions are in its memory, those in the configuration itself too', async () => {
      const { registration } = await generateSite('https://shop.example')
      const hub = await folder.serve({ store: 'memory', sites: [] })
      config(folder, { sites: [registration] })
      hub.signal('SIGHUP')
      await hub.logged('sites_reread')
      expect((await frame(hub)).status).to.equal(200)
      config(folder, { limits: { perAddress: 1 } })
      hub.signal('SIGHUP')
      expect((await hub.logged('config_kept'))['description']).to.include('in this process alone')
    })
  })

  describe('on SIGTERM', () => {
    it('stops, with exit code 0', async () => {
      const hub = await folder.serve()

      hub.signal('SIGTERM')

      expect(await hub.logged('stopping')).to.include({ signal: 'SIGTERM' })
      await hub.logged('stopped')
      expect(await hub.exitCode()).to.equal(0)
    })

    it('answers the request that is open, and takes no other', async () => {
      const hub = await folder.serve({ store: 'memory' })
      const open = await openRequest(hub)

      hub.signal('SIGTERM')
      await hub.logged('stopping')
      const refused = await hub.get('/healthz').catch((error: unknown) => error)
      open.socket.write('}')

      expect(refused).to.be.instanceOf(TypeError)
      expect(await open.answer).to.match(/^HTTP\/1\.1 4\d\d /)
      await hub.logged('stopped')
      expect(hub.seen.map(({ event }) => event)).to.not.include('stop_forced')
      expect(await hub.exitCode()).to.equal(0)
    })

    it('ends the event streams of the sites, and waits for none of them', async () => {
      const { keys, registration } = await generateSite('https://shop.example')
      const hub = await folder.serve({ store: 'memory', sites: [registration] })
      const world = { hub: { origin: 'https://hub.example' }, now: Date.now }
      const token = siteToken(world, { origin: 'https://shop.example', keys })
      const stream = await listenTo(`${hub.url}/backchannel/events`, { authorization: `Bearer ${token}` })
      await stream.heard('hello')

      hub.signal('SIGTERM')

      await stream.ended
      await hub.logged('stopped')
      expect(hub.seen.map(({ event }) => event)).to.not.include('stop_forced')
      expect(await hub.exitCode()).to.equal(0)
    })

    it('cuts off none of 20 busy connections', async () => {
      const hub = await folder.serve({ store: 'memory' })
      const busy = keepBusy(hub.url, '/readyz', 20)
      await busy.answered(5)

      hub.signal('SIGTERM')

      expect(await busy.ends).to.deep.equal(Array.from({ length: 20 }, () => 'told'))
      await hub.logged('stopped')
      expect(hub.seen.map(({ event }) => event)).to.not.include('stop_forced')
      expect(await hub.exitCode()).to.equal(0)
    })
  })

  /** Each of them takes its ten seconds: they take them together. */
  describe('with clients that are slow', () => {
    let hubs: Folder
    let dripping: Promise<{ tookMs: number; status: number }>
    let unfinished: Promise<{ answer: string; code: number | null }>
    before(async () => {
      hubs = newFolder()
      dripping = drip(await hubs.serve({ store: 'memory' }))
      unfinished = stopMeanwhile(await hubs.start('hub.json'))
    })
    after(async () => {
      await Promise.allSettled([dripping, unfinished])
      await hubs.close()
    })

    it('R31: closes a connection whose headers drip, soon after ten seconds', async () => {
      const { tookMs, status } = await dripping
      expect(tookMs).to.be.within(9000, 15_000)
      expect(status).to.equal(200)
    }).slow(20_000)

    it('cuts off a request that does not end, on SIGINT', async () => {
      expect(await unfinished).to.deep.equal({ answer: '', code: 0 })
    }).slow(20_000)
  })

  it('lives on when nobody reads its log', async () => {
    const hub = await folder.serve({ store: 'memory' })
    hub.leaveAlone()

    for (let request = 0; request < 3; request += 1) expect((await hub.get('/frame')).status).to.equal(400) // logged

    expect((await hub.get('/healthz')).status).to.equal(200)
  })
})

/** @returns when the hub has closed the connection, and what it answers to another one then */
async function drip(hub: RunningHub): Promise<{ tookMs: number; status: number }> {
  const { hostname, port } = new URL(hub.url)
  const beganMs = performance.now()
  const socket = connect(Number(port), hostname)
  socket.write('GET /healthz HTTP/1.1\r\n')
  const dripping = setInterval(() => socket.write('x: y\r\n'), 500)
  // Cut off while it writes, it may see a reset, and then its end.
  const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve))
  socket.resume()
  await closed
  clearInterval(dripping)
  const tookMs = performance.now() - beganMs
  return { tookMs, status: (await hub.get('/healthz')).status }
}

/** Tells a hub to stop that waits for the end of a request. */
async function stopMeanwhile(hub: RunningHub): Promise<{ answer: string; code: number | null }> {
  const open = await openRequest(hub)
  hub.signal('SIGINT')
  await hub.logged('stop_forced')
  return { answer: await open.answer, code: await hub.exitCode() }
}

/** A request whose body lacks its last byte; the hub has begun with it. */
async function openRequest(hub: RunningHub): Promise<{ socket: Socket; answer: Promise<string> }> {
  const { port, hostname } = new URL(hub.url)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  const head = [
    'POST /exchange HTTP/1.1',
    'host: hub.example',
    'origin: https://hub.example',
    'sec-fetch-site: same-origin',
    'x-session-hub: 1',
    'content-type: application/json',
    'content-length: 2',
    'expect: 100-continue',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n{`)
  await once(socket, 'data') // "100 Continue"
  let answer = ''
  socket.on('data', (text: string) => (answer += text))
  return { socket, answer: once(socket, 'close').then(() => answer) }
}
