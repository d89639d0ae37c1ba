/** The body of a request to a Node server. */
import type { IncomingMessage } from 'node:http'

import { SessionHubError } from '../../protocol/errors.js'
import { limits } from '../../protocol/wire.js'
import type { BodySource } from '../body.js'

export const bodyOf = (req: IncomingMessage & { body?: unknown }): BodySource => ({
  headers: req.headers,
  body: req.body,
  readText: (maxBytes) => readText(req, maxBytes),
})

export function readText(req: IncomingMessage, maxBytes: number): Promise<string> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const timer = setTimeout(() => {
      finish(() => {
        reject(new SessionHubError('body_timeout', 'The body took too long to arrive'))
      })
    }, limits.bodyTimeoutMs)

    let isSettled = false
    // The listeners stay: a request ends with its body, and to take each of them off costs more than to pass it by.
    const finish = (settle: () => void) => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      settle()
    }
    const onData = (chunk: Buffer) => {
      if (isSettled) return
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
    req.on('data', onData).on('end', onEnd).on('error', onError).on('close', onError)
  })
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const decode = (chunks: readonly Buffer[]) =>
  decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))

const tooLarge = (maxBytes: number) =>
  new SessionHubError('body_too_large', `The body is larger than ${maxBytes} bytes`)
