/** To PostgreSQL: the schema by hand, by its owner, and all sessions out of a file. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { expect } from 'chai'
import { sqliteStore } from 'session-hub/hub'
import { postgresStore } from 'session-hub/hub/postgres'

import { createLine } from '../support/line.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { newHandle, newSession, write } from '../support/records.js'
import { restartHub } from '../support/restart.js'
import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'
import { type Folder, newFolder } from './command.js'

let postgres: Postgres
let folder: Folder
/** The address of a user who may create nothing. */
let guest: string

before(async () => {
  postgres = await startPostgres()
  await postgres.query('CREATE ROLE guest LOGIN')
  guest = postgres.url.replace('//hub@', '//guest@')
})
beforeEach(async () => {
  folder = newFolder()
  await postgres.query('DROP SCHEMA IF EXISTS session_hub CASCADE')
})
afterEach(() => folder.close())

describe('session-hub store migrate', () => {
  const migrate = (url: string, ...args: string[]) =>
    folder.runWith({ SESSION_HUB_STORE: url }, 'store', 'migrate', ...args)
  const hubOf = (store: string, more: object = {}) => folder.serve({ store, migrateStore: false, ...more })
  const refusalOf = (store: string) =>
    hubOf(store).then(
      () => expect.fail('the hub has started'),
      (thrown: unknown) => (thrown as Error).message,
    )

  it('does a hub start whose user may create nothing, after its owner has run it?', async () => {
    expect(await refusalOf(guest))
      .to.include('is not there yet')
      .and.include('session-hub store migrate')

    const done = await migrate(postgres.url, '--grant', 'guest')
    expect(done, done.stderr).to.include({ code: 0 })
    expect(done.stdout).to.match(/has version \d+, and "guest" may use it/)
    const hub = await hubOf(guest)
    expect((await hub.get('/readyz')).status).to.equal(200)

    expect((await migrate(postgres.url)).code, 'again').to.equal(0)
    expect((await hub.get('/readyz')).status).to.equal(200)
  })

  it('does a hub refuse an older schema and a newer one, and say what to do?', async () => {
    await migrate(postgres.url, '--grant', 'guest')
    await postgres.query('UPDATE session_hub.meta SET version = version - 1')
    expect(await refusalOf(guest))
      .to.include('is older')
      .and.include('session-hub store migrate')
    // One that may, and cannot: no waiting mends it.
    const waiting = await hubOf(guest, { migrateStore: true, storeWaitSeconds: 3600 })
    expect(await waiting.exitCode()).to.equal(1)
    expect(await waiting.errors()).to.include('let its owner run')

    await postgres.query('UPDATE session_hub.meta SET version = 99')
    expect(await refusalOf(guest)).to.include('newer version')
    const refused = await migrate(postgres.url)
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.include('newer version')
  })

  it('is a user who may create nothing told so, and a store that has no schema?', async () => {
    const refused = await migrate(guest)
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.include('let its owner run')
    expect((await migrate(folder.path('sessions.sqlite'))).stderr).to.include('not in PostgreSQL')
    expect((await migrate('')).stderr).to.include('SESSION_HUB_STORE')
  })

  it('is a server that is away named, without the password?', async () => {
    const { code, stderr } = await migrate('postgres://hub:secret@127.0.0.1:9/none')
    expect(code).to.equal(1)
    expect(stderr).to.include('ECONNREFUSED').and.not.include('secret')
  })
})

