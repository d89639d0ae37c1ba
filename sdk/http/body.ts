/**
 * Reading a JSON body with every bound of R31: size, time, nesting, keys, duplicate keys. An application's own parser may
 * have read the body before us; then its result is held to the same bounds.
 */
import type { IncomingMessage } from 'node:http'

import { SessionHubError } from '../protocol/errors.js'
import { checkJson, isJsonObject, type Json, parseJson } from '../protocol/json.js'
import { limits } from '../protocol/wire.js'

type ParsedRequest = IncomingMessage & { body?: unknown }

/** @throws SessionHubError `media_type_invalid`, `body_too_large`, `body_timeout`, `request_invalid` */
export async function readJsonBody(req: IncomingMessage, depth: number = limits.jsonDepth): Promise<Json> {
  const type = req.headers['content-type']
  // A form can send text/plain across origins without a preflight; application/json cannot.
  if (!type || !/^application\/json\s*(;|$)/i.test(type)) {
    throw new SessionHubError('media_type_invalid', 'The body has to be application/json')
  }
  const { body } = req as ParsedRequest
  const bounds = { depth, keys: limits.jsonKeys }
  if (body !== undefined) return checkJson(body, bounds)
  return parseJson(await readText(req, limits.bodyBytes), bounds)
}

/** A form that another origin's page has posted; its members as text. @throws SessionHubError as above */
export async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const type = req.headers['content-type']
  if (!type || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    throw new SessionHubError('media_type_invalid', 'The body has to be a form')
  const { body } = req as ParsedRequest
  if (body === undefined) return new URLSearchParams(await readText(req, limits.bodyBytes))
  // An application's own parser gives an object; what it made of it is neither text nor a list of it, and left out.
  const members = isJsonObject(body) ? Object.entries(body) : []
  return new URLSearchParams(
    members.flatMap(([name, value]) =>
      textsOf(value).flatMap((one) => (typeof one === 'string' ? [[name, one]] : [])),
    ),
  )
}

/** A list of one comes from another name than this: from `name[]`. */
const textsOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value.length > 1 ? value : []) : [value]

function readText(req: IncomingMessage, maxBytes: number): Promise<string> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const timer = setTimeout(() => {
      finish(() => {
        reject(new SessionHubError('body_timeout', 'The body took too long to arrive'))
      })
    }, limits.bodyTimeoutMs)

    const finish = (settle: () => void) => {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('error', onError).off('close', onError)
      settle()
    }
    const onData = (chunk: Buffer) => {
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
