/** A signed-in administrator sees this site as one of its users does, and returns. */
import { SessionHubError } from '../../protocol/errors.js'
import type { JsonObject } from '../../protocol/json.js'
import { requireStorage } from '../storage.js'
import { requireOpen, type Visit } from '../visit.js'
import type { HeldSession } from './held-session.js'
import { loadSession } from './load.js'
import type { SessionParts } from './parts.js'
import { requireStillOpen } from './session.js'
import { requireNotActing } from './while-acting.js'
import { whileItLives } from './while-it-lives.js'

/** As whom, why, and for how long. */
export interface As {
  readonly subject: string
  readonly claims: JsonObject
  readonly reason: string
  readonly seconds: number
}

/** @throws SessionHubError `acting_denied`, `while_acting`, `sign_in_required`, `data_denied`, `data_too_large`, `headers_sent`, `unavailable` */
export async function actAs(site: SessionParts, visit: Visit, as: As): Promise<void> {
  requireOpen(visit)
  await requireStorage(site.storage, visit)
  const session = await loadSession(site, visit)
  await site.takeTurn(session, async () => {
    requireNotActing(session)
    requireUser(session)
    const view = await whileItLives(session, (handle) => site.hub.actAs({ handle, ...as }))
    if (view?.handle === undefined) throw notSignedIn()
    const { handle } = view
    try {
      await session.accept(view, handle)
      requireStillOpen(site, visit)
    } catch (error) {
      // Nobody holds that handle, and the audit must not say that somebody acts.
      await site.hub.stopActing(handle).catch(() => undefined)
      throw error
    }
  })
}

/** @returns whether somebody was acting @throws SessionHubError `headers_sent`, `unavailable` */
export async function stopActing(site: SessionParts, visit: Visit): Promise<boolean> {
  requireOpen(visit)
  const session = await loadSession(site, visit)
  return site.takeTurn(session, async () => {
    if (session.isStale && session.status === 'none') throw unknown()
    if (!session.actor) return false
    const view = await whileItLives(session, (handle) => site.hub.stopActing(handle))
    if (view?.handle === undefined) return false
    await session.accept(view, view.handle)
    requireStillOpen(site, visit)
    return true
  })
}

/** @throws SessionHubError `sign_in_required`, `unavailable` */
function requireUser({ handle, subject, isStale }: HeldSession): void {
  // R21: a sign-in that the hub does not know yet, or a session that cannot be looked up, does not mean that nobody is signed in.
  if (handle === null && (subject !== null || isStale)) throw unknown()
  if (handle === null || subject === null) throw notSignedIn()
}

const unknown = () => new SessionHubError('unavailable', 'The hub cannot be asked about this session')
const notSignedIn = () => new SessionHubError('sign_in_required', 'Nobody is signed in')
