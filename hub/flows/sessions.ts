/** Makes, reads and ends records of sessions and handles. Everything is pure; the clock is passed in. */
import type { Json, JsonObject } from '../../sdk/protocol/json.js'
import type { SessionView } from '../../sdk/protocol/bodies.js'
import type { EndReason } from '../../sdk/protocol/wire.js'
import { random128, random256, sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { Ending, Handle, Held, Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import type { Side } from './decision.js'
import { claimsFor, dataFor, subjectFor } from './share.js'
import { sessionTag, stateTag, subjectTag } from './tags.js'

/** The place of the hub's own cookie of a group, among the sites. No origin is spelled like this. */
export const jarOf = ({ group }: Pick<Site, 'group'>): string => (group === '' ? 'hub' : `hub ${group}`)

export const isLive = ({ endedAtMs, expiresAtMs }: Session, nowMs: number): boolean =>
  endedAtMs === null && nowMs < expiresAtMs

/** The session behind a handle, if the handle is this site's and the session has neither ended nor expired. */
export function live(held: Held | undefined, site: string, nowMs: number): Session | undefined {
  if (!held || held.handle.site !== site || held.handle.activatedAtMs === null) return undefined
  return isLive(held.session, nowMs) ? held.session : undefined
}

/** Why a handle has no session any more. */
export function endReasonOf(held: Held | undefined): EndReason {
  return held ? (held.session.endReason ?? 'expired') : 'replaced'
}

export function sideOf(session: Session | undefined): Side {
  if (!session) return { kind: 'none' }
  const { id, subject } = session
  return subject === null
    ? { kind: 'anonymous', id, isEmpty: isEmpty(session) }
    : { kind: 'user', id, subject }
}

/** An anonymous session that stores nothing: nobody would miss it. */
export const isEmpty = ({ subject, data }: Session): boolean =>
  subject === null && Object.keys(data).length === 0

export interface NewSession {
  readonly subject: string | null
  readonly claims: JsonObject
  readonly data: JsonObject
  /** The origin of the site where the session begins. */
  readonly site: string
  readonly agent?: string | null
  readonly isRemembered?: boolean
  /** When the user really signed in, if that was earlier. The life of the session is counted from then. */
  readonly authTimeMs?: number
}

export function newSession(
  { subject, claims, data, site, agent = null, isRemembered = true, authTimeMs }: NewSession,
  hub: HubContext,
  nowMs: number,
): Session {
  const { idleSeconds, absoluteSeconds } = lifetimeOf(hub, subject)
  const beganMs = authTimeMs ?? nowMs
  const untilMs = beganMs + absoluteSeconds * 1000
  return {
    id: random128(),
    subject,
    claims,
    data,
    version: 0,
    createdAtMs: nowMs,
    authTimeMs: subject === null ? null : beganMs,
    seenAtMs: nowMs,
    expiresAtMs: Math.min(nowMs + idleSeconds * 1000, untilMs),
    untilMs,
    isRemembered,
    generation: 0,
    site,
    agent,
    endedAtMs: null,
    endReason: null,
  }
}

const lifetimeOf = ({ rules: { lifetimes } }: HubContext, subject: string | null) =>
  subject === null ? lifetimes.anonymous : lifetimes.signedIn

/** A session is touched at most this often, so that a look-up stays a plain read. */
const TOUCH_MS = 3_600_000

/** Whether this use has to be recorded: long before the session would expire from lack of use. */
export const isToTouch = (hub: HubContext, { subject, seenAtMs }: Session, nowMs: number): boolean =>
  nowMs - seenAtMs >= Math.min(TOUCH_MS, (lifetimeOf(hub, subject).idleSeconds * 1000) / 4)

/** Records a use just now: the session lives on, as far as it may. */
export const seen = (hub: HubContext, session: Session, nowMs: number): Session => ({
  ...session,
  seenAtMs: nowMs,
  expiresAtMs: Math.min(nowMs + lifetimeOf(hub, session.subject).idleSeconds * 1000, session.untilMs),
})

export function ended(session: Session, endReason: EndReason, nowMs: number): Session {
  return session.endedAtMs === null ? { ...session, endedAtMs: nowMs, endReason } : session
}

/** The ending of a session that has just been `ended`, for those who have to know at once. */
export const endingOf = ({ id, endReason, endedAtMs }: Session): Ending => ({
  sessionId: id,
  subject: null,
  generation: 0,
  reason: endReason ?? 'expired',
  atMs: endedAtMs ?? 0,
})

/** A new handle on a session: the secret for its holder, the record for the store. */
export function newHandle(
  session: Pick<Session, 'id' | 'expiresAtMs'>,
  site: string,
  nowMs: number,
  handle = random256(),
): { handle: string; record: Handle } {
  return {
    handle,
    record: {
      hash: sha256(handle),
      sessionId: session.id,
      site,
      createdAtMs: nowMs,
      activatedAtMs: nowMs,
      expiresAtMs: session.expiresAtMs,
    },
  }
}

/** The session as a site may see it. Its id stays in the hub. */
export function viewFor(session: Session, site: Site, hub: HubContext): SessionView {
  const { secret } = hub
  const { subject } = session
  const state = stateTag(secret, session.id, site.origin)
  return {
    state,
    subject: subject === null ? null : subjectFor(secret, subject, site),
    claims: claimsFor(session.claims, site),
    data: dataFor(session.data, site),
    version: session.version,
    auth_time: session.authTimeMs === null ? null : seconds(session.authTimeMs),
    expires_at: seconds(session.expiresAtMs),
    remember: session.isRemembered,
    generation: session.generation,
    session_tag: site.party === site.origin ? state : sessionTag(secret, session.id, site.party),
    subject_tag: subject === null ? null : subjectTag(secret, subject, site.party),
  }
}

export const seconds = (ms: number): number => Math.floor(ms / 1000)

export const sizeOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value))
