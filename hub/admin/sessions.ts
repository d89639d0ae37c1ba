/** `GET /admin`: finds sessions. */
import express, { type Response, type Router } from 'express'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { type Administration, findSessions } from '../flows/administer.js'
import type { Guard } from './guard.js'
import { send } from './layout.js'
import { takeNews } from './news.js'
import { paths } from './paths.js'
import { PAGE, readSearch, searchText } from './query.js'
import { sessionsPage } from './sessions-page.js'
import { type Look, looked } from './visits.js'

export function sessionsPages(at: Administration, guard: Guard): Router {
  const router = express.Router()
  router.get(
    paths.sessions,
    looked(at.hub, guard, (look, res) => show(at, look, res)),
  )
  return router
}

async function show(at: Administration, { by, visit, query }: Look, res: Response): Promise<void> {
  const { secret } = at.hub
  const view = {
    visit,
    admin: by,
    secret,
    text: searchText(query),
    page: query.get('after') ?? '',
    news: takeNews(res.req, res),
  }
  try {
    const found = await findSessions(at, by, readSearch(secret, query), PAGE)
    send(res, 200, visit, sessionsPage({ ...view, ...found, fault: '' }))
  } catch (thrown) {
    if (!(thrown instanceof SessionHubError) || thrown.code !== 'request_invalid') throw thrown
    const nothing = { rows: [], hasMore: false, fault: thrown.message }
    send(res, thrown.status, visit, sessionsPage({ ...view, ...nothing }))
  }
}
