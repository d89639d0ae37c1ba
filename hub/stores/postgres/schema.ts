/**
 * The tables and functions, and how an older database gets them. `SCHEMA` stands for the schema's quoted name.
 *
 * Every row has a `rev`: the random name of the commit that wrote it. A commit compares the revs of everything that it read, so no
 * transaction is open between its two round trips. A commit whose answer was lost is sent again and finds its own name. Every text that
 * is a key is `COLLATE "C"`: an upgrade of the system's C library must not corrupt an index. Ids and hashes are bytes, which are a third smaller.
 */

/** Each entry brings a database from version n to n + 1. Never edit an entry that was released: add a new one. */
export const MIGRATIONS: readonly string[] = [
  `
  -- Numbers before texts: behind a text, each number is filled up to a multiple of its size.
  CREATE TABLE SCHEMA.session (
    version        bigint NOT NULL,
    created_at_ms  bigint NOT NULL,
    auth_time_ms   bigint,
    seen_at_ms     bigint NOT NULL,
    expires_at_ms  bigint NOT NULL,
    ended_at_ms    bigint,
    until_ms       bigint NOT NULL,
    generation     bigint NOT NULL,
    rev            bigint NOT NULL,
    -- Moves once an hour. An index on the time itself would make every use of a session an update of all its indexes.
    expires_hour   integer GENERATED ALWAYS AS ((expires_at_ms / 3600000)::integer) STORED,
    is_remembered  smallint NOT NULL,
    id             bytea PRIMARY KEY,
    subject        text COLLATE "C",
    claims         text NOT NULL,
    data           text NOT NULL,
    end_reason     text,
    site           text COLLATE "C" NOT NULL,
    agent          text
  ) WITH (fillfactor = 85);
  CREATE INDEX session_by_subject ON SCHEMA.session (subject, generation) WHERE subject IS NOT NULL;
  CREATE INDEX session_by_expiry ON SCHEMA.session (expires_hour);
  CREATE INDEX session_by_end ON SCHEMA.session (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
  CREATE INDEX session_by_beginning ON SCHEMA.session (created_at_ms, id) WHERE ended_at_ms IS NULL;
  CREATE INDEX session_by_site ON SCHEMA.session (site, created_at_ms, id) WHERE ended_at_ms IS NULL;

  CREATE TABLE SCHEMA.handle (
    created_at_ms    bigint NOT NULL,
    activated_at_ms  bigint,
    expires_at_ms    bigint NOT NULL,
    rev              bigint NOT NULL,
    hash             bytea PRIMARY KEY,
    session_id       bytea NOT NULL REFERENCES SCHEMA.session (id) ON DELETE CASCADE,
    site             text NOT NULL
  ) WITH (autovacuum_vacuum_scale_factor = 0.02);
  CREATE INDEX handle_by_session ON SCHEMA.handle (session_id);
  CREATE INDEX handle_not_activated ON SCHEMA.handle (expires_at_ms) WHERE activated_at_ms IS NULL;

  CREATE TABLE SCHEMA.spend (
    issuer         text COLLATE "C" NOT NULL,
    jti            text COLLATE "C" NOT NULL,
    spent_at_ms    bigint NOT NULL,
    expires_at_ms  bigint NOT NULL,
    gave           text,
    rev            bigint NOT NULL,
    PRIMARY KEY (issuer, jti)
  ) WITH (autovacuum_vacuum_scale_factor = 0.02);
  CREATE INDEX spend_by_expiry ON SCHEMA.spend (expires_at_ms);

  CREATE TABLE SCHEMA.subject (
    subject        text COLLATE "C" PRIMARY KEY,
    generation     bigint NOT NULL,
    ended_up_to    bigint NOT NULL,
    ended_at_ms    bigint,
    end_reason     text,
    until_ms       bigint NOT NULL,
    settled_up_to  bigint NOT NULL DEFAULT -1,
    rev            bigint NOT NULL
  );
  CREATE INDEX subject_by_end ON SCHEMA.subject (until_ms);
  CREATE INDEX subject_to_settle ON SCHEMA.subject (subject) WHERE ended_up_to > settled_up_to;

  -- Endings as they were written, without a number. Whoever reads them numbers first what is committed: a number that was drawn at
  -- writing could become visible after a higher one, and a follower would pass it by.
  CREATE TABLE SCHEMA.ending_new (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id  text,
    subject     text,
    generation  bigint NOT NULL,
    reason      text NOT NULL,
    at_ms       bigint NOT NULL
  );
  CREATE TABLE SCHEMA.ending (
    seq         bigint PRIMARY KEY,
    session_id  text,
    subject     text,
    generation  bigint NOT NULL,
    reason      text NOT NULL,
    at_ms       bigint NOT NULL
  );
  CREATE INDEX ending_by_time ON SCHEMA.ending (at_ms);
  CREATE TABLE SCHEMA.ending_last (seq bigint NOT NULL);
  INSERT INTO SCHEMA.ending_last VALUES (0);

  CREATE TABLE SCHEMA.audit (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms       bigint NOT NULL,
    who         text NOT NULL,
    act         text NOT NULL,
    subject     text COLLATE "C",
    site        text,
    sessions    bigint NOT NULL,
    address     text NOT NULL,
    outcome     text NOT NULL,
    rev         bigint NOT NULL
  );
  CREATE INDEX audit_by_time ON SCHEMA.audit (at_ms);
  CREATE INDEX audit_by_subject ON SCHEMA.audit (subject, seq) WHERE subject IS NOT NULL;
  CREATE INDEX audit_by_rev ON SCHEMA.audit (rev);
  `,
  `
  -- As whom the holder of a handle sees a site, and how long: in one column, for a row of more than eight columns has a longer head.
  CREATE TYPE SCHEMA.acting AS (subject text COLLATE "C", claims text, until_ms bigint);
  ALTER TABLE SCHEMA.handle ADD COLUMN acting SCHEMA.acting;
  CREATE INDEX handle_by_acting ON SCHEMA.handle (((acting).subject)) WHERE (acting).subject IS NOT NULL;
  CREATE INDEX handle_by_acting_end ON SCHEMA.handle (((acting).until_ms)) WHERE (acting).until_ms IS NOT NULL;
  ALTER TABLE SCHEMA.audit ADD COLUMN reason text, ADD COLUMN until_ms bigint;

  -- They take and give more than before: under the old names they would stand beside the new ones.
  DROP FUNCTION IF EXISTS SCHEMA.find;
  DROP FUNCTION IF EXISTS SCHEMA.look;
  DROP FUNCTION IF EXISTS SCHEMA.commit;
  `,
  `
  -- Numbers of endings run again after a restore from a backup, and belong to their epoch.
  ALTER TABLE SCHEMA.ending_last ADD COLUMN epoch text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', '');
  `,
  `
  -- Sites that were registered at run time, as the hub has sealed them. Each change gives a site a new number.
  CREATE TABLE SCHEMA.site (
    origin  text COLLATE "C" PRIMARY KEY,
    sealed  text,
    seq     bigint NOT NULL
  );
  CREATE UNIQUE INDEX site_by_seq ON SCHEMA.site (seq);
  CREATE TABLE SCHEMA.site_last (seq bigint NOT NULL);
  INSERT INTO SCHEMA.site_last VALUES (0);
  `,
  `
  -- What a copy of this whole store, or into it, has noted: while a row is here, nothing else writes. Whoever writes looks here first, so that
  -- the lock under which the row comes waits for all that is under way.
  CREATE TABLE SCHEMA.copying (
    copy      text NOT NULL,
    role      text NOT NULL,
    other     text NOT NULL,
    is_done   smallint NOT NULL,
    at_ms     bigint NOT NULL,
    progress  text
  );
  `,
  `
  -- Two sessions of one millisecond are rare: the search sorts them by their ids, and an eighth of all indexes need not hold those.
  DROP INDEX SCHEMA.session_by_beginning;
  DROP INDEX SCHEMA.session_by_site;
  CREATE INDEX session_by_beginning ON SCHEMA.session (created_at_ms) WHERE ended_at_ms IS NULL;
  CREATE INDEX session_by_site ON SCHEMA.session (site, created_at_ms) WHERE ended_at_ms IS NULL;
  ALTER TABLE SCHEMA.session SET (fillfactor = 90);
  `,
]

