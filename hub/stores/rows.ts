/** Turns records into rows and back. A row is `unknown` until each column is checked. A damaged row is a fault of the store, not a crash. */
import { isJsonObject, type JsonObject } from '../../sdk/protocol/json.js'
import { endReasons, type EndReason } from '../../sdk/protocol/wire.js'
import {
  type Acting,
  auditActs,
  auditOutcomes,
  type AuditRow,
  type Ending,
  type EndingsRange,
  type Handle,
  type Held,
  type NumberedAuditRow,
  type NumberedEnding,
  type NumberedSite,
  type Session,
  type SitesRange,
  type Spend,
  type Subject,
} from './store.js'

export const sessionColumns = (session: Session) => ({
  id: session.id,
  subject: session.subject,
  claims: JSON.stringify(session.claims),
  data: JSON.stringify(session.data),
  version: session.version,
  createdAtMs: session.createdAtMs,
  authTimeMs: session.authTimeMs,
  seenAtMs: session.seenAtMs,
  expiresAtMs: session.expiresAtMs,
  endedAtMs: session.endedAtMs,
  endReason: session.endReason,
  untilMs: session.untilMs,
  isRemembered: session.isRemembered ? 1 : 0,
  generation: session.generation,
  site: session.site,
  agent: session.agent,
})

export const subjectColumns = (subject: Subject) => ({
  subject: subject.subject,
  generation: subject.generation,
  endedUpTo: subject.endedUpTo,
  endedAtMs: subject.endedAtMs,
  endReason: subject.endReason,
  untilMs: subject.untilMs,
})

export const endingColumns = (ending: Ending) => ({
  sessionId: ending.sessionId,
  subject: ending.subject,
  generation: ending.generation,
  reason: ending.reason,
  atMs: ending.atMs,
})

export const auditColumns = (row: AuditRow) => ({
  atMs: row.atMs,
  who: row.who,
  act: row.act,
  subject: row.subject,
  site: row.site,
  sessions: row.sessions,
  address: row.from,
  outcome: row.outcome,
  reason: row.reason ?? null,
  untilMs: row.untilMs ?? null,
})

export const handleColumns = (handle: Handle) => ({
  hash: handle.hash,
  sessionId: handle.sessionId,
  site: handle.site,
  createdAtMs: handle.createdAtMs,
  activatedAtMs: handle.activatedAtMs,
  expiresAtMs: handle.expiresAtMs,
  actingSubject: handle.acting?.subject ?? null,
  actingClaims: handle.acting ? JSON.stringify(handle.acting.claims) : null,
  actingUntilMs: handle.acting?.untilMs ?? null,
})

/** Columns under the names that they have in every engine. */
export const named = <Value>(columns: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(columns).map(([name, content]) => [snake(name), content]))

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const handleOf = (row: unknown): Handle => ({
  hash: text(row, 'hash'),
  sessionId: text(row, 'session_id'),
  site: text(row, 'site'),
  createdAtMs: integer(row, 'created_at_ms'),
  activatedAtMs: orNull(row, 'activated_at_ms', integer),
  expiresAtMs: integer(row, 'expires_at_ms'),
  ...actingOf(row),
})

export const heldOf = (row: unknown): Held => ({
  handle: {
    hash: text(row, 'hash'),
    sessionId: text(row, 'session_id'),
    site: text(row, 'handle_site'),
    createdAtMs: integer(row, 'handle_created_at_ms'),
    activatedAtMs: orNull(row, 'activated_at_ms', integer),
    expiresAtMs: integer(row, 'handle_expires_at_ms'),
    ...actingOf(row),
  },
  session: sessionOf(row),
})

function actingOf(row: unknown): { acting?: Acting } {
  const subject = orNull(row, 'acting_subject', text)
  if (subject === null) return {}
  return { acting: { subject, claims: json(row, 'acting_claims'), untilMs: integer(row, 'acting_until_ms') } }
}

export const sessionOf = (row: unknown): Session => ({
  id: text(row, 'id'),
  subject: orNull(row, 'subject', text),
  claims: json(row, 'claims'),
  data: json(row, 'data'),
  version: integer(row, 'version'),
  createdAtMs: integer(row, 'created_at_ms'),
  authTimeMs: orNull(row, 'auth_time_ms', integer),
  seenAtMs: integer(row, 'seen_at_ms'),
  expiresAtMs: integer(row, 'expires_at_ms'),
  untilMs: integer(row, 'until_ms'),
  isRemembered: integer(row, 'is_remembered') !== 0,
  generation: integer(row, 'generation'),
  site: text(row, 'site'),
  agent: orNull(row, 'agent', text),
  endedAtMs: orNull(row, 'ended_at_ms', integer),
  endReason: orNull(row, 'end_reason', endReason),
})

