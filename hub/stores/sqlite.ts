import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isJsonObject, type JsonObject } from '../../sdk/protocol/json.js'
import { endReasons, type EndReason } from '../../sdk/protocol/wire.js'
import type { Changes, Handle, Held, Question, Session, Spend, Store, Swept, View } from './store.js'

export interface SqliteOptions {
  /** The database file; created where it is missing, in a folder that exists. Not on a network file system. */
  path: string
  /**
   * How long a statement waits while another process writes, in milliseconds. The process stands still meanwhile.
   *
   * @default 2000
   */
  busyTimeoutMs?: number
}

/**
 * Sessions in one SQLite file: the hub's default. Several processes of one machine may share the file.
 *
 * What was answered survives a crash and `kill -9` (write-ahead log, `synchronous=NORMAL`). A power loss may lose the
 * last instants; it never corrupts the file. A new file is readable by its owner only (mode 0600, its `-wal` and
 * `-shm` too); a file that exists keeps its mode.
 *
 * The statements run synchronously, well under a tenth of a millisecond each: a thread would cost more.
 *
 * @throws SessionHubError `options_invalid` when the file cannot be written, is no session database, or was written by
 * a newer version; `unavailable` when it stays locked or the disk fails.
 *
 * @example
 * const store = sqliteStore('/var/lib/session-hub/sessions.db')
 */
export function sqliteStore(options: SqliteOptions | string): Store {
  const given: SqliteOptions = typeof options === 'string' ? { path: options } : options
  const { path, busyTimeoutMs = 2000, ...unknown } = given
  const [typo] = Object.keys(unknown)
  if (typo) throw new SessionHubError('options_invalid', `Unknown option "${typo}" of the SQLite store`)
  if (typeof path !== 'string' || path === '' || path === ':memory:') {
    throw new SessionHubError(
      'options_invalid',
      'The SQLite store needs the "path" of a file; memoryStore() needs none',
    )
  }
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw new SessionHubError('options_invalid', '"busyTimeoutMs" is a whole number of milliseconds')
  }
  return new SqliteStore(openDatabase(path, busyTimeoutMs))
}

class SqliteStore implements Store {
  readonly #database: DatabaseSyncInstance
  readonly #statements: Statements

  constructor(database: DatabaseSyncInstance) {
    this.#database = database
    this.#statements = prepareStatements(database)
  }

  async find(hash: string): Promise<Held | undefined> {
    return this.#attempt(() => this.#held(hash))
  }

  async addHandle(handle: Handle): Promise<void> {
    this.#attempt(() => this.#statements.putHandle.run({ ...handleColumns(handle) }))
  }

  async transact<Result>(
    { handles, spend }: Question,
    decide: (view: View) => { changes?: Changes; result: Result },
  ): Promise<Result> {
    const view = this.#attempt((): View => {
      // IMMEDIATE takes the write lock first: whoever reads here is alone until COMMIT, and never has to start again.
      this.#statements.begin.run()
      const spentBefore = spend && this.#spend(spend)
      return { held: handles.map((hash) => this.#held(hash)), spentBefore }
    })
    const { changes = {}, result } = this.#orRollBack(() => decide(view))
    this.#attempt(() => {
      this.#write(changes)
      this.#statements.commit.run()
    })
    return result
  }

  async ping(): Promise<void> {
    this.#attempt(() => this.#statements.ping.run())
  }

  async sweep(times: { nowMs: number; endedBeforeMs: number }, limit: number): Promise<Swept> {
    const { nowMs, endedBeforeMs } = times
    // Three short transactions, not a long one: sign-ins wait for the lock meanwhile.
    return this.#attempt(() => ({
      sessions: this.#statements.sweepSessions.run({ nowMs, endedBeforeMs, limit }).changes,
      handles: this.#statements.sweepHandles.run({ nowMs, limit }).changes,
      spends: this.#statements.sweepSpends.run({ nowMs, limit }).changes,
    }))
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#attempt(() => this.#database.close())
  }

  #held(hash: string): Held | undefined {
    const row: unknown = this.#statements.find.get({ hash })
    return row === undefined ? undefined : heldOf(row)
  }

  /** R26: the insert itself decides who is first. Reading first would let two racers both win. */
  #spend(spend: Spend): Spend | undefined {
    const { issuer, jti, spentAtMs, expiresAtMs, gave } = spend
    const isFirst = this.#statements.spend.run({ issuer, jti, spentAtMs, expiresAtMs, gave }).changes === 1
    return isFirst ? undefined : spendOf(this.#statements.firstSpend.get({ issuer, jti }))
  }

  #write({ sessions = [], handles = [], forget = [] }: Changes): void {
    for (const session of sessions) this.#statements.putSession.run({ ...sessionColumns(session) })
    for (const handle of handles) this.#statements.putHandle.run({ ...handleColumns(handle) })
    for (const hash of forget) this.#statements.forget.run({ hash })
  }

  /** Whatever fails in here is store trouble, and store trouble is never "allowed" (R21). */
  #attempt<Result>(work: () => Result): Result {
    try {
      return this.#orRollBack(work)
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  #orRollBack<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (thrown) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#statements.rollBack.run()
      throw thrown
    }
  }
}

