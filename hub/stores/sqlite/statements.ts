/** Every statement, prepared once. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { namedRow } from './named-row.js'

export type Statements = ReturnType<typeof prepareStatements>

/** A session as readers see it: it has also ended when all of its subject's sessions up to its generation were ended. */
const SESSION = `
  session.id, session.subject, claims, data, version, session.created_at_ms, auth_time_ms, seen_at_ms,
  session.expires_at_ms, session.until_ms, is_remembered, session.generation, session.site, agent,
  CASE WHEN session.ended_at_ms IS NULL AND session.generation <= subject.ended_up_to
    THEN subject.ended_at_ms ELSE session.ended_at_ms END AS ended_at_ms,
  CASE WHEN session.ended_at_ms IS NULL AND session.generation <= subject.ended_up_to
    THEN subject.end_reason ELSE session.end_reason END AS end_reason`

const WITH_SUBJECT = 'LEFT JOIN subject ON subject.subject = session.subject'

/** The cut is looked up first, so that the index skips everything that it has ended. */
const LIVE = `
  session.subject = :subject AND session.ended_at_ms IS NULL AND expires_at_ms > :nowMs
  AND session.generation > coalesce((SELECT ended_up_to FROM subject WHERE subject = :subject), -1)`

/** One page of the list; `narrowed` is the condition that leads to it by an index. */
const search = (narrowed: string) => `
  SELECT ${SESSION} FROM session ${WITH_SUBJECT}
  WHERE ${narrowed} AND (:site IS NULL OR session.site = :site) AND session.ended_at_ms IS NULL
    AND session.expires_at_ms > :nowMs AND session.generation > coalesce(subject.ended_up_to, -1)
    AND session.created_at_ms >= :fromMs AND (session.created_at_ms, session.id) < (:beforeMs, :beforeId)
  ORDER BY session.created_at_ms DESC, session.id DESC LIMIT :limit`

const audit = (narrowed: string) =>
  `SELECT * FROM audit WHERE ${narrowed} AND seq < :beforeSeq ORDER BY seq DESC LIMIT :limit`

const DUE = 'expires_at_ms <= :nowMs OR ended_at_ms < :endedBeforeMs'
/** The index alone answers this, without reading a session. */
const UNEXPIRED = '(expires_at_ms, rowid) > (:atMs, :row)'
const ENDED = 'ended_at_ms IS NOT NULL AND expires_at_ms > :nowMs AND (ended_at_ms, rowid) > (:atMs, :row)'
const ERASED = 'subject = :subject AND generation <= :generation'

/** Handles of sessions to be removed. A session can have any number of handles, and all of them would be removed with it at once. */
const handlesOf = (sessions: string) => `
  DELETE FROM handle WHERE hash IN (
    SELECT hash FROM handle WHERE session_id IN (SELECT id FROM session WHERE ${sessions} LIMIT :limit) LIMIT :limit)`

const sessionsOf = (sessions: string) => `
  DELETE FROM session WHERE id IN (SELECT id FROM session WHERE ${sessions} LIMIT :limit)`

