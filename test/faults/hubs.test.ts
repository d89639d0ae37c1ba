/** What becomes of acknowledged writes when hub processes die, or have the wrong time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'
import type { Address } from '../support/store-address.js'
import { startScene } from './scene.js'

const HOUR_MS = 3_600_000

const engines: readonly (readonly [string, (closing: (() => unknown)[]) => Promise<Address>])[] = [
  [
    'SQLite',
    async (closing) => {
      const folder = mkdtempSync(join(tmpdir(), 'session-hub-faults-'))
      closing.push(() => {
        rmSync(folder, { recursive: true })
      })
      return { kind: 'sqlite', path: join(folder, 'hub.sqlite') }
    },
  ],
  [
    'PostgreSQL',
    async (closing) => {
      const postgres = await startPostgres()
      closing.push(() => postgres.kill())
      return { kind: 'postgres', url: postgres.url, schema: 'hub' }
    },
  ],
  [
    'Redis',
    async (closing) => {
      const redis = await startRedis()
      closing.push(() => redis.kill())
      return { kind: 'redis', url: redis.url, prefix: 'hub' }
    },
  ],
]

for (const [engine, open] of engines) {
  describe(`hub processes on ${engine}`, () => {
    const closing: (() => unknown)[] = []
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    it('lose nothing that they have answered when they are killed one after another', async () => {
      const scene = await startScene(await open(closing))
      closing.push(() => scene.close())
      for (let times = 0; times < 4; times += 1) {
        await scene.hubs[times % 2]!.kill()
        await scene.callers.more(20)
        await scene.replace(times % 2)
        await scene.callers.more(20)
      }
      const fault = 'kill -9 of hub processes under load, four times'
      const promised = 'requests that it was at are broken off, all else goes on; nothing lost'
      expect(await scene.finish({ engine, fault, promised })).to.equal(0)
      // On a busy machine a store may be later than its limit.
      for (const said of scene.callers.seen.refused.keys())
        expect(said).to.be.oneOf(['no answer', '503 unavailable'])
    })

    for (const hours of [1, -1]) {
      it(`lose nothing where the clock of one is wrong by ${hours} h`, async () => {
        const scene = await startScene(await open(closing), { clocksMs: [0, hours * HOUR_MS] })
        closing.push(() => scene.close())
        await scene.callers.more(200)
        const fault = `the clock of one process of two is ${hours > 0 ? 'an hour fast' : 'an hour slow'}`
        const promised = 'that process refuses the sites (401); nothing lost'
        await scene.replace(1)
        expect(await scene.finish({ engine, fault, promised })).to.equal(0)
      })
    }
  })
}
