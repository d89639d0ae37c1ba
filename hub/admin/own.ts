/** Tells requests of this hub's own admin pages from those that a page elsewhere has caused (R32). */
import type { IncomingMessage } from 'node:http'

import type { RequestHandler } from 'express'

import { SessionHubError } from '../../sdk/protocol/errors.js'

/**
 * Requires the hub's own name on every path. If a stranger's name pointed to this address, browsers would give the stranger's page our
 * origin, and `authorize` may trust the network (DNS rebinding).
 */
export function ownHost(origin: string): RequestHandler {
  const { hostname } = new URL(origin)
  return (req, _res, next) => {
    // A proxy or a container may use another port, but nobody else can have this name.
    if (req.headers.host?.replace(/:\d{1,5}$/, '') !== hostname)
      throw new SessionHubError('host_denied', 'This is not the host of this hub')
    next()
  }
}

/** Whether a page elsewhere caused the request, a neighbour of the same site included. A typed address or a bookmark has no page behind it. */
export function isForeign({ headers }: IncomingMessage, origin: string): boolean {
  const { 'sec-fetch-site': relation, referer } = headers
  if (relation !== undefined && relation !== 'same-origin' && relation !== 'none') return true
  return referer !== undefined && !referer.startsWith(`${origin}/`)
}