export const prepareStatements = (database: DatabaseSyncInstance) => ({
  begin: database.prepare('BEGIN IMMEDIATE'),
  commit: database.prepare('COMMIT'),
  rollBack: database.prepare('ROLLBACK'),
  savepoint: database.prepare('SAVEPOINT job'),
  undo: database.prepare('ROLLBACK TO job'),
  release: database.prepare('RELEASE job'),
  ping: database.prepare('SELECT 1 FROM session LIMIT 1'),

  find: namedRow(
    database.prepare(`
    SELECT hash, session_id, handle.site AS handle_site, handle.created_at_ms AS handle_created_at_ms,
      activated_at_ms, handle.expires_at_ms AS handle_expires_at_ms, acting_subject, acting_claims, acting_until_ms, ${SESSION}
    FROM handle JOIN session ON session.id = handle.session_id ${WITH_SUBJECT}
    WHERE hash = :hash`),
  ),

  session: namedRow(
    database.prepare(`SELECT ${SESSION} FROM session ${WITH_SUBJECT} WHERE session.id = :id`),
  ),

  sessions: database.prepare(`
    SELECT ${SESSION} FROM session ${WITH_SUBJECT} WHERE session.id IN (SELECT value FROM json_each(:ids))`),

  live: database.prepare(`SELECT count(*) AS live FROM (SELECT 1 FROM session WHERE ${LIVE} LIMIT :limit)`),

  oldest: database.prepare(`
    SELECT ${SESSION} FROM session ${WITH_SUBJECT} WHERE ${LIVE} ORDER BY session.generation LIMIT :limit`),

  newest: database.prepare(`
    SELECT ${SESSION} FROM session ${WITH_SUBJECT} WHERE ${LIVE} ORDER BY session.generation DESC LIMIT :limit`),

  places: database.prepare(`
    SELECT DISTINCT session_id, site FROM handle
    WHERE session_id IN (SELECT value FROM json_each(:ids)) AND activated_at_ms IS NOT NULL`),

  searchAll: database.prepare(search('1')),
  searchSubject: database.prepare(search('session.subject = :subject')),
  searchSite: database.prepare(search('session.site = :site')),

  unexpiredPage: database.prepare(`
    SELECT expires_at_ms AS at_ms, rowid AS row FROM session WHERE ${UNEXPIRED} ORDER BY expires_at_ms, rowid LIMIT 1 OFFSET :skipped`),
  unexpiredRest: database.prepare(`SELECT count(*) AS rows FROM session WHERE ${UNEXPIRED}`),
  endedPage: database.prepare(`
    SELECT ended_at_ms AS at_ms, rowid AS row FROM session WHERE ${ENDED} ORDER BY ended_at_ms, rowid LIMIT 1 OFFSET :skipped`),
  endedRest: database.prepare(`SELECT count(*) AS rows FROM session WHERE ${ENDED}`),

  addAudit: database.prepare(`
    INSERT INTO audit (at_ms, who, act, subject, site, sessions, address, outcome, reason, until_ms)
    VALUES (:atMs, :who, :act, :subject, :site, :sessions, :address, :outcome, :reason, :untilMs)`),
  auditAll: database.prepare(audit('1')),
  auditSubject: database.prepare(audit('subject = :subject')),

  subject: database.prepare('SELECT * FROM subject WHERE subject = :subject'),

  putSubject: database.prepare(`
    INSERT INTO subject (subject, generation, ended_up_to, ended_at_ms, end_reason, until_ms)
    VALUES (:subject, :generation, :endedUpTo, :endedAtMs, :endReason, :untilMs)
    ON CONFLICT (subject) DO UPDATE SET generation = excluded.generation, ended_up_to = excluded.ended_up_to,
      ended_at_ms = excluded.ended_at_ms, end_reason = excluded.end_reason, until_ms = excluded.until_ms`),

  addEnding: database.prepare(`
    INSERT INTO ending (session_id, subject, generation, reason, at_ms)
    VALUES (:sessionId, :subject, :generation, :reason, :atMs)`),

  endings: database.prepare('SELECT * FROM ending WHERE seq > :afterSeq ORDER BY seq LIMIT :limit'),

  // The table itself remembers the last number, even after its row was swept.
  endingsRange: database.prepare(`
    SELECT epoch, coalesce((SELECT min(seq) FROM ending), 0) AS first,
      coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'ending'), 0) AS last FROM ending_epoch`),

  renewEpoch: database.prepare('UPDATE ending_epoch SET epoch = lower(hex(randomblob(16)))'),

  site: database.prepare('SELECT * FROM site WHERE origin = :origin'),
  forgetSite: database.prepare('DELETE FROM site WHERE origin = :origin'),
  addSite: database.prepare('INSERT INTO site (origin, sealed) VALUES (:origin, :sealed)'),
  sites: database.prepare('SELECT * FROM site WHERE seq > :afterSeq ORDER BY seq LIMIT :limit'),
  sitesRange: database.prepare(`
    SELECT epoch, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'site'), 0) AS last FROM ending_epoch`),

  // DO UPDATE, never REPLACE: REPLACE deletes the row first, and the session's handles would go with it.
  putSession: database.prepare(`
    INSERT INTO session VALUES (:id, :subject, :claims, :data, :version, :createdAtMs, :authTimeMs, :seenAtMs,
      :expiresAtMs, :endedAtMs, :endReason, :untilMs, :isRemembered, :generation, :site, :agent)
    ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, claims = excluded.claims, data = excluded.data,
      version = excluded.version, created_at_ms = excluded.created_at_ms, auth_time_ms = excluded.auth_time_ms,
      seen_at_ms = excluded.seen_at_ms, expires_at_ms = excluded.expires_at_ms, ended_at_ms = excluded.ended_at_ms,
      end_reason = excluded.end_reason, until_ms = excluded.until_ms, is_remembered = excluded.is_remembered,
      generation = excluded.generation, site = excluded.site, agent = excluded.agent`),

  // A session that was swept meanwhile is no fault of the store: its handle stands for nothing and is not kept.
  putHandle: database.prepare(`
    INSERT INTO handle SELECT :hash, :sessionId, :site, :createdAtMs, :activatedAtMs, :expiresAtMs, :actingSubject,
        :actingClaims, :actingUntilMs
      WHERE EXISTS (SELECT 1 FROM session WHERE id = :sessionId)
    ON CONFLICT (hash) DO UPDATE SET session_id = excluded.session_id, site = excluded.site,
      created_at_ms = excluded.created_at_ms, activated_at_ms = excluded.activated_at_ms,
      expires_at_ms = excluded.expires_at_ms, acting_subject = excluded.acting_subject,
      acting_claims = excluded.acting_claims, acting_until_ms = excluded.acting_until_ms`),

  forget: database.prepare('DELETE FROM handle WHERE hash = :hash'),

  erasing: database.prepare('SELECT * FROM erasing LIMIT 1'),
  erasingOf: database.prepare('SELECT * FROM erasing WHERE subject = :subject'),
  // Someone who signs in again meanwhile has a later generation.
  eraseLater: database.prepare(`
    INSERT INTO erasing SELECT :subject, :name, coalesce(
        (SELECT generation FROM subject WHERE subject = :subject),
        (SELECT max(generation) FROM session WHERE subject = :subject), 0) WHERE true
    ON CONFLICT (subject) DO UPDATE SET name = excluded.name, generation = excluded.generation`),
  isErased: database.prepare(
    'DELETE FROM erasing WHERE subject = :subject AND name = :name AND generation = :generation',
  ),
  eraseHandles: database.prepare(handlesOf(ERASED)),
  eraseSessions: database.prepare(sessionsOf(ERASED)),
  eraseActing: database.prepare(`
    DELETE FROM handle WHERE hash IN (SELECT hash FROM handle WHERE acting_subject = :subject LIMIT :limit)`),
  renameInAudit: database.prepare(`
    UPDATE audit SET subject = :name, reason = NULL
    WHERE seq IN (SELECT seq FROM audit WHERE subject = :subject LIMIT :limit)`),

  spend: database.prepare(`
    INSERT INTO spend VALUES (:issuer, :jti, :spentAtMs, :expiresAtMs, :gave) ON CONFLICT (issuer, jti) DO NOTHING`),

  firstSpend: database.prepare(`
    SELECT issuer, jti, spent_at_ms, expires_at_ms, gave FROM spend WHERE issuer = :issuer AND jti = :jti`),

  // The end is written into the sessions themselves, so that a later cut of the same subject does not keep them for another day.
  // In this order (CROSS JOIN): without it SQLite reads every session of every user, 100 ms at a million sessions, to find the few that were cut.
  settleSessions: database.prepare(`
    UPDATE session SET (ended_at_ms, end_reason) =
      (SELECT ended_at_ms, end_reason FROM subject WHERE subject.subject = session.subject)
    WHERE id IN (
      SELECT session.id FROM subject INDEXED BY subject_to_settle CROSS JOIN session ON session.subject = subject.subject
      WHERE ended_up_to > settled_up_to AND session.generation <= ended_up_to AND session.ended_at_ms IS NULL
      LIMIT :limit)`),

  settleSubjects: database.prepare(`
    UPDATE subject SET settled_up_to = ended_up_to WHERE subject IN (
      SELECT subject FROM subject WHERE ended_up_to > settled_up_to AND NOT EXISTS (
        SELECT 1 FROM session
        WHERE session.subject = subject.subject AND session.generation <= ended_up_to AND session.ended_at_ms IS NULL)
      LIMIT :limit)`),

  sweepHeld: database.prepare(handlesOf(DUE)),
  sweepSessions: database.prepare(sessionsOf(DUE)),

  sweepHandles: database.prepare(`
    DELETE FROM handle WHERE hash IN (
      SELECT hash FROM handle
      WHERE (activated_at_ms IS NULL AND expires_at_ms <= :nowMs) OR acting_until_ms < :endedBeforeMs LIMIT :limit)`),

  sweepSubjects: database.prepare(`
    DELETE FROM subject WHERE subject IN (SELECT subject FROM subject WHERE until_ms <= :nowMs LIMIT :limit)`),

  sweepEndings: database.prepare(`
    DELETE FROM ending WHERE seq IN (SELECT seq FROM ending WHERE at_ms < :endingsBeforeMs LIMIT :limit)`),

  sweepAudit: database.prepare(`
    DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at_ms < :auditBeforeMs LIMIT :limit)`),

  sweepSpends: database.prepare(`
    DELETE FROM spend WHERE (issuer, jti) IN (
      SELECT issuer, jti FROM spend WHERE expires_at_ms <= :nowMs LIMIT :limit)`),
})
