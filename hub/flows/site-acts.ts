/** What a site does with its own sessions over the back-channel: it reads, updates and ends them. */
import type { EndBody, HandleBody, SessionView, UpdateBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { applyMergePatch } from '../../sdk/protocol/merge-patch.js'
import { reasonOf } from '../../sdk/settings/log.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { Held, Session, Spend } from '../stores/store.js'
import type { HubContext } from './context.js'
import { actingRow, actingView, behindActing, isActing, liveActing, requireNotActing } from './acting.js'
import { bounded } from './merge.js'
import { requireOwnKeys } from './share.js'
import { ANSWER_LOST_MS } from './sent-again.js'
import { registeredBefore, registration } from './sign-in.js'
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
  const session = sessionSeenBy(held, site, nowMs)
  if (!isToTouch(hub, session, nowMs)) return viewBy(held, session, site, hub, nowMs)
  return hub.store.transact({ handles: [hash] }, ({ held: [again] }) => {
    const touched = seen(hub, sessionSeenBy(again, site, nowMs), nowMs)
    return { changes: { sessions: [touched] }, result: viewBy(again, touched, site, hub, nowMs) }
  })
}

/** A handle for acting as a user only allows reading (R43). @throws SessionHubError `session_ended` */
const sessionSeenBy = (held: Held | undefined, site: Site, nowMs: number): Session =>
  liveActing(held, site, nowMs)?.session ?? liveOrEnded(held, site, nowMs)

function viewBy(
  held: Held | undefined,
  session: Session,
  site: Site,
  hub: HubContext,
  nowMs: number,
): SessionView {
  const found = liveActing(held && { ...held, session }, site, nowMs)
  return found ? actingView(found, site, hub) : viewFor(session, site, hub)
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
 * Ends the session everywhere in this browser; on request, or by the owner's rule, all of the user's sessions. It is no error if the session has
 * already ended. A sign-out that is sent beside a sign-in with the same cookie, and arrives second, ends what that sign-in has begun: its answer
 * removes the visitor's cookies, and nobody would hold the new session. A sign-in that is still to be registered is spent, so that it never will be.
 * If it has been registered, its session ends. Someone who acts as a user is signed out too, with their own session.
 *
 * @param from the network address of the site's backend
 */
export async function endSession(
  hub: HubContext,
  site: Site,
  { handle, everywhere = false, ...signIn }: EndBody,
  from: string,
): Promise<object> {
  const gave = await spentSignIn(hub, site, signIn)
  for (const hash of [handle === null ? null : sha256(handle), gave])
    if (hash !== null) await endHeld(hub, site, hash, everywhere, from)
  return {}
}

/** @returns the hash of the handle that the sign-in gave, if it was registered before */
async function spentSignIn(
  hub: HubContext,
  site: Site,
  signIn: Pick<EndBody, 'jti' | 'exp'>,
): Promise<string | null> {
  const spend = registration(site, signIn, null, hub.now())
  if (!spend) return null
  return hub.store.transact({ handles: [], spend }, ({ spentBefore }) => ({
    result: spentBefore?.gave ?? null,
  }))
}

async function endHeld(
  hub: HubContext,
  site: Site,
  hash: string,
  everywhere: boolean,
  from: string,
): Promise<void> {
  const nowMs = hub.now()
  const { origin } = site
  const trace = traceHash(hash, origin)
  const behind = (held: Held | undefined, left: Held | undefined) =>
    live(held, origin, nowMs) ?? behindActing(held, site, nowMs) ?? signedInSince(left, origin, nowMs)
  const now = behind(await hub.store.find(hash), undefined) ?? behind(undefined, await hub.store.find(trace))
  const subject = now?.subject ?? null
  const isAll = subject !== null && (everywhere || (await endsAll(hub, subject)))
  return hub.store.transact(
    { handles: [hash, trace], ...(isAll && { subject: { subject, nowMs, sessions: 0 } }) },
    ({ held: [held, left], subject: known }) => {
      const session = behind(held, left)
      if (!session) return { result: undefined }
      const gone = ended(session, 'signed-out', nowMs)
      const acting = liveActing(held, site, nowMs)
      const all = isAll && known ? cut(known, known.generation, 'signed-out', nowMs) : undefined
      return {
        changes: {
          sessions: [gone],
          handles: [traceOf(hash, origin, gone, nowMs)],
          ...(all && { subjects: [all.subject] }),
          endings: [endingOf(gone), ...(all ? [all.ending] : [])],
          ...(acting && { audit: [actingRow(acting, site, 'stop-acting', from, nowMs)] }),
        },
        result: undefined,
      }
    },
  )
}

/** If the rule fails, it must not keep anybody signed in (R21): then all of the user's sessions end. */
export async function endsAll(hub: HubContext, subject: string): Promise<boolean> {
  try {
    return await hub.rules.endAllOnSignOut(subject)
  } catch (thrown) {
    const description = reasonOf(thrown)
    hub.log({ level: 'error', event: 'hook_failed', hook: 'endAllOnSignOut', description })
    return true
  }
}

/** An act that is repeated gets an answer and is not done again. */
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

/** @throws SessionHubError `session_ended`; `while_acting` for a handle for acting as a user */
export function liveOrEnded(held: Held | undefined, site: Site, nowMs: number): Session {
  const session = live(held, site.origin, nowMs)
  if (session) return session
  requireNotActing(held, site, nowMs)
  // About another site's handle, nothing else is revealed.
  const isOthers = held !== undefined && held.handle.site !== site.origin && !isActing(held, site)
  const endReason = isOthers ? 'replaced' : endReasonOf(held)
  throw new SessionHubError('session_ended', 'The session has ended', { endReason })
}
