/** `POST <endpoint>/redeem`: a page hands in the ticket that its frame was given. The order of the checks is R19's. */
import type { Request, Response } from 'express'

import { parseRedeemBody, type RedeemReply } from '../protocol/bodies.js'
import type { SiteContext } from './context.js'
import { acceptTicket, readTicket, requireConsent, requireVerifier } from './ticket.js'

export async function redeemTicket(
  site: SiteContext,
  req: Request,
  res: Response,
  body: unknown,
): Promise<RedeemReply> {
  const { ticket, verifier } = parseRedeemBody(body)
  await requireConsent(site, req)
  const claims = await readTicket(site, ticket, 'frame', site.settings.origin)
  requireVerifier(claims, verifier)
  const { view } = await acceptTicket(site, req, res, claims)
  const { state, subject, reason = 'empty' } = view
  return { state, subject, reason }
}
