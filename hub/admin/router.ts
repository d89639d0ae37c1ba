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
import { anewPage, faultPage } from './sign-in-page.js'
import { signInPages } from './signing.js'

export function createAdminRouter(
  at: Administration,
  settings: AdminSettings,
  limiters: Limiters,
): RequestHandler {
  const guard = createGuard(at, settings)
  const router = express.Router()
  const limit: RequestHandler = async (req, _res, next) => {
    await limiters.address(req.ip, 'admin')
    next()
  }
  router.use(paths.api, apiRouter(at, guard, limit))
  router.use(limit, anew)
  router.use(signInPages(at, guard), sessionsPages(at, guard), endingPages(at, guard), auditPages(at, guard))
  router.all(Object.values(paths), ({ path }, res) => {
    res.set('allow', allowed(path))
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

/**
 * A link on another site's page brings none of our cookies, which are Strict: whoever is signed in would have to sign in again, and the
 * new cookie of the forms would break those in other windows. A page that leads to itself brings them.
 */
const anew: RequestHandler = (req, res, next) => {
  const isLink = req.method === 'GET' && req.headers['sec-fetch-site'] === 'cross-site'
  if (isLink) send(res, 200, undefined, anewPage)
  else next()
}

function allowed(path: string): string {
  if (path === paths.signIn) return 'GET, HEAD, POST'
  return path === paths.sessions || path === paths.audit ? 'GET, HEAD' : 'POST'
}

const isBelow = (top: string, path: string) => path === top || path.startsWith(`${top}/`)
