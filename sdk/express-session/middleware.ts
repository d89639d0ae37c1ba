/** Gives each request a `req.session` as express-session does, over the visitor's session at the hub. */
import type { Request, RequestHandler } from 'express'

import { SessionHubError, type Site, type SiteSession } from '../site/index.js'
import { gateAnswer } from './answer-gate.js'
import { createLayout } from './layout.js'
import { type ExpressSessionOptions, resolveExpressSessionOptions } from './options.js'
import { RequestSession } from './request-session.js'
import { ExpressSession } from './session.js'

/**
 * In the place of express-session's own middleware, after `site.router`. Passport, connect-flash, csrf-csrf and what else is written for express-session
 * run on it. The site's own session is beside it, where `sessionProperty` says.
 *
 * @example
 * const site = await createSite({ origin, hub, keys, sessionProperty: 'hub' })
 * app.use(site.router, expressSession(site, { secret: process.env.SESSION_SECRET, shared: ['cart'] }), passport.session())
 *
 * @throws SessionHubError `options_invalid`; options of express-session that live elsewhere are named with the place
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
        // Not a request of this site's.
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

/** Outside of the promise: what the rest of the application throws is its own, and no rejection that nobody hears. */
const outside = (next: (error?: unknown) => void) => (error?: unknown) => {
  process.nextTick(next, error)
}
