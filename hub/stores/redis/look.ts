/** What a transaction sees: read in one round trip, with the name of the commit that wrote each record. */
import type { Changes, Held, Question, Session, View } from '../store.js'
import { nameOf, NOTHING, readHeld, readSession, readSpend, readSubject, spendName } from './records.js'
import { list, maybe, text, whole } from './replies.js'

export interface Look {
  readonly view: View
  /** What has to be unchanged when `changes` are written. */
  readonly revsFor: (changes: Changes) => Revs
}

/** What was read, each with the name of the commit that wrote it; `-` if it did not exist. */
export interface Revs {
  readonly handles: ReadonlyMap<string, string>
  readonly sessions: ReadonlyMap<string, string>
  /** By the subjects' names. */
  readonly subjects: ReadonlyMap<string, string>
}

export const nothingRead = (): Look => ({
  view: { held: [], subject: undefined, sessions: [], live: 0, session: undefined, spentBefore: undefined },
  revsFor: () => ({ handles: new Map(), sessions: new Map(), subjects: new Map() }),
})

export const lookValues = ({ handles, session, subject, spend }: Question): (string | number)[] => [
  subject?.nowMs ?? 0,
  handles.length,
  ...handles,
  session ?? '',
  subject ? nameOf(subject.subject) : NOTHING,
  subject?.sessions ?? 0,
  subject?.countTo ?? 0,
  spend ? spendName(spend) : NOTHING,
]

/** A session with its subject, whose cut decides whether the session has ended. `subjects` holds what was read of the subject. */
export function readSeen(parts: unknown): {
  rev: string
  record: Session
  subjects: ReadonlyMap<string, string>
} {
  const [session, subject] = list(parts)
  const cut = maybe(subject, (found) => readSubject(text(found)))
  const { rev, record } = readSession(text(session), cut?.record)
  return { rev, record, subjects: revOf(record, cut?.rev) }
}

/** The same, with the handle by which it was found. */
export function readHeldParts(parts: unknown): {
  handleRev: string
  sessionRev: string
  held: Held
  subjects: ReadonlyMap<string, string>
} {
  const [handle, session, subject] = list(parts)
  const cut = maybe(subject, (found) => readSubject(text(found)))
  const found = readHeld(text(handle), text(session), cut?.record)
  return { ...found, subjects: revOf(found.held.session, cut?.rev) }
}

const revOf = ({ subject }: Session, rev = NOTHING) =>
  new Map(subject === null ? [] : [[nameOf(subject), rev]])

export function readLook(question: Question, reply: unknown): Look {
  const [foundHandles, foundSession, foundSubject, foundSessions, live, foundSpend] = list(reply)
  const handles = new Map(question.handles.map((hash) => [hash, NOTHING]))
  const sessions = new Map<string, string>()
  const subjects = new Map<string, string>()
  /** Only the listed sessions that are written have to be unchanged: whoever adds a session writes the subject's record. */
  const listedRevs = new Map<string, string>()
  const noteSubjects = (found: ReadonlyMap<string, string>) => {
    for (const [name, rev] of found) subjects.set(name, rev)
  }

  const held = list(foundHandles).map((found) =>
    maybe(found, (parts) => {
      const one = readHeldParts(parts)
      handles.set(one.held.handle.hash, one.handleRev)
      sessions.set(one.held.session.id, one.sessionRev)
      noteSubjects(one.subjects)
      return one.held
    }),
  )
  if (question.session !== undefined) sessions.set(question.session, NOTHING)
  const session = maybe(foundSession, (parts) => {
    const one = readSeen(parts)
    sessions.set(one.record.id, one.rev)
    noteSubjects(one.subjects)
    return one.record
  })
  const subject = maybe(foundSubject, (found) => readSubject(text(found)))
  if (question.subject) subjects.set(nameOf(question.subject.subject), subject?.rev ?? NOTHING)
  const listed = list(foundSessions).map((found) => {
    const { rev, record } = readSession(text(found), subject?.record)
    listedRevs.set(record.id, rev)
    return record
  })

  return {
    view: {
      held,
      session,
      subject: subject?.record,
      sessions: listed,
      live: whole(live),
      spentBefore: maybe(foundSpend, (found) => readSpend(text(found))),
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
