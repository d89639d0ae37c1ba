/** A transaction's writes, as the arrays that the server's `commit` takes, together with what it has to find unchanged. */
import { auditColumns, endingColumns, handleColumns, sessionColumns, subjectColumns } from '../rows.js'
import type { AuditRow, Changes, Spend } from '../store.js'
import { bytes, column, lookedFor } from './wire.js'

/** What was read, each with the name of the commit that wrote it; `null` if it did not exist. */
export interface Revs {
  readonly handles: ReadonlyMap<string, number | null>
  readonly sessions: ReadonlyMap<string, number | null>
  readonly subjects: ReadonlyMap<string, number | null>
}

/** In the order of the function's parameters. @returns everything after the first two */
export function commitValues(revs: Revs, spend: Spend | undefined, changes: Changes): unknown[] {
  const forget = (changes.forget ?? []).map(lookedFor).filter((hash) => hash !== undefined)
  const sessions = (changes.sessions ?? []).map(sessionColumns)
  const handles = (changes.handles ?? []).map(handleColumns)
  const subjects = (changes.subjects ?? []).map(subjectColumns)
  const endings = (changes.endings ?? []).map(endingColumns)
  return [
    ...known(revs.handles, bytes),
    ...known(revs.sessions, bytes),
    ...known(revs.subjects, (subject) => subject),

    spend?.issuer ?? null,
    spend?.jti ?? null,
    spend?.spentAtMs ?? null,
    spend?.expiresAtMs ?? null,
    spend?.gave ?? null,

    column(sessions, ({ id }) => bytes(id)),
    column(sessions, ({ subject }) => subject),
    column(sessions, ({ claims }) => claims),
    column(sessions, ({ data }) => data),
    column(sessions, ({ version }) => version),
    column(sessions, ({ createdAtMs }) => createdAtMs),
    column(sessions, ({ authTimeMs }) => authTimeMs),
    column(sessions, ({ seenAtMs }) => seenAtMs),
    column(sessions, ({ expiresAtMs }) => expiresAtMs),
    column(sessions, ({ endedAtMs }) => endedAtMs),
    column(sessions, ({ endReason }) => endReason),
    column(sessions, ({ untilMs }) => untilMs),
    column(sessions, ({ isRemembered }) => isRemembered),
    column(sessions, ({ generation }) => generation),
    column(sessions, ({ site }) => site),
    column(sessions, ({ agent }) => agent),

    column(handles, ({ hash }) => bytes(hash)),
    column(handles, ({ sessionId }) => bytes(sessionId)),
    column(handles, ({ site }) => site),
    column(handles, ({ createdAtMs }) => createdAtMs),
    column(handles, ({ activatedAtMs }) => activatedAtMs),
    column(handles, ({ expiresAtMs }) => expiresAtMs),
    column(handles, ({ actingSubject }) => actingSubject),
    column(handles, ({ actingClaims }) => actingClaims),
    column(handles, ({ actingUntilMs }) => actingUntilMs),

    column(forget, (hash) => hash),

    column(subjects, ({ subject }) => subject),
    column(subjects, ({ generation }) => generation),
    column(subjects, ({ endedUpTo }) => endedUpTo),
    column(subjects, ({ endedAtMs }) => endedAtMs),
    column(subjects, ({ endReason }) => endReason),
    column(subjects, ({ untilMs }) => untilMs),
    column(subjects, ({ subject }) => revs.subjects.get(subject) === null),

    column(endings, ({ sessionId }) => sessionId),
    column(endings, ({ subject }) => subject),
    column(endings, ({ generation }) => generation),
    column(endings, ({ reason }) => reason),
    column(endings, ({ atMs }) => atMs),

    ...auditValues(changes.audit ?? []),

    changes.erase?.subject ?? null,
    changes.erase?.name ?? null,
  ]
}

export function auditValues(rows: readonly AuditRow[]): unknown[] {
  const audit = rows.map(auditColumns)
  return [
    column(audit, ({ atMs }) => atMs),
    column(audit, ({ who }) => who),
    column(audit, ({ act }) => act),
    column(audit, ({ subject }) => subject),
    column(audit, ({ site }) => site),
    column(audit, ({ sessions }) => sessions),
    column(audit, ({ address }) => address),
    column(audit, ({ outcome }) => outcome),
    column(audit, ({ reason }) => reason),
    column(audit, ({ untilMs }) => untilMs),
  ]
}

function known(revs: ReadonlyMap<string, number | null>, key: (text: string) => unknown) {
  const rows = [...revs]
  return [column(rows, ([text]) => key(text)), column(rows, ([, rev]) => rev)]
}
