/** A site's share of a session becomes a session of its own: the visitor has opted out of sharing, and loses nothing. */
import type { HandleBody, SessionView } from '../../sdk/protocol/bodies.js'
import { random128, sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { HubContext } from './context.js'
import { live, newHandle, viewFor } from './sessions.js'
import { liveOrEnded } from './site-acts.js'
import { counted } from './subjects.js'

/** The other sites keep the session as it is; this one has a copy from now on, and the old handle is worth nothing. */
export async function partSession(hub: HubContext, site: Site, { handle }: HandleBody): Promise<SessionView> {
  const nowMs = hub.now()
  const hash = sha256(handle)
  const subject = live(await hub.store.find(hash), site.origin, nowMs)?.subject ?? null
  return hub.store.transact(
    { handles: [hash], ...(subject !== null && { subject: { subject, nowMs, sessions: 0 } }) },
    ({ held: [held], subject: known }) => {
      const copy = { ...liveOrEnded(held, site, nowMs), id: random128(), site: site.origin }
      const [counter, session] = subject === null ? [undefined, copy] : counted(known, copy, subject)
      const { handle: fresh, record } = newHandle(session, site.origin, nowMs)
      return {
        changes: {
          sessions: [session],
          handles: [record],
          forget: [hash],
          subjects: counter ? [counter] : [],
        },
        result: { ...viewFor(session, site, hub), handle: fresh },
      }
    },
  )
}
