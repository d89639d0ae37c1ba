/** `req.session`: the visitor's session as the application sees it. It has no id, and no handle to give away. */
import { setTimeout as delay } from 'node:timers/promises'

import type { Request, Response } from 'express'

import type { SessionView } from '../protocol/bodies.js'
import type { SessionClaims } from '../protocol/claims.js'
import { SessionHubError } from '../protocol/errors.js'
import type { JsonObject } from '../protocol/json.js'
import { type EndReason, limits } from '../protocol/wire.js'
import type { Carried } from './carrier.js'
import type { SiteContext } from './context.js'
import type { IssuedToken } from './session-token.js'

export interface SiteSession {
  /** `none`: nothing is stored for this visitor, and no cookie was set. */
  readonly status: 'none' | 'anonymous' | 'signed-in'
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  /** What the sign-in said about the user. */
  readonly claims: JsonObject
  /** When the user signed in, in seconds since 1970. */
  readonly authTime: number | null
  /** What the site has put into its token by `fields`, by short and long names, and by `tokenClaims`. */
  readonly fields: JsonObject
  /** The hub cannot be reached, and this is what was known last. */
  readonly isStale: boolean
  /**
   * The session's data, shared with the other sites. Asks the hub, once per request.
   *
   * @throws SessionHubError `unavailable`, `session_ended`
   */
  data(): Promise<JsonObject>
  /**
   * Changes the data by a JSON merge patch (RFC 7396): members replace, `null` removes. Starts a session where there is none.
   * Given a function, it gets the present data and returns the patch; it is called again when another site wrote meanwhile, so
   * that nothing is lost.
   *
   * @returns the data after the change
   * @throws SessionHubError `unavailable`; `session_ended` of a signed-in user; `data_too_large` past 16 KiB, or for
   * a patch past 7.5 KiB; `request_invalid` for one that is no JSON; `version_conflict` when other processes wrote twelve times meanwhile;
   * `rate_limited`
   */
  update(patch: JsonObject | ((data: JsonObject) => JsonObject)): Promise<JsonObject>
}

/** The session with what only this package may do to it. */
export interface HeldSession extends SiteSession {
  /** What its cookie says. */
  readonly token: SessionClaims | undefined
  /** The handle, or `null` where the hub knows nothing of this visitor. */
  readonly handle: string | null
  /** Why the session that was here until this request is here no more. */
  readonly endReason: EndReason | null
  /** Takes over a session that the hub has just made or shown. */
  accept(view: SessionView, handle: string): Promise<void>
  /** Takes over a token that was made for this session already. */
  take(carried: Carried, view?: SessionView): void
  /** Forgets the session in this response. */
  clear(): void
}

/** How often an update is tried again when others write at the same time. */
const TRIES = 12

export const createSession = (
  site: SiteContext,
  res: Response,
  claims: SessionClaims | undefined,
  isStale: boolean,
  endReason: EndReason | null = null,
): HeldSession => new LoadedSession(site, res, claims, isStale, endReason)

/** A class, because there is one per request: an object literal would make each getter anew. */
class LoadedSession implements HeldSession {
  readonly isStale: boolean
  readonly endReason: EndReason | null
  readonly #site: SiteContext
  readonly #res: Response
  /** Whether a user was signed in when the request came. */
  readonly #wasSignedIn: boolean
  #token: SessionClaims | undefined
  #view: SessionView | undefined

  constructor(
    site: SiteContext,
    res: Response,
    claims: SessionClaims | undefined,
    isStale: boolean,
    endReason: EndReason | null,
  ) {
    this.isStale = isStale
    this.endReason = endReason
    this.#site = site
    this.#res = res
    this.#wasSignedIn = claims?.sub !== undefined
    this.#token = claims
  }

