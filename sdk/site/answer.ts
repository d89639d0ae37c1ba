/** The answer to a request. An upgrade request has none, and the usual way to ask who opens a web socket is `site.session()(req, {}, next)`. */
import { type IncomingMessage, ServerResponse } from 'node:http'

import type { Response } from 'express'

/**
 * What the caller gave, if it is an answer. Otherwise one that counts as sent: nothing can be added to it, so a session can be read, and none
 * can be begun.
 */
export function answerOf(req: IncomingMessage, given: unknown): Response {
  if (isAnswer(given)) return given
  const none = new ServerResponse(req)
  Object.defineProperty(none, 'headersSent', { value: true })
  return none as Response
}

const isAnswer = (given: unknown): given is Response =>
  typeof given === 'object' &&
  given !== null &&
  typeof Reflect.get(given, 'setHeader') === 'function' &&
  typeof Reflect.get(given, 'writeHead') === 'function'
