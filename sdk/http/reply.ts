/** Answers. Written straight to the response: no template, no ETag, nothing that a JSON answer does not need. */
import type { ServerResponse } from 'node:http'

import { type SessionHubError, toSessionHubError } from '../protocol/errors.js'
import { removeTargeted } from './shared-caches.js'

export function sendJson(
  res: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string | string[]> = {},
): void {
  const text = JSON.stringify(body)
  removeTargeted(res)
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  res.end(text)
}

/** `{ error, error_description }`; the cause stays here (R30). Gives the error back for the log. */
export function sendError(res: ServerResponse, thrown: unknown): SessionHubError {
  const error = toSessionHubError(thrown)
  if (res.headersSent) {
    res.destroy()
    return error
  }
  const retry = error.retryAfterSeconds
  // The body may still be on its way: nobody will read it.
  const close = error.code === 'body_timeout' || error.code === 'body_too_large'
  sendJson(
    res,
    error.status,
    {
      error: error.code,
      error_description: error.message,
      ...(error.endReason && { end_reason: error.endReason }),
      ...(error.isSuperseded && { superseded: true }),
    },
    { ...(retry !== undefined && { 'retry-after': String(retry) }), ...(close && { connection: 'close' }) },
  )
  return error
}
