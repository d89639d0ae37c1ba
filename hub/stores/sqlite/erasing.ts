/**
 * Erases a subject. Work that takes longer than a bite is noted in its transaction and done in bites afterwards, by whoever comes
 * first: the caller, who waits for it, or the next sweep, if the process ended meanwhile. By then the cut in the same transaction has ended the
 * sessions.
 */
import { integer, text } from '../rows.js'
import type { Changes } from '../store.js'
import { before, bite, inBites, type Step, stepOf } from './bites.js'
import { attempt } from './faults.js'
import type { GroupCommit } from './group-commit.js'
import type { Statements } from './statements.js'

export interface Eraser {
  /** Called in a transaction. @returns whether this did everything */
  begin(erase: NonNullable<Changes['erase']>): boolean
  /** Resolves when nothing is left of any subject to be erased. */
  finish(): Promise<void>
}

export function createEraser(statements: Statements, commit: GroupCommit): Eraser {
  /** Does everything that a note asks for, and removes the note. */
  function stepFor(row: unknown): Step {
    const [subject, name, generation] = [text(row, 'subject'), text(row, 'name'), integer(row, 'generation')]
    const sessions = { subject, generation }
    const steps = [
      before(stepOf(statements.eraseHandles, sessions), stepOf(statements.eraseSessions, sessions)),
      stepOf(statements.eraseActing, { subject }),
      // A name that stays the same needs no renaming.
      ...(name === subject ? [] : [stepOf(statements.renameInAudit, { subject, name })]),
      () => {
        // Removes the note, unless another note has replaced it meanwhile.
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
