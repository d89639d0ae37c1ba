/** `req.session`: the visitor's session as the application sees it. It has no id, and never exposes a handle. */
import { setTimeout as delay } from 'node:timers/promises'

import type { SessionView } from '../../protocol/bodies.js'
import type { SessionClaims } from '../../protocol/claims.js'
import { SessionHubError, toSessionHubError } from '../../protocol/errors.js'
import type { JsonObject } from '../../protocol/json.js'
import { plainJson } from '../../protocol/plain-json.js'
import { type EndReason, limits } from '../../protocol/wire.js'
import { ofCall } from '../../settings/call-options.js'
import { flag } from '../../settings/checks.js'
import { logError } from '../../settings/log.js'
import { refuseUnknown } from '../../settings/refuse-unknown.js'
import { handled } from '../../settings/handled.js'
import { unawaited } from '../../settings/unawaited.js'
import type { Carried } from './carrier.js'
import type { DataOptions, HeldSession } from './held-session.js'
import { foreignMembers } from './misuse.js'
import type { SessionParts } from './parts.js'
import { secretFor } from './secret-for.js'
import { issueServiceToken, type ServiceToken } from './service-token.js'
import { actorOf, type IssuedToken } from './token.js'
import { requireNotActing } from './while-acting.js'
import { requireStorage } from '../storage.js'
import { requireOpen, type Visit } from '../visit.js'

/** How often an update is tried again if others write at the same time. */
const TRIES = 12

export const createSession = (
  site: SessionParts,
  visit: Visit,
  claims: SessionClaims | undefined,
  isStale: boolean,
): HeldSession => new LoadedSession(site, visit, claims, isStale)

/** Whether this is a session of any site in this process. */
export const isSession = (value: object): boolean => value instanceof LoadedSession

/** A class, because there is one per request: an object literal would create each getter anew. */
class LoadedSession implements HeldSession {
  static {
    Object.setPrototypeOf(
      this.prototype,
      foreignMembers({
        write(session, name) {
          if (session instanceof LoadedSession) session.#tellWritten(name)
        },
        call(session, name) {
          if (session instanceof LoadedSession) session.#tellCalled(name)
        },
      }),
    )
  }

  readonly isStale: boolean
  readonly #formerHandle: string | null
  readonly #site: SessionParts
  readonly #visit: Visit
  /** Whether a user was signed in at any time during this request. */
  #wasSignedIn: boolean
  #endReason: EndReason | null = null
  #ended: SessionHubError | undefined
  /** Why nothing can be stored: the browser has newer cookies than this request came with. */
  #late: SessionHubError | undefined
  #token: SessionClaims | undefined
  #view: SessionView | undefined