/** A session as readers see it: it has also ended when all of its subject's sessions up to its generation were ended. */
const ENDED = `
  CASE WHEN s.ended_at_ms IS NULL AND s.generation <= u.ended_up_to THEN u.ended_at_ms ELSE s.ended_at_ms END,
  CASE WHEN s.ended_at_ms IS NULL AND s.generation <= u.ended_up_to THEN u.end_reason ELSE s.end_reason END`

const SESSION = `
  s.id, s.subject, s.claims, s.data, s.version, s.created_at_ms, s.auth_time_ms, s.seen_at_ms, s.expires_at_ms,
  s.until_ms, s.is_remembered, s.generation, s.site, s.agent, ${ENDED}, s.rev, u.rev`

const SESSION_COLUMNS = `
  id bytea, subject text, claims text, data text, version bigint, created_at_ms bigint, auth_time_ms bigint, seen_at_ms bigint,
  expires_at_ms bigint, until_ms bigint, is_remembered smallint, generation bigint, site text, agent text, ended_at_ms bigint,
  end_reason text, session_rev bigint, subject_rev bigint`

const HANDLE_COLUMNS = `
  hash bytea, session_id bytea, handle_site text, handle_created_at_ms bigint, activated_at_ms bigint, handle_expires_at_ms bigint,
  acting_subject text, acting_claims text, acting_until_ms bigint, handle_rev bigint`

