/**
 * Work of any length in bites of some milliseconds, each with a turn of the event loop and a transaction to itself or shared with
 * requests: nobody waits for the whole of it.
 */
import { integer } from '../rows.js'
import type { StatementSyncInstance } from '@photostructure/sqlite'

import { attempt } from './faults.js'
import type { GroupCommit } from './group-commit.js'

/** With few pages in memory even one row can cost a millisecond: so few are taken before the clock is looked at again. */
const ROWS = 8
const BITE_MS = 3

/** Does a little of it, to so many rows at most. */
export type Step = (rows: number) => { readonly removed: number; readonly isLast: boolean }

/** A statement with a limit is such a step: it has done its last when it finds fewer rows. */
export const stepOf =
  (statement: StatementSyncInstance, parameters: Record<string, string | number> = {}): Step =>
  (rows) => {
    const removed = integer(statement.run({ ...parameters, limit: rows }), 'changes')
    return { removed, isLast: removed < rows }
  }

/** One step after the other; what the earlier ones remove goes with what the last one does, and is not counted. */
export const before =
  (first: Step, then: Step): Step =>
  (rows) =>
    first(rows).isLast ? then(rows) : { removed: 0, isLast: false }

/** As much as there is time for. */
export function bite(step: Step, most: number): { readonly removed: number; readonly isDone: boolean } {
  const untilMs = performance.now() + BITE_MS
  let removed = 0
  for (;;) {
    const done = step(Math.min(ROWS, most - removed))
    removed += done.removed
    const isDone = done.isLast || removed >= most
    if (isDone || performance.now() >= untilMs) return { removed, isDone }
  }
}

/** @returns how many rows it took, `most` at most */
export async function inBites(commit: GroupCommit, step: Step, most: number): Promise<number> {
  let removed = 0
  for (let isDone = false; !isDone;) {
    const left = most - removed
    const bitten = await commit.run(() => attempt(() => bite(step, left)))
    removed += bitten.removed
    isDone = bitten.isDone
  }
  return removed
}
