/** `req.session` as the application sees it, and what only this package may do to it. */
import type { ClaimsPatch, DataPatch, StoredClaims, StoredData } from '../../protocol/app-types.js'
import type { SessionView } from '../../protocol/bodies.js'
import type { SessionClaims } from '../../protocol/claims.js'
import type { SessionHubError } from '../../protocol/errors.js'
import type { JsonObject } from '../../protocol/json.js'
import type { EndReason } from '../../protocol/wire.js'
import type { SessionActor } from '../token-session.js'
import type { Carried } from './carrier.js'
import type { ServiceToken } from './service-token.js'

export interface DataOptions {
  /** Rejects with `session_ended` if the session that the request came with has ended. @default false */
  readonly strict?: boolean
}

export interface SiteSession {
  /** `none`: nothing is stored for this visitor, and no cookie was set. */
  readonly status: 'none' | 'anonymous' | 'signed-in'
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  /** What the sign-in said about the user. Frozen, because requests of the same visitor share it. */
  readonly claims: StoredClaims
  /** When the user signed in, in seconds since 1970. */
  readonly authTime: number | null
  /**
   * The administrator who acts as the user (`site.actAs`), or `null` if nobody does. While somebody acts, `subject` and `claims` are the
   * user's, `authTime` is `null`, `data()` gives `{}`, and every call that would change something rejects with `while_acting`.
   */
  readonly actor: SessionActor | null
  /** What the site puts into its token by `fields`, under short and long names, and by `tokenClaims`. */
  readonly fields: JsonObject
  /** Whether the hub cannot be reached, so that this is the last known session. */
  readonly isStale: boolean
  /**
   * Why the session that the visitor had until this request has ended. It is `null` if there was no session, if it is live, and
   * in a late request: one during which the visitor has signed in or out. `data()` may discover the end, so read this after it.
   */
  readonly endReason: EndReason | null
  /**
   * The session's data, shared with the other sites: a copy that belongs to the caller. Asks the hub once per request. If the session turns
   * out to have ended, there is no data, and `status` is `none` from then on.
   *
   * @throws SessionHubError `unavailable`; `session_ended` with `{ strict: true }`; `request_invalid` for a wrong option
   */
  data(options?: DataOptions): Promise<StoredData>
  /**
   * Changes the data by a JSON merge patch (RFC 7396): members replace, `null` removes. Begins a session if there is none. You may pass a
   * function instead: it receives the present data and returns the patch. It is called again if another site has written in between, so that
   * nothing is lost.
   *
   * @returns the data after the change
   * @throws SessionHubError `headers_sent` for a first update after the answer has begun; `origin_denied` for a first update by a form that
   * another site's page has posted, which comes without the visitor's cookies; `unavailable`; `session_ended` of a signed-in user;
   * `data_too_large` past 16 KiB, or for a patch past 7.5 KiB; `request_invalid` for a patch that is not plain JSON, naming the path;
   * `version_conflict` if other processes wrote in between twelve times; `rate_limited`; `while_acting`
   */
  update(patch: DataPatch | ((data: StoredData) => DataPatch)): Promise<StoredData>
  /**
   * Changes the claims of the signed-in user by a JSON merge patch (RFC 7396), in this session and in the user's other ones. It is not a sign-in:
   * handle and `authTime` stay. Other sites and browsers see the change when their tokens are renewed, after `freshForSeconds` at most.
   *
   * @returns the claims after the change
   * @throws SessionHubError `sign_in_required` if nobody is signed in; `data_denied` for a claim that this site may not set, or a session that
   * it may not change; `data_too_large` past 1 KiB in all; `request_invalid` for more than 32 claims, or a patch that is not plain JSON,
   * naming the path; `session_ended`; `while_acting`; `unavailable`; then nothing has changed
   */
  updateClaims(patch: ClaimsPatch): Promise<StoredClaims>
  /**
   * A secret of this session, for this site and one purpose, such as a form token: 256 bits, base64url. It stays the same as long as the
   * session does, and differs after a sign-in and on every other site. It reveals neither the handle nor the secret for another purpose. It
   * changes when the hub learns of a sign-in that was made while the hub was down, and when another key becomes the first of `keys.session`.
   *
   * @param purpose 1 to 64 characters, such as `csrf`
   * @returns `null` if there is no session
   * @throws SessionHubError `request_invalid` for an invalid purpose
   */
  secretFor(purpose: string): string | null
  /**
   * A token for a service on another host, for `Authorization: Bearer`. It tells only that service who the visitor is, for
   * `serviceTokenSeconds`, and is not accepted on this site. For an anonymous session it has no subject. The service reads it by
   * `verifySession` with its own `audience`.
   *
   * @param audience the service's origin, one of `audiences`
   * @throws SessionHubError `audience_unknown`; `token_missing` if there is no session; `unavailable` while the hub cannot confirm that it is live
   */
  tokenFor(audience: string): Promise<string>
}

/** The session, with the operations that only this package may use. */
export interface HeldSession extends SiteSession {
  /** What its cookie says. */
  readonly token: SessionClaims | undefined
  /** The handle, or `null` if the hub has no session for this visitor. */
  readonly handle: string | null
  /** The handle that the request came with, even if its session has ended. */
  readonly formerHandle: string | null
  /** The hub's notice that the session the request came with has ended, even if the browser has a newer one. */
  readonly ended: SessionHubError | undefined
  /** When the session expires, in seconds since 1970, if the hub has been asked. Each use may prolong it. */
  readonly expiresAt: number | undefined
  /** As `tokenFor`, with the token's lifetime. */
  issueFor(audience: string): Promise<ServiceToken>
  /** Takes over a session that the hub has shown. */
  accept(view: SessionView, handle: string): Promise<void>
  /**
   * Takes over a session that the hub has made for this request alone.
   *
   * @throws SessionHubError `headers_sent` if the answer can no longer carry the cookies; then the session has ended again (R41)
   */
  begin(view: SessionView, handle: string): Promise<void>
  /** Takes over a token that was already made for this session. */
  take(carried: Carried, view?: SessionView): void
  /** Shows a session whose cookie this session must not set. */
  show(claims: SessionClaims): void
  /** The visitor signs out: forgets the session in this response. */
  clear(): void
  /**
   * The hub says that the session has ended. Clears its cookies, unless this site has given the browser newer ones in the meantime: then this
   * request is late, and neither clears cookies nor begins a session.
   */
  over(ended: SessionHubError): void
}
