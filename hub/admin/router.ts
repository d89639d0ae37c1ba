/** `/admin`: pages that work without a script, and the same acts as JSON below `/admin/api`. */
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'

import { SessionHubError, toSessionHubError } from '../../sdk/protocol/errors.js'
import { hostsOf, logError } from '../../sdk/settings/log.js'
import type { Administration } from '../flows/administer.js'
import type { SiteAdministration } from '../flows/administer-sites.js'
import type { Limiters } from '../routes/limits.js'
import { apiRouter } from './api.js'
import { auditPages } from './audit.js'
import { endingPages } from './ending.js'
import { createGuard } from './guard.js'
import { send, type Visit } from './layout.js'
import type { AdminSettings } from './options.js'
import { isForeign, ownHost } from './own.js'
import { paths, sitePaths } from './paths.js'
import { sessionsPages } from './sessions.js'
import { sitePages } from './sites.js'
import { faultPage, startPage } from './sign-in-page.js'
import { signInPages } from './signing.js'

export function createAdminRouter(
  at: Administration,
  settings: AdminSettings,
  limiters: Limiters,
  sites: SiteAdministration | undefined,
): RequestHandler {
  const guard = createGuard(at, settings)
  const router = express.Router()
  const limit: RequestHandler = async (req, _res, next) => {
    await limiters.address(req.ip, 'admin')
    next()
  }
  const host = ownHost(at.hub.origin)
  router.use(paths.api, apiRouter(at, guard, [host, limit], sites))
  router.use(host, startForForeign(at.hub.origin), limit)
  router.use(signInPages(at, guard), sessionsPages(at, guard), endingPages(at, guard), auditPages(at, guard))
  if (sites) router.use(sitePages(at, sites, guard))
  router.all([...Object.values(paths), ...(sites ? Object.values(sitePaths) : [])], ({ path }, res) => {
    res.set('allow', allowed(path))
    throw new SessionHubError('method_not_allowed', 'This page does not accept this method')
  })
  router.use(() => {
    throw new SessionHubError('not_found', 'There is no such page')
  })
  router.use(((thrown, req, res, _next) => {
    const error = toSessionHubError(thrown)
    logError(at.hub.log, error, req.path, hostsOf(error, req.headers.host, new URL(at.hub.origin).host))
    if (error.retryAfterSeconds !== undefined) res.setHeader('retry-after', error.retryAfterSeconds)
    const { visit } = res.locals as { visit?: Visit }
    send(res, error.status, visit, faultPage(error.message))
  }) satisfies ErrorRequestHandler)
  // All other paths belong to the application.
  return (req, res, next) => {
    if (isBelow(paths.sessions, req.path)) router(req, res, next)
    else next()
  }
}

/**
 * A link on a page elsewhere brings none of our cookies, which are Strict, but it decides what is looked up. It leads to the start page and no
 * further: an administrator who is signed in goes on from there. A stranger's link looks nothing up and writes nothing into the audit.
 */
const startForForeign =
  (origin: string): RequestHandler =>
  (req, res, next) => {
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    if (isRead && isForeign(req, origin)) send(res, 200, undefined, startPage)
    else next()
  }

function allowed(path: string): string {
  if (path === paths.signIn) return 'GET, HEAD, POST'
  const isRead = path === paths.sessions || path === paths.audit || path === sitePaths.sites
  return isRead ? 'GET, HEAD' : 'POST'
}

const isBelow = (top: string, path: string) => path === top || path.startsWith(`${top}/`)
