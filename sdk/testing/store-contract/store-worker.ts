/** One more process on a store: opens it when told to, does one task, reports, and ends. */
import { once } from 'node:events'

import type { Store } from '../../../hub/index.js'
import type { Order, Task } from './in-processes.js'
import { increment } from './increment.js'
import { sha256 } from './records.js'
import { openAt } from './suite.js'

async function spend(store: Store, task: Task & { do: 'spend' }): Promise<number> {
  const spendOnce = () =>
    store.transact({ handles: [], spend: task.spend }, ({ spentBefore }) => ({
      result: spentBefore === undefined,
    }))
  const firsts = await Promise.all(Array.from({ length: task.times }, spendOnce))
  return firsts.filter(Boolean).length
}

async function incrementBy(store: Store, task: Task & { do: 'increment' }): Promise<number> {
  for (let done = 0; done < task.times; done += 1) await increment(store, task.hash)
  return task.times
}

async function signIn(store: Store, { session, times }: Task & { do: 'sign-in' }): Promise<number> {
  const { subject, untilMs } = session
  const signInOnce = (at: number) =>
    store.transact({ handles: [], subject: { subject, sessions: 0, nowMs: 0 } }, ({ subject: known }) => {
      const generation = (known?.generation ?? 0) + 1
      const record = { subject, generation, endedUpTo: -1, endedAtMs: null, endReason: null, untilMs }
      const id = idOf(`${process.pid}-${at}`)
      return {
        changes: { subjects: [record], sessions: [{ ...session, id, generation }] },
        result: undefined,
      }
    })
  await Promise.all(Array.from({ length: times }, (_, at) => signInOnce(at)))
  return times
}

async function end(store: Store, { ending, times }: Task & { do: 'end' }): Promise<number> {
  for (let at = 0; at < times; at += 1) {
    const changes = { endings: [{ ...ending, sessionId: `${process.pid}-${at}` }] }
    await store.transact({ handles: [] }, () => ({ changes, result: undefined }))
  }
  return times
}

async function write(store: Store, { session }: Task & { do: 'write' }): Promise<never> {
  for (let written = 0; ; written += 1) {
    const id = idOf(`${session.id}-${written}`)
    const handle = {
      hash: sha256(id),
      sessionId: id,
      site: 'hub',
      createdAtMs: session.createdAtMs,
      activatedAtMs: session.createdAtMs,
      expiresAtMs: session.expiresAtMs,
    }
    const changes = { sessions: [{ ...session, id }], handles: [handle] }
    await store.transact({ handles: [] }, () => ({ changes, result: undefined }))
    process.stdout.write(`${id}\n`)
  }
}

/** In the form that a store uses: base64url. */
const idOf = (text: string) => Buffer.from(text).toString('base64url')

/** Waits as a hub does for a server that is still starting: the machine may be busy. */
async function openedAt(opener: string, address: unknown): Promise<Store> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openAt(opener, address)
    } catch (thrown) {
      if (tries === 10 || !isAway(thrown)) throw thrown
    }
  }
}

/** Any other error is final: waiting does not help. Compared by its code, because the opener may have another copy of the class. */
const isAway = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'unavailable'

async function main(): Promise<void> {
  const [, , module = ''] = process.argv
  await import(module)
  process.send?.('ready')
  const [{ opener, address, task }] = (await once(process, 'message')) as [Order]
  const store = await openedAt(opener, address)
  if (task.do === 'write') return write(store, task)
  const report = await done(store, task)
  await store.close()
  process.send?.(report)
}

function done(store: Store, task: Exclude<Task, { do: 'write' }>): Promise<number> {
  switch (task.do) {
    case 'spend':
      return spend(store, task)
    case 'increment':
      return incrementBy(store, task)
    case 'sign-in':
      return signIn(store, task)
    case 'end':
      return end(store, task)
  }
}

await main()
