/** Signing in, at once or later. A change of privilege makes a new session with a new handle, and the old session ends. */
import type { SessionView, SignInBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { Changes, Handle, Session, Spend } from '../stores/store.js'
import type { HubContext } from './context.js'
import { requireNotActing } from './acting.js'
import { boundedClaims, merged } from './merge.js'
import { requireOwnClaims, subjectFrom } from './share.js'
import { companyNotes, providerHash } from './company-sessions.js'
import { ANSWER_LOST_MS } from './sent-again.js'
import { ended, endingOf, live, newHandle, newSession, viewFor } from './sessions.js'
import { counted, cut } from './subjects.js'
import { signedInBefore, traceHash, traceOf } from './trace.js'

export async function signIn(hub: HubContext, site: Site, body: SignInBody): Promise<SessionView> {
  const { claims } = body
  requireOwnClaims(claims, site)
  const subject = subjectFrom(site, body.subject)
  boundedClaims(claims)
  const nowMs = hub.now()
  const authTimeMs = Math.min(nowMs, (body.auth_time ?? Infinity) * 1000)
  const who = { site: site.origin, agent: body.agent ?? null, isRemembered: body.remember ?? true }
  const fresh = newSession({ subject, claims, data: {}, ...who, authTimeMs }, hub, nowMs)
  if (fresh.expiresAtMs <= nowMs || (body.jti !== undefined && (body.exp ?? 0) * 1000 <= nowMs))
    throw new SessionHubError('session_ended', 'This sign-in was too long ago', { endReason: 'expired' })
  const { rules } = hub
  // The application's own rule may ask its database, so it is asked before the transaction.
  const isSingle = await rules.singleSession(subject, { ...who, claims: structuredClone(claims) })
  const { handle, record } = newHandle(fresh, site.origin, nowMs)
  const oldHash = body.handle === null ? undefined : sha256(body.handle)
  const { idp } = body
  const ofOld = oldHash === undefined ? [] : [oldHash, traceHash(oldHash, site.origin)]
  const handles = idp === undefined ? ofOld : [...ofOld, providerHash(idp)]
  const spend = registration(site, body, record.hash, nowMs)

  const settled = await hub.store.transact<{ view: SessionView } | { before: Spend }>(
    {
      handles,
      ...(spend && { spend }),
      subject: { subject, nowMs, sessions: Number.isFinite(rules.maxSessions) ? MOST_SESSIONS : 0 },
    },
    ({ held: found, spentBefore, subject: known, sessions: others }) => {
      const [held, trace] = found.slice(0, ofOld.length)
      const atProvider = found[ofOld.length]
      if (spentBefore) return { result: { before: spentBefore } }
      requireNotActing(held, site, nowMs)
      const first = signedInBefore(trace, site.origin, subject, nowMs)
      if (first)
        return sentTwice(hub, site, first, fresh, {
          handle,
          records: [record, ...companyNotes(idp, first, atProvider, nowMs)],
        })
      const old = live(held, site.origin, nowMs)
      // One user's data never becomes another's.
      const isTheirs = old && (old.subject === null || old.subject === subject)
      const met = isTheirs
        ? merged(hub, { site, winner: fresh, loser: old, reason: 'signed-in', endReason: 'signed-in' }, nowMs)
        : undefined
      const [counter, session] = counted(known, met?.winner ?? fresh, subject)
      const single = isSingle ? cut(counter, session.generation - 1, 'replaced-elsewhere', nowMs) : undefined
      const surplus = isSingle
        ? []
        : tooMany(
            hub,
            others.filter(({ id }) => id !== old?.id),
          )
      const gone = [
        ...(old && !met ? [ended(old, 'signed-in', nowMs)] : []),
        ...surplus.map((one) => ended(one, 'replaced-elsewhere', nowMs)),
      ]
      return {
        changes: {
          sessions: [session, ...(met ? [met.loser] : []), ...gone],
          handles: [
            record,
            ...(oldHash === undefined ? [] : [traceOf(oldHash, site.origin, session, nowMs, 'by a sign-in')]),
            ...companyNotes(idp, session, atProvider, nowMs),
          ],
          // R20: if the old session lives on for other sites, this site loses its hold on it.
          ...(oldHash !== undefined && met?.endings.length === 0 && { forget: [oldHash] }),
          subjects: [single?.subject ?? counter],
          endings: [...(met?.endings ?? []), ...gone.map(endingOf), ...(single ? [single.ending] : [])],
        },
        result: { view: { ...viewFor(session, site, hub), handle } },
      }
    },
  )
  return 'view' in settled ? settled.view : registeredBefore(hub, site, settled.before, nowMs)
}

/**
 * A double click: the same user signs in again, with the cookie from before the first sign-in. The result is one session, whose data was merged once.
 * The second form decides claims and `remember`, and its answer has its own handle: nobody can tell which answer the browser keeps.
 */
function sentTwice(
  hub: HubContext,
  site: Site,
  first: Session,
  { claims, isRemembered, agent, authTimeMs }: Session,
  { handle, records }: { handle: string; records: readonly [Handle, ...Handle[]] },
): { changes: Changes; result: { view: SessionView } } {
  const [record, ...notes] = records
  const session = { ...first, claims, isRemembered, agent: agent ?? first.agent, authTimeMs }
  return {
    changes: {
      sessions: [session],
      handles: [{ ...record, sessionId: session.id, expiresAtMs: session.expiresAtMs }, ...notes],
    },
    result: { view: { ...viewFor(session, site, hub), handle } },
  }
}

/** How many of a user's sessions are checked against a limit: far more than any limit that can be set. */
const MOST_SESSIONS = 1000

/** The sessions that give way to one more. @throws SessionHubError `session_limit` */
function tooMany(
  { rules: { maxSessions, evict } }: HubContext,
  oldestFirst: readonly Session[],
): readonly Session[] {
  const surplus = oldestFirst.length - maxSessions + 1
  if (surplus <= 0) return []
  if (evict === 'refuse') {
    throw new SessionHubError(
      'session_limit',
      `This user already has ${maxSessions} sessions, the most that are allowed`,
    )
  }
  return oldestFirst.slice(0, surplus)
}

/** The longest time for which a site may hold a sign-in back: the longest grace. */
const REGISTER_MS = 31 * 86_400_000

/** A late sign-in comes by a cookie, which can be kept and shown again. So it is spent (R28), by a sign-out too. */
export function registration(
  site: Site,
  { jti, exp = 0 }: Pick<SignInBody, 'jti' | 'exp'>,
  gave: string | null,
  spentAtMs: number,
): Spend | undefined {
  if (jti === undefined) return undefined
  return {
    issuer: site.origin,
    jti,
    spentAtMs,
    expiresAtMs: Math.min(exp * 1000, spentAtMs + REGISTER_MS),
    gave,
  }
}

/** The session that the first registration made, under another handle, if it still exists. */
export function registeredBefore(
  hub: HubContext,
  site: Site,
  first: Spend,
  nowMs: number,
): Promise<SessionView> {
  return hub.store.transact({ handles: [first.gave ?? ''] }, ({ held: [held] }) => {
    const session = live(held, site.origin, nowMs)
    if (!session || nowMs - first.spentAtMs > ANSWER_LOST_MS) {
      throw new SessionHubError('session_ended', 'This sign-in was registered before', {
        // R27: a sign-in that gave no handle was signed out before it was registered.
        endReason: first.gave === null ? 'signed-out' : 'signed-in',
      })
    }
    const { handle, record } = newHandle(session, site.origin, nowMs)
    return { changes: { handles: [record] }, result: { ...viewFor(session, site, hub), handle } }
  })
}
