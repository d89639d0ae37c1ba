/** `session-hub/hub/postgres`: sessions in PostgreSQL, for a hub of many processes on many machines. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { createTransact, isEmpty, newRev, parsed, pause, unavailable } from './optimistic.js'
import { auditValues, commitValues, type Revs } from './postgres/commit.js'
import { isNothingWritten, isConnectionOver, refusedFor } from './postgres/faults.js'
import { READ_MS } from './postgres/limits.js'
import { type Look, lookValues, readLook } from './postgres/look.js'
import { durabilityOf, prepareSchema, refuseCopied } from './postgres/open.js'
import { type PostgresOptions, resolveOptions, where } from './postgres/options.js'
import { type Connections, createConnections, type Statement } from './postgres/pool.js'
import { createPool } from './postgres/server.js'
import { type Statements, statementsOf } from './postgres/statements.js'
import { bytes, lookedFor, lookedForAll } from './postgres/wire.js'
import {
  auditRowOf,
  byId,
  endingOf,
  grouped,
  heldOf,
  integer,
  orNull,
  placeOf,
  rangeOf,
  sessionOf,
  siteOf,
  sitesRangeOf,
  text,
} from './rows.js'
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
  SweepTimes,
  Swept,
} from './store.js'

export type { PostgresOptions } from './postgres/options.js'
export type { PostgresClient, PostgresPool } from './postgres/pool.js'

/** Shorter than the two seconds that a site waits for its hub. */
const WRITE_MS = 1500
/** Above this number live sessions are estimated: counting millions would cost the server seconds. */
const COUNTED_TO = 10_000
/** The pause before a lost statement is sent again. */
const PAUSE_MS = 50

/**
 * Keeps sessions in PostgreSQL 13 or newer: for a hub of several processes, on several machines.
 *
 * A transaction takes two round trips and holds no lock between them. A lost one is sent again and takes effect once. What was
 * answered survives `kill -9` of the server and of the hub. Whether it survives a failover depends on the server's settings:
 * `durability` says it in a sentence.
 *
 * Needs the package `pg`, version 8.
 *
 * @throws SessionHubError `options_invalid` for a wrong option; for a server that answers before it has written; for a schema that is newer than
 * this version or, with `migrate: false`, older; for a schema that is being copied or was copied; and for a user, a password or a database that the
 * server does not know. `unavailable` when the server does not answer.
 *
 * @example
 * const store = await postgresStore({ url: process.env.DATABASE_URL })
 */
export async function postgresStore(options: PostgresOptions): Promise<Store> {
  const { schema, maxWaiting, migrate, ...settings } = resolveOptions(options)
  const pool = settings.pool ?? (await createPool(where, settings.url, settings.maxConnections))
  const connections = createConnections(pool, maxWaiting, !settings.pool)
  try {
    return await connections.hold(async (query) => {
      const durability = await durabilityOf(query)
      await prepareSchema(query, schema, migrate)
      await refuseCopied(query, schema)
      return new PostgresStore(connections, statementsOf(schema), durability)
    })
  } catch (thrown) {
    await connections.close()
    const why = refusedFor(sayingOf(thrown))
    if (why !== undefined) throw wrong(where, why, thrown)
    throw unavailable(thrown, 'The session store could not be opened')
  }
}

/** The answer of a server that refuses all connections. */
const sayingOf = (thrown: unknown) =>
  thrown instanceof SessionHubError && thrown.code === 'unavailable' ? thrown.cause : undefined

class PostgresStore implements Store {
  readonly durability: string
  readonly #connections: Connections
  readonly #statements: Statements
  readonly transact: Store['transact']

  constructor(connections: Connections, statements: Statements, durability: string) {
    this.#connections = connections
    this.#statements = statements
    this.durability = durability
    this.transact = createTransact<Look>({
      limitMs: WRITE_MS,
      look: (question) => this.#look(question),
      commit: ({ revsFor }, spend, changes, endMs) => this.#commit(revsFor(changes), spend, changes, endMs),
    })
  }

