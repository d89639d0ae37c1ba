/** The tables, and how an older file gets them. */

/** "SHub": distinguishes our files from other programs' databases, which must not be touched. */
export const APPLICATION_ID = 0x53487562

/** Each entry brings a file from version n to n + 1. Never edit an entry that was released: add a new one. */
export const MIGRATIONS = [
  // Sessions can be long, so they are an ordinary table. The two others are short and live in the tree of their key.
  `
  CREATE TABLE file.session (
    id             TEXT PRIMARY KEY NOT NULL,
    subject        TEXT,
    claims         TEXT NOT NULL,
    data           TEXT NOT NULL,
    version        INTEGER NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    auth_time_ms   INTEGER,
    seen_at_ms     INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    ended_at_ms    INTEGER,
    end_reason     TEXT
  ) STRICT;
  CREATE INDEX file.session_by_subject ON session (subject) WHERE subject IS NOT NULL;
  CREATE INDEX file.session_by_expiry ON session (expires_at_ms);
  CREATE INDEX file.session_by_end ON session (ended_at_ms) WHERE ended_at_ms IS NOT NULL;

  CREATE TABLE file.handle (
    hash             TEXT PRIMARY KEY NOT NULL,
    session_id       TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    site             TEXT NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    activated_at_ms  INTEGER,
    expires_at_ms    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file.handle_by_session ON handle (session_id);
  CREATE INDEX file.handle_not_activated ON handle (expires_at_ms) WHERE activated_at_ms IS NULL;

  CREATE TABLE file.spend (
    issuer         TEXT NOT NULL,
    jti            TEXT NOT NULL,
    spent_at_ms    INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    gave           TEXT,
    PRIMARY KEY (issuer, jti)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file.spend_by_expiry ON spend (expires_at_ms);
  `,
  `
  ALTER TABLE session ADD COLUMN until_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE session ADD COLUMN is_remembered INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE session ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE session ADD COLUMN site TEXT NOT NULL DEFAULT '';
  ALTER TABLE session ADD COLUMN agent TEXT;
  DROP INDEX session_by_subject;
  CREATE INDEX file.session_by_subject ON session (subject, generation) WHERE subject IS NOT NULL;

  CREATE TABLE file.subject (
    subject        TEXT PRIMARY KEY NOT NULL,
    generation     INTEGER NOT NULL,
    ended_up_to    INTEGER NOT NULL,
    ended_at_ms    INTEGER,
    end_reason     TEXT,
    until_ms       INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file.subject_by_end ON subject (until_ms);

  CREATE TABLE file.ending (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id  TEXT,
    subject     TEXT,
    generation  INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    at_ms       INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX file.ending_by_time ON ending (at_ms);

  -- The sessions that are there live on, 400 days from their beginning at most, and their subjects can be cut like all others.
  UPDATE session SET until_ms = max(expires_at_ms, created_at_ms + 34560000000);
  INSERT INTO subject
    SELECT subject, 0, -1, NULL, NULL, max(until_ms) FROM session WHERE subject IS NOT NULL GROUP BY subject;
  `,
  `
  CREATE TABLE file.audit (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    who         TEXT NOT NULL,
    act         TEXT NOT NULL,
    subject     TEXT,
    site        TEXT,
    sessions    INTEGER NOT NULL,
    address     TEXT NOT NULL,
    outcome     TEXT NOT NULL
  ) STRICT;
  CREATE INDEX file.audit_by_time ON audit (at_ms);
  CREATE INDEX file.audit_by_subject ON audit (subject, seq) WHERE subject IS NOT NULL;

  -- For whoever looks for sessions: a page of the list costs the same at its end as at its beginning.
  CREATE INDEX file.session_by_beginning ON session (created_at_ms, id) WHERE ended_at_ms IS NULL;
  CREATE INDEX file.session_by_site ON session (site, created_at_ms, id) WHERE ended_at_ms IS NULL;
  `,
  `
  -- How far the sweeper has written the cut into the sessions themselves.
  ALTER TABLE subject ADD COLUMN settled_up_to INTEGER NOT NULL DEFAULT -1;
  CREATE INDEX file.subject_to_settle ON subject (subject) WHERE ended_up_to > settled_up_to;
  `,
  `
  -- As whom the holder of a handle sees a site, and how long.
  ALTER TABLE handle ADD COLUMN acting_subject TEXT;
  ALTER TABLE handle ADD COLUMN acting_claims TEXT;
  ALTER TABLE handle ADD COLUMN acting_until_ms INTEGER;
  CREATE INDEX file.handle_by_acting ON handle (acting_subject) WHERE acting_subject IS NOT NULL;
  CREATE INDEX file.handle_by_acting_end ON handle (acting_until_ms) WHERE acting_until_ms IS NOT NULL;
  ALTER TABLE audit ADD COLUMN reason TEXT;
  ALTER TABLE audit ADD COLUMN until_ms INTEGER;
  `,
  `
  -- One row. Numbers of endings run again after a restore from a backup, and belong to their epoch.
  CREATE TABLE file.ending_epoch (epoch TEXT NOT NULL) STRICT;
  INSERT INTO ending_epoch VALUES (lower(hex(randomblob(16))));
  `,
  `
  -- Live sessions of a subject are found past any number that ended, also while more of them are being ended.
  DROP INDEX file.session_by_subject;
  CREATE INDEX file.session_by_subject ON session (subject, ended_at_ms, generation) WHERE subject IS NOT NULL;

  -- What is still to be removed of subjects that were erased: too much for one write.
  CREATE TABLE file.erasing (
    subject     TEXT PRIMARY KEY NOT NULL,
    name        TEXT NOT NULL,
    generation  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Sites that were registered at run time, as the hub has sealed them. Each change gives a site a new number.
  CREATE TABLE file.site (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    origin  TEXT NOT NULL UNIQUE,
    sealed  TEXT
  ) STRICT;
  `,
  `
  -- What a copy of this whole store, or into it, has noted: while a row is here, no hub opens the file.
  CREATE TABLE file.copying (
    copy      TEXT NOT NULL,
    role      TEXT NOT NULL,
    other     TEXT NOT NULL,
    is_done   INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    progress  TEXT
  ) STRICT;
  `,
]
