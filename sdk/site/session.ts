/** `req.session`: the visitor's session as the application sees it. It has no id, and no handle to give away. */
import type { Request, Response } from 'express'

import type { SessionView } from '../protocol/bodies.js'
import type { SessionClaims } from '../protocol/claims.js'
import { SessionHubError } from '../protocol/errors.js'
import type { JsonObject } from '../protocol/json.js'
import type { SiteContext } from './context.js'

export interface SiteSession {
  /** `none`: nothing is stored for this visitor, and no cookie was set. */
  readonly status: 'none' | 'anonymous' | 'signed-in'
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  /** What the sign-in said about the user. */
  readonly claims: JsonObject
  /** When the user signed in, in seconds since 1970. */
  readonly authTime: number | null
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
   * @throws SessionHubError `unavailable`; `session_ended` of a signed-in user; `data_too_large` past 16 KiB, `body_too_large` for
   * a patch past 8 KiB, `request_invalid` for one that is no JSON; `version_conflict` when others wrote eight times meanwhile;
   * `rate_limited`
   */
  update(patch: JsonObject | ((data: JsonObject) => JsonObject)): Promise<JsonObject>
}

/** The session with what only this package may do to it. */
export interface HeldSession extends SiteSession {
  /** The handle, or `null` where the hub knows nothing of this visitor. */
  readonly handle: string | null
  /** Takes over a session that the hub has just made or shown. */
  accept(view: SessionView, handle: string): Promise<void>
  acceptProvisional(token: string, claims: SessionClaims): void
  /** Forgets the session in this response. */
  clear(): void
}

/** How often an update is tried again when others write at the same time. */
const TRIES = 8

export function createSession(
  site: SiteContext,
  res: Response,
  first: SessionClaims | undefined,
  isStale: boolean,
): HeldSession {
  let token = first
  let view: SessionView | undefined

  const session: HeldSession = {
    get status() {
      return !token ? 'none' : token.sub === undefined ? 'anonymous' : 'signed-in'
    },
    get subject() {
      return token?.sub ?? null
    },
    get claims() {
      return token?.claims ?? {}
    },
    get authTime() {
      return token?.auth_time ?? null
    },
    isStale,
    get handle() {
      return token?.sk ?? null
    },

    async data() {
      const { handle } = session
      if (handle === null) return {}
      view ??= await orCleared(site.hub.read(handle))
      return view.data
    },

    async update(change) {
      if (token && session.handle === null) {
        throw new SessionHubError(
          'unavailable',
          'The hub does not know this sign-in yet; nothing can be stored',
        )
      }
      return typeof change === 'function' ? updateBy(change) : write(change)
    },

    async accept(next, handle) {
      const issued = await site.tokens.issue(next, handle)
      token = issued.claims
      view = next
      site.cookies.write(res, issued.token, next.state)
    },
    acceptProvisional(text, claims) {
      token = claims
      view = undefined
      site.cookies.write(res, text, '')
    },
    clear() {
      token = view = undefined
      site.cookies.clear(res)
    },
  }
  return session

  async function updateBy(change: (data: JsonObject) => JsonObject): Promise<JsonObject> {
    for (let attempt = 1; ; attempt += 1) {
      const data = await session.data().catch(ignoreEndOfAnonymous)
      try {
        return await write(change(data), view?.version)
      } catch (error) {
        if (!isCode(error, 'version_conflict') || attempt === TRIES) throw error
        view = undefined
      }
    }
  }

  async function write(patch: JsonObject, version?: number): Promise<JsonObject> {
    const { handle, subject } = session
    try {
      view = await site.hub.update({ handle, patch, ...(version !== undefined && { version }) })
    } catch (error) {
      if (!isCode(error, 'session_ended')) throw error
      session.clear()
      // A signed-in user's data must not land in a stranger's session; an anonymous visitor simply begins again.
      if (subject !== null) throw error
      return write(patch)
    }
    if (view.handle !== undefined) await session.accept(view, view.handle)
    return view.data
  }

  function ignoreEndOfAnonymous(error: unknown): JsonObject {
    if (isCode(error, 'session_ended') && token === undefined && first?.sub === undefined) return {}
    throw error
  }

  async function orCleared(reading: Promise<SessionView>): Promise<SessionView> {
    try {
      return await reading
    } catch (error) {
      if (isCode(error, 'session_ended')) session.clear()
      throw error
    }
  }
}

export const isCode = (error: unknown, code: SessionHubError['code']): boolean =>
  error instanceof SessionHubError && error.code === code

const held = new WeakMap<Request, HeldSession>()

/** Remembers a request's session, for the application (`req.session`) and for us. */
export function attach(req: Request, session: HeldSession): void {
  held.set(req, session)
  req.session = session
}

export const attached = (req: Request): HeldSession | undefined => held.get(req)
