/** From a request's cookie to its session. Within freshness this makes no request to the hub, and needs no promise either. */
import { readCookie } from '../../http/cookies.js'
import type { SessionClaims } from '../../protocol/claims.js'
import { SessionHubError, toSessionHubError } from '../../protocol/errors.js'
import { type EndReason, limits } from '../../protocol/wire.js'
import { logError } from '../../settings/log.js'
import type { SessionParts } from './parts.js'
import type { HeldSession } from './held-session.js'
import { createSession, isSession } from './session.js'
import { isFresh } from './token.js'
import type { Visit } from '../visit.js'

/**
 * The request's session for the application: the loaded one, or it is loaded now.
 *
 * @param takesBearer also accept a token in `Authorization: Bearer`
 * @throws SessionHubError `session_ambiguous`, only with `takesBearer`
 */
export function openSession(
  site: SessionParts,
  visit: Visit,
  takesBearer: boolean,
): HeldSession | Promise<HeldSession> {
  if (takesBearer && visit.headers.authorization !== undefined) return loadBearer(site, visit)
  // If somebody has signed in or out since the first time, the rest of the application sees that user.
  const before = site.loaded.get(visit.request)
  if (before) return place(site, visit, before)
  const text = readCookie(visit.headers.cookie, site.settings.cookieName)
  const known = text === undefined ? undefined : site.tokens.known(text)
  const isAtHand =
    known?.sk !== undefined &&
    !site.posted.isIn(visit) &&
    !site.waitingEnds.isIn(visit) &&
    isTrusted(site, known) &&
    !site.renewals.isDue(known)
  return isAtHand ? keep(site, visit, createSession(site, visit, known, false)) : loadSession(site, visit)
}

function keep(site: SessionParts, visit: Visit, session: HeldSession): HeldSession {
  site.loaded.set(visit.request, session)
  return place(site, visit, session)
}

/**
 * Puts the session where the application looks for it. What another middleware has put there stays: without its own session, express-session
 * never ends an answer.
 *
 * @throws SessionHubError `options_invalid` in development, if the place is taken
 */
function place(site: SessionParts, visit: Visit, session: HeldSession): HeldSession {
  const { shown } = visit
  if (shown === session) return session
  if (isForeign(shown)) {
    tellTaken(site, 'is another middleware’s, such as express-session’s')
    return session
  }
  visit.show(session)
  visit.whenSent(() => {
    if (isForeign(visit.shown))
      tellTaken(site, 'has been replaced by another middleware, such as cookie-session', true)
  })
  return session
}

/** Sessions of ours are not foreign: two sites of one application may share the property. */
const isForeign = (shown: unknown) => typeof shown === 'object' && shown !== null && !isSession(shown)

function tellTaken({ settings, misuse }: SessionParts, what: string, isOver = false): void {
  const name = settings.sessionProperty
  misuse(
    '',
    `req.${name} ${what}; choose another name for ours: createSite({ sessionProperty: "hub" })`,
    isOver,
  )
}

/** Loads again, also if the same middleware without `bearer` has run before and has found nobody. */
async function loadBearer(site: SessionParts, visit: Visit): Promise<HeldSession> {
  const isBearer = site.carrier.isBearer(visit)
  await site.carrier.acceptBearer(visit)
  const before = site.loaded.get(visit.request)
  const isKnown = before !== undefined && (isBearer || before.status !== 'none')
  if (isKnown || !site.carrier.isBearer(visit)) return place(site, visit, await loadSession(site, visit))
  return keep(site, visit, await load(site, visit))
}

/** Whether a session is fresh and nothing is known against it. */
export const isTrusted = (site: SessionParts, claims: SessionClaims): boolean =>
  isFresh(claims, site.settings.now()) &&
  !site.endings.isDoubtful(claims) &&
  site.endings.reasonOf(claims) === undefined &&
  !isNoLongerActing(site, claims)

/** R43: the administrator has returned, in an answer that could not carry the cookie. */
const isNoLongerActing = ({ superseded }: SessionParts, { act, sk }: SessionClaims): boolean =>
  act !== undefined && sk !== undefined && superseded.has(sk)

/** The request's session, loaded now if the middleware has not done so. Never rejects because of the hub. */
export async function loadSession(site: SessionParts, visit: Visit): Promise<HeldSession> {
  return site.loaded.get(visit.request) ?? keep(site, visit, await load(site, visit))
}

