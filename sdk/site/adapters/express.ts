/** A site in Express: its endpoints, and its sessions, as middleware. Any framework with `(req, res, next)` can use them too. */
import type { Request, RequestHandler } from 'express'

import { flag, whole } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'
import type { SiteCore } from '../core.js'
import { visitOf } from './node-visit.js'

export interface SessionOptions {
  /**
   * Takes `Authorization: Bearer <session token>` too, for API clients, which keep the token themselves; a new one comes in the answer's
   * `Session-Token`. Beside a cookie of another session it is refused (`session_ambiguous`). @default false
   */
  readonly bearer?: boolean
}

export const endpointsMiddleware =
  (site: SiteCore): RequestHandler =>
  (req, res, next) => {
    if (site.answer(visitOf(req, res, site.property)) === undefined) next()
  }

/** @throws SessionHubError `options_invalid` */
export function sessionMiddleware(site: SiteCore, options: SessionOptions = {}): RequestHandler {
  refuseUnknown('session', options, ['bearer'])
  const takesBearer = flag('session', 'bearer', options.bearer ?? false)
  return (req, res, next) => {
    const visit = visitOf(req, res, site.property)
    const opening = site.openSession(visit, takesBearer)
    if (!(opening instanceof Promise)) {
      visit.show(opening)
      next()
      return
    }
    // Not inside the promise: what the rest of the application throws is its own, and no rejection that nobody hears.
    const goOn = (error?: unknown) => {
      process.nextTick(next, error)
    }
    opening.then((session) => {
      visit.show(session)
      goOn()
    }, goOn)
  }
}

export const redirectOnceMiddleware =
  (site: SiteCore): RequestHandler =>
  (req, res, next) => {
    const visit = visitOf(req, res, site.property)
    const going = site.redirectOnce(visit)
    if (!going) {
      next()
      return
    }
    const goOn = (error?: unknown) => {
      process.nextTick(next, error)
    }
    going.then((reply) => {
      if (reply) visit.reply(reply)
      else goOn()
    }, goOn)
  }

/** @throws SessionHubError `options_invalid` */
export function requireRecentMiddleware(site: SiteCore, maxAgeSeconds: number): RequestHandler {
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

/** Where helmet's guides put it. */
export function nonceOf(req: Request | undefined): string | undefined {
  const nonce: unknown = req?.res?.locals.cspNonce
  return typeof nonce === 'string' ? nonce : undefined
}
