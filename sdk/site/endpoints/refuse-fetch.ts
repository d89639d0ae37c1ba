/** A step that is for the visitor's window, but script of this site asks for it: a router, or a service worker that answers the window by a request of its own. */
import { isOwnFetch } from '../../http/navigation.js'
import { errorReply, type Reply } from '../../http/reply.js'
import { SessionHubError } from '../../protocol/errors.js'
import { sitePaths } from '../../protocol/wire.js'
import { logError } from '../../settings/log.js'
import { announce, failedArrival } from './arrival.js'
import type { SiteContext } from '../context.js'
import type { Visit } from '../visit.js'

const RUNGS = { redirect: 'redirect', callback: 'redirect', enter: 'link' } as const

/**
 * The script would follow a redirect: a router would never leave its page by that, and a window takes no answer from a worker that was redirected.
 * Routers go to an address themselves that answers like this. Where a worker has asked, the window shows the answer, goes on to the page, and is
 * told why there.
 *
 * @returns `undefined` for a request of anybody else, which leaves no word for the page (R38)
 */
export function refuseFetch(
  site: SiteContext,
  visit: Visit,
  step: keyof typeof RUNGS,
  to: string,
): Reply | undefined {
  if (!isOwnFetch(visit)) return undefined
  const error = new SessionHubError(
    'request_invalid',
    'This address is only for a window, not for a script or a service worker',
  )
  announce(site, visit, RUNGS[step], failedArrival(error, false))
  logError(site.log, error, sitePaths[step])
  return errorReply(error, { refresh: `0;url=${to}` })
}
