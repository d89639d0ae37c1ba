/**
 * One error class and one list of codes for the wire, `error.code`, logs and docs.
 * The message is for people, `cause` is for logs; programs branch on `code`.
 */
import type { EndReason } from './wire.js'

/** Exhaustive on purpose: a new code without a status does not compile. */
const STATUS = {
  /** An option or configuration key is wrong. Thrown at start-up only. */
  options_invalid: 500,
  /** The request is not of the documented form. */
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
  /** Nobody has shown that the site's domain is theirs. */
  proof_missing: 409,
  /** The site's Bearer token (`site+jwt`) is missing, wrong or too old. */
  site_token_invalid: 401,
  /** The site has not the key that the hub seals its tickets with. */
  ticket_key_unknown: 403,
  /** The ticket's form, signature, type or claims are wrong. One code for all of them (R30). */
  ticket_invalid: 401,
  ticket_expired: 401,
  ticket_spent: 401,
  /** A redirect came back without its start cookie, with another's, or too late (R24). */
  start_invalid: 401,
  /** Too many redirects in a row; this one was not followed. */
  redirect_loop: 429,
  /** The origin is none of this site's sisters. */
  sister_unknown: 403,
  /** The service is none of this site's audiences. */
  audience_unknown: 403,
  /** The verifier is missing or does not belong to the ticket (R10). */
  verifier_invalid: 401,
  offer_invalid: 401,
  offer_expired: 401,
  offer_spent: 401,
  /** This site may not offer sessions (R13). */
  offer_denied: 403,
  /** Neither a session cookie nor a Bearer token is there to verify. */
  token_missing: 401,
  /** The session token's form, signature, type, issuer, audience or claims are wrong. One code for all of them (R30). */
  token_invalid: 401,
  /** The session token's life is over; the site gives a new one. */
  token_expired: 401,
  /** Two session tokens of different sessions came in one request. */
  session_ambiguous: 400,
  /** What says that a user has signed out at the company's identity provider is no such token, or was used before. */
  logout_token_invalid: 400,
  /** There is no session behind the handle any more. */
  session_ended: 410,
  /** Another user is signed in here, and nobody switches users silently (R20). */
  session_conflict: 409,
  /** Nobody is signed in, or not lately enough. */
  sign_in_required: 401,
  /** This administrator may not do that. */
  permission_denied: 403,
  /** This site, or whoever asks there, may not act as this user. */
  acting_denied: 403,
  /** An administrator acts as the user, and may look but not touch. */
  while_acting: 403,
  /** The user has as many sessions as the hub allows, and none of them gives way. */
  session_limit: 409,
  /** The session's data changed since the version that the update was made for. */
  version_conflict: 409,
  data_too_large: 413,
  /** The share policy of this site does not let it write that. */
  data_denied: 403,
  /** The application has begun its answer: there is no place for the session's cookie any more. */
  headers_sent: 500,
  /** The site's consent hook said no. */
  consent_required: 403,
  rate_limited: 429,
  /** Store, key or hub trouble. Nothing was allowed and nothing was lost (R21). */
  unavailable: 503,
} as const

export type ErrorCode = keyof typeof STATUS

export interface ErrorDetails {
  /** What really happened; for logs, never for the client (R30). */
  readonly cause?: unknown
  /** Seconds to wait before trying again; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** With `session_ended`: how it came to its end. */
  readonly endReason?: EndReason | undefined
  /** With `session_ended`: this site itself gave up the session's handle a moment ago, and has newer cookies in this browser. */
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

  /** The HTTP status that this error is answered with. */
  get status(): number {
    return STATUS[this.code]
  }

  /** The same, by the name that NestJS, Koa and `http-errors` look for. */
  get statusCode(): number {
    return this.status
  }

  /** Whether the message is fit for the client, as `http-errors` means it: nothing that failed on our side is. */
  get expose(): boolean {
    return this.status < 500
  }
}

/** Every code, in the order of the docs. */
export const errorCodes = Object.keys(STATUS) as readonly ErrorCode[]

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(STATUS, value)
}

/** Anything that was thrown, as one of ours: what is not ours becomes `unavailable` (R21). */
export function toSessionHubError(thrown: unknown): SessionHubError {
  if (thrown instanceof SessionHubError) return thrown
  return new SessionHubError('unavailable', 'Something failed on our side', { cause: thrown })
}
