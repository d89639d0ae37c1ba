/** The endings that one party may learn of: a site by itself, or an app for all of its sites. */
import type { EndedEvent, StreamEvent, SubjectEndedEvent } from '../../sdk/protocol/events.js'
import type { NumberedEnding } from '../stores/store.js'
import type { HubContext } from './context.js'
import { sessionTag, subjectTag } from './tags.js'

export interface Told {
  readonly event: StreamEvent
  readonly data: EndedEvent | SubjectEndedEvent
}

/** Names them by tags of that party alone: a party that never had the session or the user learns nothing from them. */
export function tellParty(
  { secret }: Pick<HubContext, 'secret'>,
  party: string,
  { sessionId, subject, generation, reason }: NumberedEnding,
): Told | undefined {
  if (sessionId !== null)
    return { event: 'ended', data: { session_tag: sessionTag(secret, sessionId, party), reason } }
  if (subject !== null) {
    const subject_tag = subjectTag(secret, subject, party)
    return { event: 'subject-ended', data: { subject_tag, generation, reason } }
  }
  return undefined
}

/** How long endings are kept. A site that was disconnected for longer checks every session again. */
export const REMEMBER_ENDINGS_MS = 3_600_000