/** Loads it again, as a request with these cookies would be judged now. */
export async function load(site: SessionParts, visit: Visit): Promise<HeldSession> {
  await site.storage.look(visit)
  if (site.waitingEnds.isIn(visit)) await finishEnds(site, visit)
  return (await loadPosted(site, visit)) ?? loadOwn(site, visit)
}

/**
 * Runs before anything else, because the hub would give the session back to the visitor. A session that is signed out is refused here,
 * whatever the hub says.
 */
async function finishEnds(site: SessionParts, visit: Visit): Promise<void> {
  const ends = await site.waitingEnds.finish(visit)
  const claims = await ownClaims(site, visit)
  const isOver = ends.some(({ handle, jti }) =>
    claims?.sk === undefined ? jti !== undefined && jti === claims?.jti : handle === claims.sk,
  )
  if (!claims || !isOver) return
  site.provisional.revoke(claims)
  site.endings.endedHere(claims, 'signed-out')
}

/** Loads a sign-in that was posted from elsewhere and waits: now it shows which session it replaces. */
async function loadPosted(site: SessionParts, visit: Visit): Promise<HeldSession | undefined> {
  if (!site.posted.isIn(visit)) return undefined
  const posted = await site.posted.read(visit)
  if (posted) {
    const before = await ownClaims(site, visit)
    if (isActing(site, before)) {
      // R43: an administrator who acts as a user must not become that user by this; the page that has posted it cannot be told.
      logError(site.log, new SessionHubError('while_acting', 'A sign-in was posted beside it'), 'sign-in')
      site.posted.clear(visit)
      return undefined
    }
    const was = before?.sk ?? before?.was
    const claims = { ...posted, ...(was !== undefined && { was }) }
    const session = createSession(site, visit, claims, false)
    site.listen()
    try {
      const view = await site.provisional.register(claims, agentOf(visit))
      if (view.handle !== undefined) await session.accept(view, view.handle)
      if (was !== undefined) site.superseded.add(was)
      site.posted.clear(visit)
      return session
    } catch (thrown) {
      const error = toSessionHubError(thrown)
      if (error.code !== 'session_ended') {
        logError(site.log, error, 'sign-in')
        return createSession(site, visit, claims, true)
      }
      // The hub's decision is final: the sign-in was used before, or is too old. The visitor keeps the previous session.
    }
  }
  site.posted.clear(visit)
  return undefined
}

const isActing = ({ settings }: SessionParts, claims: SessionClaims | undefined): boolean =>
  claims?.act !== undefined && (claims.until ?? 0) * 1000 > settings.now()

/** A client can send any text here. */
export const agentOf = ({ headers }: Visit): string | undefined =>
  headers['user-agent']?.replace(/\p{Cc}+/gu, ' ').slice(0, limits.agentLength)

async function loadOwn(site: SessionParts, visit: Visit): Promise<HeldSession> {
  const { now, graceForSeconds } = site.settings
  const claims = await ownClaims(site, visit)
  if (!claims) {
    // A state without a session would tell the SDK for ever that all is well.
    site.carrier.clearRemains(visit)
    return createSession(site, visit, undefined, false)
  }
  // This process has sessions: from now on it has to learn at once what ends.
  site.listen()
  const session = createSession(site, visit, claims, false)
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
      const view = await site.provisional.register(claims, agentOf(visit))
      if (view.handle !== undefined) await session.accept(view, view.handle)
    } else {
      const { carried, view } = await site.renewals.renew(claims.sk, visit)
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
    // Old knowledge is no reason to trust a session that may have ended, whatever is wrong with the hub.
    const isInGrace =
      now() < (claims.exp + graceForSeconds) * 1000 && !site.endings.isDoubtful(claims) && !claims.act // R43
    return createSession(site, visit, isInGrace ? claims : undefined, true)
  }
}

const endedBy = (endReason: EndReason) =>
  new SessionHubError('session_ended', 'The session has ended', { endReason })

/** Ends that this site itself may have caused a moment ago, in another process; then the hub is asked which it was. */
const ownActs: readonly EndReason[] = ['signed-in', 'signed-out', 'replaced']

const mayBeOwn = ({ superseded }: SessionParts, { sk = '' }: SessionClaims, reason: EndReason) =>
  ownActs.includes(reason) && !superseded.isKnown(sk)

/**
 * What the request's own token says, even if it is no longer valid for anything else: signing out and in has to reach the session
 * behind it all the same.
 */
export async function ownClaims(site: SessionParts, visit: Visit): Promise<SessionClaims | undefined> {
  const text = site.carrier.textOf(visit)
  return text === undefined ? undefined : site.tokens.read(text)
}
