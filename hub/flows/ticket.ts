/** Issuing a ticket: a new handle that waits in the store, signed and sealed for one site and one page. */
import type { Mode } from '../../sdk/protocol/wire.js'
import { limits } from '../../sdk/protocol/wire.js'
import { random128 } from '../../sdk/tokens/random.js'
import { sealToken, signToken } from '../../sdk/tokens/sign.js'
import type { Site } from '../sites/site.js'
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { newHandle, seconds } from './sessions.js'

export interface TicketOrder {
  readonly site: Site
  readonly session: Session
  readonly nonce: string
  readonly mode: Mode
}

export async function issueTicket(
  hub: HubContext,
  { site, session, nonce, mode }: TicketOrder,
): Promise<string> {
  const nowMs = hub.now()
  const iat = seconds(nowMs)
  const exp = iat + hub.rules.ticketSeconds
  const { handle, record } = newHandle(session, site.origin, nowMs, (exp + limits.skewSeconds) * 1000)
  const claims = {
    iss: hub.origin,
    aud: site.origin,
    ...(session.subject !== null && { sub: session.subject }),
    sid: handle,
    jti: random128(),
    iat,
    nbf: iat,
    exp,
    nonce,
    origin: site.origin,
    mode,
    ...(session.authTimeMs !== null && { auth_time: seconds(session.authTimeMs) }),
    ...(Object.keys(session.claims).length > 0 && { claims: session.claims }),
  }
  const [jws] = await Promise.all([
    signToken('ticket+jwt', claims, hub.keyring.signing(nowMs)),
    hub.store.addHandle(record),
  ])
  return sealToken(jws, site.ticketKey)
}
