/** What becomes of acknowledged writes, and of those who ask, when PostgreSQL fails. */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { expect } from 'chai'

import { type Postgres, startPostgres } from '../support/postgres.js'
import { startWay, type Way } from '../support/way.js'
import { type Scene, startScene } from './scene.js'

const engine = 'PostgreSQL'

describe('hubs on PostgreSQL', () => {
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  async function begin(postgres: Postgres, way?: Way): Promise<Scene> {
    const url = new URL(postgres.url)
    if (way) url.port = String(way.port)
    const scene = await startScene({ kind: 'postgres', url: url.href, schema: 'hub' })
    closing.push(() => scene.close())
    return scene
  }

  async function started(settings?: Record<string, string>): Promise<Postgres> {
    const postgres = await startPostgres(settings)
    closing.push(() => postgres.kill())
    return postgres
  }

  it('lose nothing by a restart of the server, and nobody sees an error where it is quick', async () => {
    const postgres = await started()
    const scene = await begin(postgres)
    let longestMs = 0
    for (let times = 0; times < 3; times += 1) {
      const beganMs = performance.now()
      await postgres.restart()
      longestMs = Math.max(longestMs, performance.now() - beganMs)
      await scene.callers.more(60)
    }
    const seconds = (longestMs / 1000).toFixed(1)
    expect(
      await scene.finish({
        engine,
        fault: 'planned restart, three times',
        promised: 'no error where it takes less than 1.5 s; nothing lost',
        more: `away for up to ${seconds} s`,
      }),
    ).to.equal(0)
    if (longestMs < 1000) expect([...scene.callers.seen.refused.keys()]).to.deep.equal([])
  })

  it('lose nothing by kill -9 of the server', async () => {
    const postgres = await started()
    const scene = await begin(postgres)
    for (let times = 0; times < 3; times += 1) {
      await postgres.kill()
      await postgres.start()
      await scene.callers.more(60)
    }
    const promised = 'writes wait up to 1.5 s, then 503; nothing lost'
    expect(await scene.finish({ engine, fault: 'kill -9 of the server, three times', promised })).to.equal(0)
  })

  for (const [how, before] of [
    ['', undefined],
    [
      ', the standby hung for 1 s before',
      async ({ standby }: Pair) => {
        const goOn = await standby.hang()
        await delay(1000)
        return goOn
      },
    ],
    [
      ', the standby cut off for 1 s before',
      async ({ between }: Pair) => {
        between.hold()
        await delay(1000)
        return () => {
          between.cut()
        }
      },
    ],
  ] as const) {
    it(`lose nothing by a failover to a synchronous standby${how}`, async () => {
      const pair = await startPair()
      const scene = await begin(pair.primary, pair.way)
      const goOn = await before?.(pair)
      await pair.primary.kill()
      goOn?.()
      await pair.standby.query('SELECT pg_promote(true, 30)')
      // It has no standby of its own yet.
      await pair.standby.query(`ALTER SYSTEM SET synchronous_standby_names = ''`)
      await pair.standby.query('SELECT pg_reload_conf()')
      pair.way.to(Number(new URL(pair.standby.url).port))
      await scene.callers.more(60)
      const fault = `failover to a synchronous standby${how}`
      expect(
        await scene.finish({ engine, fault, promised: 'nothing lost; 503 until it is promoted' }),
      ).to.equal(0)
    })
  }

  interface Pair {
    readonly primary: Postgres
    readonly standby: Postgres
    /** Between hubs and server, and between server and standby. */
    readonly way: Way
    readonly between: Way
  }

  async function startPair(): Promise<Pair> {
    const primary = await started({ wal_keep_size: '64MB' })
    const between = await startWay(Number(new URL(primary.url).port))
    const standby = await startPostgres({}, { of: primary, port: between.port })
    const way = await startWay(Number(new URL(primary.url).port))
    closing.push(
      () => standby.kill(),
      () => way.close(),
      () => between.close(),
    )
    await primary.query(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`)
    await primary.query('SELECT pg_reload_conf()')
    for (;;) {
      const { rows } = await primary.query('SELECT sync_state FROM pg_stat_replication')
      if (rows[0]?.['sync_state'] === 'sync') return { primary, standby, way, between }
      await delay(50)
    }
  }

  it('answer reads and refuse writes while the server is read-only', async () => {
    const postgres = await started()
    const scene = await begin(postgres)
    const set = async (to: string) => {
      await postgres.query(
        `BEGIN READ WRITE; ALTER DATABASE postgres SET default_transaction_read_only = ${to}; COMMIT`,
      )
      await postgres.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'session-hub'`,
      )
    }
    await set('on')
    await delay(2000)
    await set('off')
    await scene.callers.more(60)
    const promised = 'writes 503, reads go on; nothing lost'
    expect(await scene.finish({ engine, fault: 'read-only for 2 s', promised })).to.equal(0)
  })

  for (const seconds of [2, 6]) {
    it(`keep nobody waiting for longer than their limit while the server hangs for ${seconds} s`, async () => {
      const postgres = await started()
      const scene = await begin(postgres)
      const goOn = await postgres.hang()
      await delay(seconds * 1000)
      goOn()
      await scene.callers.more(60)
      const promised = '503 after 1.5 s at most; nothing lost, nothing twice'
      expect(await scene.finish({ engine, fault: `hung for ${seconds} s`, promised })).to.equal(0)
      // A look and a commit are within one limit; the rest is the machine's.
      expect(scene.callers.seen.longestMs).to.be.below(4000)
    })
  }

  it('refuse at once while the server is away for a minute, and are back by themselves', async () => {
    const postgres = await started()
    const scene = await begin(postgres)
    await postgres.kill()
    await delay(5000)
    const { latency } = await refusalOf(scene)
    await delay(55_000)
    await postgres.start()
    await scene.callers.more(60)
    const fault = 'away for a minute'
    const promised = 'writes 503 after 1.5 s, later at once; nothing lost'
    expect(await scene.finish({ engine, fault, promised })).to.equal(0)
    expect(latency, 'at once, when it is known to be away').to.be.below(1000)
  })

  /** How long one waits to be refused. */
  async function refusalOf(scene: Scene): Promise<{ latency: number }> {
    const beganMs = performance.now()
    const reply = await scene.ask('read', { handle: 'A'.repeat(43) })
    expect(reply.status).to.equal(503)
    return { latency: performance.now() - beganMs }
  }

  it('lose nothing where the network to the server is cut, or swallows everything', async () => {
    const postgres = await started()
    const way = await startWay(Number(new URL(postgres.url).port))
    closing.push(() => way.close())
    const scene = await begin(postgres, way)
    way.cut()
    await delay(2000)
    way.mend()
    await scene.callers.more(60)
    way.hold()
    await delay(3000)
    way.mend()
    await scene.callers.more(60)
    const promised = '503 after 1.5 s at most; nothing lost, nothing twice'
    const fault = 'cut off from the hubs: refused for 2 s, swallowed for 3 s'
    expect(await scene.finish({ engine, fault, promised })).to.equal(0)
  })

  it('refuse writes and answer reads where its disk is full, and go on when there is room', async function () {
    if (process.getuid?.() !== 0) this.skip()
    const folder = mkdtempSync(join(tmpdir(), 'session-hub-small-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder])
    } catch {
      this.skip()
    }
    closing.push(() => {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    })
    const postgres = await started()
    const { uid, gid } = statSync(postgres.folder)
    chownSync(folder, uid, gid)
    await postgres.query(`CREATE TABLESPACE small LOCATION '${folder}'`)
    await postgres.query('ALTER DATABASE postgres SET default_tablespace = small')
    const scene = await begin(postgres)
    // Nothing is left for another page.
    const filler = join(folder, 'filler')
    fill(filler)
    await scene.refused('503 unavailable', 5)
    const { status } = await scene.ask('read', { handle: 'A'.repeat(43) })
    expect(status, 'of a read').to.not.equal(503)
    await delay(2000)
    rmSync(filler)
    await scene.callers.more(60)
    const promised = 'writes 503, reads go on; nothing lost'
    expect(await scene.finish({ engine, fault: 'disk full for 2 s', promised })).to.equal(0)
  })
})

/** Takes all that is free. */
function fill(path: string): void {
  for (const bytes of [65_536, 4096])
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
      } catch {
        break
      }
    }
}
