/**
 * The grant in a ticket. The hub stores nothing about a ticket until it is used: the grant tells which session and which ticket it belongs to,
 * and only the hub can make or read one. Whoever has the keys of a site's tickets can make a ticket, but not one that the hub
 * accepts (R2, R19).
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'

import type { TicketClaims } from '../../sdk/protocol/claims.js'
import { wrapUnder } from '../../sdk/tokens/wrap.js'

/** Everything that decides where and how a ticket may be used. At redemption the site reports what it has seen of it. */
export type Terms = Pick<TicketClaims, 'aud' | 'origin' | 'mode' | 'jti' | 'exp' | 'sub' | 'nonce' | 'chosen'>

/** 128 bits each: the session's id, and the tag over the terms. */
const HALF = 16

export const grantOf = (secret: KeyObject, sessionId: string, terms: Terms): string =>
  wrapUnder(secret, 'grant').wrap(
    Buffer.concat([Buffer.from(sessionId, 'base64url'), markOf(secret, terms)]).toString('base64url'),
  )

/** The id of the session that this exact grant gives on these terms; `undefined` if the hub never issued it. */
export function grantedBy(secret: KeyObject, grant: string, terms: Terms): string | undefined {
  let granted
  try {
    granted = Buffer.from(wrapUnder(secret, 'grant').unwrap(grant), 'base64url')
  } catch {
    return undefined
  }
  const isOnThese = timingSafeEqual(granted.subarray(HALF), markOf(secret, terms))
  return isOnThese ? granted.toString('base64url', 0, HALF) : undefined
}

/** The handle that the site gets for its ticket: the same each time it asks, and unknown to anybody who has seen the ticket. */
export const handleFor = (secret: KeyObject, grant: string): string =>
  macOf(secret, `handle\n${grant}`).toString('base64url')

const markOf = (secret: KeyObject, { aud, origin, mode, jti, exp, sub, nonce, chosen }: Terms): Buffer =>
  macOf(secret, `grant\n${JSON.stringify([aud, origin, mode, jti, exp, sub, nonce, chosen])}`).subarray(
    0,
    HALF,
  )

const macOf = (secret: KeyObject, text: string): Buffer => createHmac('sha256', secret).update(text).digest()
