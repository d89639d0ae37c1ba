/**
 * Divides work of any length into bites of some milliseconds. Each bite has its own turn of the event loop, and a transaction to itself or shared
 * with requests, so nobody waits for the whole work.
 */
import { integer } from '../rows.js'
import type { StatementSyncInstance } from '@photostructure/sqlite'

import { attempt } from './faults.js'
import type { GroupCommit } from './group-commit.js'

/** With few pages in memory, even one row can cost a millisecond, so only this many are done before the clock is read again. */
const ROWS = 8
const BITE_MS = 3

/** Does a small part of the work, on at most this many rows. */
export type Step = (rows: number) => { readonly removed: number; readonly isLast: boolean }

/** Makes a step of a statement with a limit. The work is done when the statement finds fewer rows. */
export const stepOf =
  (statement: StatementSyncInstance, parameters: Record<string, string | number> = {}): Step =>
  (rows) => {
    const removed = integer(statement.run({ ...parameters, limit: rows }), 'changes')
    return { removed, isLast: removed < rows }
  }

/** Does one step after the other. What the first one removes belongs to what the last one does, and is not counted. */
export const before =
  (first: Step, then: Step): Step =>
  (rows) =>
    first(rows).isLast ? then(rows) : { removed: 0, isLast: false }

/** Does as much as there is time for. */
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

/** @returns how many rows it handled, at most `most` */
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
