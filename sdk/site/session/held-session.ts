/** `req.session` as the application sees it, and what this package alone may do to it. */
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
  /** Rejects with `session_ended` where the session that the request came with has ended. @default false */
  readonly strict?: boolean
}

export interface SiteSession {
  /** `none`: nothing is stored for this visitor, and no cookie was set. */
  readonly status: 'none' | 'anonymous' | 'signed-in'
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  /** What the sign-in said about the user. Frozen: requests of the visitor share it. */
  readonly claims: StoredClaims
  /** When the user signed in, in seconds since 1970. */
  readonly authTime: number | null
  /**
   * Who is really there, where an administrator acts as the user (`site.actAs`); otherwise `null`. Then `subject` and `claims` are the user's, `authTime` is
   * `null`, `data()` gives `{}`, and whatever would change something rejects with `while_acting`.
   */
  readonly actor: SessionActor | null
  /** What the site has put into its token by `fields`, by short and long names, and by `tokenClaims`. */
  readonly fields: JsonObject
  /** The hub cannot be reached, and this is what was known last. */
  readonly isStale: boolean
  /**
   * Why the session that the visitor had until this request is over; `null` where none was, where it lives, and in a request that is late: the
   * visitor has signed in or out meanwhile. `data()` may find it out, so look after that.
   */
  readonly endReason: EndReason | null
  /**
   * The session's data, shared with the other sites: a copy, which is the caller's own. Asks the hub, once per request. A session that turns
   * out to have ended has none: then `status` is `none` from here on.
   *
   * @throws SessionHubError `unavailable`; `session_ended` with `{ strict: true }`; `request_invalid` for a wrong option
   */
  data(options?: DataOptions): Promise<StoredData>
  /**
   * Changes the data by a JSON merge patch (RFC 7396): members replace, `null` removes. Starts a session where there is none.
   * Given a function, it gets the present data and returns the patch; it is called again when another site wrote meanwhile, so
   * that nothing is lost.
   *
   * @returns the data after the change
   * @throws SessionHubError `headers_sent` for a first update after the answer has begun; `origin_denied` for one in a form that another site's page
   * has posted, which comes without the visitor's cookies; `unavailable`; `session_ended` of a signed-in user; `data_too_large` past 16 KiB, or for
   * a patch past 7.5 KiB; `request_invalid` for one that is no plain JSON, naming the path; `version_conflict` when other processes wrote twelve times meanwhile;
   * `rate_limited`; `while_acting`
   */
  update(patch: DataPatch | ((data: StoredData) => DataPatch)): Promise<StoredData>
  /**
   * Changes what is known of the signed-in user, by a JSON merge patch (RFC 7396), in this session and in the user's other ones. Nobody signs in
   * by it: handle and `authTime` stay. Other sites and browsers see it when their tokens are renewed, after `freshForSeconds` at most.
   *
   * @returns the claims after the change
   * @throws SessionHubError `sign_in_required` where nobody is signed in; `data_denied` for a claim that this site may not set, or a session that is
   * not its to change; `data_too_large` past 1 KiB in all; `request_invalid` for more than 32 claims, or what is no plain JSON, naming the path;
   * `session_ended`; `while_acting`; `unavailable`; then nothing has changed
   */
  updateClaims(patch: ClaimsPatch): Promise<StoredClaims>
  /**
   * A value of this session's own, on this site and for this purpose, such as a form's token: 256 bits, base64url. It stays while the session does,
   * and is another after a sign-in and on every other site. It says nothing of the handle, nor of the value for another purpose. A sign-in that the hub
   * did not know of gets another one when it does; so do all sessions when another key becomes the first of `keys.session`.
   *
   * @param purpose 1 to 64 characters, such as `csrf`
   * @returns `null` where there is no session
   * @throws SessionHubError `request_invalid` for a purpose that is none
   */
  secretFor(purpose: string): string | null
  /**
   * A token for a service on another host, for `Authorization: Bearer`: it says who the visitor is to that service alone, for `serviceTokenSeconds`,
   * and opens nothing here. Of an anonymous session it has no subject. The service reads it by `verifySession` with its own `audience`.
   *
   * @param audience the service's origin, one of `audiences`
   * @throws SessionHubError `audience_unknown`; `token_missing` where there is no session; `unavailable` while the hub cannot say that it is alive
   */
  tokenFor(audience: string): Promise<string>
}

/** The session with what only this package may do to it. */
export interface HeldSession extends SiteSession {
  /** What its cookie says. */
  readonly token: SessionClaims | undefined
  /** The handle, or `null` where the hub knows nothing of this visitor. */
  readonly handle: string | null
  /** The handle that the request came with, also where its session is over. */
  readonly formerHandle: string | null
  /** The hub's word that the session which the request came with has ended, also where the browser has a newer one. */
  readonly ended: SessionHubError | undefined
  /** When its life is over, in seconds since 1970, where the hub has been asked; each use may prolong it. */
  readonly expiresAt: number | undefined
  /** `tokenFor`, with the token's life. */
  issueFor(audience: string): Promise<ServiceToken>
  /** Takes over a session that the hub has shown. */
  accept(view: SessionView, handle: string): Promise<void>
  /**
   * Takes over a session that the hub has made for this request alone.
   *
   * @throws SessionHubError `headers_sent` where the visitor cannot be told of it any more; then it has ended again (R41)
   */
  begin(view: SessionView, handle: string): Promise<void>
  /** Takes over a token that was made for this session already. */
  take(carried: Carried, view?: SessionView): void
  /** Shows a session whose cookie is not this session's to set. */
  show(claims: SessionClaims): void
  /** The visitor's own word: forgets the session in this response. */
  clear(): void
  /**
   * The hub's word that it has ended. Its cookies are cleared, unless this site has given the browser newer ones meanwhile: then this
   * request is late, and neither clears cookies nor begins a session.
   */
  over(ended: SessionHubError): void
}
