/** A site in front of an application on a Node server: endpoints and session run before anything else sees the request. */
import type { RequestListener } from 'node:http'

import { PROXY_HOPS } from '../../http/node/peer-address.js'
import { sendError } from '../../http/node/reply.js'
import { whole } from '../../settings/checks.js'
import { refuseUnknown, wrong } from '../../settings/refuse-unknown.js'
import type { SiteCore } from '../core.js'
import { endpointsMiddleware, sessionMiddleware } from './middleware.js'

export interface ListenerOptions {
  /** How many of your own proxies stand in front of this server, 0 to 32. @default 0 */
  readonly proxyHops?: number
}

/** @throws SessionHubError `options_invalid` */
export function listenerOf(
  site: SiteCore,
  app: RequestListener,
  options: ListenerOptions = {},
): RequestListener {
  refuseUnknown('site.listener', options, ['proxyHops'])
  if (typeof app !== 'function') throw wrong('site.listener', 'the application has to be a function')
  const endpoints = endpointsMiddleware(
    site,
    whole('site.listener', 'proxyHops', options.proxyHops ?? 0, PROXY_HOPS),
  )
  const session = sessionMiddleware(site)
  return (req, res) => {
    endpoints(req, res, () => {
      session(req, res, (error) => {
        if (error === undefined) app(req, res)
        else sendError(res, error)
      })
    })
  }
}
