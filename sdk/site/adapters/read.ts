/** Reading who has sent a request, of either kind, where there is no answer. */
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
  /** Takes `Authorization: Bearer <session token>` too, for clients that are no browsers. @default false */
  readonly bearer?: boolean
}

/** A Node server's, or the Web's. */
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
