/** Changes what is known about a signed-in user without another sign-in, in all of the user's sessions. */
import type { ClaimsBody, SessionView } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { JsonObject } from '../../sdk/protocol/json.js'
import { applyMergePatch } from '../../sdk/protocol/merge-patch.js'
import { limits } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { boundedClaims } from './merge.js'
import { seen, viewFor } from './sessions.js'
import { requireOwnClaims } from './share.js'
import { liveOrEnded, spendOf } from './site-acts.js'

/** How many of a user's sessions follow a change at most. */
const MOST_SESSIONS = 1000

/** The user's other sessions get the same patch, each on top of its own claims. The handle and the time of the sign-in stay. */
export async function changeClaims(
  hub: HubContext,
  at: Site,
  body: ClaimsBody,
  sites: SiteRegistry,
): Promise<SessionView> {
  const { patch } = body
  requireOwnClaims(patch, at)
  const nowMs = hub.now()
  const hash = sha256(body.handle)
  const { subject } = liveOrEnded(await hub.store.find(hash), at, nowMs)
  if (subject === null) throw new SessionHubError('sign_in_required', 'Nobody is signed in')
  const isReached = await reach(hub, sites, at, subject, nowMs)
  const spend = spendOf(at, body, hash, nowMs)
  return hub.store.transact(
    { handles: [hash], subject: { subject, nowMs, sessions: MOST_SESSIONS }, ...(spend && { spend }) },
    ({ held: [held], sessions, spentBefore }) => {
      const own = liveOrEnded(held, at, nowMs)
      if (spentBefore) return { result: viewFor(own, at, hub) }
      requireOwnWord(at, own)
      const changed = { ...seen(hub, own, nowMs), claims: patched(own, patch) }
      const others = sessions
        .filter((one) => one.id !== own.id && isReached(one))
        .flatMap((one) => follow(hub, one, patch))
      return { changes: { sessions: [changed, ...others] }, result: viewFor(changed, at, hub) }
    },
  )
}

/** @throws SessionHubError `request_invalid`, `data_too_large` */
const patched = ({ claims }: Session, patch: JsonObject): JsonObject =>
  boundedClaims(applyMergePatch(claims, patch))

/** A user's change in one place must not fail because of what another place once said about the user. */
function follow(hub: HubContext, session: Session, patch: JsonObject): Session[] {
  try {
    return [{ ...session, claims: patched(session, patch) }]
  } catch {
    hub.log({ level: 'warn', event: 'claims_too_large', site: session.site, allowed: limits.claimsBytes })
    return []
  }
}

/** R37: what a receive-only site says about users is for itself alone. @throws SessionHubError `data_denied` */
function requireOwnWord({ mayOffer, origin }: Site, { site }: Session): void {
  if (!mayOffer && site !== origin)
    throw new SessionHubError(
      'data_denied',
      'This site only receives; it may not change the claims of a user of other sites',
    )
}

/** R33, R37: the sessions that began on sites of this group; for a receive-only site, those that began on that site. */
async function reach(
  hub: HubContext,
  sites: SiteRegistry,
  at: Site,
  subject: string,
  nowMs: number,
): Promise<(session: Session) => boolean> {
  if (!at.mayOffer) return ({ site }) => site === at.origin
  const sessions = await hub.store.list(subject, nowMs, MOST_SESSIONS)
  const origins = [...new Set(sessions.map(({ site }) => site))]
  const found = await Promise.all(origins.map((origin) => sites.find(origin)))
  const reached = new Set(origins.filter((_, index) => found[index]?.group === at.group))
  return ({ site }) => reached.has(site)
}
