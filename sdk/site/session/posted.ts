/**
 * Sign-ins that another site's page posts here, as an identity provider does (SAML, Apple's `form_post`). The browser withholds this site's
 * cookies from such a request, but accepts those of the answer: a session cookie would replace one that nobody has seen, and the cart in it
 * would be lost. So the sign-in waits in a cookie of its own. The next request shows both, and the hub is told as of any other sign-in.
 */
import { COOKIE_SECONDS, readCookie, setCookie } from '../../http/cookies.js'
import { isPostFromElsewhere } from '../../http/navigation.js'
import type { SessionClaims } from '../../protocol/claims.js'
import { cookieNames } from '../../protocol/wire.js'
import type { Carrier } from './carrier.js'
import { isNeighbours } from './neighbours.js'
import type { SiteSettings } from '../options.js'
import type { IssuedToken, SessionTokens } from './token.js'
import type { Storage } from '../storage.js'
import type { Visit } from '../visit.js'

export interface Posted {
  /** Whether the browser has withheld its cookies, so that nobody can say who the visitor is. */
  isBlind(visit: Visit): boolean
  /** Whether a sign-in may be waiting; costs nothing if none is. */
  isIn(visit: Visit): boolean
  read(visit: Visit): Promise<SessionClaims | undefined>
  write(visit: Visit, issued: IssuedToken, isRemembered: boolean): void
  clear(visit: Visit): void
}

export const createPosted = (
  settings: Pick<SiteSettings, 'origin'>,
  tokens: Pick<SessionTokens, 'read'>,
  carrier: Pick<Carrier, 'textOf' | 'isBearer'>,
  storage: Storage,
): Posted => new PostedSignIns(settings, tokens, carrier, storage)

/** A class, because there is one per site, and an application may have thousands. */
class PostedSignIns implements Posted {
  readonly #settings: Pick<SiteSettings, 'origin'>
  readonly #tokens: Pick<SessionTokens, 'read'>
  readonly #carrier: Pick<Carrier, 'textOf' | 'isBearer'>
  readonly #storage: Storage

  constructor(
    settings: Pick<SiteSettings, 'origin'>,
    tokens: Pick<SessionTokens, 'read'>,
    carrier: Pick<Carrier, 'textOf' | 'isBearer'>,
    storage: Storage,
  ) {
    this.#settings = settings
    this.#tokens = tokens
    this.#carrier = carrier
    this.#storage = storage
  }

  isBlind(visit: Visit): boolean {
    return this.#carrier.textOf(visit) === undefined && isPostFromElsewhere(visit, this.#settings.origin)
  }

  isIn(visit: Visit): boolean {
    return visit.headers.cookie?.includes(`${cookieNames.posted}=`) === true && !this.#carrier.isBearer(visit)
  }

  async read(visit: Visit): Promise<SessionClaims | undefined> {
    const text = this.isIn(visit) ? readCookie(visit.headers.cookie, cookieNames.posted) : undefined
    const claims = text === undefined ? undefined : await this.#tokens.read(text)
    // A session that the hub already knows does not belong here.
    return claims?.jti === undefined ? undefined : claims
  }

  write(visit: Visit, { token }: IssuedToken, isRemembered: boolean): void {
    this.#storage.store(visit, [cookie(token, isRemembered)])
  }

  clear(visit: Visit): void {
    const text = readCookie(visit.headers.cookie, cookieNames.posted)
    if (!isNeighbours(text, this.#settings.origin)) visit.addCookies([cookie('')])
  }
}

const cookie = (value: string, isRemembered = true) =>
  setCookie(
    cookieNames.posted,
    value,
    { sameSite: 'Lax', httpOnly: true },
    isRemembered ? COOKIE_SECONDS : undefined,
  )
