/** Lets only this site's own pages, and programs that are not browsers, change something here. */
import type { RequestHandler } from 'express'
import { SessionHubError } from 'session-hub/site'

/**
 * Cross-site request forgery needs a browser, because only a browser adds the visitor's cookies to a stranger's request. Every
 * browser names the stranger in `Origin` when it posts, and most do so in `Sec-Fetch-Site` too. If both are missing, the client was curl or the like.
 * `SameSite=Lax` alone would not be enough: another port or subdomain of this site is same-site.
 */
export const ownPagesOnly =
  (origin: string): RequestHandler =>
  ({ method, headers }, _res, next) => {
    const { origin: from = origin, 'sec-fetch-site': relation = 'same-origin' } = headers
    const isRead = method === 'GET' || method === 'HEAD'
    if (isRead || (from === origin && relation === 'same-origin')) next()
    else next(new SessionHubError('origin_denied', 'Only pages of this site may do this'))
  }
