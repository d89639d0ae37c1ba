/** How a session token arrives with a request and leaves with its answer: in the cookie, or for an API client as a Bearer token (RFC 6750). */
import { readCookie } from '../../http/cookies.js'
import type { SessionClaims } from '../../protocol/claims.js'
import { SessionHubError } from '../../protocol/errors.js'
import { cookieNames } from '../../protocol/wire.js'
import type { SiteSettings } from '../options.js'
import type { SiteCookies } from './cookies.js'
import { type ClearableCookies, clearableIn } from './neighbours.js'
import type { IssuedToken, SessionTokens } from './token.js'
import type { Visit } from '../visit.js'

/** A token and what its cookie needs. */
export interface Carried extends IssuedToken {
  /** Empty for a session that the hub does not know yet. */
  readonly state: string
  readonly isRemembered: boolean
}

export interface Carrier {
  /**
   * Uses the request's Bearer token, if it has one, instead of a cookie.
   *
   * @throws SessionHubError `session_ambiguous` if there is also a cookie of another session: one of the two would act for the other's user
   */
  acceptBearer(visit: Visit): Promise<void>
  textOf(visit: Visit): string | undefined
  isBearer(visit: Visit): boolean
  write(visit: Visit, carried: Carried): void
  /** For an API client this changes nothing: the answer itself tells it. */
  clear(visit: Visit): void
  /** Removes the cookies of a request that has no session. */
  clearRemains(visit: Visit): void
}

/** The answer to a Bearer token carries its successor in this header, as the answer to a cookie carries a cookie. */
const HEADER = 'session-token'

/** What is remembered with the requests. */
export const createCarried = () => ({
  bearers: new WeakMap<object, string>(),
  /** Requests whose answers have given the browser cookies of ours. */
  written: new WeakSet<object>(),
})

export const createCarrier = (
  settings: Pick<SiteSettings, 'origin' | 'cookieName'>,
  cookies: SiteCookies,
  tokens: SessionTokens,
  carried = createCarried(),
): Carrier => new CookieCarrier(settings, cookies, tokens, carried)

/** A class, because there is one per site, and an application may have thousands. */
class CookieCarrier implements Carrier {
  readonly #settings: Pick<SiteSettings, 'origin' | 'cookieName'>
  readonly #cookies: SiteCookies
  readonly #tokens: SessionTokens
  readonly #carried: ReturnType<typeof createCarried>

  constructor(
    settings: Pick<SiteSettings, 'origin' | 'cookieName'>,
    cookies: SiteCookies,
    tokens: SessionTokens,
    carried: ReturnType<typeof createCarried>,
  ) {
    this.#settings = settings
    this.#cookies = cookies
    this.#tokens = tokens
    this.#carried = carried
  }

  async acceptBearer(visit: Visit): Promise<void> {
    const { cookieName } = this.#settings
    const { authorization, cookie = '' } = visit.headers
    const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (bearer === undefined) return
    // This includes a cookie that is sent twice, and so counts as none: nobody can say whose it is.
    const hasCookie = cookie.split(';').some((pair) => pair.trim().startsWith(`${cookieName}=`))
    if (hasCookie) {
      const text = readCookie(cookie, cookieName)
      const both = await Promise.all([bearer, text ?? ''].map((token) => this.#tokens.read(token)))
      if (!isSameSession(both[0], both[1]))
        // R36
        throw new SessionHubError(
          'session_ambiguous',
          'A Bearer token came beside a cookie of another session',
        )
      return
    }
    this.#carried.bearers.set(visit.request, bearer)
  }

  textOf({ request, headers }: Visit): string | undefined {
    return this.#carried.bearers.get(request) ?? readCookie(headers.cookie, this.#settings.cookieName)
  }

  isBearer({ request }: Visit): boolean {
    return this.#carried.bearers.has(request)
  }

  write(visit: Visit, { token, state, isRemembered }: Carried): void {
    if (this.isBearer(visit)) {
      visit.addHeader(HEADER, token)
      return
    }
    this.#carried.written.add(visit.request)
    this.#cookies.write(visit, token, state, isRemembered)
  }

  clear(visit: Visit): void {
    if (!this.isBearer(visit)) this.#cookies.clear(visit, this.#clearableIn(visit))
  }

  clearRemains(visit: Visit): void {
    if (this.isBearer(visit)) return
    const { cookie } = visit.headers
    const { session, state } = this.#clearableIn(visit)
    this.#cookies.clear(visit, {
      session: session && readCookie(cookie, this.#settings.cookieName) !== undefined,
      state: state && readCookie(cookie, cookieNames.state) !== undefined,
    })
  }

  #clearableIn({ request, headers }: Visit): ClearableCookies {
    return this.#carried.written.has(request)
      ? { session: true, state: true }
      : clearableIn(headers.cookie, this.#settings)
  }
}

function isSameSession(one: SessionClaims | undefined, other: SessionClaims | undefined): boolean {
  if (!one || !other) return false
  return one.sk === undefined ? one.jti !== undefined && one.jti === other.jti : one.sk === other.sk
}
