/** The one file is the whole backup after a stop, and a file that was changed under a running hub takes no more sessions. */
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'
import { createHub, generateHubKeys } from 'session-hub/hub'

import { sqliteStore } from '../../hub/stores/sqlite.js'
import type { Store } from '../../hub/stores/store.js'
import { answerView, codeOf, held, newSpend } from '../support/records.js'
import { inProcesses } from '../support/store-at.js'
import { alter, newFolder } from '../support/stores.js'

describe('the file of the SQLite store, copied', () => {
  let path: string
  beforeEach(() => (path = join(newFolder(), 'sessions.db')))

  /** Only the one file, as somebody copies it who knows of no other. */
  async function inCopy(hash: string): Promise<string | undefined> {
    const copy = join(newFolder(), 'copy.db')
    copyFileSync(path, copy)
    const store = sqliteStore(copy)
    const found = await store.find(hash)
    await store.close()
    return found?.session.id
  }

  it('has every session after a stop, and stands alone', async () => {
    const store = sqliteStore(path)
    const { handle, session } = await held(store)
    await store.find(handle.hash)
    await store.list('ada', 0, 10)
    await store.close()

    expect(existsSync(`${path}-wal`)).to.equal(false)
    expect(existsSync(`${path}-shm`)).to.equal(false)
    expect(await inCopy(handle.hash)).to.equal(session.id)
  })

  it('has what the hub was still writing when it was closed', async () => {
    const store = sqliteStore(path)
    const hub = await createHub({ origin: 'https://hub.example', keys: generateHubKeys(), store })
    const writing = held(store)
    await hub.close()

    const { handle, session } = await writing
    expect(await inCopy(handle.hash)).to.equal(session.id)
  })

  it('has every session after the stop of one process, while another still has the file open', async () => {
    const [one, other] = [sqliteStore(path), sqliteStore(path)]
    const { handle, session } = await held(one)
    await one.close()

    expect(await inCopy(handle.hash)).to.equal(session.id)
    expect((await held(other)).session.id).to.be.a('string')
    await other.close()
    expect(existsSync(`${path}-wal`)).to.equal(false)
  })

  it('is let go of at once: no descriptor stays open', async function () {
    if (process.platform !== 'linux') this.skip()
    const store = sqliteStore(path)
    await held(store)
    expect(descriptorsOf(path)).to.have.length.above(2)
    await store.close()

    expect(descriptorsOf(path)).to.deep.equal([])
  })

  it('keeps its locks when another store of the same process opens and closes it', async () => {
    const store = sqliteStore(path)
    const { handle } = await held(store)
    await sqliteStore(path).close()

    // Were the locks lost, this process would take itself for the last one, and delete the log.
    await inProcesses(1, { kind: 'sqlite', path }, { do: 'spend', spend: newSpend(), times: 1 })

    expect(existsSync(`${path}-wal`)).to.equal(true)
    await store.transact({ handles: [handle.hash] }, answerView)
    await store.close()
  })
})

function descriptorsOf(path: string): string[] {
  const targets = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      return '' // the folder's own
    }
  })
  return targets.filter((target) => target.startsWith(path))
}

describe('the file of the SQLite store, changed under a running hub', () => {
  let path: string
  let log: string
  let store: Store
  let hash: string

  beforeEach(async () => {
    path = join(newFolder(), 'sessions.db')
    log = `${path}-wal`
    store = sqliteStore({ path, busyTimeoutMs: 500 })
    hash = (await held(store)).handle.hash
  })
  afterEach(() => store.close().catch(() => undefined))

  async function expectClosed(): Promise<void> {
    expect(await codeOf(store.ping()), 'ping').to.equal('unavailable')
    expect(await codeOf(store.transact({ handles: [hash] }, answerView)), 'writing').to.equal('unavailable')
  }
  async function expectOpen(): Promise<void> {
    await store.ping()
    await held(store)
    await store.ping()
  }

  const harm: Record<string, () => void> = {
    'the database moved away': () => {
      renameSync(path, `${path}.old`)
    },
    'the database deleted': () => {
      rmSync(path)
    },
    'another database in its place': () => {
      copyFileSync(path, `${path}.copy`)
      renameSync(`${path}.copy`, path)
    },
    'the log moved away': () => {
      renameSync(log, `${log}.old`)
    },
    'another log in its place': () => {
      copyFileSync(log, `${log}.copy`)
      renameSync(`${log}.copy`, log)
    },
    'the database cut short': () => {
      truncateSync(path, 0)
    },
    // The locks are in it: another process would make a new one, and write beside this one.
    'the index of the log deleted': () => {
      rmSync(`${path}-shm`)
    },
    'another index of the log in its place': () => {
      copyFileSync(`${path}-shm`, `${path}-shm.copy`)
      renameSync(`${path}-shm.copy`, `${path}-shm`)
    },
    'the log cut short': () => {
      truncateSync(log, 32)
    },
    'the log overwritten with something else': () => {
      writeFileSync(log, Buffer.alloc(readFileSync(log).length, 'x'))
    },
  }
  for (const [what, act] of Object.entries(harm)) {
    it(`R21: ${what}: nothing is written any more, and a ping says so`, async () => {
      await store.ping()
      act()

      await expectClosed()
    })
  }

  it('R21: the log emptied: no write is answered, and a ping says so from then on', async () => {
    truncateSync(log, 0)

    expect(await codeOf(held(store))).to.equal('unavailable')
    await expectClosed()
  })

  it('R21: the log overwritten with itself as it was before the last write: nothing is written any more', async () => {
    await held(store)
    await held(store)
    alter(path, 'PRAGMA wal_checkpoint(RESTART)')
    await held(store)
    const older = readFileSync(log)
    await held(store)
    expect(readFileSync(log).length, 'the two are of one length').to.equal(older.length)
    writeFileSync(log, older)

    await expectClosed()
  })

  it('R21: the log overwritten with an older one: nothing is written any more', async () => {
    const older = readFileSync(log)
    const other = new DatabaseSync(path)
    other.exec('PRAGMA wal_checkpoint(RESTART)')
    other.close()
    await held(store)
    writeFileSync(log, older)

    await expectClosed()
  })

  it('goes on when the database is put back', async () => {
    renameSync(path, `${path}.old`)
    await expectClosed()
    renameSync(`${path}.old`, path)

    await expectOpen()
  })

  for (const mode of ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE']) {
    it(`goes on after another process made a checkpoint (${mode})`, async () => {
      alter(path, `PRAGMA wal_checkpoint(${mode})`)
      await expectOpen()
      alter(path, `PRAGMA wal_checkpoint(${mode})`)
      await store.ping()
      await expectOpen()
    })
  }

  it('goes on while other processes write, and while it starts its log anew', async () => {
    const address = { kind: 'sqlite', path } as const
    const others = inProcesses(3, address, { do: 'spend', spend: newSpend(), times: 40 })
    const progress = { isDone: false }
    void others.then(() => (progress.isDone = true))
    while (!progress.isDone) await expectOpen()

    const data = { text: 'x'.repeat(16_000) }
    for (let round = 0; round < 25; round += 1)
      await Promise.all(Array.from({ length: 50 }, () => held(store, { data })))
    expect(readFileSync(log).length, 'the log began anew').to.be.below(25_000_000)
    await expectOpen()
    await others
  })
})
