/** Decides who gives way when two different users have met. */
import { unawaited } from '../../sdk/settings/unawaited.js'
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import type { ConflictPolicy } from './decision.js'

/** The owner's policy. A rule of the owner's own is asked only if there are two users. */
export function conflictPolicy(
  { rules: { conflict } }: HubContext,
  site: string,
  siteSession: Session | undefined,
  hubSession: Session | undefined,
): ConflictPolicy {
  if (typeof conflict !== 'function') return conflict
  const [siteSubject, hubSubject] = [siteSession?.subject ?? null, hubSession?.subject ?? null]
  const areTwo = siteSubject !== null && hubSubject !== null && siteSubject !== hubSubject
  if (!areTwo) return 'keep-both'
  const said: unknown = conflict({ site, siteSubject, hubSubject })
  unawaited(said)
  return said as ConflictPolicy
}
