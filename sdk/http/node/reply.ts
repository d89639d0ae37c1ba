/** Answers on a Node server. They are written straight to the response: no template, no ETag. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { SessionHubError } from '../../protocol/errors.js'
import { errorReply, jsonReply, onwardReply, type Reply } from '../reply.js'
import { removeTargeted } from '../shared-caches.js'

export function sendReply(res: ServerResponse, { status, headers, body }: Reply): void {
  // An answer that has begun cannot be taken back.
  if (res.headersSent) {
    res.destroy()
    return
  }
  removeTargeted(res)
  const hasBody = status !== 204 && status !== 304
  res.writeHead(status, { ...headers, ...(hasBody && { 'content-length': Buffer.byteLength(body) }) })
  res.end(body)
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: object,
  headers?: Readonly<Record<string, string>>,
): void {
  sendReply(res, jsonReply(status, body, headers))
}

/** Returns the error for the log. */
export function sendError(res: ServerResponse, thrown: unknown): SessionHubError {
  const reply = errorReply(thrown)
  sendReply(res, reply)
  return reply.error
}

export function sendOn({ headers }: IncomingMessage, res: ServerResponse, address: string): void {
  sendReply(res, onwardReply(headers, address))
}
