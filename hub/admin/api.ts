/** The same acts for programs: JSON in, JSON out. */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Router } from 'express'

import { readJsonBody } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { pathOf, queryOf } from '../../sdk/http/navigation.js'
import { sendError, sendJson } from '../../sdk/http/node/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isSubject, isText, readFields } from '../../sdk/protocol/fields.js'
import { exchangeHeader } from '../../sdk/protocol/wire.js'
import { hostsOf, logError } from '../../sdk/settings/log.js'
import {
  type Actor,
  type Administration,
  endSelected,
  endSubject,
  findSessions,
  readAudit,
} from '../flows/administer.js'
import { idOf } from '../flows/refs.js'
import type { Guard } from './guard.js'
import { isForeign } from './own.js'
import { cursorOf, PAGE, readAuditSearch, readSearch } from './query.js'
import { auditJson, sessionJson } from './views.js'

/** @param first is asked first of each request: what it refuses is answered in JSON too */
export function apiRouter(at: Administration, guard: Guard, first: RequestHandler[]): Router {
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

  router.use(() => {
    throw new SessionHubError('not_found', 'There is nothing at this address')
  })
  router.use(((thrown, req, res, _next) => {
    // R30: without the query, where a token may stand by mistake.
    const error = sendError(res, thrown)
    const hosts = hostsOf(error, req.headers.host, new URL(hub.origin).host)
    logError(hub.log, error, pathOf(req.originalUrl), hosts)
  }) satisfies ErrorRequestHandler)
  return router
}

const isRefs = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.length <= PAGE && value.every(isText(64))

/** Who reads. No page of another origin can see what is read here; nor may it cause a look, which stands in the audit. */
async function reader(origin: string, guard: Guard, req: Request): Promise<Actor> {
  const program = await guard.bearer(req)
  if (program) return program
  const by = await guard.who(req)
  if (!by) throw nobody()
  if (isForeign(req, origin)) throw new SessionHubError('origin_denied', 'A page elsewhere may not ask this')
  return by
}

/**
 * Who acts. A program shows its token itself. Whatever else shows who asks may be something that a browser adds to a stranger's request:
 * then it has to be a request that no stranger's page can make (R16, R32), and with the hub's own sign-in it comes from a browser.
 */
async function actor(origin: string, guard: Guard, req: Request): Promise<Actor> {
  const program = await guard.bearer(req)
  if (program) return program
  const { origin: from, 'sec-fetch-site': relation = 'same-origin', [exchangeHeader]: own } = req.headers
  const by = await guard.who(req)
  if (!by) throw nobody()
  const isOwn = from === origin || (from === undefined && !by.signIn)
  if (!isOwn || relation !== 'same-origin' || own !== '1')
    throw new SessionHubError(
      'origin_denied',
      `Only pages of this hub may ask this, with "${exchangeHeader}: 1"`,
    )
  return by
}

const nobody = () => new SessionHubError('sign_in_required', 'No administrator of this hub asks')
