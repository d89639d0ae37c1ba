/** Issuing a ticket: a new handle that waits in the store, signed and sealed for one site and one page. */
import type { Mode } from '../../sdk/protocol/wire.js'
import { limits } from '../../sdk/protocol/wire.js'
import { random128 } from '../../sdk/tokens/random.js'
import { sealToken, signToken } from '../../sdk/tokens/sign.js'
import type { Site } from '../sites/site.js'
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { claimsFor, subjectFor } from './share.js'
import { newHandle, seconds } from './sessions.js'

export type TicketOrder = {
  readonly site: Site
  readonly session: Session
} & (
  | { readonly mode: Exclude<Mode, 'link'>; readonly nonce: string; readonly chosenOver?: string | undefined }
  /** A link ticket is bound to the site where the link is, by its origin, and to no page (R10). */
  | { readonly mode: 'link'; readonly from: string }
)

export async function issueTicket(hub: HubContext, order: TicketOrder): Promise<string> {
  const { site, session, mode } = order
  const nowMs = hub.now()
  const shown = claimsFor(session.claims, site)
  const iat = seconds(nowMs)
  const exp = iat + hub.rules.ticketSeconds
  const { handle, record } = newHandle(session, site.origin, nowMs, (exp + limits.skewSeconds) * 1000)
  const claims = {
    iss: hub.origin,
    aud: site.origin,
    // R10: the site compares it with a sign-in that the hub does not know of yet.
    ...(session.subject !== null && { sub: subjectFor(hub.keyring.secret, session.subject, site) }),
    sid: handle,
    jti: random128(),
    iat,
    nbf: iat,
    exp,
    ...(order.mode === 'link' ? { origin: order.from } : { origin: site.origin, nonce: order.nonce }),
    mode,
    ...(order.mode !== 'link' && order.chosenOver !== undefined && { chosen: order.chosenOver }),
    ...(session.authTimeMs !== null && { auth_time: seconds(session.authTimeMs) }),
    // Addresses and cookies are short; the site is told the claims when it redeems.
    ...(mode === 'frame' && Object.keys(shown).length > 0 && { claims: shown }),
  }
  const [jws] = await Promise.all([
    signToken('ticket+jwt', claims, hub.keyring.signing(nowMs)),
    hub.store.addHandle(record),
  ])
  return sealToken(jws, site.ticketKey)
}
