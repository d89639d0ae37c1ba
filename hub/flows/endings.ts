/** Endings as one site may hear of them. */
import type { EndedEvent, StreamEvent, SubjectEndedEvent } from '../../sdk/protocol/events.js'
import type { NumberedEnding } from '../stores/store.js'
import type { HubContext } from './context.js'
import { stateTag, subjectTag } from './tags.js'

export interface Told {
  readonly event: StreamEvent
  readonly data: EndedEvent | SubjectEndedEvent
}

/** By tags of that site alone: one that never held the session, or never had the user, learns nothing from them. */
export function tellSite(
  { keyring: { secret } }: Pick<HubContext, 'keyring'>,
  site: string,
  { sessionId, subject, generation, reason }: NumberedEnding,
): Told | undefined {
  if (sessionId !== null)
    return { event: 'ended', data: { state: stateTag(secret, sessionId, site), reason } }
  if (subject !== null) {
    const subject_tag = subjectTag(secret, subject, site)
    return { event: 'subject-ended', data: { subject_tag, generation, reason } }
  }
  return undefined
}

/** How long endings are kept. A site that was cut off for longer asks for every session anew. */
export const REMEMBER_ENDINGS_MS = 3_600_000
