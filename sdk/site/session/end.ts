/** A session ends by the visitor's own word: here at once, at the hub when it can be told. */
import { requireOpen, type Visit } from '../visit.js'
import { loadSession, ownClaims } from './load.js'
import type { SessionParts } from './parts.js'

/** @throws SessionHubError `headers_sent` where the answer has begun; then nothing has ended */
export async function endSession(site: SessionParts, visit: Visit, everywhere: boolean): Promise<void> {
  requireOpen(visit)
  const session = await loadSession(site, visit)
  await site.takeTurn(session, async () => {
    const before = await ownClaims(site, visit)
    for (const claims of [before, session.token]) if (claims) site.provisional.revoke(claims)
    if (site.posted.isIn(visit) || site.posted.isBlind(visit)) site.posted.clear(visit)
    const handle = session.handle ?? before?.sk ?? before?.was
    session.clear()
    if (handle === undefined) return
    // A request beside this one may have been told before that the session is well.
    site.superseded.add(handle)
    await site.tellEnd(handle, everywhere)
  })
}
