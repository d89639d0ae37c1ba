/** What is not allowed while an administrator acts as the session's user. */
import { SessionHubError } from '../../protocol/errors.js'
import type { SiteSession } from './held-session.js'

/** R43: an administrator who acts as a user may do nothing in the user's name. @throws SessionHubError `while_acting` */
export function requireNotActing({ actor }: Pick<SiteSession, 'actor'>): void {
  if (actor)
    throw new SessionHubError(
      'while_acting',
      'An administrator acts as this user, and may only look; call stopActing() first',
    )
}
