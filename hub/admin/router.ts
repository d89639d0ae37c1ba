/** `/admin`: pages that work without a script, and the same acts as JSON below `/admin/api`. */
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'

import { SessionHubError, toSessionHubError } from '../../sdk/protocol/errors.js'
import { logError } from '../../sdk/settings/log.js'
import type { Administration } from '../flows/administer.js'
import type { Limiters } from '../routes/limits.js'
import { apiRouter } from './api.js'
import { auditPages } from './audit.js'
import { endingPages } from './ending.js'
import { createGuard } from './guard.js'
import { send, type Visit } from './layout.js'
import type { AdminSettings } from './options.js'
import { paths } from './paths.js'
import { sessionsPages } from './sessions.js'
import { faultPage } from './sign-in-page.js'
import { signInPages } from './signing.js'

export function createAdminRouter(
  at: Administration,
  settings: AdminSettings,
  limiters: Limiters,
): RequestHandler {
  const guard = createGuard(at, settings)
  const router = express.Router()
  router.use(async (req, _res, next) => {
    await limiters.address(req.ip)
    next()
  })
  router.use(paths.api, apiRouter(at, guard))
  router.use(signInPages(at, guard), sessionsPages(at, guard), endingPages(at, guard), auditPages(at, guard))
  router.all(Object.values(paths), ({ path }, res) => {
    res.set('allow', isRead(path) ? 'GET, HEAD' : 'POST')
    throw new SessionHubError('method_not_allowed', 'This page is for something else')
  })
  router.use(() => {
    throw new SessionHubError('not_found', 'There is no such page')
  })
  router.use(((thrown, req, res, _next) => {
    const error = toSessionHubError(thrown)
    logError(at.hub.log, error, req.path)
    if (error.retryAfterSeconds !== undefined) res.setHeader('retry-after', error.retryAfterSeconds)
    const { visit } = res.locals as { visit?: Visit }
    send(res, error.status, visit, faultPage(error.message))
  }) satisfies ErrorRequestHandler)
  // What is not below it is the application's own.
  return (req, res, next) => {
    if (isBelow(paths.sessions, req.path)) router(req, res, next)
    else next()
  }
}

const isRead = (path: string) => path === paths.sessions || path === paths.audit

const isBelow = (top: string, path: string) => path === top || path.startsWith(`${top}/`)
