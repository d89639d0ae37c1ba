/** The exchange: the site's session, which its offer shows, meets the hub's. */
import { type OfferClaims, parseOfferClaims } from '../../sdk/protocol/claims.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { type Choice, limits, NEWS } from '../../sdk/protocol/wire.js'
import { checkTimes } from '../../sdk/tokens/times.js'
import { verifyToken } from '../../sdk/tokens/verify.js'
import type { Site } from '../sites/site.js'
import type { Changes, Session, Spend, View } from '../stores/store.js'
import type { HubContext } from './context.js'
import { conflictPolicy } from './conflict.js'
import { decide } from './decision.js'
import { type Answer, OPTED_OUT } from './frame.js'
import { merged } from './merge.js'
import { jarOf, live, newHandle, sideOf } from './sessions.js'
import { claimsFor, mayBring, subjectFor } from './share.js'
import { subjectTag, turnTag } from './tags.js'
import { issueTicket } from './ticket.js'

export interface ExchangeQuestion {
  readonly site: Site
  readonly nonce: string
  /** The nonce that the offer carries: the frame's nonce, or in a redirect the hub's own (R13). */
  readonly offerNonce: string
  readonly mode: 'frame' | 'redirect'
  readonly offer: string | null
  /** The visitor's own answer. It counts only if neither user gives way by a rule. */
  readonly choice?: Choice | typeof NEWS | undefined
  readonly hubHandleHash: string | undefined
  readonly hasAccess: boolean
  /** The visitor shares nothing in this browser. */
  readonly isOff: boolean
}

export interface ExchangeAnswer extends Answer {
  /** A new handle for the hub's cookie: the hub has adopted the site's session. */
  readonly hubHandle?: string
  /** Whether the browser keeps the cookie after it closes. */
  readonly isRemembered?: boolean
}

interface Decided {
  readonly answer: ExchangeAnswer
  /** The session that the ticket gives. */
  readonly ticketFor?: Session
  /** If the visitor chose: the tag of the site's user, who gives way. */
  readonly chosenOver?: string
}

export async function exchange(hub: HubContext, question: ExchangeQuestion): Promise<ExchangeAnswer> {
  const { site, nonce, offerNonce, mode, hubHandleHash, hasAccess, isOff } = question
  if (!hasAccess) return { outcome: 'blocked' }
  if (isOff) return OPTED_OUT
  const offer = question.offer === null ? undefined : await readOffer(hub, site, offerNonce, question.offer)

  const hashes = [hubHandleHash ?? '', offer?.sid ?? '']
  const spend = offer && spendOf(offer, hub.now())
  const { answer, ticketFor, chosenOver } = await hub.store.transact(
    { handles: hashes, ...(spend && { spend }) },
    (view) => {
      if (view.spentBefore) throw new SessionHubError('offer_spent', 'The offer was used before')
      return settle(hub, question, offer, view)
    },
  )
  if (!ticketFor) return answer
  return { ...answer, ticket: await issueTicket(hub, { site, session: ticketFor, nonce, mode, chosenOver }) }
}

/** R13: the offer has to be signed by this site, for this frame or redirect, and fresh, and the site has to be allowed to offer. */
async function readOffer(hub: HubContext, site: Site, nonce: string, token: string): Promise<OfferClaims> {
  if (!site.mayOffer) throw new SessionHubError('offer_denied', 'This site may not offer sessions')
  let offer
  try {
    offer = parseOfferClaims(await verifyToken('offer+jwt', token, site.signingKey))
  } catch (cause) {
    throw new SessionHubError('offer_invalid', 'The offer is not valid', { cause })
  }
  if (offer.iss !== site.origin || offer.aud !== hub.origin || offer.nonce !== nonce) {
    throw new SessionHubError('offer_invalid', 'The offer is not for this exchange')
  }
  checkTimes(offer, hub.now(), limits.ticketSeconds.max, {
    expired: 'offer_expired',
    invalid: 'offer_invalid',
  })
  return offer
}

function spendOf({ iss, jti, exp }: OfferClaims, spentAtMs: number): Spend {
  return { issuer: iss, jti, spentAtMs, expiresAtMs: (exp + limits.skewSeconds) * 1000, gave: null }
}

function settle(
  hub: HubContext,
  { site, hubHandleHash, choice }: ExchangeQuestion,
  offer: OfferClaims | undefined,
  { held: [hubHeld, siteHeld] }: View,
): { result: Decided; changes?: Changes } {
  const nowMs = hub.now()
  const { secret } = hub
  const hubSession = live(hubHeld, jarOf(site), nowMs)
  const siteSession = live(siteHeld, site.origin, nowMs)
  const conflict = conflictPolicy(hub, site.origin, siteSession, hubSession)
  const siteYields = offer?.yields === true
  const decision = decide(sideOf(siteSession), sideOf(hubSession), {
    conflict,
    siteYields,
    ...(choice === NEWS ? { isNews: true } : { choice }),
  })
  const turn = turnTag(secret, hubSession?.id)

  if (decision.outcome === 'replace') {
    const over = decision.isChosen ? (siteSession?.subject ?? null) : null
    // Nothing of the site's ends or merges yet: that happens when the ticket is redeemed, or not at all.
    return {
      result: {
        answer: { outcome: 'replace', turn },
        ...(hubSession && { ticketFor: hubSession }),
        // The choice overrules this user only: somebody else may have signed in at the site before the ticket is redeemed (R20, R34).
        ...(over !== null && { chosenOver: subjectTag(secret, over, site.party) }),
      },
    }
  }
  if (decision.outcome === 'conflict') {
    const { subject = null, claims = {} } = hubSession ?? {}
    const who = subject !== null && {
      subject: subjectFor(secret, subject, site),
      claims: claimsFor(claims, site),
    }
    return { result: { answer: { outcome: 'conflict', turn, ...who } } }
  }
  if (decision.outcome !== 'adopt' || !siteSession)
    return { result: { answer: { outcome: decision.outcome, turn } } }
  // R37: a site that may not write everything in the session could bring what somebody else has written into this browser.
  if (!mayBring(site, siteSession)) return { result: { answer: { outcome: 'none', turn } } }

  const met =
    decision.merge && hubSession
      ? merged(
          hub,
          { site, winner: siteSession, loser: hubSession, reason: 'shared', endReason: 'replaced' },
          nowMs,
        )
      : undefined
  const winner = met?.winner ?? siteSession
  const { handle, record } = newHandle(winner, jarOf(site), nowMs)
  return {
    changes: {
      ...(met && { sessions: met.hasMoved ? [winner, met.loser] : [met.loser], endings: met.endings }),
      handles: [record],
      // The hub's cookie gets a new value, and the old value is worth nothing from now on.
      forget: hubHandleHash === undefined ? [] : [hubHandleHash],
    },
    result: {
      answer: {
        outcome: 'adopt',
        turn: turnTag(secret, winner.id),
        hubHandle: handle,
        isRemembered: winner.isRemembered,
      },
    },
  }
}