const unavailable = (cause: unknown) =>
  new SessionHubError('unavailable', 'The session store does not answer', { cause })

// The file

/** "SHub": tells our files from other programs' databases, which must not be touched. */
const APPLICATION_ID = 0x53487562

/** What brings a file from version n to n + 1. Never edit an entry that was released: add one. */
const MIGRATIONS = [
  // Sessions can be long, so they are an ordinary table; the two others are short and live in their key's own tree.
  `
  CREATE TABLE session (
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
  CREATE INDEX session_by_subject ON session (subject) WHERE subject IS NOT NULL;
  CREATE INDEX session_by_expiry ON session (expires_at_ms);
  CREATE INDEX session_by_end ON session (ended_at_ms) WHERE ended_at_ms IS NOT NULL;

  CREATE TABLE handle (
    hash             TEXT PRIMARY KEY NOT NULL,
    session_id       TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    site             TEXT NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    activated_at_ms  INTEGER,
    expires_at_ms    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX handle_by_session ON handle (session_id);
  CREATE INDEX handle_not_activated ON handle (expires_at_ms) WHERE activated_at_ms IS NULL;

  CREATE TABLE spend (
    issuer         TEXT NOT NULL,
    jti            TEXT NOT NULL,
    spent_at_ms    INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    gave           TEXT,
    PRIMARY KEY (issuer, jti)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX spend_by_expiry ON spend (expires_at_ms);
  `,
]

function openDatabase(path: string, busyTimeoutMs: number): DatabaseSyncInstance {
  const file = resolve(path) // absolute, so that SQLite does not read "file:..." as a URI with options
  let database: DatabaseSyncInstance | undefined
  try {
    closeSync(openSync(file, 'a', 0o600)) // SQLite would create it with 0644, and gives -wal and -shm the same mode
    database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    // Before the first change, so that a file that is not ours stays as it is; in a transaction, so that the answers fit
    // together while another process migrates.
    database.exec('BEGIN')
    versionOf(database, file)
    database.exec('COMMIT')
    useWriteAheadLog(database, busyTimeoutMs)
    migrate(database, file)
    return database
  } catch (thrown) {
    database?.close()
    throw thrown instanceof SessionHubError ? thrown : openFault(thrown, file)
  }
}

function migrate(database: DatabaseSyncInstance, file: string): void {
  database.exec('BEGIN IMMEDIATE') // of several processes that start at once, one migrates
  for (const statements of MIGRATIONS.slice(versionOf(database, file))) {
    database.exec(`${statements}; PRAGMA application_id = ${APPLICATION_ID}`)
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  }
  database.exec('COMMIT')
}

/** @throws SessionHubError `options_invalid` when this version must not touch the file. */
function versionOf(database: DatabaseSyncInstance, file: string): number {
  const owner = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  const isNew = owner === 0 && version === 0 && pragma(database, 'schema_version') === 0
  if (owner !== APPLICATION_ID && !isNew) throw refusal(file, 'NOT_OURS')
  if (version > MIGRATIONS.length) throw refusal(file, 'NEWER')
  return version
}

function pragma(database: DatabaseSyncInstance, name: string): number {
  const row: unknown = database.prepare(`PRAGMA ${name}`).get()
  return integer(row, name)
}

