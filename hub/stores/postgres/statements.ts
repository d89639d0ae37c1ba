/**
 * Every statement by name: each connection prepares it once. The name depends on the text, because a pooler's connection may serve several schemas
 * and several versions of the hub.
 */
import { createHash } from 'node:crypto'

import { quoted } from './open.js'

export type Statements = ReturnType<typeof statementsOf>

const COMMIT_PARAMETERS = 63

/** A sweep during a copy would remove what the copy has counted. */
const NOT_COPYING = 'NOT EXISTS (SELECT FROM SCHEMA.copying)'

export function statementsOf(schema: string) {
  const name = quoted(schema)
  const statement = (what: string, unnamed: string) => {
    const text = unnamed.replaceAll('SCHEMA', name)
    const hash = createHash('sha256').update(text).digest('base64url').slice(0, 12)
    return { name: `session-hub ${what} ${hash}`, text }
  }

  const live = `
    s.subject = $1 AND s.ended_at_ms IS NULL AND s.expires_at_ms > $2
    AND s.generation > coalesce((SELECT ended_up_to FROM SCHEMA.subject WHERE subject = $1), -1)`
  const open = 'ended_at_ms IS NULL AND expires_at_ms > $1'
  const search = (narrowed: string) => `
    SELECT s.* FROM SCHEMA.session s LEFT JOIN SCHEMA.subject u ON u.subject = s.subject
    WHERE ${narrowed} AND s.ended_at_ms IS NULL AND s.expires_at_ms > $2 AND s.generation > coalesce(u.ended_up_to, -1)
      AND s.created_at_ms >= $3 AND (s.created_at_ms, s.id) < ($4, $5)
    ORDER BY s.created_at_ms DESC, s.id DESC LIMIT $6`
  /** Short statements. They leave out the rows that another process works on. */
  const sweep = (table: string, due: string) => `
    WITH gone AS (
      DELETE FROM SCHEMA.${table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM SCHEMA.${table} WHERE (${due}) AND ${NOT_COPYING} LIMIT $1 FOR UPDATE SKIP LOCKED))
      RETURNING 1)
    SELECT count(*) AS rows FROM gone`

  return {
    find: statement('find', 'SELECT * FROM SCHEMA.find($1)'),
    look: statement('look', 'SELECT * FROM SCHEMA.look($1, $2, $3, $4, $5, $6, $7, $8)'),
    commit: statement(
      'commit',
      `SELECT SCHEMA.commit(${Array.from({ length: COMMIT_PARAMETERS }, (_, at) => `$${at + 1}`).join(', ')}) AS done`,
    ),
    list: statement(
      'list',
      `SELECT s.* FROM SCHEMA.session s WHERE ${live} ORDER BY s.generation DESC LIMIT $3`,
    ),
    places: statement(
      'places',
      'SELECT DISTINCT session_id, site FROM SCHEMA.handle WHERE session_id = ANY ($1::bytea[]) AND activated_at_ms IS NOT NULL',
    ),
    searchAll: statement('search', search('$1::text IS NULL')),
    searchSite: statement('search-site', search('s.site = $1')),
    searchSubject: statement('search-subject', search('s.subject = $1')),
    searchSubjectSite: statement('search-both', search('s.subject = $1 AND s.site = $7')),
    countLive: statement(
      'count-live',
      `SELECT count(*) AS live FROM (SELECT FROM SCHEMA.session WHERE ${open} LIMIT $2) counted`,
    ),
    // The estimate of the server's own planner, from the statistics that it keeps.
    estimateLive: statement(
      'estimate-live',
      `EXPLAIN (FORMAT JSON) SELECT FROM SCHEMA.session WHERE ${open}`,
    ),
    auditAll: statement('audit', 'SELECT * FROM SCHEMA.audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2'),
    auditSubject: statement(
      'audit-subject',
      'SELECT * FROM SCHEMA.audit WHERE seq < $1 AND subject = $3 ORDER BY seq DESC LIMIT $2',
    ),
    isSpent: statement('spent', 'SELECT 1 FROM SCHEMA.spend WHERE issuer = $1 AND jti = $2'),
    numberEndings: statement('number', 'SELECT SCHEMA.number_endings()'),
    endings: statement('endings', 'SELECT * FROM SCHEMA.ending WHERE seq > $1 ORDER BY seq LIMIT $2'),
    endingsRange: statement(
      'range',
      `SELECT epoch, coalesce((SELECT min(seq) FROM SCHEMA.ending), 0) AS first, seq AS last FROM SCHEMA.ending_last`,
    ),
    renewEpoch: statement(
      'epoch',
      `UPDATE SCHEMA.ending_last SET epoch = replace(gen_random_uuid()::text, '-', '') RETURNING epoch`,
    ),
    putSite: statement(
      'put-site',
      'SELECT SCHEMA.put_site($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS seq',
    ),
    sites: statement('sites', 'SELECT * FROM SCHEMA.site WHERE seq > $1 ORDER BY seq LIMIT $2'),
    sitesRange: statement(
      'sites-range',
      'SELECT (SELECT epoch FROM SCHEMA.ending_last) AS epoch, seq AS last FROM SCHEMA.site_last',
    ),
    // It matters whether the server can be written: after a failover, an open connection may lead to the old server.
    ping: statement(
      'ping',
      `SELECT current_setting('transaction_read_only') AS read_only, (SELECT count(*) FROM SCHEMA.copying) AS copies`,
    ),

    settleSessions: statement(
      'settle',
      `WITH due AS (
        SELECT s.id, u.ended_at_ms, u.end_reason FROM SCHEMA.subject u JOIN SCHEMA.session s ON s.subject = u.subject
        WHERE u.ended_up_to > u.settled_up_to AND s.generation <= u.ended_up_to AND s.ended_at_ms IS NULL
          AND ${NOT_COPYING}
        LIMIT $1 FOR UPDATE OF s SKIP LOCKED),
      done AS (
        UPDATE SCHEMA.session s SET ended_at_ms = due.ended_at_ms, end_reason = due.end_reason, rev = $2
        FROM due WHERE s.id = due.id RETURNING 1)
      SELECT count(*) AS rows FROM done`,
    ),
    settleSubjects: statement(
      'settled',
      `UPDATE SCHEMA.subject u SET settled_up_to = u.ended_up_to WHERE u.subject IN (
        SELECT c.subject FROM SCHEMA.subject c WHERE c.ended_up_to > c.settled_up_to AND NOT EXISTS (
          SELECT FROM SCHEMA.session s WHERE s.subject = c.subject AND s.generation <= c.ended_up_to AND s.ended_at_ms IS NULL)
        LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    ),
    sweepSessions: statement(
      'sweep-sessions',
      sweep(
        'session',
        '(expires_hour <= ($2::bigint / 3600000)::integer AND expires_at_ms <= $2) OR ended_at_ms < $3',
      ),
    ),
    sweepHandles: statement(
      'sweep-handles',
      sweep('handle', '(activated_at_ms IS NULL AND expires_at_ms <= $2) OR (acting).until_ms < $3'),
    ),
    sweepSpends: statement('sweep-spends', sweep('spend', 'expires_at_ms <= $2')),
    sweepSubjects: statement('sweep-subjects', sweep('subject', 'until_ms <= $2')),
    sweepEndings: statement('sweep-endings', sweep('ending', 'at_ms < $2')),
    sweepAudit: statement('sweep-audit', sweep('audit', 'at_ms < $2')),
  }
}
