/** The hub's default store: one file, one machine, nothing to install. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

import { closedByCopy, noteOf } from './copy/note.js'
import { createEraser, type Eraser } from './sqlite/erasing.js'
import { attempt, unavailable } from './sqlite/faults.js'
import { closeDatabase, openDatabase } from './sqlite/file.js'
import { createGroupCommit, type GroupCommit } from './sqlite/group-commit.js'
import { countLive } from './sqlite/live-count.js'
import { resolveOptions, type SqliteOptions } from './sqlite/options.js'
import { createPlace, type Place } from './sqlite/place.js'
import {
  auditColumns,
  auditRowOf,
  byId,
  endingColumns,
  endingOf,
  grouped,
  handleColumns,
  heldOf,
  integer,
  placeOf,
  rangeOf,
  sessionColumns,
  sessionOf,
  siteOf,
  sitesRangeOf,
  spendOf,
  subjectColumns,
  subjectOf,
} from './rows.js'
import { prepareStatements, type Statements } from './sqlite/statements.js'
import { sweep } from './sqlite/sweep.js'
import type {
  AuditSearch,
  Changes,
  EndingsRange,
  Held,
  NumberedAuditRow,
  NumberedEnding,
  NumberedSite,
  Question,
  Session,
  SessionSearch,
  SitePut,
  SitesRange,
  Spend,
  Store,
  SubjectQuestion,
  SweepTimes,
  Swept,
  View,
} from './store.js'

export type { SqliteOptions } from './sqlite/options.js'

/**
 * Keeps sessions in one SQLite file: the hub's default. Several processes of one machine may share the file.
 *
 * What was answered survives a crash and `kill -9` (write-ahead log, `synchronous=NORMAL`). A power loss may lose what the
 * operating system had not yet written to the disk, usually less than half a minute; it never corrupts the file. Only its owner can read
 * a new file (mode 0600, its `-wal` and `-shm` too); an existing file keeps its mode.
 *
 * The statements run synchronously, well under a tenth of a millisecond each: a thread would cost more.
 *
 * @throws SessionHubError `options_invalid` when the file cannot be written, is not a session database, or was written by
 * a newer version; `unavailable` when it stays locked or the disk fails.
 *
 * @example
 * const store = sqliteStore('/var/lib/session-hub/sessions.db')
 */
export function sqliteStore(options: SqliteOptions | string): Store {
  const database = openDatabase(resolveOptions(options))
  try {
    refuseCopied(database)
    return new SqliteStore(database)
  } catch (thrown) {
    closeDatabase(database)
    throw unavailable(thrown)
  }
}

function refuseCopied(database: DatabaseSyncInstance): void {
  const row: unknown = database.prepare('SELECT * FROM copying').get()
  if (row !== undefined) throw closedByCopy(noteOf(row))
}

class SqliteStore implements Store {
  readonly #database: DatabaseSyncInstance
  readonly #statements: Statements
  readonly #place: Place
  readonly #commit: GroupCommit
  readonly #eraser: Eraser

  constructor(database: DatabaseSyncInstance) {
    this.#database = database
    this.#statements = prepareStatements(database)
    this.#place = createPlace(database)
    this.#commit = createGroupCommit(database, this.#statements, this.#place)
    this.#eraser = createEraser(this.#statements, this.#commit)
  }

  async find(hash: string): Promise<Held | undefined> {
    return attempt(() => this.#held(hash))
  }

  async transact<Result>(
    { handles, spend, subject, session }: Question,
    decide: (view: View) => { changes?: Changes; result: Result },
  ): Promise<Result> {
    const erasing = { isUnfinished: false }
    const decided = await this.#commit.run(() => {
      const view = attempt((): View => {
        const spentBefore = spend && this.#spend(spend)
        return {
          held: handles.map((hash) => this.#held(hash)),
          ...this.#ofSubject(subject),
          session: session === undefined ? undefined : this.#byId(session),
          spentBefore,
        }
      })
      const { changes = {}, result } = decide(view)
      attempt(() => {
        erasing.isUnfinished = changes.erase !== undefined && !this.#eraser.begin(changes.erase)
        this.#write(changes)
      })
      return result
    })
    if (erasing.isUnfinished) await this.#eraser.finish()
    return decided
  }

