/** Gives each request a `req.session` as express-session does, based on the visitor's session at the hub. */
import type { Request, RequestHandler } from 'express'

import { SessionHubError, type Site, type SiteSession } from '../site/index.js'
import { gateAnswer } from './answer-gate.js'
import { createLayout } from './layout.js'
import { type ExpressSessionOptions, resolveExpressSessionOptions } from './options.js'
import { RequestSession } from './request-session.js'
import { ExpressSession } from './session.js'

/**
 * Replaces express-session's own middleware; use it after `site.router`. Passport, connect-flash, csrf-csrf and other packages that are
 * written for express-session run on it. The site's own session is available under `sessionProperty`.
 *
 * @example
 * const site = await createSite({ origin, hub, keys, sessionProperty: 'hub' })
 * app.use(site.router, expressSession(site, { secret: process.env.SESSION_SECRET, shared: ['cart'] }), passport.session())
 *
 * @throws SessionHubError `options_invalid`; for an option of express-session that belongs elsewhere, the message says where
 */
export function expressSession(site: Site, options: ExpressSessionOptions): RequestHandler {
  const settings = resolveExpressSessionOptions(site, options)
  const setup = { site, settings, layout: createLayout(settings) }
  const open = site.session()
  return (req, res, next) => {
    const before: unknown = Reflect.get(req, 'session')
    if (before instanceof ExpressSession) {
      next()
      return
    }
    if (before !== undefined && before !== null) {
      next(
        new SessionHubError(
          'options_invalid',
          'req.session already belongs to another middleware, such as express-session; remove that one',
        ),
      )
      return
    }
    const goOn = outside(next)
    open(req, res, (error?: unknown) => {
      if (error !== undefined) {
        next(error)
        return
      }
      const hub = hubSessionOf(req, site)
      if (!hub) {
        // The request is not for this site.
        next()
        return
      }
      const session = new RequestSession(setup, hub, req, res)
      session.load().then(() => {
        gateAnswer(res, {
          mayPass: () => session.isSettled(),
          settle: () => session.settle(),
          refuse: (reason) => {
            if (!res.headersSent) res.statusCode = reason instanceof SessionHubError ? reason.status : 500
            goOn(reason)
          },
        })
        goOn()
      }, goOn)
    })
  }
}

const hubSessionOf = (req: Request, site: Site) =>
  Reflect.get(req, site.sessionProperty) as SiteSession | undefined

/** Calls `next` outside the promise: an exception from the rest of the application stays its own, and does not become an unhandled rejection. */
const outside = (next: (error?: unknown) => void) => (error?: unknown) => {
  process.nextTick(next, error)
}
