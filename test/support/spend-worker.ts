/**
 * One more hub process on a shared store: opens it when told to, does one task, reports, and ends.
 * `forkWorker` starts it from a test; forked, this file runs `main`.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { Ending, Session, Spend, Store } from '../../hub/stores/store.js'
import { sha256 } from './records.js'
import { type Address, openAt } from './store-address.js'

export type Task =
  /** Spends one `jti` `times` times at once; answers how often it was the first. */
  | { do: 'spend'; spend: Spend; times: number }
  /** Adds one to `data.count` of the session behind `hash`, `times` times, one after another. */
  | { do: 'increment'; hash: string; times: number }
  /** Makes `times` sessions of one subject at once, each of the next generation. */
  | { do: 'sign-in'; session: Session & { subject: string }; times: number }
  /** Writes `times` endings, one after another. */
  | { do: 'end'; ending: Ending; times: number }
  /** Writes copies of `session` until it is killed; prints each id once it is committed. */
  | { do: 'write'; session: Session }

export function forkWorker(): ChildProcess {
  return fork(fileURLToPath(import.meta.url), ['worker'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
}

/** Runs one task in `processes` new processes, which open the store and start together; answers their reports. */
export async function inProcesses(processes: number, address: Address, task: Task): Promise<number[]> {
  const workers = Array.from({ length: processes }, forkWorker)
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message'))) // "ready"
    const reports = workers.map(async (worker) => {
      const reported = Promise.race([
        once(worker, 'message'),
        once(worker, 'disconnect').then(() => ['no report']),
      ])
      worker.send({ address, task })
      return Number((await reported)[0])
    })
    return await Promise.all(reports)
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
  }
}

async function spend(store: Store, task: Task & { do: 'spend' }): Promise<number> {
  const spendOnce = () =>
    store.transact({ handles: [], spend: task.spend }, ({ spentBefore }) => ({
      result: spentBefore === undefined,
    }))
  const firsts = await Promise.all(Array.from({ length: task.times }, spendOnce))
  return firsts.filter(Boolean).length
}

async function increment(store: Store, task: Task & { do: 'increment' }): Promise<number> {
  for (let done = 0; done < task.times; done += 1) {
    await store.transact({ handles: [task.hash] }, ({ held: [held] }) => {
      const { session } = held!
      const data = { count: Number(session.data['count']) + 1 }
      return {
        changes: { sessions: [{ ...session, data, version: session.version + 1 }] },
        result: undefined,
      }
    })
  }
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

/** As a store has them: base64url. */
const idOf = (text: string) => Buffer.from(text).toString('base64url')

async function main(): Promise<void> {
  process.send?.('ready')
  const [{ address, task }] = (await once(process, 'message')) as [{ address: Address; task: Task }]
  const store = await openAt(address)
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
      return increment(store, task)
    case 'sign-in':
      return signIn(store, task)
    case 'end':
      return end(store, task)
  }
}

if (process.argv[2] === 'worker') await main()
