/**
 * Records as values: a head of one line, and the record's columns as JSON. The head holds what scripts read, separated by tabs. No
 * name in it can contain a tab or a line break. `rows.ts` says which columns a record has.
 */
import {
  auditColumns,
  auditRowOf,
  endingColumns,
  endingOf,
  handleColumns,
  heldOf,
  integer,
  named,
  orNull,
  placeOf,
  sessionColumns,
  sessionOf,
  siteOf,
  spendOf,
  subjectColumns,
  subjectOf,
} from '../rows.js'
import type { CopyNote } from '../copy/end.js'
import { noteColumns, noteOf } from '../copy/note.js'
import type {
  AuditRow,
  Ending,
  Handle,
  Held,
  NumberedAuditRow,
  NumberedEnding,
  NumberedSite,
  Session,
  Spend,
  Subject,
} from '../store.js'

/** Stands for nothing, in a head and among a script's values. No name equals it, because a subject's name is in quotes. */
export const NOTHING = '-'

/** As JSON, which keeps names apart that UTF-8 would make equal. */
export const nameOf = (text: string | null): string => (text === null ? NOTHING : JSON.stringify(text))

export const spendName = ({ issuer, jti }: Pick<Spend, 'issuer' | 'jti'>): string =>
  JSON.stringify([issuer, jti]) // R8

/** Times of equal length, so that they sort as text in the order of time. */
export const timeName = (atMs: number): string => String(atMs).padStart(16, '0')

/** Ids and hashes are base64url, so that they sort as bytes in the order of their text. */
const idName = /^[A-Za-z0-9_-]+$/

function id(text: string): string {
  if (!idName.test(text)) throw new TypeError('Ids and hashes are base64url')
  return text
}

/** @param rev the commit that writes the session */
export const sessionValue = (session: Session, rev: string): string[] => [
  id(session.id),
  value(
    [
      rev,
      session.generation,
      nameOf(session.subject),
      session.endedAtMs ?? NOTHING,
      session.expiresAtMs,
      timeName(session.createdAtMs),
      JSON.stringify(session.site),
    ],
    sessionColumns(session),
  ),
]

export const handleValue = (handle: Handle, rev: string): string[] => [
  id(handle.hash),
  value(
    [
      rev,
      id(handle.sessionId),
      handle.activatedAtMs === null ? handle.expiresAtMs : NOTHING,
      ...(handle.acting ? [nameOf(handle.acting.subject), handle.acting.untilMs] : []),
    ],
    handleColumns(handle),
  ),
]

export const subjectValue = (subject: Subject, rev: string): string[] => [
  nameOf(subject.subject),
  value([rev, subject.endedUpTo, subject.untilMs], subjectColumns(subject)),
]

export const spendValue = (spend: Spend): string[] => [
  spendName(spend),
  String(spend.expiresAtMs),
  columnsOf(spend),
]

export const endingValue = (ending: Ending): string[] => [
  String(ending.atMs),
  columnsOf(endingColumns(ending)),
]

/** The user and the reason are in the head alone, where they can be erased. */
export const auditValue = (row: AuditRow): string[] => [
  String(row.atMs),
  nameOf(row.subject),
  nameOf(row.reason ?? null),
  columnsOf({ ...auditColumns(row), subject: null, reason: null }),
]

const value = (head: readonly (string | number)[], columns: object) =>
  `${head.join('\t')}\n${columnsOf(columns)}`

const columnsOf = (columns: object): string => JSON.stringify(named({ ...columns }))

/** A record as it was written, with the commit that wrote it. */
interface Written<Kind> {
  readonly rev: string
  readonly record: Kind
}

export function readSession(text: string, subject: Subject | undefined): Written<Session> {
  const { rev, row } = split(text)
  return { rev, record: seen(sessionOf(row), subject) }
}

export function readHeld(
  handleText: string,
  sessionText: string,
  subject: Subject | undefined,
): { handleRev: string; sessionRev: string; held: Held } {
  const [handle, session] = [split(handleText), split(sessionText)]
  // Both have a site and times of their own, so the handle's columns are renamed.
  const ofHandle = Object.entries(handle.row).map(([name, content]) => [
    name in session.row ? `handle_${name}` : name,
    content as unknown,
  ])
  const held = heldOf({ ...session.row, ...Object.fromEntries(ofHandle) })
  return {
    handleRev: handle.rev,
    sessionRev: session.rev,
    held: { ...held, session: seen(held.session, subject) },
  }
}

export function readSubject(text: string): Written<Subject> {
  const { rev, row } = split(text)
  return { rev, record: subjectOf(row) }
}

/** @returns `undefined` for a note, which nobody holds */
export function readPlace(handleText: string): readonly [id: string, place: string] | undefined {
  const { row } = split(handleText)
  return orNull(row, 'activated_at_ms', integer) === null ? undefined : placeOf(row)
}

export const readSpend = (text: string): Spend => spendOf(rowOf(text))

/** @param name the name of its entry in the stream, such as `7-0` */
export const readEnding = (name: string, text: string): NumberedEnding =>
  endingOf({ ...rowOf(text), seq: Number.parseInt(name, 10) })

/** The columns of a record as they were written, with or without a head. */
export const readColumns = (text: string): object => rowOf(text.slice(text.indexOf('\n') + 1))

export const noteValue = (note: CopyNote): string => JSON.stringify(noteColumns(note))
export const readNote = (text: string): CopyNote => noteOf(rowOf(text))

export function readAudit(seq: string, text: string): NumberedAuditRow {
  const { head, row } = split(text)
  const [subject, reason] = [1, 2].map((at) => {
    const text = head[at] ?? NOTHING
    return text === NOTHING ? null : fromJson(text)
  })
  return auditRowOf({ ...row, seq: Number(seq), subject, reason })
}

export const readSite = (origin: string, sealed: string, seq: string): NumberedSite =>
  siteOf({ origin, sealed: sealed === NOTHING ? null : sealed, seq: Number.parseInt(seq, 10) })

/** The session as readers see it: it has also ended when all of its subject's sessions up to its generation were ended. */
function seen(session: Session, subject: Subject | undefined): Session {
  if (session.endedAtMs !== null || !subject || session.generation > subject.endedUpTo) return session
  return { ...session, endedAtMs: subject.endedAtMs, endReason: subject.endReason }
}

function split(text: string): { rev: string; head: readonly string[]; row: object } {
  const end = text.indexOf('\n')
  const head = text.slice(0, end).split('\t')
  return { rev: head[0] ?? '', head, row: rowOf(text.slice(end + 1)) }
}

function rowOf(json: string): object {
  const row = fromJson(json)
  if (typeof row !== 'object' || row === null) throw new TypeError('A record is damaged')
  return row
}

/** The parser's own error is dropped: it quotes the text, and what users keep in their sessions must not reach a log. */
function fromJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new TypeError('A record is damaged')
  }
}
