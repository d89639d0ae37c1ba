/** Ends a session at the visitor's request: here at once, and at the hub as soon as it can be told. */
import { SessionHubError } from '../../protocol/errors.js'
import { requireOpen, type Visit } from '../visit.js'
import { loadSession, ownClaims } from './load.js'
import type { SessionParts } from './parts.js'
import { requireStillOpen } from './session.js'

/**
 * @throws SessionHubError `headers_sent` if the answer has begun; `origin_denied` in a form that another site's page has posted, which comes
 * without the visitor's session; then nothing has ended
 */
export async function endSession(site: SessionParts, visit: Visit, everywhere: boolean): Promise<void> {
  requireOpen(visit)
  if (site.posted.isBlind(visit))
    throw new SessionHubError(
      'origin_denied',
      "Another site's page posted this request, without this visitor's cookies; redirect the visitor to a page of this site and sign out there",
    )
  const session = await loadSession(site, visit)
  await site.takeTurn(session, async () => {
    const before = await ownClaims(site, visit)
    // Checked again, because the application may not have awaited the call: no session ends whose cookies stay.
    requireStillOpen(site, visit)
    for (const claims of [before, session.token]) {
      if (!claims) continue
      site.provisional.revoke(claims)
      site.endings.endedHere(claims, 'signed-out')
    }
    if (site.posted.isIn(visit)) site.posted.clear(visit)
    const handle = session.handle ?? before?.sk ?? before?.was ?? null
    const late = [before, session.token].find((claims) => claims?.jti !== undefined)
    session.clear()
    if (handle === null && !late) return
    // A concurrent request may have been told before that the session is live.
    if (handle !== null) site.superseded.add(handle)
    const { graceForSeconds } = site.settings
    const end = {
      handle,
      ...(everywhere && { everywhere }),
      ...(late?.jti !== undefined && { jti: late.jti, exp: late.exp + graceForSeconds }),
    }
    if (!(await site.tellEnd(end))) await site.waitingEnds.add(visit, end)
  })
}
