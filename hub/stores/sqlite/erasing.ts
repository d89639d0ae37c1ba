/**
 * Erasing a subject. What takes longer than a bite is noted with the rest of its transaction and done in bites after it, by whoever comes
 * first: the caller, who waits for it, or the next sweep, where the process ended meanwhile. The cut that comes with it has ended the sessions by then.
 */
import { integer, text } from '../rows.js'
import type { Changes } from '../store.js'
import { before, bite, inBites, type Step, stepOf } from './bites.js'
import { attempt } from './faults.js'
import type { GroupCommit } from './group-commit.js'
import type { Statements } from './statements.js'

export interface Eraser {
  /** Called in a transaction. @returns whether that was all */
  begin(erase: NonNullable<Changes['erase']>): boolean
  /** Resolves when nothing is left of any subject that was to be erased. */
  finish(): Promise<void>
}

export function createEraser(statements: Statements, commit: GroupCommit): Eraser {
  /** All that a note asks for, and its own end. */
  function stepFor(row: unknown): Step {
    const [subject, name, generation] = [text(row, 'subject'), text(row, 'name'), integer(row, 'generation')]
    const sessions = { subject, generation }
    const steps = [
      before(stepOf(statements.eraseHandles, sessions), stepOf(statements.eraseSessions, sessions)),
      stepOf(statements.eraseActing, { subject }),
      // A name that stays needs no renaming.
      ...(name === subject ? [] : [stepOf(statements.renameInAudit, { subject, name })]),
      () => {
        // Unless it has become another note meanwhile.
        statements.isErased.run({ subject, name, generation })
        return { removed: 0, isLast: true }
      },
    ]
    return steps.reduce(before)
  }

  return {
    begin({ subject, name }) {
      statements.eraseLater.run({ subject, name })
      return bite(stepFor(statements.erasingOf.get({ subject })), Infinity).isDone
    },
    async finish() {
      for (;;) {
        const row: unknown = attempt((): unknown => statements.erasing.get())
        if (row === undefined) return
        await inBites(commit, stepFor(row), Infinity)
      }
    },
  }
}
