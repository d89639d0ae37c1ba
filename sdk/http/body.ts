/**
 * Reads a JSON body within every bound of R31: size, time, nesting, keys, duplicate keys. An application's own parser may have read the body
 * before us; then its result has to meet the same bounds.
 */
import { SessionHubError } from '../protocol/errors.js'
import { checkJson, isJsonObject, type Json, parseJson } from '../protocol/json.js'
import { limits } from '../protocol/wire.js'
import type { HeaderFields } from './head.js'

export interface BodySource {
  readonly headers: HeaderFields
  /** The result of the application's own parser; `undefined` while the body has not been read. */
  readonly body?: unknown
  /** @throws SessionHubError `body_too_large`, `body_timeout`, `request_invalid` */
  readText(maxBytes: number): Promise<string>
}

/** @throws SessionHubError `media_type_invalid`, `body_too_large`, `body_timeout`, `request_invalid` */
export async function readJsonBody(source: BodySource, depth: number = limits.jsonDepth): Promise<Json> {
  const type = source.headers['content-type']
  // A form can send text/plain across origins without a preflight; application/json cannot.
  if (!type || !/^application\/json\s*(;|$)/i.test(type)) {
    throw new SessionHubError('media_type_invalid', 'The body has to be application/json')
  }
  const { body } = source
  const bounds = { depth, keys: limits.jsonKeys }
  const text = body === undefined ? await source.readText(limits.bodyBytes) : textOf(body)
  return text === undefined ? checkJson(body, bounds) : parseJson(text, bounds)
}

/** Reads a form that another origin's page has posted; its members as text. @throws SessionHubError as above */
export async function readForm(source: BodySource): Promise<URLSearchParams> {
  const type = source.headers['content-type']
  if (!type || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    throw new SessionHubError('media_type_invalid', 'The body has to be a form')
  const { body } = source
  const text = body === undefined ? await source.readText(limits.bodyBytes) : textOf(body)
  if (text !== undefined) return new URLSearchParams(text)
  // An application's own parser returns an object; members that are neither text nor a list of texts are left out.
  const members = isJsonObject(body) ? Object.entries(body) : []
  return new URLSearchParams(
    members.flatMap(([name, value]) =>
      textsOf(value).flatMap((one) => (typeof one === 'string' ? [[name, one]] : [])),
    ),
  )
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Applications that check signatures of webhooks keep bodies unchanged, as text or as bytes. */
function textOf(body: unknown): string | undefined {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return undefined
  if (body.length > limits.bodyBytes)
    throw new SessionHubError('body_too_large', `The body is larger than ${limits.bodyBytes} bytes`)
  if (typeof body === 'string') return body
  try {
    return decoder.decode(body)
  } catch (cause) {
    throw new SessionHubError('request_invalid', 'The body is not UTF-8', { cause })
  }
}

/** A list with one member comes from another name than this: from `name[]`. */
const textsOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value.length > 1 ? value : []) : [value]
