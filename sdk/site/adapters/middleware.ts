/** A site as middleware, `(req, res, next)`: for Express and every other framework that calls such functions. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { flag, whole } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'
import type { SiteCore } from '../core.js'
import { requestOf, visitOf, type Wrapped } from './node-visit.js'
import { passEndpoints, passRedirectOnce, passSession } from './steps.js'

/** For Express 5 and 4, and every other framework that calls `(req, res, next)`. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

export interface SessionOptions {
  /**
   * Also accepts `Authorization: Bearer <session token>`, for API clients that keep the token themselves; a new token comes in the answer's
   * `Session-Token`. If the request also has a cookie of another session, it is refused (`session_ambiguous`).
   *
   * @default false
   */
  readonly bearer?: boolean
}

export const endpointsMiddleware =
  (site: SiteCore, proxyHops = 0): Middleware =>
  (req, res, next) => {
    passEndpoints(site, visitOf(req, res, site.property, proxyHops), next)
  }

/** @throws SessionHubError `options_invalid` */
export function sessionMiddleware(site: SiteCore, options: SessionOptions = {}): Middleware {
  refuseUnknown('session', options, ['bearer'])
  const takesBearer = flag('session', 'bearer', options.bearer ?? false)
  return (req, res, next) => {
    passSession(site, visitOf(req, res, site.property), takesBearer, next)
  }
}

export const redirectOnceMiddleware =
  (site: SiteCore): Middleware =>
  (req, res, next) => {
    passRedirectOnce(site, visitOf(req, res, site.property), next)
  }

/** @throws SessionHubError `options_invalid` */
export function requireRecentMiddleware(site: SiteCore, maxAgeSeconds: number) {
  const most = whole('requireRecent', 'maxAgeSeconds', maxAgeSeconds, { min: 1, max: 1e9 })
  return (req: Wrapped<IncomingMessage>, _res: unknown, next: (error?: never) => void): void => {
    let refused
    try {
      site.requireRecent(requestOf(req), most)
    } catch (error) {
      refused = error
    }
    next(refused as never)
  }
}
