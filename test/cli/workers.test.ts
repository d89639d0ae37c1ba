/** `session-hub serve --workers`: several processes of one hub, on one port and one SQLite file. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { availableParallelism } from 'node:os'

import { expect } from 'chai'
import { generateSite, type GeneratedSiteKeys } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'

import { generateHubKeys } from '../../hub/keys/generate.js'
import { keepBusy } from '../support/busy-connections.js'
import { listenTo } from '../support/event-source.js'
import { openTicket, redemptionOf, siteToken } from '../support/forge.js'
import { freePort } from '../support/free-port.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { until } from '../support/until.js'
import { send, Visitor } from '../support/visitor.js'
import { type Folder, newFolder, type RunningHub } from './command.js'
import { refusalOf } from './refusals.js'

const ORIGIN = 'https://shop.example'

describe('session-hub serve --workers', () => {
  let folder: Folder

  const workersOf = (hub: RunningHub) =>
    execFileSync('pgrep', ['-P', String(hub.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number)
  const ready = async (hub: RunningHub) => (await hub.get('/readyz')).status

  /** To start so many processes takes longer than all that is asked of them: one question after the other, to the same ones. */
  describe('whose processes are told to stop in the end', () => {
    let hub: RunningHub
    let made: Awaited<ReturnType<typeof generateSite>>
    before(async () => {
      folder = newFolder()
      made = await generateSite(ORIGIN)
      folder.write('sites.json', [made.registration])
      hub = await folder.serve({ sites: 'sites.json' }, '--workers', '2')
    })
    after(() => folder.close())

    it('are so many processes, which share the sessions in the one file', async () => {
      expect(hub.seen.at(-1)).to.include({ event: 'listening', workers: 2 })
      expect(workersOf(hub)).to.have.length(2)
      const world = { hub: { origin: 'https://hub.example' }, now: Date.now }
      const authorization = `Bearer ${siteToken(world, { origin: ORIGIN, keys: made.keys })}`
      const ask = async (act: string, body: object) => {
        const headers = { 'content-type': 'application/json', authorization, connection: 'close' }
        const path = `${hub.url}/backchannel/${act}`
        const reply = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
        return (await reply.json()) as Record<string, unknown>
      }
      const signedIn = await Promise.all(
        Array.from({ length: 8 }, () => ask('sign-in', { handle: null, subject: 'ada', claims: {} })),
      )
      // Each of them at both processes: whichever has made it.
      for (const { handle } of [...signedIn, ...signedIn.slice(1)])
        expect(await ask('read', { handle })).to.include({ subject: 'ada' })
      await ask('end', { handle: signedIn[0]!['handle'], everywhere: true })
      for (const { handle } of signedIn)
        expect(await ask('read', { handle })).to.include({ error: 'session_ended' })
    })

    it('say once what is doubtful, though each of them finds it', () => {
      const doubts = hub.seen.filter(({ event }) => event === 'config_doubtful')
      const said = doubts.map(({ description }) => description)
      expect(said).to.have.length(new Set(said).size)
      expect(said.join()).to.include('domain')
    })

    it('are replaced where one dies, which is said, and serve meanwhile', async () => {
      const before = workersOf(hub)
      process.kill(before[0]!, 'SIGKILL')
      expect(await hub.logged('worker_died')).to.include({ level: 'error', signal: 'SIGKILL', pauseMs: 250 })
      expect(await ready(hub)).to.equal(200)
      const replaced = await hub.logged('worker_replaced')
      expect(replaced['worker']).to.be.oneOf([1, 2])
      expect(workersOf(hub)).to.have.length(2).and.include(before[1]!).and.not.include(before[0]!)
    })

    it('read the list of sites again at SIGHUP, and each says which it is', async () => {
      const frame = (site: string) =>
        hub.get(`/frame?site=${site}&nonce=${'n'.repeat(43)}`, { 'sec-fetch-dest': 'iframe' })
      expect((await frame('https://travel.example')).status).to.equal(404)
      await folder.run('sites', 'add', 'https://travel.example', '--file', 'sites.json')
      hub.signal('SIGHUP')
      const said = [await hub.logged('sites_reread'), await hub.logged('sites_reread')]
      expect(said.map(({ worker }) => worker).sort()).to.deep.equal([1, 2])
      expect(said[0]).to.include({ sites: 2 })
      for (let time = 0; time < 4; time += 1)
        expect((await frame('https://travel.example')).status).to.equal(200)

      folder.write('sites.json', '[')
      hub.signal('SIGHUP')
      await hub.logged('config_kept')
      expect((await frame('https://travel.example')).status, 'a broken file changes nothing').to.equal(200)
    })

    it('cut off none of 20 busy connections when each is told to stop, as systemd does, and leave just the one file', async () => {
      const busy = keepBusy(hub.url, '/readyz', 20)
      await busy.answered(5)
      for (const pid of [hub.pid, ...workersOf(hub)]) process.kill(pid, 'SIGTERM')
      expect(await busy.ends).to.deep.equal(Array.from({ length: 20 }, () => 'told'))
      expect(await hub.exitCode()).to.equal(0)
      const kept = readdirSync(folder.path('.')).filter((name) => name.startsWith('session-hub.sqlite'))
      expect(kept).to.deep.equal(['session-hub.sqlite'])
    })
  })

  describe('whose first process is killed in the end', () => {
    let hub: RunningHub
    before(async () => {
      folder = newFolder()
      hub = await folder.serve({ limits: { perAddress: 8 } }, '--workers', '2')
    })
    after(() => folder.close())

    it('divide the limits: a stranger gets in all what one process would allow', async () => {
      const statuses = []
      for (let time = 0; time < 20; time += 1)
        statuses.push(
          (
            await hub.get(`/frame?site=https://x.example&nonce=${'n'.repeat(43)}`, {
              'sec-fetch-dest': 'iframe',
            })
          ).status,
        )
      expect(statuses.filter((status) => status !== 429)).to.have.length(8)
    })

    it('end with the first process, however that ends', async () => {
      const workers = workersOf(hub)
      hub.signal('SIGKILL')
      const isThere = (pid: number) => {
        try {
          return process.kill(pid, 0)
        } catch {
          return false
        }
      }
      await until(() => !workers.some(isThere))
    })
  })

  describe('with sites in the store', () => {
    before(() => (folder = newFolder()))
    after(() => folder.close())

    it('refuse a site in every process, and take it again, after a command has turned it off and on', async () => {
      const hub = await folder.serve({ storedSites: true }, '--workers', '2')
      const sites = (...args: string[]) => folder.run('sites', ...args, ORIGIN, '--config', 'hub.json')
      /** Both processes answer in turn. */
      const statuses = async () => {
        const seen = new Set<number>()
        for (let time = 0; time < 6; time += 1) {
          const headers = { 'sec-fetch-dest': 'iframe', referer: `${ORIGIN}/` }
          seen.add((await hub.get(`/frame?site=${ORIGIN}&nonce=${'n'.repeat(43)}`, headers)).status)
        }
        return [...seen]
      }
      const answered = (status: number) => until(async () => (await statuses()).join() === String(status))
      expect(await statuses()).to.deep.equal([404])
      expect((await sites('add')).code).to.equal(0)
      await answered(200)
      expect((await sites('disable')).code).to.equal(0)
      await answered(404)
      expect((await sites('enable')).code).to.equal(0)
      await answered(200)
    })
  })

  describe('with sites in the store that have visitors', () => {
    const NAMES = ['shop', 'travel'] as const
    let origin: string
    let hub: RunningHub
    let listeners: Listener[] = []
    let sites: Site[] = []

    before(async () => {
      folder = newFolder()
      const port = await freePort()
      origin = `http://hub.localhost:${port}`
      hub = await folder.serve({ origin, port, storedSites: true }, '--workers', '2')
      listeners = await Promise.all(NAMES.map((name) => listen(`${name}.localhost`)))
    })
    after(async () => {
      for (const site of sites) site.close()
      for (const listener of listeners) await listener.close()
      await folder.close()
    })

    const command = async (act: string, site: string) => {
      const { code, stdout, stderr } = await folder.run('sites', act, site, '--config', 'hub.json')
      expect(code, stderr).to.equal(0)
      return stdout
    }
    /** Of connection after connection, which both processes take in turn. */
    const ofBoth = async <Seen>(ask: () => Promise<Seen>): Promise<Seen[]> => {
      const seen = new Set<Seen>()
      for (let time = 0; time < 6; time += 1) seen.add(await ask())
      return [...seen]
    }
    const frameOf = async (site: string) => {
      const headers = { 'sec-fetch-dest': 'iframe', referer: `${site}/` }
      return (await hub.get(`/frame?site=${site}&nonce=${'n'.repeat(43)}`, headers)).status
    }
    const framesOf = (site: string) => ofBoth(() => frameOf(site))
    const msUntil = async (sinceMs: number, isSo: () => Promise<boolean>) => {
      await until(isSo)
      return performance.now() - sinceMs
    }

    it('know a site within a second of the command that adds it, and refuse its frames and its tickets and end its streams within a second of the one that turns it off', async () => {
      const keys: GeneratedSiteKeys[] = []
      for (const [at, { origin: site }] of listeners.entries()) {
        expect(await framesOf(site)).to.deep.equal([404])
        const [, secret = ''] = /^SESSION_HUB_KEYS='(.+)'\n$/.exec(await command('add', site)) ?? []
        const addedMs = performance.now()
        const known = async () => (await framesOf(site)).join() === '200'
        expect(await msUntil(addedMs, known), `site ${at} is known`).to.be.below(1000)
        keys.push(JSON.parse(secret) as GeneratedSiteKeys)
      }
      sites = await Promise.all(
        listeners.map((listener, at) =>
          createSite({ origin: listener.origin, hub: origin, keys: keys[at]!, log: () => undefined }),
        ),
      )
      for (const [at, name] of NAMES.entries()) listeners[at]!.use(siteApp(name, sites[at]!))
      const [shop = '', travel = ''] = listeners.map((listener) => listener.origin)
      const visitor = new Visitor(origin)
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      expect(await visitor.sync(shop)).to.include({ outcome: 'adopt' })
      const tickets: string[] = []
      for (let time = 0; time < 3; time += 1) tickets.push((await visitor.ticket(travel)).ticket)

      const world = { hub: { origin }, now: Date.now }
      const authorization = (at: number) =>
        `Bearer ${siteToken(world, { origin: listeners[at]!.origin, keys: keys[at]! })}`
      const redeem = async (ticket: string) => {
        const { claims } = openTicket({ keys: keys[1]! }, ticket)
        const headers = {
          'content-type': 'application/json',
          authorization: authorization(1),
          connection: 'close',
        }
        const ask = { method: 'POST', body: redemptionOf(claims), headers }
        const { status, json } = await send(`${origin}/backchannel/redeem`, ask)
        return status === 200 ? 'spent' : String(json['error'])
      }
      expect(await redeem(tickets.pop()!)).to.equal('spent')
      const listenAs = async (at: number) => {
        const stream = await listenTo(`${origin}/backchannel/events`, { authorization: authorization(at) })
        expect(stream.status).to.equal(200)
        const heard = { stream, endedMs: 0 }
        void stream.ended.then(() => (heard.endedMs = performance.now()))
        return heard
      }
      const ofTravel = [await listenAs(1), await listenAs(1), await listenAs(1), await listenAs(1)]
      const ofShop = [await listenAs(0), await listenAs(0)]
      try {
        await command('disable', travel)
        const offMs = performance.now()
        const refused = async () => (await framesOf(travel)).join() === '404'
        const [frames, streams] = await Promise.all([
          msUntil(offMs, refused),
          msUntil(offMs, () => Promise.resolve(ofTravel.every(({ endedMs }) => endedMs > 0))),
        ])
        // Each process at least once; a ticket that was spent would say so.
        const seen = await ofBoth(() => redeem(tickets[0]!))
        const redemptions = performance.now() - offMs
        expect(seen).to.deep.equal(['site_token_invalid'])
        expect({ frames, streams, redemptions }).to.satisfy(
          (ms: Record<string, number>) => Object.values(ms).every((one) => one < 1000),
          JSON.stringify({ frames, streams, redemptions }),
        )
        expect(
          ofShop.map(({ endedMs }) => endedMs),
          'the other site goes on',
        ).to.deep.equal([0, 0])
        expect(await framesOf(shop)).to.deep.equal([200])

        await command('enable', travel)
        const onMs = performance.now()
        const again = async () => (await framesOf(travel)).join() === '200'
        expect(await msUntil(onMs, again), 'turned on').to.be.below(1000)
        expect(await redeem(tickets[0]!), 'its ticket was never spent').to.equal('spent')
      } finally {
        for (const { stream } of [...ofTravel, ...ofShop]) stream.close()
      }
    })
  })

  describe('without a store, or a number', () => {
    beforeEach(() => (folder = newFolder()))
    afterEach(() => folder.close())

    it('ends with exit code 1 where no process can open the store in the time that it may take, and says so', async () => {
      // Nobody listens there.
      const config = { store: 'postgres://hub@127.0.0.1:9/none', storeWaitSeconds: 1 }
      const hub = await folder.serve(config, '--workers', '2')
      expect(await hub.logged('workers_failed')).to.include({ level: 'error' })
      expect(await hub.exitCode()).to.equal(1)
      expect(await hub.errors()).to.include('No worker can open the session store')
    })

    it('ends so after some tries where the store is lost later, and not as long as one has it open', async () => {
      mkdirSync(folder.path('data'))
      const hub = await folder.serve({ store: 'data/hub.sqlite' }, '--workers', '2')
      const [one, two] = workersOf(hub)
      renameSync(folder.path('data'), folder.path('away'))
      process.kill(one!, 'SIGKILL')
      for (let failed = 0; failed < 6; failed += 1) await hub.logged('worker_died')
      process.kill(two!, 'SIGKILL')
      expect((await hub.logged('workers_failed'))['description']).to.match(/\d times in a row/)
      expect(await hub.exitCode()).to.equal(1)
    }).timeout(60_000)

    it('starts them again where the store comes back in time', async () => {
      mkdirSync(folder.path('data'))
      // The first process listens anew when it has had no worker for a moment: at a port of its own choice it would be another one.
      const hub = await folder.serve({ store: 'data/hub.sqlite', port: await freePort() }, '--workers', '2')
      renameSync(folder.path('data'), folder.path('away'))
      for (const worker of workersOf(hub)) process.kill(worker, 'SIGKILL')
      for (let failed = 0; failed < 4; failed += 1) await hub.logged('worker_died')
      renameSync(folder.path('away'), folder.path('data'))
      await hub.logged('worker_replaced')
      expect(await ready(hub)).to.equal(200)
      hub.signal('SIGINT')
      expect(await hub.exitCode()).to.equal(0)
    }).timeout(60_000)

    it('is refused at once for a number that is none, more than the machine has, or sessions in memory; in one line', async () => {
      folder.write('hub-keys.json', generateHubKeys())
      folder.write('hub.json', {
        origin: 'https://hub.example',
        keys: 'hub-keys.json',
        port: 0,
        store: 'memory',
      })
      const run = (workers: string) => folder.run('serve', '--config', 'hub.json', '--workers', workers)
      for (const workers of ['0', '-1', '1.5', 'two', '', String(availableParallelism() + 1)]) {
        const config = folder.path('hub.json')
        const { code, says } = await refusalOf('serve', '--config', config, `--workers=${workers}`)
        expect(code, workers).to.equal(2)
        expect(says).to.include('--workers')
      }
      const inMemory = await run('2')
      expect(inMemory.code).to.equal(1)
      expect(inMemory.stderr).to.include('"store" is "memory", which several processes cannot share')
      folder.write('hub.json', {
        origin: 'https://hub.example',
        keys: 'hub-keys.json',
        port: 0,
        store: 'none/x',
      })
      const broken = await run('2')
      expect(broken.code).to.equal(1)
      expect(broken.stderr.match(/"store"/g), 'once').to.have.length(1)
    })
  })
})
