/** From a request's cookie to its session. Within freshness this costs no hub call, and no promise either. */
import type { Request, RequestHandler, Response } from 'express'

import { readCookie } from '../http/cookies.js'
import type { SessionClaims } from '../protocol/claims.js'
import { type EndReason, limits } from '../protocol/wire.js'
import { flag } from '../settings/checks.js'
import { logError } from '../settings/log.js'
import { refuseUnknown } from '../settings/refuse-unknown.js'
import { SessionHubError, toSessionHubError } from '../protocol/errors.js'
import { answerOf } from './answer.js'
import type { SiteContext } from './context.js'
import { attach, attached, createSession, type HeldSession } from './session.js'
import { isFresh } from './session-token.js'

export interface SessionOptions {
  /**
   * Takes `Authorization: Bearer <session token>` too, for API clients, which keep the token themselves; a new one comes in the answer's
   * `Session-Token`. Beside a cookie of another session it is refused (`session_ambiguous`). @default false
   */
  readonly bearer?: boolean
}

/** @throws SessionHubError `options_invalid` */
export function sessionMiddleware(site: SiteContext, options: SessionOptions = {}): RequestHandler {
  refuseUnknown('session', options, ['bearer'])
  const takesBearer = flag('session', 'bearer', options.bearer ?? false)
  const { cookieName } = site.settings
  return (req, given, next) => {
    const res = answerOf(req, given)
    const hasBearer = takesBearer && req.headers.authorization !== undefined
    // Whoever signed in or out between here and the first time is who the rest of the application sees.
    if (!hasBearer && attached(site, req)) {
      next()
      return
    }
    const text = hasBearer ? undefined : readCookie(req.headers.cookie, cookieName)
    const known = text === undefined ? undefined : site.tokens.known(text)
    if (
      known &&
      known.sk !== undefined &&
      !site.posted.isIn(req) &&
      isTrusted(site, known) &&
      !site.renewals.isDue(known)
    ) {
      attach(req, createSession(site, res, known, false))
      next()
      return
    }
    const loading = hasBearer ? loadBearer(site, req, res) : loadSession(site, req, res)
    // Not inside the promise: what the rest of the application throws is its own, and no rejection that nobody hears.
    const goOn = (error?: unknown) => {
      process.nextTick(next, error)
    }
    loading.then(() => {
      goOn()
    }, goOn)
  }
}

/** Anew, also where the same middleware without `bearer` has been here before and has seen nobody. */
async function loadBearer(site: SiteContext, req: Request, res: Response): Promise<HeldSession> {
  const isBearer = site.carrier.isBearer(req)
  await site.carrier.acceptBearer(req)
  const before = attached(site, req)
  const isKnown = before !== undefined && (isBearer || before.status !== 'none')
  if (isKnown || !site.carrier.isBearer(req)) return loadSession(site, req, res)
  const session = await load(site, req, res)
  attach(req, session)
  return session
}

/** Fresh, and nothing else is known of it. */
const isTrusted = ({ settings, endings }: SiteContext, claims: SessionClaims): boolean =>
  isFresh(claims, settings.now()) && !endings.isDoubtful(claims) && endings.reasonOf(claims) === undefined

/** The request's session, loaded now if the middleware has not done so. Never rejects because of the hub. */
export async function loadSession(site: SiteContext, req: Request, res: Response): Promise<HeldSession> {
  const before = attached(site, req)
  if (before) return before
  const session = await load(site, req, res)
  attach(req, session)
  return session
}

async function load(site: SiteContext, req: Request, res: Response): Promise<HeldSession> {
  return (await loadPosted(site, req, res)) ?? loadOwn(site, req, res)
}

/** A sign-in that was posted from elsewhere and is waiting, now that the session shows in whose place it comes. */
async function loadPosted(site: SiteContext, req: Request, res: Response): Promise<HeldSession | undefined> {
  if (!site.posted.isIn(req)) return undefined
  const posted = await site.posted.read(req)
  if (posted) {
    const before = await ownClaims(site, req)
    const was = before?.sk ?? before?.was
    const claims = { ...posted, ...(was !== undefined && { was }) }
    const session = createSession(site, res, claims, false)
    site.events.start()
    try {
      const view = await site.provisional.register(claims, agentOf(req))
      if (view.handle !== undefined) await session.accept(view, view.handle)
      if (was !== undefined) site.superseded.add(was)
      site.posted.clear(res)
      return session
    } catch (thrown) {
      const error = toSessionHubError(thrown)
      if (error.code !== 'session_ended') {
        logError(site.log, error, 'sign-in')
        return createSession(site, res, claims, true)
      }
      // The hub's last word on it: it was used before, or is too old. Whoever was here before is here still.
    }
  }
  site.posted.clear(res)
  return undefined
}

/** Anybody can write anything there. */
export const agentOf = ({ headers }: Request): string | undefined =>
  headers['user-agent']?.replace(/\p{Cc}+/gu, ' ').slice(0, limits.agentLength)

async function loadOwn(site: SiteContext, req: Request, res: Response): Promise<HeldSession> {
  const { now, graceForSeconds } = site.settings
  const claims = await ownClaims(site, req)
  if (!claims) {
    // A state without a session would tell the SDK that all is well for ever.
    site.carrier.clearRemains(res)
    return createSession(site, res, undefined, false)
  }
  // Here are sessions: from now on this process wants to know at once what ends.
  site.events.start()
  const session = createSession(site, res, claims, false)
  const isGood = claims.sk !== undefined && isTrusted(site, claims)
  if (isGood && !site.renewals.isDue(claims)) return session
  const newer = site.renewals.newerThan(claims)
  if (newer && isTrusted(site, newer.claims)) {
    session.take(newer)
    return session
  }
  const ended = site.endings.reasonOf(claims)
  try {
    if (ended && !mayBeOwn(site, claims, ended)) throw endedBy(ended)
    if (claims.sk === undefined) {
      const view = await site.provisional.register(claims, agentOf(req))
      if (view.handle !== undefined) await session.accept(view, view.handle)
    } else {
      const { carried, view } = await site.renewals.renew(claims.sk, req)
      session.take(carried, view)
    }
    return session
  } catch (error) {
    const trouble = toSessionHubError(error)
    if (ended || trouble.code === 'session_ended') {
      session.over(trouble.code === 'session_ended' || !ended ? trouble : endedBy(ended))
      return session
    }
    // There is time left, and the next request tries again.
    if (isGood) return session
    logError(site.log, trouble, 'session')
    // What may have ended is not trusted on old knowledge, whatever ails the hub.
    const isInGrace = now() < (claims.exp + graceForSeconds) * 1000 && !site.endings.isDoubtful(claims)
    return createSession(site, res, isInGrace ? claims : undefined, true)
  }
}

const endedBy = (endReason: EndReason) =>
  new SessionHubError('session_ended', 'The session has ended', { endReason })

/** What this site itself may have done a moment ago, in another process; then the hub is asked which it was. */
const ownActs: readonly EndReason[] = ['signed-in', 'signed-out', 'replaced']

const mayBeOwn = ({ superseded }: SiteContext, { sk = '' }: SessionClaims, reason: EndReason) =>
  ownActs.includes(reason) && !superseded.isKnown(sk)

/**
 * What the request's own token says, whether or not it is still good for anything else: signing out and in has to reach the
 * session behind it all the same.
 */
export async function ownClaims(site: SiteContext, req: Request): Promise<SessionClaims | undefined> {
  const text = site.carrier.textOf(req)
  return text === undefined ? undefined : site.tokens.read(text)
}
