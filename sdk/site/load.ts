/** From a request's cookie to its session. Within freshness this costs no hub call, and no promise either. */
import type { Request, RequestHandler, Response } from 'express'

import { readCookie } from '../http/cookies.js'
import type { SessionClaims } from '../protocol/claims.js'
import { cookieNames } from '../protocol/wire.js'
import { logError } from '../settings/log.js'
import { toSessionHubError } from '../protocol/errors.js'
import type { SiteContext } from './context.js'
import { attach, attached, createSession, type HeldSession, isCode } from './session.js'

export function sessionMiddleware(site: SiteContext): RequestHandler {
  const { cookieName, now } = site.settings
  return (req, res, next) => {
    const text = readCookie(req.headers.cookie, cookieName)
    const known = text === undefined ? undefined : site.tokens.known(text)
    if (known && now() < known.exp * 1000 && known.sk !== undefined) {
      attach(req, createSession(site, res, known, false))
      next()
      return
    }
    loadSession(site, req, res).then(() => {
      next()
    }, next)
  }
}

/** The request's session, loaded now if the middleware has not done so. Never rejects because of the hub. */
export async function loadSession(site: SiteContext, req: Request, res: Response): Promise<HeldSession> {
  const before = attached(req)
  if (before) return before
  const session = await load(site, req, res)
  attach(req, session)
  return session
}

async function load(site: SiteContext, req: Request, res: Response): Promise<HeldSession> {
  const { cookie } = req.headers
  const { cookieName, now, graceForSeconds } = site.settings
  const text = readCookie(cookie, cookieName)
  const claims = text === undefined ? undefined : await site.tokens.read(text)
  if (!claims) {
    const none = createSession(site, res, undefined, false)
    // A state without a session would tell the SDK that all is well for ever.
    if (text !== undefined || readCookie(cookie, cookieNames.state) !== undefined) none.clear()
    return none
  }
  const session = createSession(site, res, claims, false)
  if (claims.sk !== undefined && now() < claims.exp * 1000) return session
  try {
    if (claims.sk === undefined) await register(site, session, claims)
    else await session.accept(await site.hub.read(claims.sk), claims.sk)
    return session
  } catch (error) {
    if (isCode(error, 'session_ended')) {
      session.clear()
      return session
    }
    logError(site.log, toSessionHubError(error), 'session')
    const isInGrace = now() < (claims.exp + graceForSeconds) * 1000
    return createSession(site, res, isInGrace ? claims : undefined, true)
  }
}

/** A sign-in that the hub could not be told of is told now. */
async function register(
  site: SiteContext,
  session: HeldSession,
  { sub, claims, auth_time }: SessionClaims,
): Promise<void> {
  if (sub === undefined) return
  const body = {
    handle: null,
    subject: sub,
    claims: claims ?? {},
    ...(auth_time !== undefined && { auth_time }),
  }
  const view = await site.hub.signIn(body)
  if (view.handle !== undefined) await session.accept(view, view.handle)
}
