/** Many writes at once into a SQLite file: they share commits, and the event loop gets its turn between them. */
import { join } from 'node:path'

import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'

import { sqliteStore } from '../../hub/stores/sqlite.js'
import type { Store } from '../../hub/stores/store.js'
import { answerView, codeOf, newSession, write } from '../support/records.js'
import { newFolder } from '../support/stores.js'

describe('a burst of writes into the SQLite store', () => {
  let path: string
  let store: Store

  beforeEach(() => {
    path = join(newFolder(), 'sessions.db')
    store = sqliteStore({ path, busyTimeoutMs: 200 })
  })
  afterEach(() => store.close())

  /** So many writes, each of which takes a while; `at` is told of each as it is decided. */
  const burst = (writes: number, eachMs: number, at: (index: number) => void) =>
    Array.from({ length: writes }, (_, index) =>
      store.transact({ handles: [] }, () => {
        at(index)
        const untilMs = performance.now() + eachMs
        while (performance.now() < untilMs);
        return { changes: { sessions: [newSession()] }, result: index }
      }),
    )

  /** How many writes were decided in each turn of the event loop, until all of them are answered. */
  async function turnsOf(writes: number, eachMs: number): Promise<number[]> {
    const turns = [0]
    let isOver = false
    const count = () => {
      turns.push(0)
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await Promise.all(burst(writes, eachMs, () => (turns[turns.length - 1]! += 1)))
    isOver = true
    return turns
  }

  it('lets everything else have its turn after some milliseconds of work', async () => {
    const turns = await turnsOf(60, 1)

    expect(Math.max(...turns)).to.be.within(1, 4)
    expect(turns.reduce((a, b) => a + b)).to.equal(60)
  })

  it('shares a commit between writes that cost little, and no more than a hundred of them', async () => {
    const turns = await turnsOf(1000, 0)

    expect(Math.max(...turns)).to.be.within(2, 100)
  })

  it('keeps the order in which the writes came', async () => {
    const order: number[] = []
    const first = burst(30, 1, (index) => order.push(index))
    await first[0]
    const later = burst(3, 0, (index) => order.push(30 + index))
    await Promise.all([...first, ...later])

    expect(order).to.deep.equal(Array.from({ length: 33 }, (_, index) => index))
  })

  it('makes every write before it closes', async () => {
    const sessions = Array.from({ length: 300 }, () => newSession())
    const writes = sessions.map((session) => write(store, { sessions: [session] }))
    await store.close()
    await Promise.all(writes)

    store = sqliteStore(path)
    expect((await store.sessions(sessions.map(({ id }) => id))).size).to.equal(300)
  })

  it('R21: is refused as a whole after one wait for a lock that another process keeps, and works again after', async () => {
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const startMs = performance.now()
    const refused = await Promise.all(burst(1000, 0, () => undefined).map(codeOf))
    const waitedMs = performance.now() - startMs
    other.exec('ROLLBACK')
    other.close()

    expect(new Set(refused)).to.deep.equal(new Set(['unavailable']))
    expect(waitedMs).to.be.lessThan(5 * 200) // each hundred of them would wait for themselves
    expect(await store.transact({ handles: [] }, answerView)).to.have.property('held')
  })
})