/** SQLite does not wait for the lock here, whatever the busy timeout: two processes that make one new file need it. */
function useWriteAheadLog(database: DatabaseSyncInstance, busyTimeoutMs: number): void {
  const deadlineMs = Date.now() + busyTimeoutMs
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      return
    } catch (thrown) {
      if (faultCode(thrown) !== SQLITE_BUSY || Date.now() >= deadlineMs) throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

// What can be wrong with the file, by errno or SQLite's result code

const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

const REFUSALS = {
  NO_FOLDER: 'is in no folder that exists: create the folder, or set another path',
  NOT_WRITABLE: 'cannot be written: let this user write to the file and its folder, or set another path',
  NOT_OURS: 'is not a session database: move it away, or set another path',
  NEWER: 'was written by a newer version of Session Hub: start that version, or set another path',
}

const REFUSED: Readonly<Record<string | number, keyof typeof REFUSALS>> = {
  ENOENT: 'NO_FOLDER',
  ENOTDIR: 'NO_FOLDER',
  EACCES: 'NOT_WRITABLE',
  EPERM: 'NOT_WRITABLE',
  EROFS: 'NOT_WRITABLE',
  [SQLITE_READONLY]: 'NOT_WRITABLE',
  [SQLITE_CANTOPEN]: 'NOT_WRITABLE',
  EISDIR: 'NOT_OURS',
  [SQLITE_NOTADB]: 'NOT_OURS',
}

function openFault(thrown: unknown, file: string): SessionHubError {
  const refused = REFUSED[faultCode(thrown) ?? '']
  return refused ? refusal(file, refused, thrown) : unavailable(thrown)
}

const refusal = (file: string, why: keyof typeof REFUSALS, cause?: unknown) =>
  new SessionHubError('options_invalid', `The session database "${file}" ${REFUSALS[why]}`, { cause })

function faultCode(thrown: unknown): string | number | undefined {
  if (!(thrown instanceof Error)) return undefined
  if ('errcode' in thrown && typeof thrown.errcode === 'number') return thrown.errcode & 0xff // without the detail
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

// The statements

type Statements = ReturnType<typeof prepareStatements>

const prepareStatements = (database: DatabaseSyncInstance) => ({
  begin: database.prepare('BEGIN IMMEDIATE'),
  commit: database.prepare('COMMIT'),
  rollBack: database.prepare('ROLLBACK'),
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

const sessionColumns = (session: Session) => ({
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
})

const handleColumns = (handle: Handle) => ({
  hash: handle.hash,
  sessionId: handle.sessionId,
  site: handle.site,
  createdAtMs: handle.createdAtMs,
  activatedAtMs: handle.activatedAtMs,
  expiresAtMs: handle.expiresAtMs,
})

// The rows: `unknown` until each column was looked at. A damaged row is store trouble, not a crash.

const heldOf = (row: unknown): Held => ({
  handle: {
    hash: text(row, 'hash'),
    sessionId: text(row, 'session_id'),
    site: text(row, 'site'),
    createdAtMs: integer(row, 'handle_created_at_ms'),
    activatedAtMs: orNull(row, 'activated_at_ms', integer),
    expiresAtMs: integer(row, 'handle_expires_at_ms'),
  },
  session: {
    id: text(row, 'session_id'),
    subject: orNull(row, 'subject', text),
    claims: json(row, 'claims'),
    data: json(row, 'data'),
    version: integer(row, 'version'),
    createdAtMs: integer(row, 'created_at_ms'),
    authTimeMs: orNull(row, 'auth_time_ms', integer),
    seenAtMs: integer(row, 'seen_at_ms'),
    expiresAtMs: integer(row, 'expires_at_ms'),
    endedAtMs: orNull(row, 'ended_at_ms', integer),
    endReason: orNull(row, 'end_reason', endReason),
  },
})

const spendOf = (row: unknown): Spend => ({
  issuer: text(row, 'issuer'),
  jti: text(row, 'jti'),
  spentAtMs: integer(row, 'spent_at_ms'),
  expiresAtMs: integer(row, 'expires_at_ms'),
  gave: orNull(row, 'gave', text),
})

function column(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined
}

function text(row: unknown, name: string): string {
  const value = column(row, name)
  if (typeof value !== 'string') throw new TypeError(`Column "${name}" holds no text`)
  return value
}

function integer(row: unknown, name: string): number {
  const value = column(row, name)
  if (typeof value !== 'number') throw new TypeError(`Column "${name}" holds no integer`)
  return value
}

function json(row: unknown, name: string): JsonObject {
  const value = parsed(text(row, name))
  if (!isJsonObject(value)) throw new TypeError(`Column "${name}" holds no JSON object`)
  return value
}

/** The parser's own error is dropped: it quotes the text, and what users keep in their sessions is nothing for a log. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function endReason(row: unknown, name: string): EndReason {
  const value = text(row, name)
  const known = endReasons.find((reason) => reason === value)
  if (known === undefined) throw new TypeError(`Column "${name}" holds no known reason`)
  return known
}

function orNull<Value>(
  row: unknown,
  name: string,
  read: (row: unknown, name: string) => Value,
): Value | null {
  return column(row, name) === null ? null : read(row, name)
}
