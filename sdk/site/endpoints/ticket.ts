/** Reads a ticket and turns it into this site's session, in the same way on every rung. */
import { timingSafeEqual } from 'node:crypto'
import { readCookie } from '../../http/cookies.js'
import type { RedeemedView } from '../../protocol/bodies.js'
import { parseTicketClaims, type TicketClaims } from '../../protocol/claims.js'
import { SessionHubError } from '../../protocol/errors.js'
import { cookieNames, type Mode } from '../../protocol/wire.js'
import { sha256 } from '../../tokens/random.js'
import { openTicket } from '../../tokens/ticket.js'
import { checkTimes } from '../../tokens/times.js'
import type { SiteContext } from '../context.js'
import { tellHook } from '../hook.js'
import { requireOpen, type Visit } from '../visit.js'

/**
 * @param from the origin whose page asked; omitted if it has been compared before
 * @throws SessionHubError `ticket_invalid`, one code for everything that can be wrong (R30), `ticket_expired`, `unavailable`
 */
export async function readTicket(
  site: SiteContext,
  ticket: string,
  mode: Mode,
  from?: string,
): Promise<TicketClaims> {
  const { settings } = site
  let claims
  try {
    claims = parseTicketClaims(await openTicket(ticket, settings.ticketKeys))
  } catch (cause) {
    // The hub may have sealed it with registered keys that this site does not have: then the site is at fault, and not the visitor.
    await site.hub.requireAccepted(settings.ticketKeys)
    throw new SessionHubError('ticket_invalid', 'The ticket is not valid', { cause })
  }
  const { iss, aud, origin } = claims
  // R11: a ticket of another mode is not valid here.
  const isOurs =
    iss === settings.hub && aud === settings.origin && origin === (from ?? origin) && claims.mode === mode
  if (!isOurs) throw new SessionHubError('ticket_invalid', 'The ticket is not for this use')
  checkTimes(claims, settings.now(), settings.maxTicketSeconds, {
    expired: 'ticket_expired',
    invalid: 'ticket_invalid',
  })
  return claims
}

/** R10: only the page that asked, or the browser that was sent, has the verifier. @throws SessionHubError `verifier_invalid` */
export function requireVerifier({ nonce }: TicketClaims, verifier: string | undefined): void {
  const isTheirs =
    nonce !== undefined &&
    verifier !== undefined &&
    timingSafeEqual(Buffer.from(sha256(verifier)), Buffer.from(nonce))
  if (!isTheirs)
    throw new SessionHubError('verifier_invalid', 'The verifier is missing or not that of the ticket')
}

/** @throws SessionHubError `consent_required` */
export async function requireConsent(site: SiteContext, visit: Visit): Promise<void> {
  if (!(await site.mayShare(visit)))
    throw new SessionHubError('consent_required', 'This visitor has not agreed')
}

export interface Accepted {
  readonly view: RedeemedView
  /** Whether the visitor already had this very session here. */
  readonly isSame: boolean
}

/**
 * Spends a ticket that has passed every check, and makes its session this site's.
 *
 * @throws SessionHubError whatever the hub answers; `session_conflict`, `unavailable`
 */
export async function acceptTicket(
  site: SiteContext,
  visit: Visit,
  { sub, grant, jti, exp, mode, origin, nonce, chosen }: TicketClaims,
): Promise<Accepted> {
  const { alwaysReplace } = site.settings
  const session = await site.sessions.load(visit)
  // R34: the visitor has chosen between these two users, and no others.
  const isChosen = chosen !== undefined && session.token?.sg === chosen
  // A link is followed on an impulse, and anybody may have written it: it never replaces a user (R10).
  const overrule = (alwaysReplace || isChosen) && mode !== 'link'
  // R21: a session that cannot be looked up does not mean that there is none; somebody may be signed in.
  if (session.isStale && session.status === 'none')
    throw new SessionHubError('unavailable', 'Who is signed in here cannot be looked up now')
  // R43: neither the page's own syncs nor a link may replace the session of an administrator who acts as a user.
  if (session.actor) throw new SessionHubError('session_conflict', 'An administrator acts as a user here')
  const isInUse = session.subject !== null && (mode === 'link' || session.handle === null)
  // R20, also for a sign-in that the hub does not know of yet: the hub could not see that somebody is signed in here.
  if (isInUse && !overrule && (mode === 'link' || session.subject !== sub))
    throw new SessionHubError('session_conflict', 'Another user is signed in here')
  requireOpen(visit)
  const optional = { ...(sub && { sub }), ...(nonce && { nonce }), ...(chosen && { chosen }) }
  const ticket = { grant, jti, exp, mode, origin, ...optional }
  const view = await site.sessions.inTurn(session, async () => {
    // Even a handle whose session has ended: the hub may know that a user has signed in here in the meantime (R20).
    const previous = session.handle ?? session.formerHandle
    const redeemed = await site.hub.redeem({ ...ticket, previous, overrule })
    await session.accept(redeemed, redeemed.handle)
    return redeemed
  })
  const isSame = readCookie(visit.headers.cookie, cookieNames.state) === view.state
  if (!isSame) {
    const { was_empty: wasEmpty, from = null } = view
    const event = { req: visit.request, source: mode, wasEmpty, from }
    await tellHook(site.log, 'onReplaced', () => site.settings.onReplaced(event))
  }
  return { view, isSame }
}
