/** Redeeming: one transaction that spends the ticket, then gives the site its session (R19). */
import type { BackchannelRedeemBody, RedeemedView } from '../../sdk/protocol/bodies.js'
import { type ErrorCode, SessionHubError } from '../../sdk/protocol/errors.js'
import { limits, type ReplaceReason, replaceReasons } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { Changes, Ending, Held, Session, Spend, View } from '../stores/store.js'
import { liveActing } from './acting.js'
import { conflictPolicy } from './conflict.js'
import type { HubContext } from './context.js'
import { grantedBy, handleFor } from './grant.js'
import { merged } from './merge.js'
import { answeredBefore, answerTo, type Request, requestOf } from './sent-again.js'
import { ended, endingOf, isEmpty, isLive, live, viewFor } from './sessions.js'
import { successor, traceHash, traceOf } from './trace.js'

type Settled = { session: Session; wasEmpty: boolean; reason: ReplaceReason } | { refused: SessionHubError }

/** @throws SessionHubError `ticket_invalid`, `ticket_spent`, `session_ended`, `session_conflict` */
export async function redeem(hub: HubContext, at: Site, body: BackchannelRedeemBody): Promise<RedeemedView> {
  const { origin: site } = at
  const nowMs = hub.now()
  const { secret } = hub
  const id = grantedBy(secret, body.grant, { ...body, aud: site })
  if (id === undefined)
    throw new SessionHubError('ticket_invalid', 'The hub did not issue this ticket to this site')
  const handle = handleFor(secret, body.grant)
  const hash = sha256(handle)
  const spend: Spend = {
    issuer: hub.origin,
    jti: body.jti,
    spentAtMs: nowMs,
    expiresAtMs: (body.exp + limits.skewSeconds) * 1000,
    // Without a verifier, a second use only shows a second click.
    gave: body.nonce === undefined ? null : hash,
  }
  const request = requestOf(site, 'redeem', body.use, body)
  const previousHash = body.previous === null ? undefined : sha256(body.previous)
  const handles = [
    hash,
    ...(previousHash === undefined ? [] : [previousHash, traceHash(previousHash, site)]),
    ...(request ? [request.hash] : []),
  ]
  const settled = await hub.store.transact<Settled>({ handles, session: id, spend }, (view) => {
    const [held] = view.held
    const before = request && answeredBefore(view.held.at(-1), request, nowMs)
    if (before !== undefined) return sentAgain(live(held, site, nowMs), before)
    // This throws, so that nothing is written.
    if (spend.expiresAtMs <= nowMs) throw new SessionHubError('ticket_invalid', 'The ticket is too old')
    if (view.spentBefore) return replayed(hub, site, view.spentBefore, held, nowMs)
    return useTicket(hub, at, body, view, { hash, previousHash, request }, nowMs)
  })
  if ('refused' in settled) throw settled.refused
  const { session, wasEmpty, reason } = settled
  // R33: a session travels only among the sites of one group, so each of them may know where it began.
  const from = session.site && { from: session.site }
  return { ...viewFor(session, at, hub), handle, was_empty: wasEmpty, reason, ...from }
}

interface Decided {
  readonly changes?: Changes
  readonly result: Settled
}

interface Use {
  /** The hash of the handle that the ticket gives. */
  readonly hash: string
  /** The hash of the handle that the site has had until now. */
  readonly previousHash: string | undefined
  readonly request: Request | undefined
}

/** The first and only use of a ticket. */
function useTicket(
  hub: HubContext,
  at: Site,
  body: BackchannelRedeemBody,
  view: View,
  { hash, previousHash, request }: Use,
  nowMs: number,
): Decided {
  const { origin: site } = at
  const { session } = view
  if (!session || !isLive(session, nowMs)) return refuse('session_ended', 'The session has ended')
  const { id: sessionId, expiresAtMs } = session
  const [, previousHeld, trace] = previousHash === undefined ? [] : view.held
  const handle = { hash, sessionId, site, createdAtMs: nowMs, activatedAtMs: nowMs, expiresAtMs }
  const previous = live(previousHeld, site, nowMs)
  const ownPrevious = previousHeld?.handle.site === site ? previousHash : undefined
  const isSame = previous?.id === session.id
  // R20: this also covers a user who has signed in by an earlier request: this one was sent with the old cookie.
  const present = previous ?? successor(trace, site, nowMs)
  const isOverruled =
    present &&
    present.id !== session.id &&
    wouldSwitch(present, session) &&
    !mayOverrule(hub, site, present, session, body.overrule)
  // R43: someone who acts as a user goes on until they stop, whatever the site's options are.
  if (isOverruled || liveActing(previousHeld, at, nowMs)) {
    const { result } = refuse('session_conflict', 'Another user is signed in here')
    return { ...(request && { changes: { handles: [answerTo(request, session, CONFLICT, nowMs)] } }), result }
  }
  const settled = previous && !isSame ? takeOver(hub, at, session, previous, nowMs) : plain(session, previous)
  const { reason, wasEmpty } = settled
  return {
    changes: {
      sessions: settled.write,
      endings: settled.endings,
      handles: [
        handle,
        ...(ownPrevious === undefined ? [] : [traceOf(ownPrevious, site, settled.session, nowMs)]),
        ...(request ? [answerTo(request, session, wasEmpty ? `${reason} ${EMPTY}` : reason, nowMs)] : []),
      ],
      ...(ownPrevious !== undefined && { forget: [ownPrevious] }),
    },
    result: { session: settled.session, wasEmpty, reason },
  }
}

