/** Backup and restore, while the hub runs and after it has stopped. */
import { chmodSync, copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'

import { expect } from 'chai'
import { sqliteStore } from 'session-hub/hub'

import { held, newEnding, newSession, write } from '../support/records.js'
import { type Folder, newFolder, type RunningHub } from './command.js'
import { KILLED } from './killed.js'

describe('session-hub store backup and restore', () => {
  let folder: Folder
  let database: string

  beforeEach(() => {
    folder = newFolder()
    database = folder.path('session-hub.sqlite')
  })
  afterEach(() => folder.close())

  const command = (...args: string[]) => folder.run('store', ...args, '--config', 'hub.json')
  /** A database that no hub has open. */
  async function made(): Promise<void> {
    folder.configure()
    await sqliteStore(database).close()
  }
  async function stop(hub: RunningHub): Promise<void> {
    hub.signal('SIGTERM')
    expect(await hub.exitCode()).to.equal(0)
  }
  async function epochOf(path: string): Promise<string> {
    const store = sqliteStore(path)
    const { epoch } = await store.endingsRange()
    await store.close()
    return epoch
  }

  it('copies what is there at one moment while it is written, and brings it back with a new epoch', async () => {
    const hub = await folder.serve()
    const store = sqliteStore(database)
    const first = await held(store)
    await write(store, { endings: [newEnding()] })
    const writing = { isOn: true, count: 0 }
    const done = (async () => {
      for (; writing.isOn; writing.count += 1) {
        // Two that belong together: a copy has both or none.
        const [one, two] = [
          newSession({ agent: `${writing.count}` }),
          newSession({ agent: `${writing.count}` }),
        ]
        await write(store, { sessions: [one, two] })
      }
    })()
    const backup = await command('backup', 'copy.sqlite')
    writing.isOn = false
    await done
    expect(backup).to.include({ code: 0, stderr: '' })
    expect(writing.count).to.be.above(0)
    expect(statSync(folder.path('copy.sqlite')).mode & 0o777).to.equal(0o600)
    const last = await held(store)
    const { epoch } = await store.endingsRange()
    await store.close()

    const refused = await command('restore', 'copy.sqlite')
    expect(refused.code, 'while the hub runs').to.equal(1)
    expect(refused.stderr).to.include('processes first')
    expect((await hub.get('/readyz')).status).to.equal(200)
    await stop(hub)

    const restored = await command('restore', 'copy.sqlite')
    expect(restored).to.include({ code: 0, stderr: '' })
    expect(readdirSync(folder.path('.')).filter((name) => name.includes('.replaced-'))).to.have.length(1)
    expect(readdirSync(folder.path('.')).filter((name) => name.includes('.part'))).to.deep.equal([])
    expect(statSync(database).mode & 0o777).to.equal(0o600)
    expect(await epochOf(database)).to.not.equal(epoch)

    const again = await folder.start('hub.json')
    expect((await again.get('/readyz')).status).to.equal(200)
    const copy = sqliteStore(database)
    expect(await copy.find(first.handle.hash)).to.deep.equal(first)
    expect(await copy.find(last.handle.hash)).to.equal(undefined)
    const agents = (await copy.search({ nowMs: 0, limit: 1_000_000 })).map(({ agent }) => agent)
    const pairs = agents.filter((agent) => agent !== null)
    expect(pairs.length).to.equal(2 * new Set(pairs).size)
    await copy.close()
  }).timeout(60_000)

  it('overwrites no file, and takes none that is not a whole backup', async () => {
    await made()
    await command('backup', 'copy.sqlite')
    const before = statSync(folder.path('copy.sqlite')).mtimeMs
    const twice = await command('backup', 'copy.sqlite')
    expect(twice.code).to.equal(1)
    expect(twice.stderr).to.include('already exists')
    expect(statSync(folder.path('copy.sqlite')).mtimeMs).to.equal(before)

    const epoch = await epochOf(database)
    writeFileSync(folder.path('notes.txt'), 'These are my notes.\n'.repeat(100))
    for (const [file, words] of [
      ['notes.txt', 'is not a session database'],
      ['nothing.sqlite', 'There is no backup'],
    ] as const) {
      const refused = await command('restore', file)
      expect(refused.code, file).to.equal(1)
      expect(refused.stderr).to.include(words)
    }
    expect(await epochOf(database)).to.equal(epoch)
    expect(existsSync(`${database}.part`)).to.equal(false)
  })

  it('leaves the database that there was where a restore is killed in its last step, and is done by the next one', async () => {
    await made()
    await command('backup', 'copy.sqlite')
    const epoch = await epochOf(database)
    const killed = await folder.runWith(KILLED, 'store', 'restore', 'copy.sqlite', '--config', 'hub.json')
    expect(killed.code).to.equal(null)
    expect(existsSync(database), 'a hub that starts now would make an empty one').to.equal(true)
    expect(await epochOf(database)).to.equal(epoch)

    expect((await command('restore', 'copy.sqlite')).code).to.equal(0)
    expect(existsSync(`${database}.part`)).to.equal(false)
    expect(await epochOf(database)).to.not.equal(epoch)
  })

  it('R26: makes a restored database private, though its backup was not', async () => {
    await made()
    await command('backup', 'copy.sqlite')
    copyFileSync(folder.path('copy.sqlite'), folder.path('open.sqlite'))
    chmodSync(folder.path('open.sqlite'), 0o644)
    expect((await command('restore', 'open.sqlite')).code).to.equal(0)
    expect(statSync(database).mode & 0o777).to.equal(0o600)
  })

  const servers: Record<string, readonly [url: string, backup: string, restore: string]> = {
    PostgreSQL: ['postgres://hub:secret@127.0.0.1:9/none', 'pg_dump', 'pg_restore'],
    Redis: ['rediss://hub:secret@127.0.0.1:9', 'BGSAVE', 'appendonlydir'],
  }
  for (const [name, [url, ...tools]] of Object.entries(servers)) {
    it(`names the tools of ${name}, without the password of its address`, async () => {
      folder.configure()
      for (const [at, act] of ['backup', 'restore'].entries()) {
        const environment = { SESSION_HUB_STORE: url }
        const said = await folder.runWith(environment, 'store', act, 'copy.sqlite', '--config', 'hub.json')
        expect(said.code).to.equal(1)
        expect(said.stderr).to.include(tools[at])
        expect(said.stderr)
          .to.not.include('secret')
          .and.not.include(name === 'Redis' ? 'pg_' : 'BGSAVE')
      }
    })
  }
})
