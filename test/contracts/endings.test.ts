/** Endings in a store: a list that grows in one order, seen alike by every process, whose numbers never come again. */
import { expect } from 'chai'

import type { NumberedEnding, Store } from '../../hub/stores/store.js'
import { newEnding, NOW_MS, write } from '../support/records.js'
import { inProcesses } from '../support/spend-worker.js'
import { stores, type StoreWorld } from '../support/stores.js'

/** Sweeps every ending. */
const ALL = { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: NOW_MS + 1, auditBeforeMs: 0 }

for (const { name, isShared, open } of stores) {
  describe(`endings in the ${name} store`, () => {
    let world: StoreWorld
    let store: Store

    beforeEach(async () => {
      world = await open()
      store = world.store
    })

    afterEach(() => store.close())

    const end = async (...ids: string[]) => {
      await write(store, { endings: ids.map((sessionId) => newEnding({ sessionId })) })
    }
    const seqs = (endings: readonly NumberedEnding[]) => endings.map(({ seq }) => seq)

    it('are none at first', async () => {
      expect(await store.endings(0, 100)).to.deep.equal([])
      expect(await store.endingsRange()).to.include({ first: 0, last: 0 })
    })

    it('belong to an epoch of the store, which lasts until another one is begun', async () => {
      const { epoch } = await store.endingsRange()
      expect(epoch).to.match(/^[0-9a-f]{32}$/)
      await end('a', 'b')
      expect(await store.endingsRange()).to.deep.equal({ epoch, first: 1, last: 2 })

      const renewed = await store.renewEpoch()
      expect(renewed)
        .to.match(/^[0-9a-f]{32}$/)
        .and.not.equal(epoch)
      await end('c')
      expect(await store.endingsRange()).to.deep.equal({ epoch: renewed, first: 1, last: 3 })
    })

    it('have another epoch in another store', async () => {
      const other = (await open()).store
      const [one, two] = [await store.endingsRange(), await other.endingsRange()]
      await other.close()
      expect(one.epoch).to.not.equal(two.epoch)
    })

    it('are given as they were written, every field, in the order of writing', async () => {
      const one = newEnding({ sessionId: 'one', reason: 'signed-out', atMs: 3 })
      const cut = newEnding({ sessionId: null, subject: 'ada', generation: 12, atMs: 2 })
      const two = newEnding({ sessionId: 'two', reason: 'expired', atMs: 1 })
      await write(store, { endings: [one, cut] })
      await write(store, { endings: [two] })

      expect(await store.endings(0, 100)).to.deep.equal([
        { ...one, seq: 1 },
        { ...cut, seq: 2 },
        { ...two, seq: 3 },
      ])
      expect(await store.endingsRange()).to.include({ first: 1, last: 3 })
    })

    it('are given after a number, so many at a time', async () => {
      await end('a', 'b', 'c', 'd', 'e')

      expect(seqs(await store.endings(0, 2))).to.deep.equal([1, 2])
      expect(seqs(await store.endings(2, 2))).to.deep.equal([3, 4])
      expect(seqs(await store.endings(4, 2))).to.deep.equal([5])
      expect(await store.endings(5, 2)).to.deep.equal([])
      expect(await store.endings(500, 2)).to.deep.equal([])
    })

    it('are swept the oldest first, so many at a time; the rest keep their numbers', async () => {
      await end('a', 'b', 'c')

      expect((await store.sweep(ALL, 2)).endings).to.equal(2)
      expect(seqs(await store.endings(0, 100))).to.deep.equal([3])
      expect(await store.endingsRange()).to.include({ first: 3, last: 3 })
    })

    it('never use a number again, not even after all of them were swept', async () => {
      await end('a', 'b', 'c')
      await store.sweep(ALL, 100)
      expect(await store.endingsRange()).to.include({ first: 0, last: 3 })
      await end('d')

      expect(seqs(await store.endings(0, 100))).to.deep.equal([4])
      expect(await store.endingsRange()).to.include({ first: 4, last: 4 })
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
      expect(await refused.catch(() => 'rejected')).to.equal('rejected')
      await end('b')

      const endings = await store.endings(0, 100)
      expect(endings.map(({ sessionId }) => sessionId)).to.deep.equal(['a', 'b'])
    })

    it('share no object with their caller', async () => {
      const ending = newEnding({ sessionId: 'a' })
      await write(store, { endings: [ending] })
      Object.assign(ending, { sessionId: 'b' })
      const [read] = await store.endings(0, 1)
      Object.assign(read!, { sessionId: 'c' })

      expect((await store.endings(0, 1))[0]?.sessionId).to.equal('a')
    })

    if (!isShared) return

    it('keep their epoch over a restart, and every process sees a new one', async () => {
      const { epoch } = await store.endingsRange()
      const other = await world.reopen!()
      expect((await other.endingsRange()).epoch).to.equal(epoch)
      const renewed = await store.renewEpoch()
      expect((await other.endingsRange()).epoch).to.equal(renewed)
      await other.close()
    })

    it('never use a number again after a restart, whether some are left or none', async () => {
      await end('a', 'b')
      await store.close()
      store = await world.reopen!()
      await end('c')
      expect(seqs(await store.endings(0, 100))).to.deep.equal([1, 2, 3])

      await store.sweep(ALL, 100)
      await store.close()
      store = await world.reopen!()
      expect(await store.endingsRange()).to.include({ first: 0, last: 3 })
      await end('d')
      expect(seqs(await store.endings(0, 100))).to.deep.equal([4])
    })

    it('reach a reader who follows them while four processes write, each once and in order', async () => {
      const read: NumberedEnding[] = []
      const follow = async () => {
        const page = await store.endings(read.at(-1)?.seq ?? 0, 7)
        read.push(...page)
        return page.length
      }
      const workers = { areWriting: true }
      const written = inProcesses(4, world.address!, { do: 'end', ending: newEnding(), times: 100 }).finally(
        () => (workers.areWriting = false),
      )
      while (workers.areWriting) {
        await follow()
        await new Promise(setImmediate)
      }
      while ((await follow()) > 0);
      expect(await written).to.deep.equal([100, 100, 100, 100])

      expect(seqs(read)).to.deep.equal(Array.from({ length: 400 }, (_, at) => at + 1))
      // Each process wrote its own in order, and so they come.
      const places = new Map<string, number[]>()
      for (const { sessionId } of read) {
        const [writer = '', place] = sessionId?.split('-') ?? []
        places.set(writer, [...(places.get(writer) ?? []), Number(place)])
      }
      const inOrder = Array.from({ length: 100 }, (_, at) => at)
      expect([...places.values()]).to.deep.equal([inOrder, inOrder, inOrder, inOrder])
    })
  })
}
