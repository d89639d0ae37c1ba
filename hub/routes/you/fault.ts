/** Explains a fault to the person who reads it. */
import type { ServerResponse } from 'node:http'

import { leavesBody } from '../../../sdk/http/reply.js'
import { toSessionHubError } from '../../../sdk/protocol/errors.js'
import { hubPaths } from '../../../sdk/protocol/wire.js'
import { logError } from '../../../sdk/settings/log.js'
import type { HubContext } from '../../flows/context.js'
import { faultContent, sendYou } from './document.js'

const WORDS: Readonly<Record<string, string>> = {
  rate_limited: 'Too many requests came from your network. Wait a minute.',
  unavailable: 'This cannot be shown at the moment. Nothing was changed.',
  origin_denied: 'This page was out of date. Nothing was changed.',
}

/** Shows the fault in the page's own style, with a link that leads on. */
export function sendFault(hub: HubContext, res: ServerResponse, thrown: unknown): void {
  const error = toSessionHubError(thrown)
  logError(hub.log, error, hubPaths.you)
  if (error.retryAfterSeconds !== undefined) res.setHeader('retry-after', error.retryAfterSeconds)
  if (leavesBody(error)) res.setHeader('connection', 'close')
  sendYou(res, error.status, faultContent(WORDS[error.code] ?? 'That did not work. Nothing was changed.'))
}
