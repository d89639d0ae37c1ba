/** The event stream, hub → site: server-sent events (WHATWG HTML). The id of each is the epoch and the number of the ending. */
import { type Fields, isOneOf, isTime, readFields } from './fields.js'
import { is128Bits } from './formats.js'
import { endReasons } from './wire.js'

/**
 * `hello`: the stream continues from the id that the site named, or with all that the hub knows for a site that named none. `reset`: it does
 * not continue, so the site has to ask again for everything that it trusted. `ended`: one session. `subject-ended`: all of a user's sessions
 * up to a generation.
 */
export type StreamEvent = 'hello' | 'reset' | 'ended' | 'subject-ended'

/** The value of `Last-Event-ID`: the epoch of the hub's store, and the number. */
export const isEventId = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{32}-\d{1,15}$/.test(value)

const endedFields = { session_tag: is128Bits, reason: isOneOf(endReasons) }
export type EndedEvent = Fields<typeof endedFields>
export const parseEndedEvent = (value: unknown): EndedEvent => readFields('The event', value, endedFields)

const subjectEndedFields = { subject_tag: is128Bits, generation: isTime, reason: isOneOf(endReasons) }
export type SubjectEndedEvent = Fields<typeof subjectEndedFields>
export const parseSubjectEndedEvent = (value: unknown): SubjectEndedEvent =>
  readFields('The event', value, subjectEndedFields)
