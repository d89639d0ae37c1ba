/** `POST <endpoint>/redeem`: a ticket becomes this site's session cookie. The order of the checks is R19's. */
import { timingSafeEqual } from 'node:crypto'
import type { Request, Response } from 'express'

import { parseRedeemBody, type RedeemReply } from '../protocol/bodies.js'
import { parseTicketClaims, type TicketClaims } from '../protocol/claims.js'
import { SessionHubError } from '../protocol/errors.js'
import type { Mode } from '../protocol/wire.js'
import { sha256 } from '../tokens/random.js'
import { checkTimes } from '../tokens/times.js'
import { lookup, openToken, verifyToken } from '../tokens/verify.js'
import { reasonOf } from '../settings/log.js'
import type { SiteContext } from './context.js'
import { loadSession } from './load.js'
import { isCode } from './session.js'

export async function redeemTicket(
  site: SiteContext,
  req: Request,
  res: Response,
  body: unknown,
): Promise<RedeemReply> {
  const { ticket, verifier } = parseRedeemBody(body)
  const { settings, hub } = site
  if (!(await settings.mayShare(req)))
    throw new SessionHubError('consent_required', 'This visitor has not agreed')
  const claims = await readTicket(site, ticket, ['frame'])
  requireVerifier(claims.nonce, verifier)

  const session = await loadSession(site, req, res)
  // R21: a session that cannot be looked up is not no session; somebody may be signed in.
  if (session.isStale && session.status === 'none') {
    throw new SessionHubError('unavailable', 'Who is signed in here cannot be looked up now')
  }
  // R20, for a sign-in that the hub does not know of yet: it could not see that somebody is here.
  const isUnknownUser = session.handle === null && session.subject !== null && session.subject !== claims.sub
  if (isUnknownUser && !settings.alwaysReplace)
    throw new SessionHubError('session_conflict', 'Another user is signed in here')
  const view = await hub.redeem({
    jti: claims.jti,
    exp: claims.exp,
    handle: claims.sid,
    previous: session.handle,
    overrule: settings.alwaysReplace,
  })
  await session.accept(view, claims.sid)
  await tellApplication(site, req, claims.mode, view.was_empty === true)
  return { state: view.state, subject: view.subject, reason: view.reason ?? 'empty' }
}

/** @throws SessionHubError `ticket_invalid`, one code for all that can be wrong (R30), `ticket_expired`, `unavailable` */
async function readTicket(site: SiteContext, ticket: string, modes: readonly Mode[]): Promise<TicketClaims> {
  const { settings } = site
  let claims
  try {
    const jws = await openToken(ticket, lookup(settings.ticketKeys)) // R3
    claims = parseTicketClaims(await verifyToken('ticket+jwt', jws, site.hubKeys))
  } catch (cause) {
    if (isCode(cause, 'unavailable')) throw cause // R21
    throw new SessionHubError('ticket_invalid', 'The ticket is not valid', { cause })
  }
  const { iss, aud, origin } = claims
  // R11: a ticket of another mode is none here.
  const isOurs =
    iss === settings.hub &&
    aud === settings.origin &&
    origin === settings.origin &&
    modes.includes(claims.mode)
  if (!isOurs) throw new SessionHubError('ticket_invalid', 'The ticket is not for this site')
  checkTimes(claims, settings.now(), settings.maxTicketSeconds, {
    expired: 'ticket_expired',
    invalid: 'ticket_invalid',
  })
  return claims
}

/** R10: only the page that asked holds the verifier. */
function requireVerifier(nonce: string | undefined, verifier: string | undefined): void {
  const isTheirs =
    nonce !== undefined &&
    verifier !== undefined &&
    timingSafeEqual(Buffer.from(sha256(verifier)), Buffer.from(nonce))
  if (!isTheirs)
    throw new SessionHubError('verifier_invalid', 'The verifier is missing or not that of the ticket')
}

async function tellApplication(
  site: SiteContext,
  req: Request,
  source: Mode,
  wasEmpty: boolean,
): Promise<void> {
  try {
    await site.settings.onReplaced({ req, source, wasEmpty })
  } catch (cause) {
    site.log({
      level: 'error',
      event: 'hook_failed',
      hook: 'onReplaced',
      description: reasonOf(cause),
    })
  }
}
