/** What a site does with its own sessions over the back-channel: read, update, end. */
import type { EndBody, HandleBody, SessionView, UpdateBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { applyMergePatch } from '../../sdk/protocol/merge-patch.js'
import { reasonOf } from '../../sdk/settings/log.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { Held, Session, Spend } from '../stores/store.js'
import type { HubContext } from './context.js'
import { bounded } from './merge.js'
import { requireOwnKeys } from './share.js'
import { ANSWER_LOST_MS } from './sent-again.js'
import { registeredBefore } from './sign-in.js'
import {
  ended,
  endingOf,
  endReasonOf,
  isToTouch,
  live,
  newHandle,
  newSession,
  seen,
  viewFor,
} from './sessions.js'
import { cut } from './subjects.js'
import { signedInSince, traceHash, traceOf } from './trace.js'

export async function readSession(hub: HubContext, site: Site, { handle }: HandleBody): Promise<SessionView> {
  const nowMs = hub.now()
  const hash = sha256(handle)
  const held = await hub.store.find(hash)
  const session = liveOrEnded(held, site, nowMs)
  if (!isToTouch(hub, session, nowMs)) return viewFor(session, site, hub)
  return hub.store.transact({ handles: [hash] }, ({ held: [again] }) => {
    const touched = seen(hub, liveOrEnded(again, site, nowMs), nowMs)
    return { changes: { sessions: [touched] }, result: viewFor(touched, site, hub) }
  })
}

export async function updateSession(hub: HubContext, site: Site, body: UpdateBody): Promise<SessionView> {
  requireOwnKeys(body.patch, site)
  const nowMs = hub.now()
  if (body.handle === null) return startAnonymous(hub, site, body, nowMs)
  const handle = sha256(body.handle)
  const spend = spendOf(site, body, handle, nowMs)
  return hub.store.transact(
    { handles: [handle], ...(spend && { spend }) },
    ({ held: [held], spentBefore }) => {
      const session = liveOrEnded(held, site, nowMs)
      if (spentBefore) return { result: viewFor(session, site, hub) }
      if (body.version !== undefined && body.version !== session.version) {
        throw new SessionHubError('version_conflict', `The data now has version ${session.version}`)
      }
      const data = bounded(applyMergePatch(session.data, body.patch))
      const changed = { ...seen(hub, session, nowMs), data, version: session.version + 1 }
      return { changes: { sessions: [changed] }, result: viewFor(changed, site, hub) }
    },
  )
}

/**
 * Ends the session everywhere in this browser; on request, or by the owner's rule, all of the user's. Ending what has ended is no
 * error. A sign-out that was sent beside a sign-in, with the same cookie, and comes second ends what that sign-in has begun: its answer takes
 * the visitor's cookies away, and nobody would hold the new session.
 */
export async function endSession(
  hub: HubContext,
  site: Site,
  { handle, everywhere = false }: EndBody,
): Promise<object> {
  const nowMs = hub.now()
  const [hash, { origin }] = [sha256(handle), site]
  const trace = traceHash(hash, origin)
  const now =
    live(await hub.store.find(hash), origin, nowMs) ??
    signedInSince(await hub.store.find(trace), origin, nowMs)
  const subject = now?.subject ?? null
  const isAll = subject !== null && (everywhere || (await endsAll(hub, subject)))
  return hub.store.transact(
    { handles: [hash, trace], ...(isAll && { subject: { subject, nowMs, sessions: 0 } }) },
    ({ held: [held, left], subject: known }) => {
      const session = live(held, origin, nowMs) ?? signedInSince(left, origin, nowMs)
      if (!session) return { result: {} }
      const gone = ended(session, 'signed-out', nowMs)
      const all = isAll && known ? cut(known, known.generation, 'signed-out', nowMs) : undefined
      return {
        changes: {
          sessions: [gone],
          handles: [traceOf(hash, origin, gone, nowMs)],
          ...(all && { subjects: [all.subject] }),
          endings: [endingOf(gone), ...(all ? [all.ending] : [])],
        },
        result: {},
      }
    },
  )
}

/** A rule that cannot be asked must not keep anybody signed in (R21): then all of the user's sessions end. */
async function endsAll(hub: HubContext, subject: string): Promise<boolean> {
  try {
    return await hub.rules.endAllOnSignOut(subject)
  } catch (thrown) {
    const description = reasonOf(thrown)
    hub.log({ level: 'error', event: 'hook_failed', hook: 'endAllOnSignOut', description })
    return true
  }
}

/** An act that comes again is answered and not done again. */
export const spendOf = (
  site: Site,
  { jti }: { readonly jti?: string },
  gave: string,
  nowMs: number,
): Spend | undefined =>
  jti === undefined
    ? undefined
    : { issuer: site.origin, jti, spentAtMs: nowMs, expiresAtMs: nowMs + ANSWER_LOST_MS, gave }

async function startAnonymous(
  hub: HubContext,
  site: Site,
  body: UpdateBody,
  nowMs: number,
): Promise<SessionView> {
  const data = bounded(applyMergePatch({}, body.patch))
  const session = newSession({ subject: null, claims: {}, data, site: site.origin }, hub, nowMs)
  const { handle, record } = newHandle(session, site.origin, nowMs)
  const spend = spendOf(site, body, record.hash, nowMs)
  const before = await hub.store.transact({ handles: [], ...(spend && { spend }) }, ({ spentBefore }) =>
    spentBefore
      ? { result: spentBefore }
      : { changes: { sessions: [session], handles: [record] }, result: undefined },
  )
  return before ? registeredBefore(hub, site, before, nowMs) : { ...viewFor(session, site, hub), handle }
}

/** @throws SessionHubError `session_ended` */
export function liveOrEnded(held: Held | undefined, site: Site, nowMs: number): Session {
  const session = live(held, site.origin, nowMs)
  if (session) return session
  // Another site's handle is told nothing but that.
  const endReason = held && held.handle.site !== site.origin ? 'replaced' : endReasonOf(held)
  throw new SessionHubError('session_ended', 'The session has ended', { endReason })
}
