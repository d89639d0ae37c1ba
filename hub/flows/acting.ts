/**
 * An administrator looks at one site as one of its users sees it, and comes back. This is no session of the user's: it is another handle on the
 * administrator's own session, at that one site. So it never travels, it ends with the administrator's session, and the user's sessions stay
 * untouched.
 */
import type { SessionView } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Site } from '../sites/site.js'
import type { Acting, AuditRow, Held, Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { isLive, seconds, viewFor } from './sessions.js'
import { claimsFor, subjectFor } from './share.js'

/** A live session through which its administrator sees a site as somebody else. */
export interface LiveActing {
  readonly session: Session & { readonly subject: string }
  readonly acting: Acting
}

/**
 * The place of such a handle. No origin is spelled like this, so whatever looks for the site's own handle finds none: nobody can offer, merge,
 * exchange or redeem it (R43).
 */
export const actingPlace = (origin: string): string => `${origin} acting`

export const isActing = (held: Held | undefined, { origin }: Pick<Site, 'origin'>): held is Held =>
  held?.handle.site === actingPlace(origin)

/** @returns `undefined` also if the time is over, or if the site may not do this any more */
export function liveActing(held: Held | undefined, site: Site, nowMs: number): LiveActing | undefined {
  if (!isActing(held, site) || !site.mayImpersonate) return undefined
  const { acting } = held.handle
  const { subject } = held.session
  if (!acting || nowMs >= acting.untilMs || subject === null || !isLive(held.session, nowMs)) return undefined
  return { session: { ...held.session, subject }, acting }
}

/** For a sign-out, which must always work: the administrator's own session, also when the time is over. */
export const behindActing = (held: Held | undefined, site: Site, nowMs: number): Session | undefined =>
  isActing(held, site) && isLive(held.session, nowMs) ? held.session : undefined

/** While somebody acts as a user, what belongs to a session is out of reach. @throws SessionHubError `while_acting` */
export function requireNotActing(held: Held | undefined, site: Site, nowMs: number): void {
  if (liveActing(held, site, nowMs))
    throw new SessionHubError('while_acting', 'This is not allowed while somebody acts as a user')
}

/**
 * What the site sees: of the user, what the site itself has passed; of the administrator, the name. The tags are those of the administrator's
 * session, so that its end is noticed. Each member is named, so that nothing of the administrator's session gets in unintentionally.
 */
export function actingView({ session, acting }: LiveActing, site: Site, hub: HubContext): SessionView {
  const { secret } = hub
  const { state, generation, session_tag, subject_tag } = viewFor(session, site, hub)
  return {
    state,
    subject: subjectFor(secret, acting.subject, site),
    claims: claimsFor(acting.claims, site),
    data: {},
    version: 0,
    auth_time: null,
    expires_at: seconds(Math.min(session.expiresAtMs, acting.untilMs)),
    remember: false,
    generation,
    session_tag,
    subject_tag,
    actor: subjectFor(secret, session.subject, site),
    acting_until: seconds(acting.untilMs),
  }
}

/** Records who acts as whom, and where, in the transaction of the act itself (R32). */
export function actingRow(
  { session, acting }: LiveActing,
  { origin }: Site,
  act: 'act-as' | 'stop-acting',
  from: string,
  atMs: number,
): AuditRow {
  const { subject } = acting
  return { atMs, who: session.subject, act, subject, site: origin, sessions: 0, from, outcome: 'done' }
}
