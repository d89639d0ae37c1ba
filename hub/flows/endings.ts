/** Endings as one party may hear of them: a site by itself, or an app for all of its sites. */
import type { EndedEvent, StreamEvent, SubjectEndedEvent } from '../../sdk/protocol/events.js'
import type { NumberedEnding } from '../stores/store.js'
import type { HubContext } from './context.js'
import { sessionTag, subjectTag } from './tags.js'

export interface Told {
  readonly event: StreamEvent
  readonly data: EndedEvent | SubjectEndedEvent
}

/** By tags of that party alone: one that never held the session, or never had the user, learns nothing from them. */
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

/** How long endings are kept. A site that was cut off for longer asks for every session anew. */
export const REMEMBER_ENDINGS_MS = 3_600_000
