/** Offers the acts of the admin pages to programs, as JSON. */
import express, { type ErrorRequestHandler, type RequestHandler, type Router } from 'express'

import { readJsonBody } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { pathOf, queryOf } from '../../sdk/http/navigation.js'
import { sendError, sendJson } from '../../sdk/http/node/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isSubject, isText, readFields } from '../../sdk/protocol/fields.js'
import { hostsOf, logError } from '../../sdk/settings/log.js'
import { type Administration, endSelected, endSubject, findSessions, readAudit } from '../flows/administer.js'
import type { SiteAdministration } from '../flows/administer-sites.js'
import { idOf } from '../flows/refs.js'
import { actor, reader } from './callers.js'
import type { Guard } from './guard.js'
import { cursorOf, PAGE, readAuditSearch, readSearch } from './query.js'
import { siteApi } from './sites-api.js'
import { auditJson, sessionJson } from './views.js'

/** @param first runs before each request; its refusals are answered in JSON too */
export function apiRouter(
  at: Administration,
  guard: Guard,
  first: RequestHandler[],
  sites: SiteAdministration | undefined,
): Router {
  const { hub } = at
  const router = express.Router()
  router.use(first)

  router.get('/sessions', async (req, res) => {
    const by = await reader(hub.origin, guard, req)
    const { secret } = hub
    const sought = readSearch(secret, queryOf(req.originalUrl))
    const { rows, hasMore } = await findSessions(at, by, sought, PAGE)
    const last = rows.at(-1)
    const next = hasMore && last ? cursorOf(secret, last) : null
    sendJson(res, 200, { sessions: rows.map((session) => sessionJson(secret, session)), next })
  })

  router.post('/sessions/end', async (req, res) => {
    const by = await actor(hub.origin, guard, req)
    const body = readFields(
      'The body',
      await readJsonBody(bodyOf(req)),
      {},
      { refs: isRefs, subject: isSubject },
    )
    if ((body.refs === undefined) === (body.subject === undefined))
      throw new SessionHubError('request_invalid', 'Give either "refs" or "subject"')
    if (body.subject !== undefined) {
      sendJson(res, 200, { ended: await endSubject(at, by, body.subject), spared: 0 })
    } else {
      const ids = (body.refs ?? []).map((ref) => idOf(hub.secret, ref))
      sendJson(res, 200, await endSelected(at, by, ids))
    }
  })

  router.get('/audit', async (req, res) => {
    const by = await reader(hub.origin, guard, req)
    const search = readAuditSearch(queryOf(req.originalUrl))
    const { rows, hasMore } = await readAudit(at, by, { ...search, limit: PAGE })
    const next = hasMore ? (rows.at(-1)?.seq ?? null) : null
    sendJson(res, 200, { audit: rows.map(auditJson), next })
  })

  if (sites) router.use('/sites', siteApi(at, sites, guard))

  router.use(() => {
    throw new SessionHubError('not_found', 'There is nothing at this address')
  })
  router.use(((thrown, req, res, _next) => {
    // R30: the query is not logged, because somebody may have put a token there by mistake.
    const error = sendError(res, thrown)
    const hosts = hostsOf(error, req.headers.host, new URL(hub.origin).host)
    logError(hub.log, error, pathOf(req.originalUrl), hosts)
  }) satisfies ErrorRequestHandler)
  return router
}

const isRefs = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.length <= PAGE && value.every(isText(64))
