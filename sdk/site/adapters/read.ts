/** Reads who has sent a request, of Node or of the Web, without an answer. */
import type { IncomingMessage } from 'node:http'

import { SessionHubError } from '../../protocol/errors.js'
import { ofCall } from '../../settings/call-options.js'
import { flag } from '../../settings/checks.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'
import type { ReadSession, SiteCore } from '../core.js'
import type { Visit } from '../visit.js'
import { UnansweredVisit } from './node-visit.js'
import { WebVisit } from './web-visit.js'

export interface ReadOptions {
  /** Also accepts `Authorization: Bearer <session token>`, for clients that are not browsers. @default false */
  readonly bearer?: boolean
}

/** A request of a Node server, or the Web's `Request`. */
export type ReadableRequest = IncomingMessage | globalThis.Request

export async function readSite(
  site: SiteCore,
  request: ReadableRequest,
  options: ReadOptions = {},
): Promise<ReadSession> {
  const takesBearer = ofCall(() => {
    refuseUnknown('read', options, ['bearer'])
    return flag('read', 'bearer', options.bearer ?? false)
  })
  return site.read(visitOfEither(request), takesBearer)
}

/** @throws SessionHubError `request_invalid` */
function visitOfEither(request: ReadableRequest): Visit {
  const { headers } = (request as Partial<ReadableRequest> | null | undefined) ?? {}
  if (typeof headers !== 'object')
    throw new SessionHubError('request_invalid', 'read: a request is expected, with its headers')
  if (!isOfTheWeb(request)) return new UnansweredVisit(request)
  const visit = new WebVisit(request, undefined)
  visit.isOpen = false
  return visit
}

const isOfTheWeb = (request: ReadableRequest): request is globalThis.Request =>
  typeof Reflect.get(request.headers, 'get') === 'function'