  constructor(site: SessionParts, visit: Visit, claims: SessionClaims | undefined, isStale: boolean) {
    this.isStale = isStale
    this.#formerHandle = claims?.sk ?? null
    this.#site = site
    this.#visit = visit
    this.#wasSignedIn = claims?.sub !== undefined
    this.#token = claims
    if (claims) site.known?.add(claims, site)
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

  get actor() {
    return this.#token ? (actorOf(this.#token).actor ?? null) : null
  }

  get token() {
    return this.#token
  }

  get handle() {
    return this.#token?.sk ?? null
  }

  get formerHandle() {
    return this.#formerHandle
  }

  get endReason() {
    return this.#endReason
  }

  get ended() {
    return this.#ended
  }

  get expiresAt() {
    return this.#view?.expires_at
  }

  data(options: DataOptions = {}): Promise<JsonObject> {
    return handled(this.#site.log, 'data', this.#dataFor(options))
  }

  async #dataFor(options: DataOptions): Promise<JsonObject> {
    const isStrict = readDataOptions(options)
    try {
      const data = await this.#data()
      if (isStrict && this.#ended && !this.#token) throw this.#ended
      return data
    } catch (error) {
      if (isStrict || !isCode(error, 'session_ended')) throw error
      return {}
    }
  }

  update(change: JsonObject | ((data: JsonObject) => JsonObject)): Promise<JsonObject> {
    const given = typeof change === 'function' ? change : patchOf('update', change)
    const turn = this.#site.takeTurn(this, () => this.#update(given))
    // A separate promise: the next in turn waits for the other one, which would make its rejection count as handled.
    return handled(this.#site.log, 'update', turn.then())
  }

  async #update(change: Patch | ((data: JsonObject) => JsonObject)): Promise<JsonObject> {
    if (this.#late) throw this.#late
    requireNotActing(this)
    this.#requireKnown()
    if (typeof change !== 'function') return this.#write(change.read())
    const { handle } = this
    return handle === null
      ? this.#updateBy(change)
      : this.#site.takeTurn(handle, () => this.#updateBy(change))
  }

  secretFor(purpose: string): string | null {
    return this.#token ? secretFor(this.#site.settings, this.#token, purpose) : null
  }

  tokenFor(audience: string): Promise<string> {
    return handled(
      this.#site.log,
      'tokenFor',
      this.issueFor(audience).then(({ token }) => token),
    )
  }

  async issueFor(audience: string): Promise<ServiceToken> {
    const { settings, content } = this.#site
    if (this.#token) return issueServiceToken(settings, content, this.#token, audience)
    if (this.isStale) throw new SessionHubError('unavailable', 'The hub cannot be asked about this session')
    throw new SessionHubError('token_missing', 'There is no session to make a token for')
  }

  updateClaims(patch: JsonObject): Promise<JsonObject> {
    const given = patchOf('updateClaims', patch)
    const turn = this.#site.takeTurn(this, () => this.#updateClaims(given))
    return handled(this.#site.log, 'updateClaims', turn.then())
  }

  async #updateClaims(given: Patch): Promise<JsonObject> {
    if (this.#late) throw this.#late
    const patch = given.read()
    requireNotActing(this)
    this.#requireKnown()
    const { handle } = this
    if (handle === null || this.subject === null)
      throw new SessionHubError('sign_in_required', 'Nobody is signed in, so there are no claims to change')
    let view
    try {
      view = await this.#site.hub.claims({ handle, patch })
    } catch (error) {
      if (isCode(error, 'session_ended')) this.over(toSessionHubError(error))
      throw error
    }
    this.#see(view)
    await this.#showClaims(view, handle)
    return this.claims
  }

  async accept(view: SessionView, handle: string): Promise<void> {
    const issued = await this.#site.tokens.issue(view, handle, this.#visit)
    this.#keep(issued, view, handle)
  }

  async begin(view: SessionView, handle: string): Promise<void> {
    const issued = await this.#site.tokens.issue(view, handle, this.#visit)
    try {
      requireStillOpen(this.#site, this.#visit)
    } catch (error) {
      await this.#site.tellEnd({ handle })
      throw error
    }
    this.#keep(issued, view, handle)
  }

  take(carried: Carried, view?: SessionView): void {
    this.#hold(carried.claims)
    this.#view = view
    this.#carry(carried)
  }

  show(claims: SessionClaims): void {
    this.#hold(claims)
    this.#view = undefined
  }

  clear(): void {
    if (this.handle !== null) this.#site.renewals.forget(this.handle)
    this.#token = this.#view = undefined
    this.#site.carrier.clear(this.#visit)
  }

  over(ended: SessionHubError): void {
    const { handle } = this
    const token = this.#token
    const { renewals, superseded, known } = this.#site
    this.#ended = ended
    if (handle !== null) {
      renewals.forget(handle)
      if (ended.isSuperseded || superseded.has(handle)) {
        superseded.add(handle)
        this.#late = ended
      } else superseded.dismiss(handle)
    }
    this.#token = this.#view = undefined
    // A concurrent request may have registered a cookie that the hub did not know of yet.
    if (this.#late || handle === null) return
    this.#endReason = ended.endReason ?? 'expired'
    // If an administrator acted as a user, only the acting may have ended: the end of the session itself is reported in another way.
    if (token && !token.act) known?.over(token, this.#endReason)
    this.#site.carrier.clear(this.#visit)
  }

  #keep(issued: IssuedToken, view: SessionView, handle: string): void {
    const { superseded, renewals } = this.#site
    if (this.handle !== null && this.handle !== handle) {
      superseded.add(this.handle)
      renewals.forget(this.handle)
    }
    const carried = { ...issued, state: view.state, isRemembered: view.remember }
    this.#hold(issued.claims)
    this.#view = view
    renewals.add(handle, carried)
    this.#carry(carried)
  }

  #hold(claims: SessionClaims): void {
    this.#token = claims
    this.#site.known?.add(claims, this.#site)
    this.#wasSignedIn ||= claims.sub !== undefined
    this.#late = undefined
  }

  /** A concurrent answer, perhaps of another process, may have replaced the session in the meantime: its cookies are newer, and stay. */
  #carry(carried: Carried): void {
    const { superseded, endings, carrier } = this.#site
    const isOver = (this.handle !== null && superseded.has(this.handle)) || endings.reasonOf(carried.claims)
    if (!isOver) carrier.write(this.#visit, carried)
  }

  /** Keeps the newer of two concurrent answers. */
  #see(view: SessionView): void {
    const isOlder = this.#view?.state === view.state && view.version < this.#view.version
    if (!isOlder) this.#view = view
  }

  /** A session that cannot be looked up does not mean that there is none: no other may begin in its place. */
  #requireKnown(): void {
    if (this.handle === null && (this.#token || this.isStale)) {
      throw new SessionHubError(
        'unavailable',
        'The hub cannot be asked about this session; nothing can be stored',
      )
    }
  }

  async #updateBy(change: (data: JsonObject) => JsonObject): Promise<JsonObject> {
    for (let attempt = 1; ; attempt += 1) {
      const data = await this.#dataOrNothing()
      try {
        return await this.#write(patchOf('update', change(data)).read(), this.#view?.version)
      } catch (error) {
        if (!isCode(error, 'version_conflict') || attempt === TRIES) throw error
        this.#view = undefined
        // A random wait, because other processes try again too.
        await delay(Math.random() * 10 * attempt)
      }
    }
  }

  async #write(patch: JsonObject, version?: number): Promise<JsonObject> {
    const { handle } = this
    if (handle === null) await this.#requireBeginnable()
    else await this.#site.storage.look(this.#visit)
    if (Buffer.byteLength(JSON.stringify(patch)) > limits.patchBytes) {
      throw new SessionHubError('data_too_large', `One update carries at most ${limits.patchBytes} bytes`)
    }
    let view
    try {
      view = await this.#site.hub.update({ handle, patch, ...(version !== undefined && { version }) })
    } catch (error) {
      if (!isCode(error, 'session_ended')) throw error
      this.over(toSessionHubError(error))
      // A signed-in user's data must not get into a stranger's session; an anonymous visitor simply begins another one.
      if (this.#late || this.#wasSignedIn) throw error
      return this.#write(patch)
    }
    if (view.handle !== undefined) await this.begin(view, view.handle)
    else {
      this.#see(view)
      await this.#showChange(view)
    }
    return structuredClone(view.data)
  }

  /**
   * @throws SessionHubError `headers_sent`; `consent_required`; `origin_denied` if a new session's cookie would replace one that the browser withheld
   */
  async #requireBeginnable(): Promise<void> {
    requireOpen(this.#visit)
    await requireStorage(this.#site.storage, this.#visit)
    if (this.#site.posted.isBlind(this.#visit))
      throw new SessionHubError(
        'origin_denied',
        "Another site's page posted this request, without this visitor's cookies; redirect the visitor to a page of this site and store the data there",
      )
  }

  #tellCalled(name: string): void {
    const { misuse, settings } = this.#site
    const at = `req.${settings.sessionProperty}`
    misuse(
      name,
      `${at}.${name} is express-session's, which leaves its place to the session that it finds there: give "session-hub/express-session" its place, or choose another name for ours: createSite({ sessionProperty: "hub" })`,
    )
  }

  #tellWritten(name: string): void {
    const { misuse, settings } = this.#site
    const at = `req.${settings.sessionProperty}`
    misuse(
      name,
      `${at}.${name} is nothing that this session has, and writing it stores nothing: await ${at}.update({ ${name}: … }), or give "session-hub/express-session" its place`,
    )
  }

  /** Issues a new token if the visitor's present one no longer describes the session. */
  async #showChange(view: SessionView): Promise<void> {
    const { handle } = this
    const token = this.#token
    if (!this.#site.content.mayChange || handle === null || !token) return
    try {
      const issued = await this.#site.tokens.issue(view, handle, this.#visit, token)
      if (issued) this.#keep(issued, view, handle)
    } catch {
      // The data has been stored. The hook's failure is in the log, and the next renewal tries again.
    }
  }

  async #showClaims(view: SessionView, handle: string): Promise<void> {
    try {
      this.#keep(await this.#site.tokens.issue(view, handle, this.#visit), view, handle)
    } catch {
      // As for an update: the change has been made.
    }
  }

  /** @throws SessionHubError `unavailable`; `session_ended` if this call has discovered the end */
  async #data(): Promise<JsonObject> {
    const { handle } = this
    if (handle === null || this.#token?.act) return {}
    if (!this.#view) this.#see(await this.#read(handle))
    return structuredClone(this.#view?.data ?? {})
  }

  async #dataOrNothing(): Promise<JsonObject> {
    try {
      return await this.#data()
    } catch (error) {
      if (isCode(error, 'session_ended') && !this.#wasSignedIn && !this.#late) return {}
      throw error
    }
  }

  async #read(handle: string): Promise<SessionView> {
    try {
      return await this.#site.hub.read(handle)
    } catch (error) {
      // Another session may have taken its place during this very request, and that one is live.
      if (isCode(error, 'session_ended') && this.handle === handle) this.over(toSessionHubError(error))
      throw error
    }
  }
}

/** @returns whether an end is an error @throws SessionHubError `request_invalid` */
const readDataOptions = (options: DataOptions): boolean =>
  ofCall(() => {
    refuseUnknown('data', options, ['strict'])
    return flag('data', 'strict', options.strict ?? false)
  })

interface Patch {
  /** @throws SessionHubError `request_invalid`, naming the path */
  read(): JsonObject
}

/**
 * Copied at once, because its turn comes later: what the application does to the value in the meantime is not stored. An error is thrown in its turn.
 */
function patchOf(what: 'update' | 'updateClaims', given: unknown): Patch {
  unawaited(given)
  try {
    const patch = plainJson(what, given)
    return { read: () => patch }
  } catch (error) {
    return {
      read() {
        throw error
      },
    }
  }
}

/**
 * Checked again after the hub was asked. It is also logged, because an application that did not await the call would not notice.
 *
 * @throws SessionHubError `headers_sent`
 */
export function requireStillOpen({ log }: Pick<SessionParts, 'log'>, visit: Visit): void {
  try {
    requireOpen(visit)
  } catch (error) {
    logError(log, toSessionHubError(error), 'session')
    throw error
  }
}

export const isCode = (error: unknown, code: SessionHubError['code']): boolean =>
  error instanceof SessionHubError && error.code === code
