/** What a transaction sees: read in one round trip, with the name of the commit that wrote each row. */
import { endReason, heldOf, integer, orNull, sessionOf, text } from '../rows.js'
import type { Changes, Question, Session, Subject, View } from '../store.js'
import type { Revs } from './commit.js'
import { lookedFor, lookedForAll } from './wire.js'

export interface Look {
  readonly view: View
  /** What has to be unchanged when `changes` are written. */
  readonly revsFor: (changes: Changes) => Revs
}

export const lookValues = ({ handles, session, subject, spend }: Question): unknown[] => [
  lookedForAll(handles),
  lookedForAll(session === undefined ? [] : [session]),
  subject?.subject ?? null,
  subject?.sessions ?? 0,
  subject?.countTo ?? 0,
  subject?.nowMs ?? 0,
  spend?.issuer ?? null,
  spend?.jti ?? null,
]

export function readLook(question: Question, rows: readonly unknown[]): Look {
  const handles = new Map<string, number | null>(
    question.handles.filter(lookedFor).map((hash) => [hash, null]),
  )
  const sessions = new Map<string, number | null>()
  const subjects = new Map<string, number | null>()
  /** Only the listed sessions that are written have to be unchanged: whoever adds a session writes the subject's record. */
  const listedRevs = new Map<string, number>()
  const held = new Map<string, ReturnType<typeof heldOf>>()
  const listed: Session[] = []
  let session: Session | undefined
  let subject: Subject | undefined
  let live = 0
  let spentBefore: View['spentBefore']

  const { spend } = question
  if (question.session !== undefined && lookedFor(question.session)) sessions.set(question.session, null)
  if (question.subject) subjects.set(question.subject.subject, null)
  const note = (row: unknown, found: Session) => {
    sessions.set(found.id, integer(row, 'session_rev'))
    // The subject's cut decides whether the session has ended.
    if (found.subject !== null) subjects.set(found.subject, orNull(row, 'subject_rev', integer))
  }
  for (const row of rows) {
    switch (text(row, 'kind')) {
      case 'held': {
        const found = heldOf(row)
        held.set(found.handle.hash, found)
        handles.set(found.handle.hash, integer(row, 'handle_rev'))
        note(row, found.session)
        break
      }
      case 'session':
        session = sessionOf(row)
        note(row, session)
        break
      case 'listed': {
        const found = sessionOf(row)
        listed.push(found)
        listedRevs.set(found.id, integer(row, 'session_rev'))
        break
      }
      case 'subject':
        subject = subjectOfLook(row)
        live = integer(row, 'live')
        subjects.set(subject.subject, integer(row, 'subject_rev'))
        break
      default:
        spentBefore = spend && {
          issuer: spend.issuer,
          jti: spend.jti,
          spentAtMs: integer(row, 'spent_at_ms'),
          expiresAtMs: integer(row, 'spend_expires_at_ms'),
          gave: orNull(row, 'gave', text),
        }
    }
  }
  return {
    view: {
      // Copies, because the same handle may be requested twice.
      held: question.handles.map((hash) => held.get(hash)),
      session,
      subject,
      sessions: listed,
      live,
      spentBefore,
    },
    revsFor(changes) {
      const written = (changes.sessions ?? []).flatMap(({ id }) => {
        const rev = sessions.has(id) ? undefined : listedRevs.get(id)
        return rev === undefined ? [] : [[id, rev] as const]
      })
      return { handles, sessions: new Map([...sessions, ...written]), subjects }
    },
  }
}

const subjectOfLook = (row: unknown): Subject => ({
  subject: text(row, 'subject'),
  generation: integer(row, 'generation'),
  endedUpTo: integer(row, 'subject_ended_up_to'),
  endedAtMs: orNull(row, 'ended_at_ms', integer),
  endReason: orNull(row, 'end_reason', endReason),
  untilMs: integer(row, 'until_ms'),
})
