/** Several processes on one store, a restart, and kill -9. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { randomBytes } from 'node:crypto'

import type { Store } from '../../../hub/index.js'
import { forkWorker, inProcesses, type Order } from './in-processes.js'
import { answerView, held, newHandle, newSession, newSpend, sha256, write } from './records.js'
import type { OpenedWorld, StoreSuite } from './suite.js'

/** What a transaction sees of what it did not ask for. */
const NOT_ASKED = { subject: undefined, sessions: [], live: 0, session: undefined }

export function processTests(suite: StoreSuite): void {
  const { opener } = suite
  if (opener === undefined) return
  let store: Store
  let world: OpenedWorld
  const it = suite.it((opened) => {
    store = opened.store
    world = opened
  })

  it('keeps everything over a restart: sessions, handles and spends', async () => {
    const one = await held(store, { subject: 'ada' })
    const spend = newSpend()
    await store.transact({ handles: [], spend }, answerView)
    await store.close()
    store = await world.reopen()

    assert.deepEqual(await store.transact({ handles: [one.handle.hash], spend }, answerView), {
      ...NOT_ASKED,
      held: [one],
      spentBefore: spend,
    })
  })

  it('R26: holds no handle in its dump, only its hash', async () => {
    const plain = randomBytes(32).toString('base64url')
    const session = newSession()
    const handle = newHandle(session, { hash: sha256(plain) })
    await write(store, { sessions: [session], handles: [handle] })

    if (!world.dump) return
    const dump = Buffer.from(await world.dump())
    assert.equal(dump.includes(handle.hash), true, 'the hash is in the dump')
    assert.equal(dump.includes(plain), false, 'the handle is in the dump')
  })

  it('R26: has exactly one first use of a jti among four processes', async () => {
    const firsts = await inProcesses(4, {
      opener,
      address: world.address,
      task: { do: 'spend', spend: newSpend(), times: 25 },
    })

    assert.deepEqual(firsts.sort(), [0, 0, 0, 1])
  })

  it('loses none of 800 increments from four processes', async () => {
    const { handle } = await held(store, { data: { count: 0 } })
    await inProcesses(4, {
      opener,
      address: world.address,
      task: { do: 'increment', hash: handle.hash, times: 200 },
    })

    const found = await store.find(handle.hash)
    assert.deepEqual(found?.session.data, { count: 800 })
    assert.equal(found.session.version, 801)
  })

  it('loses nothing that was answered when the process is killed with SIGKILL', async () => {
    for (const round of ['a', 'b', 'c']) {
      const printed = await killedWhileWriting({
        opener,
        address: world.address,
        task: { do: 'write', session: newSession({ id: round }) },
      })

      const reopened = await world.reopen()
      const found = []
      for (const id of printed) found.push((await reopened.find(sha256(id)))?.session.id)
      assert.deepEqual(found, printed)
      await reopened.close()
    }
  })
}

/** Kills a writing process after a random number of writes; returns the ids that it printed before its end. */
async function killedWhileWriting(order: Order): Promise<string[]> {
  const worker = forkWorker(order)
  const [lines, ended] = [createInterface({ input: worker.stdout! }), once(worker, 'exit')]
  await once(worker, 'message')
  worker.send(order)
  const enough = 20 + Math.floor(Math.random() * 300)
  const printed: string[] = []
  for await (const line of lines) if (printed.push(line) === enough) worker.kill('SIGKILL')
  assert.equal((await ended)[1], 'SIGKILL')
  assert.ok(printed.length >= enough)
  return printed
}