export const subjectOf = (row: unknown): Subject => ({
  subject: text(row, 'subject'),
  generation: integer(row, 'generation'),
  endedUpTo: integer(row, 'ended_up_to'),
  endedAtMs: orNull(row, 'ended_at_ms', integer),
  endReason: orNull(row, 'end_reason', endReason),
  untilMs: integer(row, 'until_ms'),
})

export const endingOf = (row: unknown): NumberedEnding => ({
  seq: integer(row, 'seq'),
  sessionId: orNull(row, 'session_id', text),
  subject: orNull(row, 'subject', text),
  generation: integer(row, 'generation'),
  reason: endReason(row, 'reason'),
  atMs: integer(row, 'at_ms'),
})

export function auditRowOf(row: unknown): NumberedAuditRow {
  const reason = orNull(row, 'reason', text)
  const untilMs = orNull(row, 'until_ms', integer)
  return {
    seq: integer(row, 'seq'),
    atMs: integer(row, 'at_ms'),
    who: text(row, 'who'),
    act: oneOf(row, 'act', auditActs),
    subject: orNull(row, 'subject', text),
    site: orNull(row, 'site', text),
    sessions: integer(row, 'sessions'),
    from: text(row, 'address'),
    outcome: oneOf(row, 'outcome', auditOutcomes),
    ...(reason !== null && { reason }),
    ...(untilMs !== null && { untilMs }),
  }
}

/** @param found with `undefined` for each session that does not exist */
export const byId = (found: readonly (Session | undefined)[]): ReadonlyMap<string, Session> =>
  new Map(found.flatMap((session) => (session ? [[session.id, session] as const] : [])))

export const placeOf = (row: unknown): readonly [id: string, place: string] => [
  text(row, 'session_id'),
  text(row, 'site'),
]

/** The places of each session, each place once. */
export function grouped(pairs: readonly (readonly [id: string, place: string])[]): Map<string, string[]> {
  const places = new Map<string, string[]>()
  for (const [id, place] of pairs) {
    const known = places.get(id)
    if (!known) places.set(id, [place])
    else if (!known.includes(place)) known.push(place)
  }
  return places
}

type Beginning = Pick<Session, 'createdAtMs' | 'id'>

/** Sorts the newest first. Sessions that began at the same time are sorted by their unique id. */
export const byBeginning = (a: Beginning, b: Beginning) =>
  b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

export const rangeOf = (row: unknown): EndingsRange => ({
  epoch: text(row, 'epoch'),
  first: integer(row, 'first'),
  last: integer(row, 'last'),
})

export const siteOf = (row: unknown): NumberedSite => ({
  origin: text(row, 'origin'),
  sealed: orNull(row, 'sealed', text),
  seq: integer(row, 'seq'),
})

export const sitesRangeOf = (row: unknown): SitesRange => ({
  epoch: text(row, 'epoch'),
  last: integer(row, 'last'),
})

export const spendOf = (row: unknown): Spend => ({
  issuer: text(row, 'issuer'),
  jti: text(row, 'jti'),
  spentAtMs: integer(row, 'spent_at_ms'),
  expiresAtMs: integer(row, 'expires_at_ms'),
  gave: orNull(row, 'gave', text),
})

const column = (row: unknown, name: string): unknown => (isRecord(row) ? row[name] : undefined)

const isRecord = (row: unknown): row is Readonly<Record<string, unknown>> =>
  typeof row === 'object' && row !== null

export function text(row: unknown, name: string): string {
  const value = column(row, name)
  if (typeof value !== 'string') throw new TypeError(`Column "${name}" holds no text`)
  return value
}

export function integer(row: unknown, name: string): number {
  const value = column(row, name)
  if (typeof value !== 'number') throw new TypeError(`Column "${name}" holds no integer`)
  return value
}

function json(row: unknown, name: string): JsonObject {
  const value = parsed(text(row, name))
  if (!isJsonObject(value)) throw new TypeError(`Column "${name}" holds no JSON object`)
  return value
}

/** The parser's own error is dropped: it quotes the text, and what users keep in their sessions must not reach a log. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

export const endReason = (row: unknown, name: string): EndReason => oneOf(row, name, endReasons)

function oneOf<Word extends string>(row: unknown, name: string, words: readonly Word[]): Word {
  const value = text(row, name)
  const known = words.find((word) => word === value)
  if (known === undefined) throw new TypeError(`Column "${name}" holds no known word`)
  return known
}

export function orNull<Value>(
  row: unknown,
  name: string,
  read: (row: unknown, name: string) => Value,
): Value | null {
  return column(row, name) === null ? null : read(row, name)
}
