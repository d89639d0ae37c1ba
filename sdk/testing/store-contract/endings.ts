/** Endings: a list that grows in one order, which every process sees alike, and whose numbers are never reused. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

import type { NumberedEnding, Store } from '../../../hub/index.js'
import { inProcesses } from './in-processes.js'
import { includes } from './includes.js'
import { newEnding, NOW_MS, write } from './records.js'
import type { OpenedWorld, StoreSuite } from './suite.js'

/** Sweeps every ending. */
const ALL = { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: NOW_MS + 1, auditBeforeMs: 0 }

export function endingsTests(suite: StoreSuite): void {
  let store: Store
  let world: OpenedWorld
  const it = suite.it((opened) => {
    store = opened.store
    world = opened
  })

  const end = async (...ids: string[]) => {
    await write(store, { endings: ids.map((sessionId) => newEnding({ sessionId })) })
  }
  const seqs = (endings: readonly NumberedEnding[]) => endings.map(({ seq }) => seq)
  /**
   * A store may number endings when they are read. If one of its attempts took too long on a busy machine, and was sent again, the first one may
   * still be numbering them: they are seen a moment later.
   */
  const numberedTo = async (last: number) => {
    const endMs = performance.now() + 5000
    for (;;) {
      const range = await store.endingsRange()
      if (range.last >= last || performance.now() > endMs) return range
      await pause(20)
    }
  }

  it('are none at first', async () => {
    assert.deepEqual(await store.endings(0, 100), [])
    includes(await store.endingsRange(), { first: 0, last: 0 })
  })

  it('belong to an epoch of the store, which lasts until another one is begun', async () => {
    const { epoch } = await store.endingsRange()
    assert.match(epoch, /^[0-9a-f]{32}$/)
    await end('a', 'b')
    assert.deepEqual(await numberedTo(2), { epoch, first: 1, last: 2 })

    const renewed = await store.renewEpoch()
    assert.match(renewed, /^[0-9a-f]{32}$/)
    assert.notEqual(renewed, epoch)
    await end('c')
    assert.deepEqual(await numberedTo(3), { epoch: renewed, first: 1, last: 3 })
  })

  it('have another epoch in another store', async () => {
    const other = (await suite.open()).store
    const [one, two] = [await store.endingsRange(), await other.endingsRange()]
    await other.close()
    assert.notEqual(one.epoch, two.epoch)
  })

  it('are given as they were written, every field, in the order of writing', async () => {
    const one = newEnding({ sessionId: 'one', reason: 'signed-out', atMs: 3 })
    const cut = newEnding({ sessionId: null, subject: 'ada', generation: 12, atMs: 2 })
    const two = newEnding({ sessionId: 'two', reason: 'expired', atMs: 1 })
    await write(store, { endings: [one, cut] })
    await write(store, { endings: [two] })

    await numberedTo(3)
    assert.deepEqual(await store.endings(0, 100), [
      { ...one, seq: 1 },
      { ...cut, seq: 2 },
      { ...two, seq: 3 },
    ])
    includes(await store.endingsRange(), { first: 1, last: 3 })
  })

  it('are given after a number, so many at a time', async () => {
    await end('a', 'b', 'c', 'd', 'e')

    await numberedTo(5)
    assert.deepEqual(seqs(await store.endings(0, 2)), [1, 2])
    assert.deepEqual(seqs(await store.endings(2, 2)), [3, 4])
    assert.deepEqual(seqs(await store.endings(4, 2)), [5])
    assert.deepEqual(await store.endings(5, 2), [])
    assert.deepEqual(await store.endings(500, 2), [])
  })

  it('are swept the oldest first, so many at a time; the rest keep their numbers', async () => {
    await end('a', 'b', 'c')

    await numberedTo(3)
    assert.equal((await store.sweep(ALL, 2)).endings, 2)
    assert.deepEqual(seqs(await store.endings(0, 100)), [3])
    includes(await store.endingsRange(), { first: 3, last: 3 })
  })

  it('never use a number again, not even after all of them were swept', async () => {
    await end('a', 'b', 'c')
    await numberedTo(3)
    await store.sweep(ALL, 100)
    includes(await store.endingsRange(), { first: 0, last: 3 })
    await end('d')

    await numberedTo(4)
    assert.deepEqual(seqs(await store.endings(0, 100)), [4])
    includes(await store.endingsRange(), { first: 4, last: 4 })
  })

  it('are not there when their transaction was not', async () => {
    await end('a')
    const refused = store.transact({ handles: [] }, () => ({
      changes: {
        endings: [newEnding()],
        get sessions(): never {
          throw new Error('no')
        },
      },
      result: undefined,
    }))
    assert.equal(await refused.catch(() => 'rejected'), 'rejected')
    await end('b')

    await numberedTo(2)
    const endings = await store.endings(0, 100)
    assert.deepEqual(
      endings.map(({ sessionId }) => sessionId),
      ['a', 'b'],
    )
  })

  it('share no object with their caller', async () => {
    const ending = newEnding({ sessionId: 'a' })
    await write(store, { endings: [ending] })
    Object.assign(ending, { sessionId: 'b' })
    await numberedTo(1)
    const [read] = await store.endings(0, 1)
    Object.assign(read!, { sessionId: 'c' })

    assert.equal((await store.endings(0, 1))[0]?.sessionId, 'a')
  })

  const { opener } = suite
  if (opener === undefined) return

  it('keep their epoch over a restart, and every process sees a new one', async () => {
    const { epoch } = await store.endingsRange()
    const other = await world.reopen()
    assert.equal((await other.endingsRange()).epoch, epoch)
    const renewed = await store.renewEpoch()
    assert.equal((await other.endingsRange()).epoch, renewed)
    await other.close()
  })

  it('never use a number again after a restart, whether some are left or none', async () => {
    await end('a', 'b')
    await store.close()
    store = await world.reopen()
    await end('c')
    await numberedTo(3)
    assert.deepEqual(seqs(await store.endings(0, 100)), [1, 2, 3])

    await store.sweep(ALL, 100)
    await store.close()
    store = await world.reopen()
    includes(await store.endingsRange(), { first: 0, last: 3 })
    await end('d')
    await numberedTo(4)
    assert.deepEqual(seqs(await store.endings(0, 100)), [4])
  })

  it('reach a reader who follows them while four processes write, each once and in order', async () => {
    const read: NumberedEnding[] = []
    const follow = async () => {
      const page = await store.endings(read.at(-1)?.seq ?? 0, 7)
      read.push(...page)
      return page.length
    }
    const workers = { areWriting: true }
    const written = inProcesses(4, {
      opener,
      address: world.address,
      task: { do: 'end', ending: newEnding(), times: 100 },
    }).finally(() => (workers.areWriting = false))
    while (workers.areWriting) {
      await follow()
      await new Promise(setImmediate)
    }
    while ((await follow()) > 0);
    assert.deepEqual(await written, [100, 100, 100, 100])

    assert.deepEqual(
      seqs(read),
      Array.from({ length: 400 }, (_, at) => at + 1),
    )
    // Each process wrote its own endings in order, and they are read in that order.
    const places = new Map<string, number[]>()
    for (const { sessionId } of read) {
      const [writer = '', place] = sessionId?.split('-') ?? []
      places.set(writer, [...(places.get(writer) ?? []), Number(place)])
    }
    const inOrder = Array.from({ length: 100 }, (_, at) => at)
    assert.deepEqual([...places.values()], [inOrder, inOrder, inOrder, inOrder])
  })
}
