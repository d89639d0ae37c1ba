/** `POST <endpoint>/redeem`: a page hands in the ticket that its frame received. The checks are in the order of R19. */
import { parseRedeemBody, type RedeemReply } from '../../protocol/bodies.js'
import type { SiteContext } from '../context.js'
import { acceptTicket, readTicket, requireConsent, requireVerifier } from './ticket.js'
import type { Visit } from '../visit.js'

export async function redeemTicket(site: SiteContext, visit: Visit, body: unknown): Promise<RedeemReply> {
  const { ticket, verifier } = parseRedeemBody(body)
  await requireConsent(site, visit)
  const claims = await readTicket(site, ticket, 'frame', site.settings.origin)
  requireVerifier(claims, verifier)
  const { view } = await acceptTicket(site, visit, claims)
  const { state, subject, reason } = view
  return { state, subject, reason }
}
