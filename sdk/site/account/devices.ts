/** Lists and ends the signed-in user's own sessions, on every site and in every browser. */
import { SessionHubError } from '../../protocol/errors.js'
import { is128Bits } from '../../protocol/formats.js'
import { ofCall } from '../../settings/call-options.js'
import { whole } from '../../settings/checks.js'
import { isRecent } from '../../tokens/times.js'
import type { SiteContext } from '../context.js'
import { requireNotActing, whileItLives } from '../session/index.js'

/** One of the user's sessions, ready to show. */
export interface UserSession {
  /** For `endSession`. Valid on this site only. */
  readonly ref: string
  /** The origin of the site where the user signed in. */
  readonly site: string
  /** The origins of the sites where the session is in use, in alphabetical order; at most 16, and none of another group. */
  readonly sites: readonly string[]
  /** The browser's own description of itself (`User-Agent`), or `null`. A client can send any text here: escape it. */
  readonly agent: string | null
  readonly createdAt: Date
  /** When it was last used, to the hour. */
  readonly seenAt: Date
  readonly expiresAt: Date
  /** Whether it is the session of this request. */
  readonly isCurrent: boolean
}

/** @throws SessionHubError `sign_in_required`, `unavailable` */
export async function userSessions(site: SiteContext, request: object): Promise<readonly UserSession[]> {
  const { sessions } = await asUser(site, request, (handle) => site.hub.list(handle))
  return sessions.map((one) => ({
    ref: one.ref,
    site: one.site,
    sites: one.sites,
    agent: one.agent,
    createdAt: date(one.created_at),
    seenAt: date(one.seen_at),
    expiresAt: date(one.expires_at),
    isCurrent: one.current,
  }))
}

/**
 * @returns whether it was live
 * @throws SessionHubError `sign_in_required`, `request_invalid`, `unavailable`
 */
export async function endUserSession(site: SiteContext, request: object, ref: unknown): Promise<boolean> {
  const { ended } = await asUser(site, request, async (handle) => {
    // A form that lacks the ref must not end all other sessions.
    if (!is128Bits(ref)) throw new SessionHubError('request_invalid', 'No session has this "ref"')
    return site.hub.endOther({ handle, ref })
  })
  return ended > 0
}

/** @returns how many were live @throws SessionHubError `sign_in_required`, `unavailable` */
export async function endOtherUserSessions(site: SiteContext, request: object): Promise<number> {
  const { ended } = await asUser(site, request, (handle) => site.hub.endOther({ handle }))
  return ended
}

/**
 * `site.requireRecent()`: requires that the user has signed in a short while ago, on any site.
 *
 * @param maxAgeSeconds 1 to 1e9
 * @throws SessionHubError `sign_in_required`; `unavailable`; `while_acting`; `request_invalid` for an invalid time, which would let everybody in
 */
export function requireRecent(
  { sessions, settings }: SiteContext,
  request: object,
  maxAgeSeconds: number,
): void {
  const most = ofCall(() => whole('requireRecent', 'maxAgeSeconds', maxAgeSeconds, { min: 1, max: 1e9 }))
  const session = sessions.loaded(request)
  if (session) requireNotActing(session)
  // R21: a session that cannot be looked up does not mean that nobody is signed in.
  if (session?.isStale && session.status === 'none') throw unasked()
  const authTime = session?.authTime ?? null
  if (authTime === null || !isRecent(authTime, settings.now(), most))
    throw new SessionHubError('sign_in_required', 'Sign in again to continue: the last sign-in is too old')
}

/**
 * Asks the hub in the name of the user's own session. A user whose session has ended elsewhere is no longer signed in, and gets the same
 * answer as anybody who is not.
 *
 * @throws SessionHubError `sign_in_required`, `while_acting`, `unavailable`
 */
async function asUser<Reply extends object>(
  site: SiteContext,
  request: object,
  ask: (handle: string) => Promise<Reply>,
): Promise<Reply> {
  const session = site.sessions.loaded(request)
  if (session) requireNotActing(session)
  // R21: a sign-in that the hub does not know yet, or a session that cannot be looked up, does not mean that nobody is signed in.
  if (session && session.handle === null && (session.subject !== null || session.isStale)) throw unasked()
  if (!session?.handle || session.subject === null)
    throw new SessionHubError('sign_in_required', 'Nobody is signed in')
  const reply = await whileItLives(session, ask)
  if (reply) return reply
  throw new SessionHubError('sign_in_required', 'The session has ended, and nobody is signed in any more')
}

const date = (seconds: number) => new Date(seconds * 1000)

const unasked = () => new SessionHubError('unavailable', 'The hub cannot be asked about this session')
