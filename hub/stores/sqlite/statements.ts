/** Every statement, prepared once. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

export type Statements = ReturnType<typeof prepareStatements>

export const prepareStatements = (database: DatabaseSyncInstance) => ({
  begin: database.prepare('BEGIN IMMEDIATE'),
  commit: database.prepare('COMMIT'),
  rollBack: database.prepare('ROLLBACK'),
  savepoint: database.prepare('SAVEPOINT job'),
  undo: database.prepare('ROLLBACK TO job'),
  release: database.prepare('RELEASE job'),
  ping: database.prepare('SELECT 1 FROM session LIMIT 1'),

  find: database.prepare(`
    SELECT hash, session_id, site, handle.created_at_ms AS handle_created_at_ms, activated_at_ms,
      handle.expires_at_ms AS handle_expires_at_ms, subject, claims, data, version, session.created_at_ms,
      auth_time_ms, seen_at_ms, session.expires_at_ms, ended_at_ms, end_reason
    FROM handle JOIN session ON session.id = handle.session_id
    WHERE hash = :hash`),

  // DO UPDATE, never REPLACE: that deletes the row first, and the session's handles would go with it.
  putSession: database.prepare(`
    INSERT INTO session VALUES (:id, :subject, :claims, :data, :version, :createdAtMs, :authTimeMs, :seenAtMs,
      :expiresAtMs, :endedAtMs, :endReason)
    ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, claims = excluded.claims, data = excluded.data,
      version = excluded.version, created_at_ms = excluded.created_at_ms, auth_time_ms = excluded.auth_time_ms,
      seen_at_ms = excluded.seen_at_ms, expires_at_ms = excluded.expires_at_ms, ended_at_ms = excluded.ended_at_ms,
      end_reason = excluded.end_reason`),

  // A session that was swept meanwhile is no fault of the store: its handle stands for nothing, and is not kept.
  putHandle: database.prepare(`
    INSERT INTO handle SELECT :hash, :sessionId, :site, :createdAtMs, :activatedAtMs, :expiresAtMs
      WHERE EXISTS (SELECT 1 FROM session WHERE id = :sessionId)
    ON CONFLICT (hash) DO UPDATE SET session_id = excluded.session_id, site = excluded.site,
      created_at_ms = excluded.created_at_ms, activated_at_ms = excluded.activated_at_ms,
      expires_at_ms = excluded.expires_at_ms`),

  forget: database.prepare('DELETE FROM handle WHERE hash = :hash'),

  spend: database.prepare(`
    INSERT INTO spend VALUES (:issuer, :jti, :spentAtMs, :expiresAtMs, :gave) ON CONFLICT (issuer, jti) DO NOTHING`),

  firstSpend: database.prepare(`
    SELECT issuer, jti, spent_at_ms, expires_at_ms, gave FROM spend WHERE issuer = :issuer AND jti = :jti`),

  sweepSessions: database.prepare(`
    DELETE FROM session WHERE id IN (
      SELECT id FROM session WHERE expires_at_ms <= :nowMs OR ended_at_ms < :endedBeforeMs LIMIT :limit)`),

  sweepHandles: database.prepare(`
    DELETE FROM handle WHERE hash IN (
      SELECT hash FROM handle WHERE activated_at_ms IS NULL AND expires_at_ms <= :nowMs LIMIT :limit)`),

  sweepSpends: database.prepare(`
    DELETE FROM spend WHERE (issuer, jti) IN (
      SELECT issuer, jti FROM spend WHERE expires_at_ms <= :nowMs LIMIT :limit)`),
})
