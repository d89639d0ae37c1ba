/** Issues a ticket, signed and sealed for one site and one page. The store learns of it when it is used. */
import type { Mode } from '../../sdk/protocol/wire.js'
import { random128 } from '../../sdk/tokens/random.js'
import { sealTicket } from '../../sdk/tokens/ticket.js'
import type { Site } from '../sites/site.js'
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { subjectFor } from './share.js'
import { grantOf } from './grant.js'
import { seconds } from './sessions.js'

export type TicketOrder = {
  readonly site: Site
  readonly session: Session
} & (
  | { readonly mode: Exclude<Mode, 'link'>; readonly nonce: string; readonly chosenOver?: string | undefined }
  /** A link ticket is bound to the origin of the site that has the link, and to no page (R10). */
  | { readonly mode: 'link'; readonly from: string }
)

export async function issueTicket(hub: HubContext, order: TicketOrder): Promise<string> {
  const { site, session, mode } = order
  const iat = seconds(hub.now())
  const exp = iat + hub.rules.ticketSeconds
  const terms = {
    aud: site.origin,
    jti: random128(),
    exp,
    // R10: the site compares this with a sign-in that the hub does not know about yet.
    ...(session.subject !== null && { sub: subjectFor(hub.secret, session.subject, site) }),
    ...(order.mode === 'link' ? { origin: order.from } : { origin: site.origin, nonce: order.nonce }),
    mode,
    ...(order.mode !== 'link' && order.chosenOver !== undefined && { chosen: order.chosenOver }),
  }
  const grant = grantOf(hub.secret, session.id, terms)
  return sealTicket({ iss: hub.origin, ...terms, grant, iat, nbf: iat }, await site.ticketKey())
}