  get status() {
    if (!this.#token) return 'none'
    return this.#token.sub === undefined ? 'anonymous' : 'signed-in'
  }

  get subject() {
    return this.#token?.sub ?? null
  }

  get claims() {
    const { claims, extra } = this.#token ?? {}
    return claims ?? (extra ? this.#site.content.claimsOf(extra) : {})
  }

  get fields() {
    return this.#site.content.fieldsOf(this.#token?.extra ?? {})
  }

  get authTime() {
    return this.#token?.auth_time ?? null
  }

  get token() {
    return this.#token
  }

  get handle() {
    return this.#token?.sk ?? null
  }

  async data(): Promise<JsonObject> {
    const { handle } = this
    if (handle === null) return {}
    this.#view ??= await this.#read(handle)
    return this.#view.data
  }

  async update(change: JsonObject | ((data: JsonObject) => JsonObject)): Promise<JsonObject> {
    // A session that cannot be looked up is not no session: nothing may be begun in its place.
    if (this.handle === null && (this.#token || this.isStale)) {
      throw new SessionHubError(
        'unavailable',
        'The hub cannot be asked about this session; nothing can be stored',
      )
    }
    if (typeof change !== 'function') return this.#write(change)
    const { handle } = this
    return handle === null
      ? this.#updateBy(change)
      : this.#site.takeTurn(handle, () => this.#updateBy(change))
  }

  async accept(view: SessionView, handle: string): Promise<void> {
    const issued = await this.#site.tokens.issue(view, handle, this.#res.req)
    this.#keep(issued, view, handle)
  }

  take(carried: Carried, view?: SessionView): void {
    this.#token = carried.claims
    this.#view = view
    this.#carry(carried)
  }

  clear(): void {
    if (this.handle !== null) this.#site.renewals.forget(this.handle)
    this.#token = this.#view = undefined
    this.#site.carrier.clear(this.#res)
  }

  #keep(issued: IssuedToken, view: SessionView, handle: string): void {
    const { superseded, renewals } = this.#site
    if (this.handle !== null && this.handle !== handle) {
      superseded.add(this.handle)
      renewals.forget(this.handle)
    }
    const carried = { ...issued, state: view.state, isRemembered: view.remember }
    this.#token = issued.claims
    this.#view = view
    renewals.add(handle, carried)
    this.#carry(carried)
  }

  /** What was said of a session before a response beside this one replaced it: that one's cookies are newer, and stay. */
  #carry(carried: Carried): void {
    if (!this.#isSuperseded()) this.#site.carrier.write(this.#res, carried)
  }

  #isSuperseded(): boolean {
    return this.handle !== null && this.#site.superseded.has(this.handle)
  }

  async #updateBy(change: (data: JsonObject) => JsonObject): Promise<JsonObject> {
    for (let attempt = 1; ; attempt += 1) {
      const data = await this.#dataOrNothing()
      try {
        return await this.#write(change(data), this.#view?.version)
      } catch (error) {
        if (!isCode(error, 'version_conflict') || attempt === TRIES) throw error
        this.#view = undefined
        // Other processes begin again too: not all at the same moment.
        await delay(Math.random() * 10 * attempt)
      }
    }
  }

  async #write(patch: JsonObject, version?: number): Promise<JsonObject> {
    const { handle } = this
    if (Buffer.byteLength(JSON.stringify(patch)) > limits.patchBytes) {
      throw new SessionHubError('data_too_large', `One update carries at most ${limits.patchBytes} bytes`)
    }
    try {
      this.#view = await this.#site.hub.update({ handle, patch, ...(version !== undefined && { version }) })
    } catch (error) {
      if (!isCode(error, 'session_ended') || this.#isSuperseded()) throw error
      this.clear()
      // A signed-in user's data must not land in a stranger's session; an anonymous visitor simply begins again.
      if (this.#wasSignedIn) throw error
      return this.#write(patch)
    }
    if (this.#view.handle !== undefined) await this.accept(this.#view, this.#view.handle)
    else await this.#showChange(this.#view)
    return this.#view.data
  }

  /** A new token, where the one that the visitor has does not say any more what the session is. */
  async #showChange(view: SessionView): Promise<void> {
    const { handle } = this
    const token = this.#token
    if (!this.#site.content.mayChange || handle === null || !token) return
    try {
      const issued = await this.#site.tokens.issue(view, handle, this.#res.req, token)
      if (issued) this.#keep(issued, view, handle)
    } catch {
      // What was to be stored is stored. The hook's trouble is in the log, and the next renewal tries again.
    }
  }

  async #dataOrNothing(): Promise<JsonObject> {
    try {
      return await this.data()
    } catch (error) {
      if (isCode(error, 'session_ended') && !this.#wasSignedIn && !this.#isSuperseded()) return {}
      throw error
    }
  }

  async #read(handle: string): Promise<SessionView> {
    try {
      return await this.#site.hub.read(handle)
    } catch (error) {
      if (isCode(error, 'session_ended') && !this.#isSuperseded()) this.clear()
      throw error
    }
  }
}

export const isCode = (error: unknown, code: SessionHubError['code']): boolean =>
  error instanceof SessionHubError && error.code === code

/** Remembers a request's session, for the application and for us. */
export function attach(req: Request, session: HeldSession): void {
  req.session = session
}

export const attached = ({ session }: Request): HeldSession | undefined =>
  session instanceof LoadedSession ? session : undefined