  async find(hash: string): Promise<Held | undefined> {
    const looked = lookedFor(hash)
    const [row] = looked ? await this.#read(this.#statements.find, [looked]) : []
    return row === undefined ? undefined : parsed(() => heldOf(row))
  }

  async #look(question: Question): Promise<Look> {
    const rows = isEmpty(question) ? [] : await this.#read(this.#statements.look, lookValues(question))
    return parsed(() => readLook(question, rows))
  }

  /** @returns whether it is written; otherwise something that was read has changed */
  async #commit(revs: Revs, spend: Spend | undefined, changes: Changes, endMs: number): Promise<boolean> {
    const rev = newRev()
    const values = commitValues(revs, spend, changes)
    let isAgain = false
    try {
      const [row] = await this.#again(endMs - performance.now(), async (timeoutMs) => {
        const isFirst = !isAgain
        isAgain = true
        return this.#connections.runStrictly({
          ...this.#statements.commit,
          values: [rev, !isFirst, ...values],
          timeoutMs,
        })
      })
      return integer(row, 'done') !== 1
    } catch (thrown) {
      if (isNothingWritten((thrown as Error).cause)) return false
      throw thrown
    }
  }

  /** Sends again until the time is over, while nobody knows whether it arrived. */
  async #again(limitMs: number, send: (timeoutMs: number) => Promise<unknown[]>): Promise<unknown[]> {
    const endMs = performance.now() + limitMs
    for (;;) {
      try {
        return await send(Math.max(1, Math.ceil(endMs - performance.now())))
      } catch (thrown) {
        const cause = thrown instanceof SessionHubError ? thrown.cause : thrown
        const isOver = this.#connections.isAway || performance.now() + PAUSE_MS > endMs
        if (isOver || cause === undefined || !isConnectionOver(cause)) throw unavailable(thrown)
      }
      await pause(PAUSE_MS)
    }
  }

  #read(statement: Pick<Statement, 'name' | 'text'>, values: readonly unknown[]): Promise<unknown[]> {
    return this.#again(READ_MS, (timeoutMs) => this.#connections.run({ ...statement, values, timeoutMs }))
  }

  async sessions(ids: readonly string[]): Promise<ReadonlyMap<string, Session>> {
    const rows = await this.#read(this.#statements.look, [[], lookedForAll(ids), null, 0, 0, 0, null, null])
    return parsed(() => byId(rows.map(sessionOf)))
  }

  async list(subject: string, nowMs: number, limit: number): Promise<readonly Session[]> {
    const rows = await this.#read(this.#statements.list, [subject, nowMs, limit])
    return parsed(() => rows.map(sessionOf))
  }

  async places(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const rows = await this.#read(this.#statements.places, [lookedForAll(ids)])
    return parsed(() => grouped(rows.map(placeOf)))
  }

  async search(search: SessionSearch): Promise<readonly Session[]> {
    const { subject, site, nowMs, fromMs = 0, beforeMs = Number.MAX_SAFE_INTEGER, after, limit } = search
    // Start where the list goes on or where the time ends, whichever comes first. No id comes before the empty one.
    const isBounded = after !== undefined && after.createdAtMs < beforeMs
    const [before, id] = isBounded ? [after.createdAtMs, bytes(after.id)] : [beforeMs, Buffer.alloc(0)]
    const page = [nowMs, fromMs, before, id, limit]
    const { searchAll, searchSite, searchSubject, searchSubjectSite } = this.#statements
    const rows = await (subject === undefined
      ? this.#read(site === undefined ? searchAll : searchSite, [site ?? null, ...page])
      : site === undefined
        ? this.#read(searchSubject, [subject, ...page])
        : this.#read(searchSubjectSite, [subject, ...page, site]))
    return parsed(() => rows.map(sessionOf))
  }

  async countLive(nowMs: number): Promise<number> {
    const { countLive, estimateLive } = this.#statements
    const [row] = await this.#read(countLive, [nowMs, COUNTED_TO])
    const live = parsed(() => integer(row, 'live'))
    if (live < COUNTED_TO) return live
    const [plan] = await this.#read(estimateLive, [nowMs])
    return parsed(() => Math.max(live, plannedRows(plan)))
  }

  async audit({ subject, beforeSeq = Number.MAX_SAFE_INTEGER, limit }: AuditSearch) {
    const { auditAll, auditSubject } = this.#statements
    const rows = await (subject === undefined
      ? this.#read(auditAll, [beforeSeq, limit])
      : this.#read(auditSubject, [beforeSeq, limit, subject]))
    return parsed((): readonly NumberedAuditRow[] => rows.map(auditRowOf))
  }

  async isSpent(issuer: string, jti: string): Promise<boolean> {
    return (await this.#read(this.#statements.isSpent, [issuer, jti])).length > 0
  }

  async endings(afterSeq: number, limit: number): Promise<readonly NumberedEnding[]> {
    await this.#read(this.#statements.numberEndings, [])
    const rows = await this.#read(this.#statements.endings, [afterSeq, limit])
    return parsed(() => rows.map(endingOf))
  }

  async endingsRange(): Promise<EndingsRange> {
    await this.#read(this.#statements.numberEndings, [])
    const [row] = await this.#read(this.#statements.endingsRange, [])
    return parsed(() => rangeOf(row))
  }

  async renewEpoch(): Promise<string> {
    // If an answer is lost, this is sent again: the second new epoch is as good as the first.
    const [row] = await this.#read(this.#statements.renewEpoch, [])
    return parsed(() => text(row, 'epoch'))
  }

  async putSite({ origin, sealed, wasSeq, audit }: SitePut): Promise<number | undefined> {
    const values = [newRev(), origin, sealed, wasSeq, ...auditValues(audit)]
    const [row] = await this.#again(WRITE_MS, (timeoutMs) =>
      this.#connections.runStrictly({ ...this.#statements.putSite, values, timeoutMs }),
    )
    return parsed(() => orNull(row, 'seq', integer)) ?? undefined
  }

  async sites(afterSeq: number, limit: number): Promise<readonly NumberedSite[]> {
    const rows = await this.#read(this.#statements.sites, [afterSeq, limit])
    return parsed(() => rows.map(siteOf))
  }

  async sitesRange(): Promise<SitesRange> {
    const [row] = await this.#read(this.#statements.sitesRange, [])
    return parsed(() => sitesRangeOf(row))
  }

  async ping(): Promise<void> {
    const [row] = await this.#read(this.#statements.ping, [])
    if (parsed(() => text(row, 'read_only')) !== 'off')
      throw new SessionHubError('unavailable', 'The session store is read-only')
    if (parsed(() => integer(row, 'copies')) > 0)
      throw new SessionHubError('unavailable', 'The session store is being copied, or was')
  }

  async sweep(
    { nowMs, endedBeforeMs, endingsBeforeMs, auditBeforeMs }: SweepTimes,
    limit: number,
  ): Promise<Swept> {
    const statements = this.#statements
    const run = async (statement: Pick<Statement, 'name' | 'text'>, ...values: number[]) => {
      // A retry is safe: what a sweep has removed needs no second removal.
      const rows = await this.#read(statement, [limit, ...values])
      return rows.length ? parsed(() => integer(rows[0], 'rows')) : 0
    }
    const cut = await run(statements.settleSessions, newRev())
    await run(statements.settleSubjects)
    await this.#read(statements.numberEndings, [])
    return {
      cut,
      sessions: await run(statements.sweepSessions, nowMs, endedBeforeMs),
      handles: await run(statements.sweepHandles, nowMs, endedBeforeMs),
      spends: await run(statements.sweepSpends, nowMs),
      subjects: await run(statements.sweepSubjects, nowMs),
      endings: await run(statements.sweepEndings, endingsBeforeMs),
      audit: await run(statements.sweepAudit, auditBeforeMs),
    }
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}

/** How many rows the plan's first node expects; that node stands for the whole plan. */
function plannedRows(plan: unknown): number {
  const [, rows] = /"Plan Rows": (\d+)/.exec(text(plan, 'QUERY PLAN')) ?? []
  if (rows === undefined) throw new TypeError('a plan without rows')
  return Number(rows)
}
