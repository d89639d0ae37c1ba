/** What is swept and when, with the hub's own clock. */
import { mock } from 'node:test'

import { expect } from 'chai'

import { startSweeper } from '../../hub/sweeper.js'
import { memoryStore } from '../../hub/stores/memory.js'
import { readHubKeys } from '../../hub/keys/hub-keys.js'
import { generateHubKeys } from '../../hub/keys/generate.js'
import { resolveHubOptions } from '../../hub/options.js'
import { newAuditRow, write } from '../support/records.js'
import { watchedStore } from '../support/watched-store.js'

const DAY_MS = 86_400_000

describe('the sweeper', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] })
  })
  afterEach(() => {
    mock.timers.reset()
  })

  it('keeps what administrators did for as long as it was told, and no longer', async () => {
    const keys = generateHubKeys()
    const inner = watchedStore(memoryStore())
    let swept: () => void = () => undefined
    const store = {
      ...inner,
      async sweep(...asked: Parameters<typeof inner.sweep>) {
        const counts = await inner.sweep(...asked)
        swept()
        return counts
      },
    }
    let nowMs = 100 * DAY_MS
    const { origin, rules } = resolveHubOptions({ origin: 'https://hub.example', keys })
    const secret = readHubKeys(keys)
    const hub = { origin, store, secret, rules, now: () => nowMs, log: () => undefined }
    await write(store, {
      audit: [
        newAuditRow({ who: 'old', atMs: nowMs - 3 * DAY_MS }),
        newAuditRow({ who: 'new', atMs: nowMs }),
      ],
    })
    const kept = async (laterMs: number) => {
      nowMs += laterMs
      const isSwept = new Promise<void>((resolve) => (swept = resolve))
      const sweeper = startSweeper(hub, 3 * DAY_MS)
      mock.timers.tick(30_000)
      await isSwept
      await sweeper.stop()
      return (await store.audit({ limit: 9 })).map(({ who }) => who)
    }

    expect(await kept(0)).to.deep.equal(['new', 'old'])
    expect(await kept(1)).to.deep.equal(['new'])
    expect(await kept(3 * DAY_MS)).to.deep.equal([])
  })
})
