/**
 * A ticket as text: signed first, then encrypted (R3). Only the hub and one site have both keys; the one that signs is derived from the one
 * that seals. A thief of these keys could make tickets, but the hub refuses them by the grant (R2).
 */
import type { JsonObject } from '../protocol/json.js'
import type { TicketKey } from './keys.js'
import { sealToken, signToken } from './sign.js'
import { openToken, verifyToken } from './verify.js'

export async function sealTicket(claims: JsonObject, { kid, key, signing }: TicketKey): Promise<string> {
  return sealToken(await signToken('ticket+jwt', claims, { kid, key: signing }, 'HS256'), { kid, key })
}

/**
 * The claims of a ticket that one of these keys has sealed and signed.
 *
 * @throws SessionHubError `request_invalid`, with what was wrong for the log
 */
export async function openTicket(ticket: string, keys: ReadonlyMap<string, TicketKey>): Promise<JsonObject> {
  let sealedBy: TicketKey | undefined
  const jws = await openToken(ticket, (kid) => (sealedBy = keys.get(kid))?.key)
  return verifyToken(
    'ticket+jwt',
    jws,
    (kid) => (kid === sealedBy?.kid ? sealedBy.signing : undefined),
    'HS256',
  )
}