/** The part of the answer that is kept, so that it can be repeated. */
const CONFLICT: ErrorCode = 'session_conflict'
const EMPTY = 'into nothing'

/** R27 concerns a page that uses a ticket twice. This is one use, repeated by one request of the site. */
function sentAgain(session: Session | undefined, answer: string): Decided {
  if (answer === CONFLICT) return refuse(CONFLICT, 'Another user is signed in here')
  const reason = replaceReasons.find((known) => answer.startsWith(known))
  if (!session || !reason) return refuse('session_ended', 'The session has ended')
  return { result: { session, reason, wasEmpty: answer.endsWith(EMPTY) } }
}

/** A refusal is a result, not an exception, so that the transaction is kept and the ticket stays spent. */
const refuse = (code: ErrorCode, message: string): { result: Settled } => ({
  result: { refused: new SessionHubError(code, message) },
})

/** R27: seeing a ticket must not sign anyone out, but a sender who had its verifier too has had the page's secrets. */
function replayed(
  hub: HubContext,
  site: string,
  spent: Spend,
  held: Held | undefined,
  nowMs: number,
): Decided {
  const refused = refuse('ticket_spent', 'The ticket was used before')
  const isDoubleSubmit = nowMs - spent.spentAtMs <= limits.doubleSubmitMs
  // Whether this ticket gave this handle at this very site. If not, nothing of the sender's was replayed.
  const gave = held?.handle.site === site && held.handle.hash === spent.gave
  if (isDoubleSubmit || !gave) return refused
  hub.log({ level: 'warn', event: 'ticket_replayed', site: held.handle.site })
  const gone = ended(held.session, 'replayed', nowMs)
  return { ...refused, changes: { sessions: [gone], endings: [endingOf(gone)] } }
}

/** Whether a signed-in user would silently become somebody else or nobody. */
const wouldSwitch = (previous: Session, next: Session) =>
  previous.subject !== null && previous.subject !== next.subject

/** The site always yields, or the hub's policy lets its own user win over the site's. */
const mayOverrule = (hub: HubContext, site: string, previous: Session, next: Session, siteYields: boolean) =>
  siteYields || (next.subject !== null && conflictPolicy(hub, site, previous, next) === 'hub')

interface TakenOver {
  readonly session: Session
  readonly write: readonly Session[]
  readonly endings: readonly Ending[]
  readonly wasEmpty: boolean
  readonly reason: ReplaceReason
}

const plain = (session: Session, previous: Session | undefined): TakenOver => ({
  session,
  write: [],
  endings: [],
  wasEmpty: !previous || isEmpty(previous),
  reason: 'empty',
})

/** The site's session gives way. An anonymous one leaves its data to the session that stays. */
function takeOver(
  hub: HubContext,
  site: Site,
  session: Session,
  previous: Session,
  nowMs: number,
): TakenOver {
  if (previous.subject !== null) {
    // The user's own session may live on elsewhere. Only this site's handle on it ends.
    const reason = previous.subject === session.subject ? 'same-user' : 'overruled'
    return { session, write: [], endings: [], wasEmpty: false, reason }
  }
  const { winner, loser, endings, hasMoved } = merged(
    hub,
    { site, winner: session, loser: previous, reason: 'shared', endReason: 'replaced' },
    nowMs,
  )
  return {
    session: winner,
    write: hasMoved ? [winner, loser] : [loser],
    endings,
    wasEmpty: isEmpty(previous),
    reason: hasMoved ? 'merged' : 'empty',
  }
}