const HANDLE = `
  h.hash, h.session_id, h.site, h.created_at_ms, h.activated_at_ms, h.expires_at_ms, (h.acting).subject, (h.acting).claims,
  (h.acting).until_ms, h.rev`
const NO_HANDLE =
  'NULL::bytea, NULL::bytea, NULL, NULL::bigint, NULL::bigint, NULL::bigint, NULL, NULL, NULL::bigint, NULL::bigint'
const NO_SESSION = `
  NULL::bytea, NULL, NULL, NULL, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::smallint,
  NULL::bigint, NULL, NULL, NULL::bigint, NULL, NULL::bigint, NULL::bigint`
const NO_MORE = 'NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL'

/**
 * Set on the functions, because a pooler drops the settings that a client sends at its start. Without them the planner expects a hundred rows from an
 * array, and plans that were made on empty tables scan the full ones.
 */
const PLANNED = `
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET plan_cache_mode = force_generic_plan SET jit = off SET lock_timeout = '1s'`

/** Neither another connection nor waiting helps. */
const COPYING_CODE = 'SH001'
const REFUSE_COPYING = `
    IF EXISTS (SELECT FROM SCHEMA.copying) THEN
      RAISE EXCEPTION 'The session store is being copied, or was' USING ERRCODE = '${COPYING_CODE}';
    END IF;`

