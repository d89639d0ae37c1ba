/** The event stream: what ends anywhere is refused everywhere, at once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import fc from 'fast-check'
import { createHub, sqliteStore } from 'session-hub/hub'
import { createSite } from 'session-hub/site'

import { stateTag } from '../../hub/flows/tags.js'
import { readHubKeys } from '../../hub/keys/hub-keys.js'
import { newFolder } from '../cli/command.js'
import { createLine, type Line } from '../support/line.js'
import { listen } from '../support/listener.js'
import { type OwnStream, startOwnStream } from '../support/own-stream.js'
import { restartHub } from '../support/restart.js'
import { siteApp } from '../support/site-app.js'
import { forkSite } from '../support/site-worker.js'
import { alter } from '../support/stores.js'
import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

const FRESH_SECONDS = 300
const RUNS = 20

describe('the event stream of a site', () => {
  let world: World
  let line: Line
  let visitor: Visitor
  let shop: string
  let travel: string
  const closing: (() => unknown)[] = []

  const begin = async (options: WorldOptions = {}) => {
    line = createLine()
    world = await startWorld({ inFrontOfHub: line.handler, ...options })
    closing.push(() => world.close())
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  }
  beforeEach(() => begin())
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  const who = async (site: string, by = visitor) => (await by.ask(`${site}/who`)).json
  const asks = (path: string) => world.hub.listener.seen.filter(({ url }) => url === `/backchannel/${path}`)
  const streams = () => asks('events').length
  const logged = (name: string) => world.log.filter(({ event }) => event === name).length

  /** Signed in at the shop, known at travel. */
  async function signIn(by = visitor, name = 'ada'): Promise<void> {
    await by.post(shop, '/sign-in', { name })
    expect((await by.sync(shop)).outcome).to.equal('adopt')
    expect((await by.sync(travel)).outcome).to.equal('replace')
    expect(await who(travel, by)).to.include({ subject: name })
  }

  const isRefused = (site: string, by = visitor) =>
    until(async () => (await who(site, by)).session === 'none')

  it('is there once for each process, opened by the first visitor who has a session', async () => {
    await who(shop)
    await visitor.sync(shop)
    expect(streams(), 'nobody has a session').to.equal(0)
    await visitor.post(shop, '/cart', { item: 'boots' })
    await who(shop)
    await until(() => line.open === 1)
    for (const name of ['ada', 'bob', 'cleo']) {
      const other = new Visitor(world.hub.origin)
      await other.post(shop, '/sign-in', { name })
      await who(shop, other)
    }
    expect(streams()).to.equal(1)
    expect((await visitor.sync(shop)).outcome).to.equal('adopt')
    expect((await visitor.sync(travel)).outcome).to.equal('replace')
    await who(travel)
    await until(() => line.open === 2)
    expect(streams(), 'one for each of two processes').to.equal(2)
  })

  it('has a session refused that was ended by the other site, while its token is fresh', async () => {
    await signIn()
    const before = asks('read').length
    await visitor.post(shop, '/sign-out', {})
    await isRefused(travel)
    const kept = visitor.copy()
    for (const one of [visitor, kept, kept]) await who(travel, one)
    expect(asks('read'), 'one, which tells whose act that was').to.have.lengthOf(before + 1)
  })

  it(`has it refused within a second, each time of ${RUNS}`, async () => {
    const took: number[] = []
    for (let run = 0; run < RUNS; run += 1) {
      await signIn()
      await visitor.post(shop, '/sign-out', {})
      const endedMs = performance.now()
      await isRefused(travel)
      took.push(performance.now() - endedMs)
    }
    expect(Math.max(...took), took.map(Math.round).join(' ')).to.be.below(1000)
  })

  it('has it refused by every process of a site', async () => {
    await signIn()
    const { keys } = world.siteOf('travel')
    const second = await listen('travel.localhost')
    const site = await createSite({ origin: travel, hub: world.hub.origin, keys })
    closing.push(() => {
      site.close()
      return second.close()
    })
    second.use(siteApp('travel', site))
    for (const [name, value] of visitor.cookies(travel)) visitor.cookies(second.origin).set(name, value)
    expect(await who(second.origin)).to.include({ subject: 'ada' })
    await visitor.post(shop, '/sign-out', {})
    await isRefused(second.origin)
    await isRefused(travel)
  })

  it('tells a process that has just begun what ended before', async () => {
    await signIn()
    const kept = new Map(visitor.cookies(travel))
    const before = asks('read').length
    await visitor.post(shop, '/sign-out', {})
    await isRefused(travel)
    const next = await listen('travel.localhost')
    const { keys } = world.siteOf('travel')
    const site = await createSite({ origin: travel, hub: world.hub.origin, keys })
    closing.push(() => {
      site.close()
      return next.close()
    })
    next.use(siteApp('travel', site))
    const thief = new Visitor(world.hub.origin)
    for (const [name, value] of kept) thief.cookies(next.origin).set(name, value)
    await isRefused(next.origin, thief)
    expect(asks('read'), 'one by each process, which tells whose act that was').to.have.lengthOf(before + 2)
  })

  describe('that is cut', () => {
    it('leaves an ended session the first half of its token’s life, and no more', async () => {
      await signIn()
      line.cut()
      await visitor.post(shop, '/sign-out', {})
      expect(await who(travel)).to.include({ subject: 'ada', isStale: false })
      world.advance(FRESH_SECONDS / 2 - 30)
      expect(await who(travel)).to.include({ subject: 'ada', isStale: false })
      world.advance(30)
      expect(await who(travel)).to.include({ session: 'none', isStale: false })
    })

    it('brings what was missed when it returns', async () => {
      const others = [new Visitor(world.hub.origin), new Visitor(world.hub.origin)]
      await signIn()
      for (const other of others) await signIn(other, 'bob')
      await until(() => line.open === 2)
      line.cut()
      await visitor.post(shop, '/sign-out', {})
      await world.hub.hub.sessions.endAll('bob')
      for (const by of [visitor, ...others])
        expect(await who(travel, by)).to.include({ session: 'signed-in' })
      await until(() => logged('stream_lost') === 2)
      expect(logged('stream_back')).to.equal(0)
      line.mend()
      for (const by of [visitor, ...others]) await isRefused(travel, by)
      await until(() => logged('stream_back') === 2)
      expect(logged('stream_lost'), 'once for each process').to.equal(2)
    })

    it('for longer than the hub remembers: everything that was trusted before is asked for anew', async () => {
      const other = new Visitor(world.hub.origin)
      await signIn()
      await signIn(other, 'bob')
      await until(() => line.open === 2)
      line.cut()
      await visitor.post(shop, '/sign-out', {})
      await new Visitor(world.hub.origin).post(shop, '/sign-in', { name: 'cleo' })
      const before = asks('read').length
      const { store } = world.hub
      await store.sweep(
        { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: Number.MAX_SAFE_INTEGER, auditBeforeMs: 0 },
        1000,
      )
      expect((await store.endingsRange()).first, 'nothing is known of it').to.equal(0)
      expect(await who(travel, other)).to.include({ subject: 'bob' })
      expect(asks('read')).to.have.lengthOf(before)
      line.mend()
      await isRefused(travel)
      expect(await who(travel, other)).to.include({ subject: 'bob', isStale: false })
      expect(asks('read'), 'both were asked for').to.have.lengthOf(before + 2)
    })
  })

  it('tells that the hub is back: nobody is refused any longer because it was away', async () => {
    await signIn()
    await until(() => streams() === 2)
    const data = async (site: string) => (await visitor.ask(`${site}/whoami`)).json
    await world.hub.listener.stop()
    // Each failure lengthens the pause, to ten seconds at most.
    for (let failures = 0; failures < 6; failures += 1) {
      for (const site of [shop, travel]) expect(await data(site)).to.deep.equal({ error: 'unavailable' })
      world.advance(10)
    }
    for (const site of [shop, travel]) expect(await data(site)).to.deep.equal({ error: 'unavailable' })
    await until(() => logged('stream_lost') === 2)
    await world.hub.listener.start()
    await until(() => logged('stream_back') === 2)
    // Ten seconds have not passed since the last failure: only the stream can have ended the pause.
    const asked = await Promise.all([shop, shop, travel, travel].map(data))
    for (const reply of asked) expect(reply).to.include({ session: 'signed-in', subject: 'ada' })
    expect(logged('hub_back'), 'once for each process').to.equal(2)
  })

  it('goes on where it was when the hub starts again', async () => {
    for (const close of closing.splice(0)) await close()
    const folder = await mkdtemp(join(tmpdir(), 'session-hub-events-'))
    closing.push(() => rm(folder, { recursive: true }))
    const path = join(folder, 'hub.sqlite')
    await begin({ hub: { store: sqliteStore(path) } })
    await signIn()
    await until(() => line.open === 2)
    line.cut()
    await visitor.post(shop, '/sign-out', {})
    const before = asks('read').length
    closing.push(await restartHub(world, { store: sqliteStore(path) }))
    await isRefused(travel)
    expect(asks('read')).to.have.lengthOf(before)
  })

  it('hears of no session whose end has a number that was given before, once the hub is a backup: it asks for each anew', async () => {
    for (const close of closing.splice(0)) await close()
    const folder = newFolder()
    closing.push(() => folder.close())
    const [path, copy] = [folder.path('hub.sqlite'), folder.path('copy.sqlite')]
    await begin({ hub: { store: sqliteStore(path) } })
    const [bob, cleo, dan] = ['bob', 'cleo', 'dan'].map(() => new Visitor(world.hub.origin)) as [
      Visitor,
      Visitor,
      Visitor,
    ]
    await signIn(bob, 'bob')
    await signIn(cleo, 'cleo')
    await signIn(dan, 'dan')
    await until(() => line.open === 2)
    alter(path, `VACUUM INTO '${copy}'`)
    await bob.post(shop, '/sign-out', {})
    await isRefused(travel, bob)

    await world.hub.listener.stop()
    folder.write('keys.json', world.hub.keys)
    folder.write('hub.json', { origin: world.hub.origin, keys: 'keys.json', store: copy, sites: [] })
    const restored = await folder.run('store', 'restored', '--config', 'hub.json')
    expect(restored).to.include({ code: 0, stderr: '' })
    expect(restored.stdout).to.match(/^The store has a new epoch, [0-9a-f]{32}: /)
    // What another of the hub's processes does before the sites are back.
    const store = sqliteStore(copy)
    const { keys, origin } = world.hub
    const early = await createHub({ origin, keys, store: sqliteStore(copy) })
    const { last: heard } = await world.hub.store.endingsRange()
    while ((await store.endingsRange()).last < heard) await early.sessions.endAll('cleo')
    await early.close()
    expect((await store.endingsRange()).last, 'the numbers run again').to.equal(heard)
    closing.push(await restartHub(world, { store }))

    await isRefused(travel, cleo)
    expect(await who(travel, dan), 'the twin').to.include({ subject: 'dan', isStale: false })
  })

  describe('of a user', () => {
    const devices = () => [visitor, new Visitor(world.hub.origin)] as const

    it('has all sessions refused, in every browser, and spares the one that was excepted', async () => {
      const [one, other] = devices()
      await signIn(one)
      await signIn(other)
      const [newest] = await world.hub.hub.sessions.list('ada')
      expect(await world.hub.hub.sessions.endAll('ada', { except: newest!.id })).to.equal(1)
      await isRefused(travel, one)
      await isRefused(shop, one)
      for (const site of [shop, travel])
        expect(await who(site, other)).to.include({ subject: 'ada', isStale: false })
    })

    it('asks for the spared one once, and trusts it then', async () => {
      const [one, other] = devices()
      await signIn(one)
      await signIn(other)
      const [newest] = await world.hub.hub.sessions.list('ada')
      await world.hub.hub.sessions.endAll('ada', { except: newest!.id })
      await isRefused(travel, one)
      const before = asks('read').length
      for (let time = 0; time < 3; time += 1) expect(await who(travel, other)).to.include({ subject: 'ada' })
      expect(asks('read')).to.have.lengthOf(before + 1)
    })

    it('refuses whom it cannot ask for while the hub is down, whatever the grace; a stranger to it lives on', async () => {
      const [one, other] = devices()
      const bob = new Visitor(world.hub.origin)
      await signIn(one)
      await signIn(other)
      await signIn(bob, 'bob')
      const [newest] = await world.hub.hub.sessions.list('ada')
      await world.hub.hub.sessions.endAll('ada', { except: newest!.id })
      await isRefused(travel, one)
      await world.hub.listener.stop()
      expect(await who(travel, other)).to.include({ session: 'none', isStale: true })
      expect(await who(travel, bob)).to.include({ subject: 'bob', isStale: false })
      world.advance(FRESH_SECONDS)
      expect(await who(travel, other)).to.include({ session: 'none' })
      expect(await who(travel, bob), 'in grace').to.include({ subject: 'bob', isStale: true })
      await world.hub.listener.start()
      await until(async () => (await who(travel, other)).subject === 'ada')
    })

    it('ends what the policy of one session ends, on every site', async () => {
      for (const close of closing.splice(0)) await close()
      await begin({ hub: { singleSession: true } })
      const [one, other] = devices()
      await signIn(one)
      await signIn(other)
      await isRefused(travel, one)
      await isRefused(shop, one)
      expect(await who(travel, other)).to.include({ subject: 'ada' })
    })
  })

  describe('under many endings', () => {
    const ENDINGS = 2000
    /** Of one ending on its way, about. */
    const BYTES = 100
    let own: OwnStream

    afterEach(() => own.close())

    it(`hears each of ${ENDINGS} once and in order, while its connection breaks at random places`, async function () {
      this.timeout(60_000)
      const secret = readHubKeys(world.hub.keys)
      const expected: string[] = []
      const end = (count: number) =>
        world.hub.store.transact({ handles: [] }, () => ({
          changes: {
            endings: Array.from({ length: count }, () => {
              const sessionId = `session-${expected.length}`
              expected.push(stateTag(secret, sessionId, shop))
              return {
                sessionId,
                subject: null,
                generation: 0,
                reason: 'revoked' as const,
                atMs: world.now(),
              }
            }),
          },
          result: undefined,
        }))
      own = await startOwnStream(world.siteOf('shop'), world.hub.origin)

      const anyStep = fc.record({
        count: fc.integer({ min: 1, max: 300 }),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      for (const { count, share } of fc.sample(anyStep, { numRuns: ENDINGS, seed: Date.now() })) {
        await until(() => line.open === 1)
        line.disturbAfter(Math.floor(share * count * BYTES))
        await end(Math.min(count, ENDINGS - expected.length))
        await until(() => own.heard.length === expected.length)
        if (expected.length === ENDINGS) break
      }
      expect(own.heard).to.deep.equal(expected)
      expect(own.resets()).to.equal(0)
      expect(streams(), 'it broke often').to.be.above(5)
    })
  })

  describe('does not keep a process alive', () => {
    for (const isSiteClosed of [true, false]) {
      it(`when its server has closed ${isSiteClosed ? 'and the site' : 'but not the site'}`, async () => {
        const child = await forkSite('child', world)
        closing.push(() => child.kill())
        const origin = child.origin
        await visitor.post(origin, '/sign-in', { name: 'ada' })
        await who(origin)
        await until(() => line.open === 1)
        expect(await child.stop(isSiteClosed)).to.equal(0)
        await until(() => line.open === 0)
      })
    }
  })

  it('is ended by site.close(), and does not come again', async () => {
    await signIn()
    await until(() => line.open === 2)
    const before = streams()
    world.siteOf('travel').site.close()
    await until(() => line.open === 1)
    line.disturb()
    await until(() => line.open === 0)
    await until(() => line.open === 1)
    expect(streams(), 'the other site’s alone').to.equal(before + 1)
  })
})
