/** What administrators do: find sessions and end them. Every act writes its row of the audit in its own transaction (R32). */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { AuditRow, NumberedAuditRow, Session, SessionSearch } from '../stores/store.js'
import type { HubContext } from './context.js'
import { eraseSubject } from './erase.js'
import { endAllOf, endOne } from './listed.js'
import { type Admin, mayEnd, mayEndAnybodys, mayRead } from './permissions.js'
import { findPlaces } from './places.js'

export interface Administration {
  readonly hub: HubContext
  /** Whether the store has sites, which can then be administered too. */
  readonly hasSites?: boolean
  /** Whether this user is an administrator, whose sessions only `logout-all` may end. */
  readonly isAdmin: (subject: string) => boolean | Promise<boolean>
}

/** Who acts, and from where. */
export interface Actor extends Admin {
  /** The network address, or the machine of a command. */
  readonly from: string
}

export interface FoundSession extends Session {
  /** The session belongs to an administrator. */
  readonly isAdmins: boolean
  /** The origins of the sites where the session is in use, in alphabetical order. */
  readonly sites: readonly string[]
}

/** One page of a list. */
export interface Listed<Row> {
  readonly rows: readonly Row[]
  /** Whether more rows follow. */
  readonly hasMore: boolean
}

export interface Ended {
  readonly ended: number
  /** How many were left alone because they belong to administrators. */
  readonly spared: number
}

/** What to look for: a search without the clock and the page. */
export type Sought = Omit<SessionSearch, 'nowMs' | 'limit'>

/** How many sessions one act ends at most, because somebody waits for it. */
export const MOST_AT_ONCE = 1000
const BATCH = 100

/** @throws SessionHubError `permission_denied`, `unavailable` */
export async function findSessions(
  at: Administration,
  by: Actor,
  sought: Sought,
  limit: number,
): Promise<Listed<FoundSession>> {
  const { subject = null, site = null } = sought
  const asked = { act: 'list', subject, site } as const
  await allowed(at, mayRead(by), rowBy(at, by, { ...asked, outcome: 'refused', sessions: 0 }))
  const found = await at.hub.store.search({ ...sought, nowMs: at.hub.now(), limit: limit + 1 })
  const isAdmins = knownAdmins(at)
  const placesOf = await findPlaces(at.hub, found)
  const rows = await Promise.all(
    found.slice(0, limit).map(async (one) => ({
      ...one,
      isAdmins: await isAdmins(one.subject),
      sites: placesOf(one),
    })),
  )
  await write(at, rowBy(at, by, { ...asked, outcome: 'done', sessions: rows.length }))
  return { rows, hasMore: found.length > limit }
}

/**
 * Reads what was done, the newest act first. Reading writes no row, or the list would grow with each look at it.
 *
 * @throws SessionHubError `permission_denied`, `unavailable`
 */
export async function readAudit(
  { hub }: Administration,
  by: Actor,
  search: { readonly subject?: string; readonly beforeSeq?: number; readonly limit: number },
): Promise<Listed<NumberedAuditRow>> {
  if (!mayRead(by)) throw denied()
  const { limit } = search
  const found = await hub.store.audit({ ...search, limit: limit + 1 })
  return { rows: found.slice(0, limit), hasMore: found.length > limit }
}

/**
 * Ends one session.
 *
 * @returns whether it was live
 * @throws SessionHubError `permission_denied`, `unavailable`
 */
export async function endSession(at: Administration, by: Actor, id: string): Promise<boolean> {
  const session = (await at.hub.store.sessions([id])).get(id)
  await allowed(
    at,
    await mayEndThat(at, by)(session?.subject ?? null),
    rowBy(at, by, { ...about(session), outcome: 'refused' }),
  )
  return endAudited(at, by, id)
}

/**
 * Ends several sessions, and leaves alone those that this administrator may not end.
 *
 * @throws SessionHubError `permission_denied` if the administrator may end none at all, `unavailable`
 */
export async function endSelected(at: Administration, by: Actor, ids: readonly string[]): Promise<Ended> {
  const refusal = { ...about(undefined), sessions: ids.length, outcome: 'refused' } as const
  await allowed(at, mayEnd(by, false), rowBy(at, by, refusal))
  const mayEndOf = mayEndThat(at, by)
  // For all of them it is known whether they are an administrator's before one ends: if the application cannot say, none ends (R21).
  const known = await at.hub.store.sessions(ids)
  const chosen = await Promise.all(
    [...new Set(ids)].map(async (id) => {
      const session = known.get(id)
      return { id, session, isAllowed: await mayEndOf(session?.subject ?? null) }
    }),
  )
  let [ended, spared] = [0, 0]
  for (let from = 0; from < chosen.length; from += BATCH) {
    const outcomes = await Promise.all(chosen.slice(from, from + BATCH).map((one) => endOrSpare(at, by, one)))
    ended += outcomes.filter((outcome) => outcome === 'ended').length
    spared += outcomes.filter((outcome) => outcome === 'spared').length
  }
  return { ended, spared }
}

/**
 * Ends whatever a search finds, at most about a thousand sessions.
 *
 * @returns `isAll`: every match has ended, except those that were spared
 */
