/** A hub whose event stream is down: a site learns of an end when it asks, and not before, however long a test's requests take. */
import type { RequestHandler } from 'express'

export const withoutEvents: RequestHandler = ({ url }, res, next) => {
  if (url === '/backchannel/events') res.status(503).end()
  else next()
}
