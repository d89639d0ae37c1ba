/** From a request's cookie to its session. Within freshness this costs no hub call, and no promise either. */
import type { Request, RequestHandler, Response } from 'express'

import { readCookie } from '../http/cookies.js'
import type { SessionClaims } from '../protocol/claims.js'
import { cookieNames } from '../protocol/wire.js'
import { logError } from '../settings/log.js'
import { SessionHubError, toSessionHubError } from '../protocol/errors.js'
import type { SiteContext } from './context.js'
import { attach, attached, createSession, type HeldSession } from './session.js'

export function sessionMiddleware(site: SiteContext): RequestHandler {
  const { cookieName } = site.settings
  return (req, res, next) => {
    const text = readCookie(req.headers.cookie, cookieName)
    const known = text === undefined ? undefined : site.tokens.known(text)
    if (known && known.sk !== undefined && isTrusted(site, known)) {
      attach(req, createSession(site, res, known, false))
      next()
      return
    }
    loadSession(site, req, res).then(() => {
      next()
    }, next)
  }
}

/** Fresh, and nothing else is known of it. */
const isTrusted = ({ settings, endings }: SiteContext, claims: SessionClaims): boolean =>
  settings.now() < claims.exp * 1000 && !endings.isDoubtful(claims) && endings.reasonOf(claims) === undefined

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
  const claims = await cookieClaims(site, req)
  if (!claims) {
    const none = createSession(site, res, undefined, false)
    // A state without a session would tell the SDK that all is well for ever.
    if (text !== undefined || readCookie(cookie, cookieNames.state) !== undefined) none.clear()
    return none
  }
  // Here are sessions: from now on this process wants to know at once what ends.
  site.events.start()
  const session = createSession(site, res, claims, false)
  if (claims.sk !== undefined && isTrusted(site, claims)) return session
  const ended = site.endings.reasonOf(claims)
  try {
    if (ended) throw new SessionHubError('session_ended', 'The session has ended', { endReason: ended })
    if (claims.sk === undefined) {
      const view = await site.provisional.register(claims)
      if (view.handle !== undefined) await session.accept(view, view.handle)
    } else await session.accept(await site.hub.read(claims.sk), claims.sk)
    return session
  } catch (error) {
    const { code, endReason = 'expired' } = toSessionHubError(error)
    if (code === 'session_ended') {
      // A request beside this one may just have signed in, or registered a provisional cookie: its new cookies have to stay.
      const isSuperseded = claims.sk === undefined || site.superseded.has(claims.sk)
      const ended = createSession(site, res, undefined, false, isSuperseded ? null : endReason)
      if (!isSuperseded) ended.clear()
      return ended
    }
    logError(site.log, toSessionHubError(error), 'session')
    // What may have ended is not trusted on old knowledge, whatever ails the hub.
    const isInGrace = now() < (claims.exp + graceForSeconds) * 1000 && !site.endings.isDoubtful(claims)
    return createSession(site, res, isInGrace ? claims : undefined, true)
  }
}

/**
 * What the request's own cookie says, whether or not it is still good for anything else: signing out and in has to reach the
 * session behind it all the same.
 */
export async function cookieClaims(site: SiteContext, req: Request): Promise<SessionClaims | undefined> {
  const text = readCookie(req.headers.cookie, site.settings.cookieName)
  return text === undefined ? undefined : site.tokens.read(text)
}
