/** More processes on the store under test, each with one task. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { Ending, Session, Spend } from '../../../hub/index.js'

export type Task =
  /** Spends one `jti` `times` times at once; reports how often it was the first. */
  | { do: 'spend'; spend: Spend; times: number }
  /** Adds one to `data.count` of the session behind `hash`, `times` times, one after another. */
  | { do: 'increment'; hash: string; times: number }
  /** Creates `times` sessions of one subject at once, each of the next generation. */
  | { do: 'sign-in'; session: Session & { subject: string }; times: number }
  /** Writes `times` endings, one after another. */
  | { do: 'end'; ending: Ending; times: number }
  /** Writes copies of `session` until it is killed; prints each id once it is committed. */
  | { do: 'write'; session: Session }

/** The message that a process receives. */
export interface Order {
  readonly opener: string
  readonly address: unknown
  readonly task: Task
}

/** The process says `ready` once all its code is loaded and it can receive an order. */
export const forkWorker = ({ opener }: Order): ChildProcess =>
  fork(fileURLToPath(new URL('./store-worker.js', import.meta.url)), [opener], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })

/** Runs one task in `processes` new processes, which open the store and start together. @returns their reports */
export async function inProcesses(processes: number, order: Order): Promise<number[]> {
  const workers = Array.from({ length: processes }, () => forkWorker(order))
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    const reports = workers.map(async (worker) => {
      const reported = Promise.race([
        once(worker, 'message'),
        once(worker, 'disconnect').then(() => ['no report']),
      ])
      worker.send(order)
      return Number((await reported)[0])
    })
    return await Promise.all(reports)
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
  }
}
