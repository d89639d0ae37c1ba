/** Which requests for an admin page are this hub's own, and which a page elsewhere has caused (R32). */
import type { IncomingMessage } from 'node:http'

import type { RequestHandler } from 'express'

import { SessionHubError } from '../../sdk/protocol/errors.js'

/**
 * The hub's own name on every path: a name that a stranger has pointed to this address would make the stranger's page one of our
 * origin for the browser, and `authorize` may go by the network (DNS rebinding).
 */
export function ownHost(origin: string): RequestHandler {
  const { hostname } = new URL(origin)
  return (req, _res, next) => {
    // A proxy or a container may have another port; nobody else can have this name.
    if (req.headers.host?.replace(/:\d{1,5}$/, '') !== hostname)
      throw new SessionHubError('host_denied', 'This is not the host of this hub')
    next()
  }
}

/** Caused by a page elsewhere, a neighbour of the same site included. A typed address and a bookmark are nobody's. */
export function isForeign({ headers }: IncomingMessage, origin: string): boolean {
  const { 'sec-fetch-site': relation, referer } = headers
  if (relation !== undefined && relation !== 'same-origin' && relation !== 'none') return true
  return referer !== undefined && !referer.startsWith(`${origin}/`)
}
