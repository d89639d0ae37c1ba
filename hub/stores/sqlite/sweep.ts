/** Removes in bites what the sweeper asks for. */
import type { Swept, SweepTimes } from '../store.js'
import { before, inBites, type Step, stepOf } from './bites.js'
import type { GroupCommit } from './group-commit.js'
import type { Statements } from './statements.js'

export async function sweep(
  statements: Statements,
  commit: GroupCommit,
  { nowMs, endedBeforeMs, endingsBeforeMs, auditBeforeMs }: SweepTimes,
  limit: number,
): Promise<Swept> {
  const run = (step: Step) => inBites(commit, step, limit)
  const due = { nowMs, endedBeforeMs }
  const cut = await run(stepOf(statements.settleSessions))
  await run(stepOf(statements.settleSubjects))
  return {
    cut,
    sessions: await run(before(stepOf(statements.sweepHeld, due), stepOf(statements.sweepSessions, due))),
    handles: await run(stepOf(statements.sweepHandles, due)),
    spends: await run(stepOf(statements.sweepSpends, { nowMs })),
    subjects: await run(stepOf(statements.sweepSubjects, { nowMs })),
    endings: await run(stepOf(statements.sweepEndings, { endingsBeforeMs })),
    audit: await run(stepOf(statements.sweepAudit, { auditBeforeMs })),
  }
}
