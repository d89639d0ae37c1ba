/** Begins and ends acting as a user of one site. Each step gives a new handle and writes a row of the audit. */
import type { ActAsBody, SessionView, StopActingBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { limits } from '../../sdk/protocol/wire.js'
import { random256, sha256 } from '../../sdk/tokens/random.js'
import { isRecent } from '../../sdk/tokens/times.js'
import type { Site } from '../sites/site.js'
import type { Session, Spend } from '../stores/store.js'
import { actingPlace, actingRow, actingView, type LiveActing, liveActing } from './acting.js'
import type { HubContext } from './context.js'
import { boundedClaims } from './merge.js'
import { ANSWER_LOST_MS } from './sent-again.js'
import { live, newHandle, viewFor } from './sessions.js'
import { requireOwnClaims, subjectFrom } from './share.js'
import { liveOrEnded, spendOf } from './site-acts.js'
import { traceOf } from './trace.js'

/**
 * Ends the administrator's handle at this site and replaces it with a handle for acting (R20).
 *
 * @param from the network address of the site's backend
 * @throws SessionHubError `acting_denied`, `while_acting`, `sign_in_required`, `data_denied`, `data_too_large`, `session_ended`
 */
export async function actAs(
  hub: HubContext,
  site: Site,
  body: ActAsBody,
  from: string,
): Promise<SessionView> {
  const { claims, reason } = body
  if (!site.mayImpersonate) throw denied('The registration of this site lets nobody act as a user')
  requireOwnClaims(claims, site)
  const subject = subjectFrom(site, body.subject)
  boundedClaims(claims)
  // The application's own rule may ask its database, so it is asked before the transaction.
  const isAdmins = await hub.rules.isAdmin(subject)
  const nowMs = hub.now()
  const [hash, handle] = [sha256(body.handle), random256()]
  const spend = spendOf(site, body, sha256(handle), nowMs)
  const settled = await hub.store.transact<Settled>(
    { handles: [hash], ...(spend && { spend }) },
    ({ held: [held], spentBefore }) => {
      if (spentBefore) return { result: { before: spentBefore } }
      const session = recentlySignedIn(liveOrEnded(held, site, nowMs), nowMs)
      if (subject === session.subject) throw denied('Nobody acts as themselves')
      const acting = { subject, claims, untilMs: Math.min(nowMs + body.seconds * 1000, session.untilMs) }
      const { record } = newHandle(session, actingPlace(site.origin), nowMs, handle)
      const row = { ...actingRow({ session, acting }, site, 'act-as', from, nowMs), reason }
      // A refusal is recorded before it is answered (R32).
      if (isAdmins) return { changes: { audit: [{ ...row, outcome: 'refused' }] }, result: { refused: true } }
      return {
        changes: {
          handles: [{ ...record, acting }, traceOf(hash, site.origin, session, nowMs)],
          forget: [hash],
          audit: [{ ...row, untilMs: acting.untilMs }],
        },
        result: { view: { ...actingView({ session, acting }, site, hub), handle } },
      }
    },
  )
  if ('refused' in settled) throw denied('Nobody acts as an administrator')
  if ('before' in settled) return givenBefore(hub, site, settled.before, nowMs, true)
  hub.log({ level: 'info', event: 'acting_started', site: site.origin })
  return settled.view
}

/**
 * Returns the administrator to their own session at this site, with a new handle.
 *
 * @throws SessionHubError `session_ended`, also when the time is over; `request_invalid` if nobody is acting
 */
export async function stopActing(
  hub: HubContext,
  site: Site,
  body: StopActingBody,
  from: string,
): Promise<SessionView> {
  const nowMs = hub.now()
  const [hash, handle] = [sha256(body.handle), random256()]
  const spend = spendOf(site, body, sha256(handle), nowMs)
  const settled = await hub.store.transact<Settled>(
    { handles: [hash], ...(spend && { spend }) },
    ({ held: [held], spentBefore }) => {
      if (spentBefore) return { result: { before: spentBefore } }
      const found = liveActing(held, site, nowMs)
      if (!found) {
        liveOrEnded(held, site, nowMs)
        throw new SessionHubError('request_invalid', 'Nobody acts as a user with this handle')
      }
      const { session } = found
      const { record } = newHandle(session, site.origin, nowMs, handle)
      return {
        changes: {
          handles: [record, traceOf(hash, site.origin, session, nowMs)],
          forget: [hash],
          audit: [actingRow(found, site, 'stop-acting', from, nowMs)],
        },
        result: { view: { ...viewFor(session, site, hub), handle } },
      }
    },
  )
  if ('before' in settled) return givenBefore(hub, site, settled.before, nowMs, false)
  if ('refused' in settled) throw denied('Nobody acts as a user with this handle')
  hub.log({ level: 'info', event: 'acting_stopped', site: site.origin })
  return settled.view
}

type Settled = { readonly view: SessionView } | { readonly refused: true } | { readonly before: Spend }

/** Requires a recent sign-in: a browser that was left open must open nobody else's view. @throws SessionHubError `sign_in_required` */
function recentlySignedIn(session: Session, nowMs: number): LiveActing['session'] {
  const { subject, authTimeMs } = session
  if (subject === null || authTimeMs === null)
    throw new SessionHubError('sign_in_required', 'Nobody is signed in')
  if (!isRecent(authTimeMs / 1000, nowMs, limits.actingSignInSeconds))
    throw new SessionHubError('sign_in_required', 'Sign in again to continue: your last sign-in is too old')
  return { ...session, subject }
}

/** The first answer was lost, and nobody knows the handle in it, so another handle replaces it. */
function givenBefore(
  hub: HubContext,
  site: Site,
  first: Spend,
  nowMs: number,
  isActingWanted: boolean,
): Promise<SessionView> {
  return hub.store.transact({ handles: [first.gave ?? ''] }, ({ held: [held] }) => {
    const found = liveActing(held, site, nowMs)
    const session = isActingWanted ? found?.session : live(held, site.origin, nowMs)
    if (!held || !session || nowMs - first.spentAtMs > ANSWER_LOST_MS) throw denied('This was asked before')
    const { handle, record } = newHandle(session, held.handle.site, nowMs)
    return {
      changes: {
        handles: [{ ...record, ...(found && { acting: found.acting }) }],
        forget: [held.handle.hash],
      },
      result: { ...(found ? actingView(found, site, hub) : viewFor(session, site, hub)), handle },
    }
  })
}

const denied = (message: string) => new SessionHubError('acting_denied', message)
