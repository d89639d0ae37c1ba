/** Makes a site's share of an anonymous session a session of its own: the visitor has opted out of sharing, and loses nothing. */
import type { PartBody, SessionView } from '../../sdk/protocol/bodies.js'
import { random128, sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { HubContext } from './context.js'
import { answeredBefore, answerTo, requestOf } from './sent-again.js'
import { isLive, newHandle, viewFor } from './sessions.js'
import { carriedBy, divided } from './share.js'
import { liveOrEnded } from './site-acts.js'
import { traceOf } from './trace.js'

/**
 * The other sites keep the session as it is. This site has a copy from now on, and its old handle is worth nothing. A user's session is never copied:
 * a copy would outlive the sign-out, and anybody who got hold of a cookie could make one (R20).
 */
export function partSession(hub: HubContext, site: Site, body: PartBody): Promise<SessionView> {
  const nowMs = hub.now()
  const hash = sha256(body.handle)
  const request = requestOf(site.origin, 'part', body.jti, body)
  return hub.store.transact(
    { handles: [hash, ...(request ? [request.hash] : [])] },
    ({ held: [held, answered] }) => {
      const before =
        request && answeredBefore(answered, request, nowMs) !== undefined ? answered?.session : undefined
      // The first answer may have been lost, and then nobody knows the handle in it any more.
      if (before && isLive(before, nowMs)) {
        const { handle, record } = newHandle(before, site.origin, nowMs)
        return { changes: { handles: [record] }, result: { ...viewFor(before, site, hub), handle } }
      }
      const shared = liveOrEnded(held, site, nowMs)
      if (shared.subject !== null) return { result: viewFor(shared, site, hub) }
      // R37: what the site may not write is not its data, and a session that it brings may not hold it.
      const own = {
        ...shared,
        id: random128(),
        site: site.origin,
        data: divided(shared.data, carriedBy(site, shared)).ours,
      }
      const { handle, record } = newHandle(own, site.origin, nowMs)
      return {
        changes: {
          sessions: [own],
          handles: [
            record,
            traceOf(hash, site.origin, own, nowMs),
            ...(request ? [answerTo(request, own, 'parted', nowMs)] : []),
          ],
          forget: [hash],
        },
        result: { ...viewFor(own, site, hub), handle },
      }
    },
  )
}