/** They are created again at each migration, and belong to its version. */
export const FUNCTIONS: string = `
  CREATE OR REPLACE FUNCTION SCHEMA.find(a_hash bytea) RETURNS TABLE (${HANDLE_COLUMNS}, ${SESSION_COLUMNS})
  LANGUAGE plpgsql STABLE ${PLANNED} AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY SELECT ${HANDLE}, ${SESSION}
      FROM SCHEMA.handle h JOIN SCHEMA.session s ON s.id = h.session_id LEFT JOIN SCHEMA.subject u ON u.subject = s.subject
      WHERE h.hash = a_hash;
  END $$;

  -- It is STABLE: all of its statements see one moment, that of the statement which calls it. What was not asked for costs nothing.
  CREATE OR REPLACE FUNCTION SCHEMA.look(
    a_hashes bytea[], a_sessions bytea[], a_subject text, a_limit integer, a_count_to integer, a_now_ms bigint, a_issuer text, a_jti text)
  RETURNS TABLE (kind text, ${HANDLE_COLUMNS}, ${SESSION_COLUMNS},
    subject_ended_up_to bigint, live bigint, spent_at_ms bigint, spend_expires_at_ms bigint, gave text)
  LANGUAGE plpgsql STABLE ${PLANNED} AS $$
  #variable_conflict use_column
  BEGIN
    IF cardinality(a_hashes) > 0 THEN
      RETURN QUERY SELECT 'held', ${HANDLE}, ${SESSION}, ${NO_MORE}
        FROM SCHEMA.handle h JOIN SCHEMA.session s ON s.id = h.session_id LEFT JOIN SCHEMA.subject u ON u.subject = s.subject
        WHERE h.hash = ANY (a_hashes);
    END IF;
    IF cardinality(a_sessions) > 0 THEN
      RETURN QUERY SELECT 'session', ${NO_HANDLE}, ${SESSION}, ${NO_MORE}
        FROM SCHEMA.session s LEFT JOIN SCHEMA.subject u ON u.subject = s.subject WHERE s.id = ANY (a_sessions);
    END IF;
    IF a_subject IS NOT NULL THEN
      RETURN QUERY SELECT 'subject', ${NO_HANDLE}, NULL::bytea, u.subject, NULL, NULL, NULL::bigint, NULL::bigint, NULL::bigint,
          NULL::bigint, NULL::bigint, u.until_ms, NULL::smallint, u.generation, NULL, NULL, u.ended_at_ms, u.end_reason, NULL::bigint,
          u.rev, u.ended_up_to,
          (SELECT count(*) FROM (SELECT 1 FROM SCHEMA.session s
            WHERE a_count_to > 0 AND s.subject = a_subject AND s.ended_at_ms IS NULL AND s.expires_at_ms > a_now_ms
              AND s.generation > u.ended_up_to LIMIT a_count_to) counted),
          NULL::bigint, NULL::bigint, NULL
        FROM SCHEMA.subject u WHERE u.subject = a_subject;
      IF a_limit > 0 THEN
        RETURN QUERY SELECT 'listed', ${NO_HANDLE}, ${SESSION}, ${NO_MORE}
          FROM SCHEMA.session s LEFT JOIN SCHEMA.subject u ON u.subject = s.subject
          WHERE s.subject = a_subject AND s.ended_at_ms IS NULL AND s.expires_at_ms > a_now_ms
            AND s.generation > coalesce((SELECT c.ended_up_to FROM SCHEMA.subject c WHERE c.subject = a_subject), -1)
          ORDER BY s.generation LIMIT a_limit;
      END IF;
    END IF;
    IF a_jti IS NOT NULL THEN
      RETURN QUERY SELECT 'spend', ${NO_HANDLE}, ${NO_SESSION}, NULL::bigint, NULL::bigint, p.spent_at_ms, p.expires_at_ms, p.gave
        FROM SCHEMA.spend p WHERE p.issuer = a_issuer AND p.jti = a_jti;
    END IF;
  END $$;

  -- 0: written. 1: what was read is not so any more, and nothing is written. 2: written before, its answer was lost.
  CREATE OR REPLACE FUNCTION SCHEMA.commit(
    a_rev bigint, is_again boolean,
    r_handles bytea[], r_handle_revs bigint[], r_sessions bytea[], r_session_revs bigint[], r_subjects text[], r_subject_revs bigint[],
    p_issuer text, p_jti text, p_at bigint, p_expires bigint, p_gave text,
    s_id bytea[], s_subject text[], s_claims text[], s_data text[], s_version bigint[], s_created bigint[], s_auth bigint[],
    s_seen bigint[], s_expires bigint[], s_ended bigint[], s_reason text[], s_until bigint[], s_remembered smallint[],
    s_generation bigint[], s_site text[], s_agent text[],
    h_hash bytea[], h_session bytea[], h_site text[], h_created bigint[], h_activated bigint[], h_expires bigint[],
    h_acting text[], h_acting_claims text[], h_acting_until bigint[],
    f_hash bytea[],
    u_subject text[], u_generation bigint[], u_ended_up_to bigint[], u_ended bigint[], u_reason text[], u_until bigint[],
    u_is_first boolean[],
    e_session text[], e_subject text[], e_generation bigint[], e_reason text[], e_at bigint[],
    t_at bigint[], t_who text[], t_act text[], t_subject text[], t_site text[], t_sessions bigint[], t_address text[],
    t_outcome text[], t_reason text[], t_until bigint[],
    x_subject text, x_name text)
  RETURNS integer LANGUAGE plpgsql ${PLANNED} AS $$
  DECLARE
    found_rows bigint;
    same_rows bigint;
    is_same boolean := true;
  BEGIN
    ${REFUSE_COPYING}
    -- Locked in one order, everywhere: then no two wait for each other.
    IF r_handles IS NOT NULL THEN
      SELECT count(*), count(*) FILTER (WHERE q.rev = q.wanted) INTO found_rows, same_rows FROM (
        SELECT h.rev, r.wanted FROM unnest(r_handles, r_handle_revs) AS r (hash, wanted) JOIN SCHEMA.handle h ON h.hash = r.hash
        ORDER BY h.hash FOR NO KEY UPDATE OF h) q;
      is_same := found_rows = same_rows AND same_rows = cardinality(array_remove(r_handle_revs, NULL));
    END IF;
    IF r_sessions IS NOT NULL THEN
      SELECT count(*), count(*) FILTER (WHERE q.rev = q.wanted) INTO found_rows, same_rows FROM (
        SELECT s.rev, r.wanted FROM unnest(r_sessions, r_session_revs) AS r (id, wanted) JOIN SCHEMA.session s ON s.id = r.id
        ORDER BY s.id FOR NO KEY UPDATE OF s) q;
      is_same := is_same AND found_rows = same_rows AND same_rows = cardinality(array_remove(r_session_revs, NULL));
    END IF;
    IF r_subjects IS NOT NULL THEN
      SELECT count(*), count(*) FILTER (WHERE q.rev = q.wanted) INTO found_rows, same_rows FROM (
        SELECT u.rev, r.wanted FROM unnest(r_subjects, r_subject_revs) AS r (subject, wanted)
        JOIN SCHEMA.subject u ON u.subject = r.subject ORDER BY u.subject FOR NO KEY UPDATE OF u) q;
      is_same := is_same AND found_rows = same_rows AND same_rows = cardinality(array_remove(r_subject_revs, NULL));
    END IF;
    -- Two, for what stands in one condition is prepared even where its first half is false.
    IF is_again THEN
      IF EXISTS (SELECT FROM SCHEMA.session x WHERE x.id = ANY (s_id) AND x.rev = a_rev)
        OR EXISTS (SELECT FROM SCHEMA.handle x WHERE x.hash = ANY (h_hash) AND x.rev = a_rev)
        OR EXISTS (SELECT FROM SCHEMA.subject x WHERE x.subject = ANY (u_subject) AND x.rev = a_rev)
        OR EXISTS (SELECT FROM SCHEMA.spend x WHERE x.issuer = p_issuer AND x.jti = p_jti AND x.rev = a_rev)
        OR EXISTS (SELECT FROM SCHEMA.audit x WHERE x.rev = a_rev)
      THEN RETURN 2; END IF;
    END IF;
    IF NOT is_same THEN RETURN 1; END IF;

    IF x_subject IS NOT NULL THEN
      DELETE FROM SCHEMA.session x WHERE x.subject = x_subject;
      DELETE FROM SCHEMA.handle x WHERE (x.acting).subject = x_subject;
      UPDATE SCHEMA.audit x SET subject = x_name, reason = CASE WHEN x_name = x_subject THEN x.reason END
        WHERE x.subject = x_subject;
    END IF;
    IF p_jti IS NOT NULL THEN
      INSERT INTO SCHEMA.spend VALUES (p_issuer, p_jti, p_at, p_expires, p_gave, a_rev) ON CONFLICT (issuer, jti) DO NOTHING;
      GET DIAGNOSTICS found_rows = ROW_COUNT;
      IF found_rows = 0 THEN RETURN 1; END IF;
    END IF;
    IF u_subject IS NOT NULL THEN
      INSERT INTO SCHEMA.subject AS x (subject, generation, ended_up_to, ended_at_ms, end_reason, until_ms, rev)
        SELECT n.subject, n.generation, n.up_to, n.ended, n.reason, n.until, a_rev
        FROM unnest(u_subject, u_generation, u_ended_up_to, u_ended, u_reason, u_until, u_is_first)
          AS n (subject, generation, up_to, ended, reason, until, is_first)
        WHERE n.is_first ON CONFLICT (subject) DO NOTHING;
      GET DIAGNOSTICS found_rows = ROW_COUNT;
      -- Somebody else's first sign-in of this subject was a moment earlier.
      IF found_rows < (SELECT count(*) FROM unnest(u_is_first) f WHERE f) THEN
        RAISE EXCEPTION 'Changed meanwhile' USING ERRCODE = '40001';
      END IF;
      INSERT INTO SCHEMA.subject AS x (subject, generation, ended_up_to, ended_at_ms, end_reason, until_ms, rev)
        SELECT n.subject, n.generation, n.up_to, n.ended, n.reason, n.until, a_rev
        FROM unnest(u_subject, u_generation, u_ended_up_to, u_ended, u_reason, u_until, u_is_first)
          AS n (subject, generation, up_to, ended, reason, until, is_first)
        WHERE NOT n.is_first
        ON CONFLICT (subject) DO UPDATE SET generation = excluded.generation, ended_up_to = excluded.ended_up_to,
          ended_at_ms = excluded.ended_at_ms, end_reason = excluded.end_reason, until_ms = excluded.until_ms, rev = excluded.rev;
    END IF;
    IF e_reason IS NOT NULL THEN
      INSERT INTO SCHEMA.ending_new (session_id, subject, generation, reason, at_ms)
        SELECT * FROM unnest(e_session, e_subject, e_generation, e_reason, e_at);
    END IF;
    IF t_act IS NOT NULL THEN
      INSERT INTO SCHEMA.audit (at_ms, who, act, subject, site, sessions, address, outcome, reason, until_ms, rev)
        SELECT t.*, a_rev
        FROM unnest(t_at, t_who, t_act, t_subject, t_site, t_sessions, t_address, t_outcome, t_reason, t_until) t;
    END IF;
    IF s_id IS NOT NULL THEN
      INSERT INTO SCHEMA.session AS x (id, subject, claims, data, version, created_at_ms, auth_time_ms, seen_at_ms, expires_at_ms,
          ended_at_ms, end_reason, until_ms, is_remembered, generation, site, agent, rev)
        SELECT n.*, a_rev FROM unnest(s_id, s_subject, s_claims, s_data, s_version, s_created, s_auth, s_seen, s_expires, s_ended,
          s_reason, s_until, s_remembered, s_generation, s_site, s_agent) n
        ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, claims = excluded.claims, data = excluded.data,
          version = excluded.version, created_at_ms = excluded.created_at_ms, auth_time_ms = excluded.auth_time_ms,
          seen_at_ms = excluded.seen_at_ms, expires_at_ms = excluded.expires_at_ms, ended_at_ms = excluded.ended_at_ms,
          end_reason = excluded.end_reason, until_ms = excluded.until_ms, is_remembered = excluded.is_remembered,
          generation = excluded.generation, site = excluded.site, agent = excluded.agent, rev = excluded.rev;
    END IF;
    IF h_hash IS NOT NULL THEN
      -- A session that was swept meanwhile is no fault of the store: its handle stands for nothing, and is not kept.
      INSERT INTO SCHEMA.handle AS x (hash, session_id, site, created_at_ms, activated_at_ms, expires_at_ms, acting, rev)
        SELECT n.hash, n.session_id, n.site, n.created, n.activated, n.expires,
          CASE WHEN n.acting IS NOT NULL THEN ROW(n.acting, n.acting_claims, n.acting_until)::SCHEMA.acting END, a_rev
        FROM unnest(h_hash, h_session, h_site, h_created, h_activated, h_expires, h_acting, h_acting_claims,
          h_acting_until) AS n (hash, session_id, site, created, activated, expires, acting, acting_claims, acting_until)
        WHERE EXISTS (SELECT FROM SCHEMA.session s WHERE s.id = n.session_id)
        ON CONFLICT (hash) DO UPDATE SET session_id = excluded.session_id, site = excluded.site,
          created_at_ms = excluded.created_at_ms, activated_at_ms = excluded.activated_at_ms,
          expires_at_ms = excluded.expires_at_ms, acting = excluded.acting, rev = excluded.rev;
    END IF;
    IF f_hash IS NOT NULL THEN DELETE FROM SCHEMA.handle x WHERE x.hash = ANY (f_hash); END IF;
    RETURN 0;
  END $$;

  -- One after another: the lock on the last number is held until the change can be seen, so that no follower passes it by.
  CREATE OR REPLACE FUNCTION SCHEMA.put_site(
    a_rev bigint, a_origin text, a_sealed text, a_was bigint,
    t_at bigint[], t_who text[], t_act text[], t_subject text[], t_site text[], t_sessions bigint[], t_address text[],
    t_outcome text[], t_reason text[], t_until bigint[])
  RETURNS bigint LANGUAGE plpgsql ${PLANNED} AS $$
  DECLARE
    last_seq bigint;
    found_seq bigint;
    found_sealed text;
  BEGIN
    ${REFUSE_COPYING}
    SELECT l.seq INTO last_seq FROM SCHEMA.site_last l FOR UPDATE;
    SELECT x.seq, x.sealed INTO found_seq, found_sealed FROM SCHEMA.site x WHERE x.origin = a_origin;
    -- Sent again, because its answer was lost.
    IF found_seq IS NOT NULL AND found_sealed IS NOT DISTINCT FROM a_sealed THEN RETURN found_seq; END IF;
    IF coalesce(found_seq, 0) <> a_was THEN RETURN NULL; END IF;
    INSERT INTO SCHEMA.audit (at_ms, who, act, subject, site, sessions, address, outcome, reason, until_ms, rev)
      SELECT t.*, a_rev
      FROM unnest(t_at, t_who, t_act, t_subject, t_site, t_sessions, t_address, t_outcome, t_reason, t_until) t;
    UPDATE SCHEMA.site_last SET seq = last_seq + 1;
    INSERT INTO SCHEMA.site AS x (origin, sealed, seq) VALUES (a_origin, a_sealed, last_seq + 1)
      ON CONFLICT (origin) DO UPDATE SET sealed = excluded.sealed, seq = excluded.seq;
    RETURN last_seq + 1;
  END $$;

  -- Gives numbers, without gaps, to what is committed by now; another process may be at it, and then does it for both.
  CREATE OR REPLACE FUNCTION SCHEMA.number_endings() RETURNS void LANGUAGE plpgsql ${PLANNED} AS $$
  DECLARE
    last_seq bigint;
  BEGIN
    IF NOT EXISTS (SELECT FROM SCHEMA.ending_new) THEN RETURN; END IF;
    SELECT seq INTO last_seq FROM SCHEMA.ending_last FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN; END IF;
    WITH moved AS (DELETE FROM SCHEMA.ending_new RETURNING *),
      numbered AS (
        INSERT INTO SCHEMA.ending
          SELECT last_seq + row_number() OVER (ORDER BY id), session_id, subject, generation, reason, at_ms FROM moved
        RETURNING seq)
      UPDATE SCHEMA.ending_last SET seq = coalesce((SELECT max(numbered.seq) FROM numbered), last_seq);
  END $$;
`
