/** The body of a request to a Node server. */
import type { IncomingMessage } from 'node:http'

import { SessionHubError } from '../../protocol/errors.js'
import { limits } from '../../protocol/wire.js'
import type { BodySource } from '../body.js'

type ParsedRequest = IncomingMessage & { readonly body?: unknown }

export const bodyOf = (req: ParsedRequest): BodySource => ({
  headers: req.headers,
  body: parsedBody(req),
  readText: (maxBytes) => readText(req, maxBytes),
})

/**
 * The result of the application's own body parser; `undefined` while nobody has read the body. The parsers of Express 4 add an empty object to
 * a request whose type they do not parse, and leave the body unread.
 */
export function parsedBody(req: ParsedRequest): unknown {
  const { body } = req
  return isEmpty(body) && isUnread(req) ? undefined : body
}

const isEmpty = (body: unknown) => typeof body === 'object' && body !== null && Object.keys(body).length === 0

/** Plain objects that stand for a request in cloud functions have no stream: their `body` counts. */
const isUnread = ({ readableDidRead, headers }: IncomingMessage) =>
  (readableDidRead as boolean | undefined) === false &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)

export function readText(req: IncomingMessage, maxBytes: number): Promise<string> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes))
  if (req.readableEnded)
    return Promise.reject(
      new SessionHubError('request_invalid', 'The application has read the body before us'),
    )
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const timer = setTimeout(() => {
      finish(() => {
        reject(new SessionHubError('body_timeout', 'The body took too long to arrive'))
      })
    }, limits.bodyTimeoutMs)

    let isSettled = false
    // The listeners stay: a request ends with its body, and removing each of them costs more than ignoring it.
    const finish = (settle: () => void) => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      settle()
    }
    const onData = (given: Buffer | string) => {
      if (isSettled) return
      // Text if somebody has called `setEncoding`.
      const chunk = typeof given === 'string' ? Buffer.from(given, req.readableEncoding ?? 'utf8') : given
      bytes += chunk.length
      if (bytes > maxBytes) {
        finish(() => {
          req.resume()
          reject(tooLarge(maxBytes))
        })
      } else chunks.push(chunk)
    }
    const onEnd = () => {
      finish(() => {
        try {
          resolve(decode(chunks))
        } catch (cause) {
          reject(new SessionHubError('request_invalid', 'The body is not UTF-8', { cause }))
        }
      })
    }
    const onError = (cause?: unknown) => {
      finish(() => {
        reject(new SessionHubError('request_invalid', 'The body broke off', { cause }))
      })
    }
    // Whoever paused the stream before us has passed it on.
    req.on('data', onData).on('end', onEnd).on('error', onError).on('close', onError).resume()
  })
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const decode = (chunks: readonly Buffer[]) =>
  decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))

const tooLarge = (maxBytes: number) =>
  new SessionHubError('body_too_large', `The body is larger than ${maxBytes} bytes`)
