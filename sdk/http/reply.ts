/** Complete answers, for any server: they contain nothing that a JSON answer does not need. */
import { type SessionHubError, toSessionHubError } from '../protocol/errors.js'
import type { HeaderFields } from './head.js'

export interface Reply {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export const jsonReply = (
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  status,
  headers: {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  },
  body: JSON.stringify(body),
})

export interface ErrorReply extends Reply {
  /** For the log. */
  readonly error: SessionHubError
}

/** Whether the body may still be arriving although nobody will read it: the connection ends with the answer (R31). */
export const leavesBody = ({ code }: SessionHubError): boolean =>
  code === 'body_timeout' || code === 'body_too_large'

/** `{ error, error_description }`; the cause stays here (R30). */
export function errorReply(thrown: unknown, headers: Readonly<Record<string, string>> = {}): ErrorReply {
  const error = toSessionHubError(thrown)
  const { code, status, message, endReason, isSuperseded, retryAfterSeconds: retry } = error
  const body = {
    error: code,
    error_description: message,
    ...(endReason && { end_reason: endReason }),
    ...(isSuperseded && { superseded: true }),
  }
  return {
    ...jsonReply(status, body, {
      ...headers,
      ...(retry !== undefined && { 'retry-after': String(retry) }),
      ...(leavesBody(error) && { connection: 'close' }),
    }),
    error,
  }
}

/**
 * Sends the visitor on. The status is always 303 (R24), so a GET follows, whatever the method was before. The last page learns as much about where
 * the visitor came from as it would have learnt without this step: an origin, if the browser sent one. No address of this step can leak in a Referer.
 */
export const onwardReply = ({ referer }: HeaderFields, address: string): Reply => ({
  status: 303,
  headers: {
    location: address,
    'cache-control': 'no-store',
    'referrer-policy': referer === undefined ? 'no-referrer' : 'strict-origin',
  },
  body: '',
})
