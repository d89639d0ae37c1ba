/** A site as middleware, `(req, res, next)`: for Express, and for every other framework that calls functions so. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { flag, whole } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'
import type { SiteCore } from '../core.js'
import { visitOf } from './node-visit.js'

export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

export interface SessionOptions {
  /**
   * Takes `Authorization: Bearer <session token>` too, for API clients, which keep the token themselves; a new one comes in the answer's
   * `Session-Token`. Beside a cookie of another session it is refused (`session_ambiguous`). @default false
   */
  readonly bearer?: boolean
}

export const endpointsMiddleware =
  (site: SiteCore, proxyHops = 0): Middleware =>
  (req, res, next) => {
    const answering = site.answer(visitOf(req, res, site.property, proxyHops))
    if (!answering) {
      next()
      return
    }
    const goOn = outside(next)
    answering.then((isAnswered) => {
      if (!isAnswered) goOn()
    }, goOn)
  }

/** @throws SessionHubError `options_invalid` */
export function sessionMiddleware(site: SiteCore, options: SessionOptions = {}): Middleware {
  refuseUnknown('session', options, ['bearer'])
  const takesBearer = flag('session', 'bearer', options.bearer ?? false)
  return (req, res, next) => {
    const visit = visitOf(req, res, site.property)
    let opening
    try {
      opening = site.openSession(visit, takesBearer)
    } catch (thrown) {
      next(thrown)
      return
    }
    if (!(opening instanceof Promise)) {
      // Loaded before, perhaps; and another site of this application may have shown its own since.
      if (opening) visit.show(opening)
      next()
      return
    }
    const goOn = outside(next)
    opening.then((session) => {
      if (session) visit.show(session)
      goOn()
    }, goOn)
  }
}

export const redirectOnceMiddleware =
  (site: SiteCore): Middleware =>
  (req, res, next) => {
    const visit = visitOf(req, res, site.property)
    const going = site.redirectOnce(visit)
    if (!going) {
      next()
      return
    }
    const goOn = outside(next)
    going.then((reply) => {
      if (reply) visit.reply(reply)
      else goOn()
    }, goOn)
  }

/** @throws SessionHubError `options_invalid` */
export function requireRecentMiddleware(site: SiteCore, maxAgeSeconds: number): Middleware {
  const most = whole('requireRecent', 'maxAgeSeconds', maxAgeSeconds, { min: 1, max: 1e9 })
  return (req, _res, next) => {
    let refused
    try {
      site.requireRecent(req, most)
    } catch (error) {
      refused = error
    }
    next(refused)
  }
}

/** Outside of the promise: what the rest of the application throws is its own, and no rejection that nobody hears. */
const outside = (next: (error?: unknown) => void) => (error?: unknown) => {
  process.nextTick(next, error)
}
