/**
 * Group commit: what is written in one turn of the event loop shares one transaction, because the commit costs more than what is
 * committed. Each piece of work has a savepoint of its own, so that one that fails takes nothing of the others with it, and nobody
 * is answered before the commit. A burst becomes several transactions, and between them the event loop gets its turn.
 */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { unavailable } from './faults.js'
import type { Place } from './place.js'
import type { Statements } from './statements.js'

/** The event loop stands still while a transaction runs, and again while its callers are answered: so much work, and for so long. */
const MOST = 100
const LONGEST_MS = 3

export interface GroupCommit {
  /** Runs the work inside a transaction. Rejects with what it threw, or with `unavailable`; then nothing of it is written. */
  run<Result>(work: () => Result): Promise<Result>
  /** Runs at once all that still waits. */
  drain(): void
  /** How long the oldest of what waits has waited; 0 if none does. */
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
    // An immediate of this turn runs in the next one: timers, sockets and other people's work come between.
    if (waiting.length > 0) next = setImmediate(takeTurn)
  }

  /** Commits the first of what waits, as much as there is time for. */
  function commit(): void {
    const settle: (() => void)[] = []
    // Without the lock nobody's work can be done, and whoever waits has waited for it already.
    let failing = waiting
    try {
      // IMMEDIATE takes the write lock first: whoever reads here is alone until COMMIT, and never has to start again.
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
