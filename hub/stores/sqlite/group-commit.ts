/**
 * Group commit: everything that is written in one turn of the event loop shares one transaction, because the commit costs more than what is
 * committed. Each piece of work has its own savepoint, so that a failing one takes nothing of the others with it. Nobody
 * is answered before the commit. A burst becomes several transactions, and the event loop gets its turn between them.
 */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { unavailable } from './faults.js'
import type { Place } from './place.js'
import type { Statements } from './statements.js'

/**
 * The event loop stands still while a transaction runs, and again while its callers are answered. These limit how much work that is, and how long it
 * takes.
 */
const MOST = 100
const LONGEST_MS = 3

export interface GroupCommit {
  /** Runs the work inside a transaction. Rejects with what the work threw, or with `unavailable`; nothing of it is then written. */
  run<Result>(work: () => Result): Promise<Result>
  /** Runs all waiting work at once. */
  drain(): void
  /** How long the oldest waiting work has waited; 0 if none waits. */
  waitedMs(): number
}

interface Job {
  readonly sinceMs: number
  readonly work: () => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (thrown: unknown) => void
}

export function createGroupCommit(
  database: DatabaseSyncInstance,
  statements: Statements,
  place: Place,
): GroupCommit {
  let waiting: Job[] = []
  let next: NodeJS.Immediate | undefined

  function takeTurn(): void {
    next = undefined
    commit()
    // An immediate that is set in this turn runs in the next one, so timers, sockets and other work come in between.
    if (waiting.length > 0) next = setImmediate(takeTurn)
  }

  /** Commits the first of the waiting work, as much as there is time for. */
  function commit(): void {
    const settle: (() => void)[] = []
    // Without the lock no work can be done, and each caller has already waited for it.
    let failing = waiting
    try {
      // IMMEDIATE takes the write lock first. A reader in here is alone until COMMIT, and never has to start again.
      statements.begin.run()
      place.check()
      failing = waiting.slice(0, MOST)
      const untilMs = performance.now() + LONGEST_MS
      for (const job of failing) {
        settle.push(attempt(job))
        if (performance.now() >= untilMs) break
      }
      statements.commit.run()
      place.note()
    } catch (cause) {
      if (database.isOpen && database.isTransaction) statements.rollBack.run()
      waiting = waiting.slice(failing.length)
      for (const { reject } of failing) reject(unavailable(cause))
      return
    }
    waiting = waiting.slice(settle.length)
    for (const tell of settle) tell()
  }

  /** @returns a function that tells the caller, once everything is committed */
  function attempt({ work, resolve, reject }: Job): () => void {
    statements.savepoint.run()
    try {
      const result = work()
      statements.release.run()
      return () => {
        resolve(result)
      }
    } catch (thrown) {
      // Some faults, such as a full disk, end the whole transaction. Then this throws too, and no work is kept.
      statements.undo.run()
      statements.release.run()
      return () => {
        reject(thrown)
      }
    }
  }

  return {
    drain() {
      while (waiting.length > 0) commit()
    },
    waitedMs: () => (waiting[0] ? performance.now() - waiting[0].sinceMs : 0),
    run: <Result>(work: () => Result) =>
      new Promise<Result>((resolve, reject) => {
        waiting.push({ sinceMs: performance.now(), work, resolve: resolve as Job['resolve'], reject })
        next ??= setImmediate(takeTurn)
      }),
  }
}
