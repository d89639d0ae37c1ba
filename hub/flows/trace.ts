/**
 * What remains of a handle that a site gave up by an act of its own: a sign-in, a sign-out, a redemption or an opt-out. For a minute the hub can tell
 * each process of the site that the browser has newer cookies by now. A request that left with the old ones then takes nothing away, and a sign-in
 * that was sent twice leads to one session.
 */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { Handle, Held, Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { isLive } from './sessions.js'

/** Longer than any request lasts. */
const TRACE_MS = 60_000

/** The place of a handle's trace. No handle has this hash: a handle has 43 characters, and the hashed text is longer. */
export const traceHash = (hash: string, site: string): string => sha256(`trace ${site} ${hash}`)

/** The act by which the site gave the handle up: only a sign-in can be sent twice. */
type GivenUp = 'by a sign-in' | 'by another act'

/** No origin is spelled like this, so no site can use the record as a handle. */
const placeOf = (site: string, how: GivenUp) => `${site} ${how}`

/** @param session the session that replaced it; the ended session itself if none did */
export const traceOf = (
  hash: string,
  site: string,
  session: Session,
  nowMs: number,
  how: GivenUp = 'by another act',
): Handle => ({
  hash: traceHash(hash, site),
  sessionId: session.id,
  site: placeOf(site, how),
  createdAtMs: nowMs,
  activatedAtMs: null,
  expiresAtMs: nowMs + TRACE_MS,
})

const isTrace = (held: Held | undefined, site: string, nowMs: number): held is Held =>
  held !== undefined &&
  [placeOf(site, 'by a sign-in'), placeOf(site, 'by another act')].includes(held.handle.site) &&
  nowMs < held.handle.expiresAtMs

/** The live session that replaced the handle's session. The old handle alone gives nobody access to it (R20). */
export function successor(held: Held | undefined, site: string, nowMs: number): Session | undefined {
  return isTrace(held, site, nowMs) && isLive(held.session, nowMs) ? held.session : undefined
}

/** The session that this same act has begun before, for the subject who signs in again. */
export function signedInBefore(
  held: Held | undefined,
  site: string,
  subject: string,
  nowMs: number,
): Session | undefined {
  const session = signedInSince(held, site, nowMs)
  return session?.subject === subject ? session : undefined
}

/** The session that a sign-in at this site has begun in place of the handle's. */
export function signedInSince(held: Held | undefined, site: string, nowMs: number): Session | undefined {
  return held?.handle.site === placeOf(site, 'by a sign-in') ? successor(held, site, nowMs) : undefined
}

/** An act of a site by a handle. `session_ended` also says whether the site itself gave the handle up a moment ago. */
export async function byHandle<Body extends { readonly handle: string | null }, Answer>(
  hub: HubContext,
  site: Site,
  body: Body,
  act: (hub: HubContext, site: Site, body: Body) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await act(hub, site, body)
  } catch (error) {
    const isEnd = error instanceof SessionHubError && error.code === 'session_ended'
    if (!isEnd || body.handle === null) throw error
    const { origin } = site
    const held = await hub.store.find(traceHash(sha256(body.handle), origin))
    if (!isTrace(held, origin, hub.now())) throw error
    const { message, endReason } = error
    throw new SessionHubError('session_ended', message, { endReason, isSuperseded: true })
  }
}
