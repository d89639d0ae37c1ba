/** Begins a user's session, for this request and at the hub. It works while the hub is down. */
import { toSessionHubError } from '../../protocol/errors.js'
import type { JsonObject } from '../../protocol/json.js'
import { logError } from '../../settings/log.js'
import { tellHook } from '../hook.js'
import { requireStorage } from '../storage.js'
import { requireOpen, type Visit } from '../visit.js'
import { agentOf, loadSession, ownClaims } from './load.js'
import type { SessionParts } from './parts.js'
import type { HeldSession } from './held-session.js'
import { isCode, requireStillOpen } from './session.js'
import { requireNotActing } from './while-acting.js'

export interface Who {
  readonly subject: string
  readonly claims: JsonObject
  readonly remember: boolean
  /** The tag of the session at the company's identity provider. */
  readonly idp?: string
}

/** The hub's decisions on this sign-in. Any other error is trouble at the hub, and no reason to keep a user out. */
const REFUSALS = [
  'request_invalid',
  'data_too_large',
  'data_denied',
  'session_limit',
  'while_acting',
] as const

/**
 * @throws SessionHubError `request_invalid`, `data_too_large`, `session_limit`, `data_denied`, `while_acting`; `headers_sent` if the answer has begun
 */
export async function beginSession(site: SessionParts, visit: Visit, who: Who): Promise<void> {
  requireOpen(visit)
  const session = await loadSession(site, visit)
  // Everything that takes time is done in its turn, so that a sign-out which is requested later also happens later.
  await site.takeTurn(session, async () => {
    await requireStorage(site.storage, visit)
    await begin(site, visit, session, who)
  })
  const { subject, claims } = who
  // Outside its turn, because a hook may update the session.
  await tellHook(site.log, 'onSignedIn', () =>
    site.settings.onSignedIn({ req: visit.request, subject, claims }),
  )
}

async function begin(
  site: SessionParts,
  visit: Visit,
  session: HeldSession,
  { subject, claims, remember, idp }: Who,
): Promise<void> {
  requireNotActing(session)
  const who = { subject, claims, remember, ...(idp !== undefined && { idp }) }
  if (site.posted.isBlind(visit)) {
    const issued = await site.tokens.issueProvisional(who, null, visit)
    requireStillOpen(site, visit)
    site.posted.write(visit, issued, remember)
    session.show(issued.claims)
    return
  }
  const before = await ownClaims(site, visit)
  // R43: a session that may not be the visitor's own is not ended by this sign-in; its cookie is replaced all the same.
  const former = before?.act ? undefined : (before?.sk ?? before?.was)
  const was = session.handle ?? former ?? null
  let view
  try {
    const agent = agentOf(visit)
    view = await site.hub.signIn({ handle: was, ...who, ...(agent && { agent }) })
  } catch (error) {
    if (REFUSALS.some((code) => isCode(error, code))) throw error
    // The site's own login works without the hub, whatever is wrong with it. The hub is told when it is back.
    logError(site.log, toSessionHubError(error), 'sign-in')
    const issued = await site.tokens.issueProvisional(who, was, visit)
    requireStillOpen(site, visit)
    session.take({ ...issued, state: '', isRemembered: remember })
    return
  }
  if (view.handle !== undefined) await session.begin(view, view.handle)
}