describe('session-hub store copy', () => {
  const SESSIONS = 12_000
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  /** The addresses in the environment: a list of processes shows what a command was given. */
  const args = () => ['store', 'copy', '--from', `sqlite:${folder.path('old.sqlite')}`]
  const copy = () => folder.runWith({ SESSION_HUB_STORE_TO: postgres.url }, ...args())

  it('does it go on after kill -9, and keep both stores closed until it has ended?', async () => {
    const store = sqliteStore(folder.path('old.sqlite'))
    const sessions = Array.from({ length: SESSIONS }, () => newSession())
    const handles = sessions.map((session) => newHandle(session))
    for (let at = 0; at < SESSIONS; at += 2000)
      await write(store, { sessions: sessions.slice(at, at + 2000), handles: handles.slice(at, at + 2000) })
    await store.close()

    const child = folder.begin({ SESSION_HUB_STORE_TO: postgres.url }, ...args())
    const ended = once(child, 'exit')
    for await (const line of createInterface(child.stderr))
      if (line.startsWith('copying handles')) child.kill('SIGKILL')
    expect((await ended)[1]).to.equal('SIGKILL')

    const part = await postgres.query('SELECT count(*)::int AS rows FROM session_hub.session')
    expect(part.rows).to.deep.equal([{ rows: SESSIONS }])
    await folder.run('keys', '--out', 'hub-keys.json')
    for (const [at, words] of [
      ['old.sqlite', 'is being copied to'],
      [postgres.url, 'is an unfinished copy of'],
    ] as const) {
      folder.write('hub.json', { origin: 'https://hub.example', keys: 'hub-keys.json', store: at, port: 0 })
      const refused = await folder.run('serve', '--config', 'hub.json')
      expect(refused.code).to.equal(1)
      expect(refused.stderr).to.include(words)
    }

    const done = await copy()
    expect(done, done.stderr).to.include({ code: 0 })
    expect(done.stdout)
      .to.match(/^sessions +12,000 +[0-9a-f]{16}$/m)
      .and.match(/^handles +12,000 /m)
    expect(done.stderr).to.not.include('copying sessions')
    const target = await postgresStore({ url: postgres.url })
    closing.push(() => target.close())
    for (const at of [0, 1, 499, 500, 5999, 6000, SESSIONS - 1])
      expect(await target.find(handles[at]!.hash)).to.deep.equal({
        handle: handles[at],
        session: sessions[at],
      })
    const again = await copy()
    expect(again.code).to.equal(1)
    expect(again.stderr).to.include('was copied to')
  }).timeout(120_000)

  it('do visitors and sites of a hub that has moved notice nothing, and do dead sessions stay dead?', async () => {
    const line = createLine()
    const path = folder.path('old.sqlite')
    const world = await startWorld({ inFrontOfHub: line.handler, hub: { store: sqliteStore(path) } })
    closing.push(() => world.close())
    const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    const who = async (site: string, by: Visitor) => (await by.ask(`${site}/who`)).json
    const reads = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/read').length
    const [ada, bob] = [new Visitor(world.hub.origin), new Visitor(world.hub.origin)]
    for (const [visitor, name] of [
      [ada, 'ada'],
      [bob, 'bob'],
    ] as const) {
      await visitor.post(shop, '/sign-in', { name })
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      expect((await visitor.sync(travel)).outcome).to.equal('replace')
      await who(travel, visitor)
    }
    await until(() => line.open === 2)
    const stolen = bob.copy()
    await bob.post(shop, '/sign-out', {})
    await until(async () => (await who(travel, bob)).session === 'none')
    const { epoch } = await world.hub.store.endingsRange()

    expect((await copy()).stderr, 'while the hub runs').to.include('processes first')
    line.cut()
    await world.hub.listener.stop()
    await world.hub.hub.close()
    const copied = await copy()
    expect(copied, copied.stderr).to.include({ code: 0 })
    const store = await postgresStore({ url: postgres.url })
    expect((await store.endingsRange()).epoch, 'sites go on from their numbers').to.equal(epoch)
    const before = reads()
    closing.push(await restartHub(world, { store }))

    expect(await who(travel, ada)).to.include({ subject: 'ada' })
    expect((await ada.sync(shop)).outcome).to.equal('keep')
    expect(await who(travel, stolen)).to.include({ session: 'none' })
    expect((await stolen.sync(travel)).outcome).to.not.equal('replace')
    expect(await who(travel, stolen)).to.not.include({ subject: 'bob' })
    expect(reads(), 'nobody was asked for anew').to.be.at.most(before + 1)

    await ada.post(shop, '/sign-out', {})
    await until(async () => (await who(travel, ada)).session === 'none')
  }).timeout(60_000)

  it('is a store that is not there, or is the same, or has no name, refused?', async () => {
    expect((await copy()).stderr).to.include('there is no')
    expect(await folder.run('store', 'copy')).to.include({ code: 2 })
    const mysql = await folder.run('store', 'copy', '--from', 'mysql://a', '--to', 'sqlite:new.sqlite')
    expect(mysql.stderr).to.include('sqlite:<file>')
    await sqliteStore(folder.path('old.sqlite')).close()
    const same = await folder.run(...args(), '--to', 'sqlite:old.sqlite')
    expect(same.code).to.equal(1)
    await sqliteStore(folder.path('old.sqlite')).close()
    const away = await folder.run(...args(), '--to', 'postgres://hub:secret@127.0.0.1:9/none')
    expect(away.stderr).to.include('ECONNREFUSED').and.not.include('secret')
    await sqliteStore(folder.path('old.sqlite')).close()
  })

  it('does "store reopen" open the old one again, and not a part of a copy?', async () => {
    await sqliteStore(folder.path('old.sqlite')).close()
    expect((await copy()).code).to.equal(0)
    const reopen = () => folder.run('store', 'reopen', '--store', 'sqlite:old.sqlite')
    expect((await reopen()).stdout).to.include('is open again')
    await sqliteStore(folder.path('old.sqlite')).close()
    expect((await reopen()).stderr).to.include('is open')
  })
})