  async sessions(ids: readonly string[]): Promise<ReadonlyMap<string, Session>> {
    return attempt(() => byId(this.#statements.sessions.all({ ids: JSON.stringify(ids) }).map(sessionOf)))
  }

  async list(subject: string, nowMs: number, limit: number): Promise<readonly Session[]> {
    return attempt(() => this.#statements.newest.all({ subject, nowMs, limit }).map(sessionOf))
  }

  async places(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return attempt(() => grouped(this.#statements.places.all({ ids: JSON.stringify(ids) }).map(placeOf)))
  }

  async search(search: SessionSearch): Promise<readonly Session[]> {
    const {
      subject,
      site = null,
      nowMs,
      fromMs = 0,
      beforeMs = Number.MAX_SAFE_INTEGER,
      after,
      limit,
    } = search
    // Start where the list goes on or where the time ends, whichever comes first. No id comes before the empty one.
    const isBounded = after !== undefined && after.createdAtMs < beforeMs
    const [before, beforeId] = isBounded ? [after.createdAtMs, after.id] : [beforeMs, '']
    const page = { site, nowMs, fromMs, beforeMs: before, beforeId, limit }
    return attempt(() => {
      const { searchAll, searchSubject, searchSite } = this.#statements
      const rows =
        subject !== undefined
          ? searchSubject.all({ ...page, subject })
          : (site === null ? searchAll : searchSite).all(page)
      return rows.map(sessionOf)
    })
  }

  waitedMs(): number {
    return this.#commit.waitedMs()
  }

  countLive(nowMs: number): Promise<number> {
    return countLive(this.#statements, nowMs)
  }

  async audit({ subject, beforeSeq = Number.MAX_SAFE_INTEGER, limit }: AuditSearch) {
    const page = { beforeSeq, limit }
    return attempt((): readonly NumberedAuditRow[] => {
      const { auditAll, auditSubject } = this.#statements
      const rows = subject === undefined ? auditAll.all(page) : auditSubject.all({ ...page, subject })
      return rows.map(auditRowOf)
    })
  }

  async isSpent(issuer: string, jti: string): Promise<boolean> {
    return attempt(() => this.#statements.firstSpend.get({ issuer, jti }) !== undefined)
  }

  async endings(afterSeq: number, limit: number): Promise<readonly NumberedEnding[]> {
    return attempt(() => this.#statements.endings.all({ afterSeq, limit }).map(endingOf))
  }

  async endingsRange(): Promise<EndingsRange> {
    return attempt(() => rangeOf(this.#statements.endingsRange.get()))
  }

  async renewEpoch(): Promise<string> {
    await this.#commit.run(() => {
      attempt(() => this.#statements.renewEpoch.run())
    })
    return (await this.endingsRange()).epoch
  }

  putSite({ origin, sealed, wasSeq, audit }: SitePut): Promise<number | undefined> {
    return this.#commit.run(() =>
      attempt(() => {
        const row: unknown = this.#statements.site.get({ origin })
        const before = row === undefined ? undefined : siteOf(row)
        if (before?.sealed === sealed) return before.seq
        if ((before?.seq ?? 0) !== wasSeq) return undefined
        this.#write({ audit })
        this.#statements.forgetSite.run({ origin })
        return integer(this.#statements.addSite.run({ origin, sealed }), 'lastInsertRowid')
      }),
    )
  }

  async sites(afterSeq: number, limit: number): Promise<readonly NumberedSite[]> {
    return attempt(() => this.#statements.sites.all({ afterSeq, limit }).map(siteOf))
  }

  async sitesRange(): Promise<SitesRange> {
    return attempt(() => sitesRangeOf(this.#statements.sitesRange.get()))
  }

  async ping(): Promise<void> {
    // This takes the write lock: a hub that cannot write is not ready, and only under the lock is it known who wrote into the log.
    await this.#commit.run(() => {
      attempt(() => this.#statements.ping.run())
    })
  }

  async sweep(times: SweepTimes, limit: number): Promise<Swept> {
    await this.#eraser.finish()
    return sweep(this.#statements, this.#commit, times, limit)
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return
    this.#commit.drain()
    this.#place.close()
    attempt(() => {
      closeDatabase(this.#database)
    })
  }

  #held(hash: string): Held | undefined {
    const row = this.#statements.find({ hash })
    return row === undefined ? undefined : heldOf(row)
  }

  #byId(id: string): Session | undefined {
    const row = this.#statements.session({ id })
    return row === undefined ? undefined : sessionOf(row)
  }

  #ofSubject(asked: SubjectQuestion | undefined): Pick<View, 'subject' | 'sessions' | 'live'> {
    if (!asked) return { subject: undefined, sessions: [], live: 0 }
    const { subject, sessions: limit, countTo = 0, nowMs } = asked
    const row: unknown = this.#statements.subject.get({ subject })
    const counted: unknown =
      countTo === 0 ? undefined : this.#statements.live.get({ subject, nowMs, limit: countTo })
    return {
      subject: row === undefined ? undefined : subjectOf(row),
      sessions: limit === 0 ? [] : this.#statements.oldest.all({ subject, nowMs, limit }).map(sessionOf),
      live: counted === undefined ? 0 : integer(counted, 'live'),
    }
  }

  /** R26: the insert itself decides who is first. If it read first, two racers could both win. */
  #spend(spend: Spend): Spend | undefined {
    const { issuer, jti, spentAtMs, expiresAtMs, gave } = spend
    const isFirst = this.#statements.spend.run({ issuer, jti, spentAtMs, expiresAtMs, gave }).changes === 1
    return isFirst ? undefined : spendOf(this.#statements.firstSpend.get({ issuer, jti }))
  }

  #write({
    sessions = [],
    handles = [],
    forget = [],
    subjects = [],
    endings = [],
    audit = [],
  }: Changes): void {
    for (const subject of subjects) this.#statements.putSubject.run({ ...subjectColumns(subject) })
    for (const ending of endings) this.#statements.addEnding.run({ ...endingColumns(ending) })
    for (const row of audit) this.#statements.addAudit.run({ ...auditColumns(row) })
    for (const session of sessions) this.#statements.putSession.run({ ...sessionColumns(session) })
    for (const handle of handles) this.#statements.putHandle.run({ ...handleColumns(handle) })
    for (const hash of forget) this.#statements.forget.run({ hash })
  }
}
