/** A secret of the session, on one site and for one purpose. */
import type { SessionClaims } from '../../protocol/claims.js'
import { SessionHubError } from '../../protocol/errors.js'
import type { SiteSettings } from '../options.js'

/** A purpose is a word in the application's code. */
const MOST = 64

/**
 * Derived from the session's tag and not from its handle, which changes when the same session arrives again; and under the site's own key,
 * because pages can read the tag.
 *
 * @throws SessionHubError `request_invalid`
 */
export function secretFor(
  { origin, sessionKeys: [key] }: Pick<SiteSettings, 'origin' | 'sessionKeys'>,
  { st, jti }: SessionClaims,
  purpose: unknown,
): string {
  if (typeof purpose !== 'string' || purpose === '' || purpose.length > MOST)
    throw new SessionHubError('request_invalid', `secretFor: a purpose is a text of 1 to ${MOST} characters`)
  const session = st === undefined ? ['late', jti ?? ''] : ['known', st]
  return key.draw(origin, ...session, purpose)
}
