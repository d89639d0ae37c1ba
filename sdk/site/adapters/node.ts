/** A site on a server of Node's, in front of the application: endpoints and session before anything else looks at the request. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import { sendError } from '../../http/node/reply.js'
import type { SiteCore } from '../core.js'
import { visitOf } from './node-visit.js'

/** @param app the rest of the application: a function, an Express application, or anything else that answers requests */
export const listenerOf =
  (site: SiteCore, app: RequestListener): RequestListener =>
  (req: IncomingMessage, res: ServerResponse) => {
    const visit = visitOf(req, res, site.property)
    if (site.answer(visit) !== undefined) return
    let opening
    try {
      opening = site.openSession(visit, false)
    } catch (thrown) {
      sendError(res, thrown)
      return
    }
    const goOn = () => {
      app(req, res)
    }
    if (!(opening instanceof Promise)) {
      visit.show(opening)
      goOn()
      return
    }
    opening.then(
      (session) => {
        visit.show(session)
        // Not inside the promise: what the application throws is its own.
        process.nextTick(goOn)
      },
      (thrown: unknown) => sendError(res, thrown),
    )
  }