export async function endFound(
  at: Administration,
  by: Actor,
  sought: Sought,
): Promise<Ended & { readonly isAll: boolean }> {
  const { subject = null, site = null } = sought
  const asked = { act: 'end', subject, site, sessions: 0 } as const
  await allowed(at, mayEnd(by, false), rowBy(at, by, { ...asked, outcome: 'refused' }))
  let [ended, spared] = [0, 0]
  let { after } = sought
  for (;;) {
    const page = await at.hub.store.search({
      ...sought,
      ...(after && { after }),
      nowMs: at.hub.now(),
      limit: BATCH,
    })
    if (page.length === 0 && after === sought.after)
      await write(at, rowBy(at, by, { ...asked, outcome: 'nothing' }))
    const done = await endSelected(
      at,
      by,
      page.map(({ id }) => id),
    )
    ended += done.ended
    spared += done.spared
    if (page.length < BATCH) return { ended, spared, isAll: true }
    // Spared sessions do not count: the next call would begin with them again and never get any further.
    if (ended > MOST_AT_ONCE - BATCH) return { ended, spared, isAll: false }
    after = page.at(-1)
  }
}

/**
 * Counts the sessions that a search would find, up to one more than an act ends. The page asks for confirmation with this number.
 *
 * @throws SessionHubError `permission_denied`, `unavailable`
 */
export async function countFound({ hub }: Administration, by: Actor, sought: Sought): Promise<number> {
  if (!mayRead(by)) throw denied()
  const found = await hub.store.search({ ...sought, nowMs: hub.now(), limit: MOST_AT_ONCE + 1 })
  return found.length
}

/**
 * Ends all sessions of a user, in one write.
 *
 * @returns how many were live, counted up to 1000
 * @throws SessionHubError `permission_denied`, `unavailable`
 */
export async function endSubject(at: Administration, by: Actor, subject: string): Promise<number> {
  const row = (sessions: number, outcome: AuditRow['outcome']) =>
    rowBy(at, by, { act: 'end-all', subject, site: null, sessions, outcome })
  await allowed(at, await mayEndThat(at, by)(subject), row(0, 'refused'))
  return endAllOf(at.hub, subject, 'revoked', {
    audit: (ended) => row(ended, ended > 0 ? 'done' : 'nothing'),
  })
}

/**
 * Erases a user; see `eraseSubject`.
 *
 * @returns how many sessions were live, counted up to 1000
 * @throws SessionHubError `permission_denied`, `unavailable`
 */
export async function eraseUser(
  at: Administration,
  by: Actor,
  subject: string,
  keepsAudit: boolean,
): Promise<number> {
  const row = (name: string, sessions: number, outcome: AuditRow['outcome']) =>
    rowBy(at, by, { act: 'erase', subject: name, site: null, sessions, outcome })
  await allowed(at, await mayEndThat(at, by)(subject), row(subject, 0, 'refused'))
  return eraseSubject(at.hub, subject, { keepsAudit, audit: (ended, name) => row(name, ended, 'done') })
}

/** Signing in and out are acts too. */
export const noteSignIn = (
  at: Administration,
  by: Pick<Actor, 'name' | 'from'>,
  outcome: 'done' | 'refused',
): Promise<void> => write(at, signRow(at, by, 'sign-in', outcome))

/** The row for the transaction that ends the sign-in. */
export const signOutRow = (at: Administration, by: Pick<Actor, 'name' | 'from'>): AuditRow =>
  signRow(at, by, 'sign-out', 'done')

const signRow = (
  at: Administration,
  by: Pick<Actor, 'name' | 'from'>,
  act: 'sign-in' | 'sign-out',
  outcome: 'done' | 'refused',
): AuditRow => rowBy(at, by, { act, subject: null, site: null, sessions: 0, outcome })

async function endOrSpare(
  at: Administration,
  by: Actor,
  { id, session, isAllowed }: { id: string; session: Session | undefined; isAllowed: boolean },
): Promise<'ended' | 'spared' | 'gone'> {
  if (!isAllowed) {
    await write(at, rowBy(at, by, { ...about(session), outcome: 'refused' }))
    return 'spared'
  }
  return (await endAudited(at, by, id)) ? 'ended' : 'gone'
}

const endAudited = (at: Administration, by: Actor, id: string): Promise<boolean> =>
  endOne(at.hub, id, 'revoked', {
    audit: (session, wasLive) => rowBy(at, by, { ...about(session), outcome: wasLive ? 'done' : 'nothing' }),
  })

const about = (session: Session | undefined) =>
  ({ act: 'end', subject: session?.subject ?? null, site: session?.site ?? null, sessions: 1 }) as const

export const rowBy = (
  { hub }: Pick<Administration, 'hub'>,
  { name, from }: Pick<Actor, 'name' | 'from'>,
  done: Omit<AuditRow, 'atMs' | 'who' | 'from'>,
): AuditRow => ({ atMs: hub.now(), who: name, from, ...done })

/** A refusal is recorded before it is answered. */
export async function allowed(
  at: Pick<Administration, 'hub'>,
  may: boolean,
  refusal: AuditRow,
): Promise<void> {
  if (may) return
  await write(at, refusal)
  throw denied()
}

const denied = () => new SessionHubError('permission_denied', 'This administrator may not do that')

const write = ({ hub }: Pick<Administration, 'hub'>, row: AuditRow): Promise<void> =>
  hub.store.transact({ handles: [] }, () => ({ changes: { audit: [row] }, result: undefined }))

/** Whether the actor may end a session of this user; `null` stands for an anonymous visitor. */
function mayEndThat(at: Administration, by: Actor): (subject: string | null) => Promise<boolean> {
  const isAdmins = knownAdmins(at)
  return async (subject) => mayEndAnybodys(by) || mayEnd(by, await isAdmins(subject))
}

/** Asks the application once for each user of a page. */
function knownAdmins({ isAdmin }: Administration): (subject: string | null) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>()
  return (subject) => {
    if (subject === null) return Promise.resolve(false)
    const asked = known.get(subject) ?? Promise.resolve(isAdmin(subject))
    known.set(subject, asked)
    return asked
  }
}
