/** A user's sessions as a list: for the user, through a site where the user is signed in, and for the application that runs the hub. */
import type { CountReply, EndOtherBody, HandleBody, ListReply } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { type EndReason, limits } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { AuditRow, Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { findPlaces, type PlacesOf } from './places.js'
import { answeredBefore, answerTo, type Request, requestOf } from './sent-again.js'
import { ended, endingOf, isLive, seconds } from './sessions.js'
import { liveOrEnded } from './site-acts.js'
import { COUNTED, counted, cut } from './subjects.js'
import { stateTag } from './tags.js'

/** The sessions of the user behind a handle, the newest first. */
export async function listOwn(
  hub: HubContext,
  sites: SiteRegistry,
  at: Site,
  { handle }: HandleBody,
): Promise<ListReply> {
  const site = at.origin
  const own = await signedIn(hub, at, handle)
  const sessions = await shownAt(hub, sites, at, own)
  const placesOf = await shownPlaces(hub, sites, at, sessions)
  return {
    sessions: sessions.map((session) => ({
      ref: stateTag(hub.secret, session.id, site),
      site: session.site || site,
      sites: placesOf(session),
      agent: session.agent,
      created_at: seconds(session.createdAtMs),
      seen_at: seconds(session.seenAtMs),
      auth_time: session.authTimeMs === null ? null : seconds(session.authTimeMs),
      expires_at: seconds(session.expiresAtMs),
      current: session.id === own.id,
    })),
  }
}

/** Ends one other session of the same user, or all others. */
export async function endOther(
  hub: HubContext,
  sites: SiteRegistry,
  at: Site,
  body: EndOtherBody,
): Promise<CountReply> {
  const site = at.origin
  const own = await signedIn(hub, at, body.handle)
  const request = requestOf(site, 'end-other', body.jti, body)
  const once = request && { ...request, by: own }
  const { ref } = body
  if (ref === undefined)
    return { ended: await endAllOf(hub, own.subject, 'revoked', { except: own.id, once }) }
  const sessions = await shownAt(hub, sites, at, own)
  const other = sessions.find(({ id }) => stateTag(hub.secret, id, site) === ref)
  if (other) return { ended: (await endOne(hub, other.id, 'revoked', { once })) ? 1 : 0 }
  // The session has ended, perhaps by this very request. The hub asks in a transaction: a repeated answer has to be as safe as the first one, and a
  // plain read may see what no replica has confirmed.
  // plain reading may see what no replica has confirmed.
  const before =
    request &&
    (await hub.store.transact({ handles: [request.hash] }, ({ held: [answered] }) => ({
      result: answeredBefore(answered, request, hub.now()),
    })))
  return { ended: Number(before ?? 0) }
}

/** An act of a site that may be repeated, and the session that asks for it. */
type Once = Request & { readonly by: Session }

/**
 * R33: only sites of the same group may know where a user is signed in. Sessions of sites that are no longer registered stay in the list, because
 * they can be ended.
 */
export async function shownAt(
  hub: HubContext,
  sites: SiteRegistry,
  { group }: Pick<Site, 'group'>,
  own: Session & { readonly subject: string },
): Promise<readonly Session[]> {
  const sessions = await hub.store.list(own.subject, hub.now(), limits.listedSessions)
  const origins = [...new Set(sessions.map(({ site }) => site))]
  const found = await Promise.all(origins.map((origin) => sites.find(origin)))
  const others = new Set(origins.filter((_, at) => found[at] !== undefined && found[at].group !== group))
  return sessions.filter(({ id, site }) => id === own.id || !others.has(site))
}

/** R33: the same for the sites where each session is in use. Sites that are no longer registered are left out. */
export async function shownPlaces(
  hub: HubContext,
  sites: SiteRegistry,
  { group }: Pick<Site, 'group'>,
  sessions: readonly Session[],
): Promise<PlacesOf> {
  const placesOf = await findPlaces(hub, sessions)
  const origins = [...new Set(sessions.flatMap(placesOf))]
  const found = await Promise.all(origins.map((origin) => sites.find(origin)))
  const shown = new Set(origins.filter((_, at) => found[at]?.group === group))
  return (session) =>
    placesOf(session)
      .filter((origin) => shown.has(origin))
      .slice(0, limits.listedSites)
}

/**
 * @param audit makes the row that is written with the end, or with the fact that nothing ended
 * @returns whether it was live
 */
export async function endOne(
  hub: HubContext,
  id: string,
  reason: EndReason,
  {
    audit,
    once,
  }: { audit?: (session: Session | undefined, wasLive: boolean) => AuditRow; once?: Once | undefined } = {},
): Promise<boolean> {
  const nowMs = hub.now()
  return hub.store.transact({ handles: once ? [once.hash] : [], session: id }, ({ session, held }) => {
    const before = once && answeredBefore(held[0], once, nowMs)
    if (before !== undefined) return { result: Number(before) > 0 }
    const wasLive = session !== undefined && isLive(session, nowMs)
    const row = audit && { audit: [audit(session, wasLive)] }
    if (!wasLive) return { changes: { ...row }, result: false }
    const gone = ended(session, reason, nowMs)
    return {
      changes: {
        sessions: [gone],
        endings: [endingOf(gone)],
        ...(once && { handles: [answerTo(once, once.by, '1', nowMs)] }),
        ...row,
      },
      result: true,
    }
  })
}

/**
 * Ends all sessions of a user, except one.
 *
 * @param audit makes the row that is written with it
 * @returns how many were live
 */
export async function endAllOf(
  hub: HubContext,
  subject: string,
  reason: EndReason,
  {
    except,
    audit,
    once,
  }: { except?: string | undefined; audit?: (ended: number) => AuditRow; once?: Once | undefined } = {},
): Promise<number> {
  const nowMs = hub.now()
  return hub.store.transact(
    {
      handles: once ? [once.hash] : [],
      subject: { subject, nowMs, sessions: 0, countTo: COUNTED + 1 },
      ...(except !== undefined && { session: except }),
    },
    ({ subject: known, live: found, session, held }) => {
      const before = once && answeredBefore(held[0], once, nowMs)
      if (before !== undefined) return { result: Number(before) }
      if (!known) return { changes: { ...(audit && { audit: [audit(0)] }) }, result: 0 }
      const kept = session?.subject === subject && session.endedAtMs === null ? session : undefined
      // The session that stays gets its own generation, after all those that end.
      const [record, renewed] = kept ? counted(known, kept, subject) : [known, undefined]
      const { subject: gone, ending } = cut(record, known.generation, reason, nowMs)
      const count = Math.min(found - (kept && isLive(kept, nowMs) ? 1 : 0), COUNTED)
      return {
        changes: {
          subjects: [gone],
          endings: [ending],
          ...(renewed && { sessions: [renewed] }),
          ...(once && { handles: [answerTo(once, once.by, String(count), nowMs)] }),
          ...(audit && { audit: [audit(count)] }),
        },
        result: count,
      }
    },
  )
}

async function signedIn(
  hub: HubContext,
  at: Site,
  handle: string,
): Promise<Session & { readonly subject: string }> {
  const held = await hub.store.find(sha256(handle))
  const session = liveOrEnded(held, at, hub.now())
  const { subject } = session
  if (subject === null) throw new SessionHubError('sign_in_required', 'Nobody is signed in')
  return { ...session, subject }
}
