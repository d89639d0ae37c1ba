/**
 * Group commit: what is written in one turn of the event loop shares one transaction, because the commit costs more than what is
 * committed. Each piece of work has a savepoint of its own, so that one that fails takes nothing of the others with it, and nobody
 * is answered before the commit.
 */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { unavailable } from './faults.js'
import type { Place } from './place.js'
import type { Statements } from './statements.js'

/** How much work one transaction takes: the event loop stands still meanwhile. */
const MOST = 100

export interface GroupCommit {
  /** Runs the work inside a transaction. Rejects with what it threw, or with `unavailable`; then nothing of it is written. */
  run<Result>(work: () => Result): Promise<Result>
  /** Runs at once what still waits. */
  flush(): void
}

interface Job {
  readonly work: () => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (thrown: unknown) => void
}

export function createGroupCommit(
  database: DatabaseSyncInstance,
  statements: Statements,
  place: Place,
): GroupCommit {
  const waiting: Job[] = []

  function flush(): void {
    while (waiting.length > 0) commit(waiting.splice(0, MOST))
  }

  function commit(jobs: readonly Job[]): void {
    const settle: (() => void)[] = []
    try {
      // IMMEDIATE takes the write lock first: whoever reads here is alone until COMMIT, and never has to start again.
      statements.begin.run()
      place.check()
      for (const job of jobs) settle.push(attempt(job))
      statements.commit.run()
      place.note()
    } catch (cause) {
      if (database.isOpen && database.isTransaction) statements.rollBack.run()
      for (const { reject } of jobs) reject(unavailable(cause))
      return
    }
    for (const tell of settle) tell()
  }

  /** @returns how to tell the caller, once everything is committed */
  function attempt({ work, resolve, reject }: Job): () => void {
    statements.savepoint.run()
    try {
      const result = work()
      statements.release.run()
      return () => {
        resolve(result)
      }
    } catch (thrown) {
      // Some faults, such as a full disk, end the whole transaction; then this throws too, and nobody's work is kept.
      statements.undo.run()
      statements.release.run()
      return () => {
        reject(thrown)
      }
    }
  }

  return {
    flush,
    run: <Result>(work: () => Result) =>
      new Promise<Result>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ work, resolve: resolve as Job['resolve'], reject })
      }),
  }
}
