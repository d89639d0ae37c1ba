/**
 * Sign-ins that another site's page posts here, as an identity provider does (SAML, Apple's `form_post`). The browser keeps this site's cookies
 * from such a request, and takes those of the answer: a session cookie would take the place of one that nobody has seen, and the cart in it
 * would be lost. So the sign-in waits in a cookie of its own. The next request shows both, and the hub is told as of any sign-in.
 */
import type { Request, Response } from 'express'

import { COOKIE_SECONDS, readCookie, setCookie } from '../http/cookies.js'
import { isPostFromElsewhere } from '../http/navigation.js'
import { addCookies } from '../http/own-headers.js'
import type { SessionClaims } from '../protocol/claims.js'
import { cookieNames } from '../protocol/wire.js'
import type { Carrier } from './carrier.js'
import type { SiteSettings } from './options.js'
import type { IssuedToken, SessionTokens } from './session-token.js'

export interface Posted {
  /** Whether the browser has kept its cookies back, so that nobody can say who is here. */
  isBlind(req: Request): boolean
  /** Whether a sign-in may be waiting; costs nothing where none is. */
  isIn(req: Request): boolean
  read(req: Request): Promise<SessionClaims | undefined>
  write(res: Response, issued: IssuedToken, isRemembered: boolean): void
  clear(res: Response): void
}

export function createPosted(
  { origin }: Pick<SiteSettings, 'origin'>,
  tokens: Pick<SessionTokens, 'read'>,
  carrier: Pick<Carrier, 'textOf' | 'isBearer'>,
): Posted {
  const cookie = (value: string, isRemembered = true) =>
    setCookie(
      cookieNames.posted,
      value,
      { sameSite: 'Lax', httpOnly: true },
      isRemembered ? COOKIE_SECONDS : undefined,
    )
  const isIn = (req: Request) =>
    req.headers.cookie?.includes(`${cookieNames.posted}=`) === true && !carrier.isBearer(req)
  return {
    isBlind: (req) => carrier.textOf(req) === undefined && isPostFromElsewhere(req, origin),
    isIn,
    async read(req) {
      const text = isIn(req) ? readCookie(req.headers.cookie, cookieNames.posted) : undefined
      const claims = text === undefined ? undefined : await tokens.read(text)
      // A session that the hub knows has no business here.
      return claims?.jti === undefined ? undefined : claims
    },
    write(res, { token }, isRemembered) {
      addCookies(res, [cookie(token, isRemembered)])
    },
    clear(res) {
      addCookies(res, [cookie('')])
    },
  }
}
