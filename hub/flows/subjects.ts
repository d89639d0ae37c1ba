/** Ends all sessions of one user at once. They are counted by generations, so that this costs one write, however many there are. */
import type { EndReason } from '../../sdk/protocol/wire.js'
import type { Ending, Session, Subject } from '../stores/store.js'

/** When all of a user's sessions end at once, they are counted up to this number. */
export const COUNTED = 1000

const before = (subject: string): Subject => ({
  subject,
  generation: 0,
  endedUpTo: -1,
  endedAtMs: null,
  endReason: null,
  untilMs: 0,
})

/** Gives a session its generation, the next one. */
export function counted(known: Subject | undefined, session: Session, subject: string): [Subject, Session] {
  const record = known ?? before(subject)
  const generation = record.generation + 1
  return [
    { ...record, generation, untilMs: Math.max(record.untilMs, session.untilMs) },
    { ...session, generation },
  ]
}

/** Ends all sessions up to a generation. */
export function cut(
  record: Subject,
  upTo: number,
  endReason: EndReason,
  nowMs: number,
): { subject: Subject; ending: Ending } {
  const { subject } = record
  return {
    subject: { ...record, endedUpTo: Math.max(record.endedUpTo, upTo), endedAtMs: nowMs, endReason },
    ending: { sessionId: null, subject, generation: upTo, reason: endReason, atMs: nowMs },
  }
}
