/**
 * One error class and one list of codes for the wire, `error.code`, logs and docs. The message is for people and `cause` is for logs; programs
 * branch on `code`.
 */
import type { EndReason } from './wire.js'

/** Exhaustive on purpose: a new code without a status does not compile. */
const STATUS = {
  /** An option or configuration key is wrong. Thrown at start-up only. */
  options_invalid: 500,
  /** The request does not have the documented form. */
  request_invalid: 400,
  not_found: 404,
  method_not_allowed: 405,
  /** The body did not arrive within ten seconds (R31). */
  body_timeout: 408,
  body_too_large: 413,
  media_type_invalid: 415,
  /** `Origin` is missing, `null`, or not the one that this endpoint serves (R16, R18). */
  origin_denied: 403,
  /** `Host` is not the configured one (R18). */
  host_denied: 403,
  site_unknown: 404,
  /** Nobody has proved that they control the site's domain. */
  proof_missing: 409,
  /** The site's Bearer token (`site+jwt`) is missing, wrong or too old. */
  site_token_invalid: 401,
  /** The site does not have the key with which the hub seals its tickets. */
  ticket_key_unknown: 403,
  /** The ticket's form, signature, type or claims are wrong. One code for all of them (R30). */
  ticket_invalid: 401,
  ticket_expired: 401,
  ticket_spent: 401,
  /** A redirect came back without its start cookie, with another one, or too late (R24). */
  start_invalid: 401,
  /** Too many redirects in a row; this one was not followed. */
  redirect_loop: 429,
  /** The origin is not one of this site's sisters. */
  sister_unknown: 403,
  /** The service is not one of this site's audiences. */
  audience_unknown: 403,
  /** The verifier is missing or does not belong to the ticket (R10). */
  verifier_invalid: 401,
  offer_invalid: 401,
  offer_expired: 401,
  offer_spent: 401,
  /** This site may not offer sessions (R13). */
  offer_denied: 403,
  /** The request has neither a session cookie nor a Bearer token to verify. */
  token_missing: 401,
  /** The session token's form, signature, type, issuer, audience or claims are wrong. One code for all of them (R30). */
  token_invalid: 401,
  /** The session token has expired; the site issues a new one. */
  token_expired: 401,
  /** One request carried session tokens of two different sessions. */
  session_ambiguous: 400,
  /** The logout token of the company's identity provider is invalid, or was used before. */
  logout_token_invalid: 400,
  /** The handle no longer has a session. */
  session_ended: 410,
  /** Another user is signed in here, and users are never switched silently (R20). */
  session_conflict: 409,
  /** Nobody is signed in, or the last sign-in is too old. */
  sign_in_required: 401,
  /** This administrator may not do that. */
  permission_denied: 403,
  /** This site, or this administrator, may not act as this user. */
  acting_denied: 403,
  /** An administrator acts as the user, and may look but not change anything. */
  while_acting: 403,
  /** The user has as many sessions as the hub allows, and none of them gives way. */
  session_limit: 409,
  /** The session's data changed since the version that the update was made for. */
  version_conflict: 409,
  data_too_large: 413,
  /** The share policy does not let this site write that. */
  data_denied: 403,
  /** The application has begun its answer, which can no longer carry the session's cookie. */
  headers_sent: 500,
  /** The site's consent hook said no. */
  consent_required: 403,
  rate_limited: 429,
  /** The store, the keys or the hub failed. Nothing was allowed and nothing was lost (R21). */
  unavailable: 503,
} as const

export type ErrorCode = keyof typeof STATUS

export interface ErrorDetails {
  /** What really happened; for logs, never for the client (R30). */
  readonly cause?: unknown
  /** Seconds to wait before trying again; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** With `session_ended`: how the session ended. */
  readonly endReason?: EndReason | undefined
  /** With `session_ended`: this site itself gave up the session's handle a moment ago, and this browser has newer cookies. */
  readonly isSuperseded?: boolean
}

export class SessionHubError extends Error {
  override readonly name = 'SessionHubError'
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined
  readonly endReason: EndReason | undefined
  readonly isSuperseded: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryAfterSeconds = details.retryAfterSeconds
    this.endReason = details.endReason
    this.isSuperseded = details.isSuperseded ?? false
  }

  /** The HTTP status of the answer with this error. */
  get status(): number {
    return STATUS[this.code]
  }

  /** The same, under the name that NestJS, Koa and `http-errors` look for. */
  get statusCode(): number {
    return this.status
  }

  /** Whether the message may be shown to the client, as in `http-errors`: not if the failure is on our side. */
  get expose(): boolean {
    return this.status < 500
  }
}

/** Every code, in the order of the docs. */
export const errorCodes = Object.keys(STATUS) as readonly ErrorCode[]

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(STATUS, value)
}

/** Turns anything that was thrown into a SessionHubError: a foreign error becomes `unavailable` (R21). */
export function toSessionHubError(thrown: unknown): SessionHubError {
  if (thrown instanceof SessionHubError) return thrown
  return new SessionHubError('unavailable', 'Something failed on our side', { cause: thrown })
}
