/**
 * Refuses a step that is for the visitor's window if a script of this site requests it: a router, or a service worker that answers the window
 * by a request of its own.
 */
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
 * The script would follow a redirect, but a router would never leave its page by that, and a window does not accept a redirected answer from a
 * service worker. Faced with this answer, routers navigate to the address themselves. If a service worker has asked, the window shows the
 * answer, goes on to the page, and is told the reason there.
 *
 * @returns `undefined` for any other request, so that it leaves no message for the page (R38)
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
