/** What becomes of acknowledged writes, and of those who ask, when Redis or Valkey fails. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { expect } from 'chai'
import { createClient } from 'redis'

import { freePort } from '../support/free-port.js'
import { lookForProgram } from '../support/programs.js'
import { type Redis, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'
import { startWay } from '../support/way.js'
import { type Scene, startScene } from './scene.js'

const DURABLE = { appendfsync: 'always' }

for (const [engine, variable] of [
  ['Redis', 'SESSION_HUB_REDIS'],
  ['Valkey', 'SESSION_HUB_VALKEY'],
] as const) {
  describe(`hubs on ${engine}`, () => {
    const closing: (() => unknown)[] = []
    before(function () {
      if (!lookForProgram(variable)) {
        console.log(`  ${engine} is not here: these faults are left out`)
        this.skip()
      }
    })
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    async function started(settings: Record<string, string> = {}): Promise<Redis> {
      const redis = await startRedis({ ...DURABLE, ...settings }, variable)
      closing.push(() => redis.kill().catch(() => undefined))
      return redis
    }

    async function replicaOf(port: number): Promise<Redis> {
      const replica = await started({ replicaof: `127.0.0.1 ${port}` })
      await until(() => isLinked(replica))
      return replica
    }

    async function begin(port: number, sentinel?: { port: number; name: string }): Promise<Scene> {
      const url = `redis://127.0.0.1:${port}`
      const scene = await startScene({ kind: 'redis', url, prefix: 'hub', ...(sentinel && { sentinel }) })
      closing.push(() => scene.close())
      return scene
    }

    it('lose nothing by kill -9 of the server', async () => {
      const redis = await started()
      const scene = await begin(redis.port)
      for (let times = 0; times < 3; times += 1) {
        await redis.kill()
        await redis.start()
        await scene.callers.more(60)
      }
      const fault = 'kill -9 of the server, three times (`appendfsync always`)'
      const promised = 'writes wait up to 1.5 s, then 503; nothing lost'
      expect(await scene.finish({ engine, fault, promised })).to.equal(0)
    })

    it('keep nobody waiting for longer than their limit while the server hangs', async () => {
      const redis = await started()
      const scene = await begin(redis.port)
      const goOn = redis.hang()
      await delay(2000)
      goOn()
      await scene.callers.more(60)
      const promised = '503 after 1.5 s at most; nothing lost, nothing twice'
      expect(await scene.finish({ engine, fault: 'hung for 2 s', promised })).to.equal(0)
      expect(scene.callers.seen.longestMs).to.be.below(4000)
    })

    it('lose nothing that was answered before or in a partition, with WAIT', async () => {
      const primary = await started()
      const between = await startWay(primary.port)
      const way = await startWay(primary.port)
      closing.push(
        () => between.close(),
        () => way.close(),
      )
      const replica = await replicaOf(between.port)
      const scene = await begin(way.port)
      // The hubs are with the old primary, and its replica is not.
      between.hold()
      await delay(4000)
      await replica.command('REPLICAOF', 'NO', 'ONE')
      const unconfirmed = scene.callers.seen.answered
      way.to(replica.port)
      between.close()
      // What the old primary has written since nobody was told of; it is thrown away.
      await primary.command('REPLICAOF', '127.0.0.1', String(replica.port))
      await scene.callers.more(60)
      expect(scene.callers.seen.answered).to.be.above(unconfirmed)
      const fault = 'partition: the hubs stay with the old primary for 4 s, its replica is promoted'
      const promised = 'writes 503 in the partition (`WAIT`); nothing lost'
      expect(await scene.finish({ engine, fault, promised })).to.equal(0)
    })

    it('follow Sentinel to the next primary, and lose nothing', async function () {
      const program = lookForProgram('SESSION_HUB_SENTINEL')
      if (!program || engine === 'Valkey') this.skip()
      const primary = await started()
      const replicas = [await replicaOf(primary.port), await replicaOf(primary.port)]
      const port = await startSentinel(program, primary.port, replicas.length)
      const scene = await begin(primary.port, { port, name: 'hub' })
      await primary.kill()
      await scene.callers.more(60)
      const fault = 'Sentinel failover: kill -9 of the primary, two replicas'
      expect(
        await scene.finish({ engine, fault, promised: '503 until Sentinel has chosen; nothing lost' }),
      ).to.equal(0)
    })

    /** Resolves when it knows the replicas: before, it could promote none. */
    async function startSentinel(program: string, primary: number, replicas: number): Promise<number> {
      const folder = mkdtempSync(join(tmpdir(), 'session-hub-sentinel-'))
      const port = await freePort()
      const config = join(folder, 'sentinel.conf')
      writeFileSync(
        config,
        `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor hub 127.0.0.1 ${primary} 1
sentinel down-after-milliseconds hub 1000
sentinel failover-timeout hub 5000
`,
      )
      const child = spawn(program, [config], { stdio: 'ignore' })
      closing.push(() => {
        child.kill('SIGKILL')
        rmSync(folder, { recursive: true })
      })
      const knows = async () => {
        const client = createClient({
          RESP: 2,
          url: `redis://127.0.0.1:${port}`,
          socket: { reconnectStrategy: false },
        })
        client.on('error', () => undefined)
        try {
          await client.connect()
          return (await client.sendCommand<unknown[]>(['SENTINEL', 'replicas', 'hub'])).length === replicas
        } catch {
          return false
        } finally {
          if (client.isOpen) client.destroy()
        }
      }
      await until(knows)
      return port
    }
  })
}

const isLinked = async (redis: Redis) =>
  String(await redis.command('INFO', 'replication')).includes('master_link_status:up')
