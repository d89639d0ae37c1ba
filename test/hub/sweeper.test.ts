/** What is swept and when, with the hub's own clock. */
import { mock } from 'node:test'

import { expect } from 'chai'

import { startSweeper } from '../../hub/sweeper.js'
import { memoryStore } from '../../hub/stores/memory.js'
import { readHubKeys } from '../../hub/keys/hub-keys.js'
import { generateHubKeys } from '../../hub/keys/generate.js'
import { resolveHubOptions } from '../../hub/options.js'
import type { Store } from '../../hub/stores/store.js'
import { answerView, HOUR_MS, newAuditRow, newSpend, write } from '../support/records.js'
import { watchedStore } from '../support/watched-store.js'

const DAY_MS = 86_400_000

describe('the sweeper', () => {
  let store: Store
  let nowMs: number
  /** Lets the time pass, and has the store swept once. */
  let later: (byMs: number) => Promise<void>

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] })
    const keys = generateHubKeys()
    const inner = watchedStore(memoryStore())
    let swept: () => void = () => undefined
    store = {
      ...inner,
      async sweep(...asked: Parameters<typeof inner.sweep>) {
        const counts = await inner.sweep(...asked)
        swept()
        return counts
      },
    }
    nowMs = 100 * DAY_MS
    const { origin, rules } = resolveHubOptions({ origin: 'https://hub.example', keys })
    const secret = readHubKeys(keys)
    const hub = { origin, store, secret, rules, now: () => nowMs, log: () => undefined }
    later = async (byMs) => {
      nowMs += byMs
      const isSwept = new Promise<void>((resolve) => (swept = resolve))
      const sweeper = startSweeper(hub, 3 * DAY_MS)
      mock.timers.tick(30_000)
      await isSwept
      await sweeper.stop()
    }
  })
  afterEach(() => {
    mock.timers.reset()
  })

  it('keeps what administrators did for as long as it was told, and no longer', async () => {
    await write(store, {
      audit: [
        newAuditRow({ who: 'old', atMs: nowMs - 3 * DAY_MS }),
        newAuditRow({ who: 'new', atMs: nowMs }),
      ],
    })
    const kept = async (laterMs: number) => {
      await later(laterMs)
      return (await store.audit({ limit: 9 })).map(({ who }) => who)
    }

    expect(await kept(0)).to.deep.equal(['new', 'old'])
    expect(await kept(1)).to.deep.equal(['new'])
    expect(await kept(3 * DAY_MS)).to.deep.equal([])
  })
  it('R26: forgets no spent ticket that is still good for a process with another clock, and each in the end', async () => {
    const spend = newSpend({ expiresAtMs: nowMs + 30_000 })
    await store.transact({ handles: [], spend }, answerView)
    // The ticket is still good for a process that is right, where this one is an hour fast; or for one that is an hour slow.
    await later(HOUR_MS)
    expect(await store.isSpent(spend.issuer, spend.jti)).to.equal(true)
    await later(60_000)
    expect(await store.isSpent(spend.issuer, spend.jti)).to.equal(false)
  })
})
