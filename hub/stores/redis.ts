/** `session-hub/hub/redis`: sessions in Redis or Valkey, for a hub of many processes on many machines. */
import { randomBytes } from 'node:crypto'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { closedByCopy } from './copy/note.js'
import { createTransact, isEmpty, newRev, parsed, unavailable } from './optimistic.js'
import { commitValues, counted } from './redis/commit.js'
import { byAddress, byClient, createConnector } from './redis/connect.js'
import { type RedisOptions, resolveOptions, where } from './redis/options.js'
import { createClientOfPackage } from './redis/package.js'
import { refusedFor, UnsafeServer } from './redis/faults.js'
import { createLane } from './redis/lane.js'
import { createLine, type Line } from './redis/line.js'
import {
  type Look,
  lookValues,
  nothingRead,
  readHeldParts,
  readLook,
  readSeen,
  type Revs,
} from './redis/look.js'
import {
  auditValue,
  nameOf,
  NOTHING,
  readAudit,
  readEnding,
  readNote,
  readPlace,
  readSession,
  readSite,
  spendName,
  timeName,
} from './redis/records.js'
import { checkFormat } from './redis/format.js'
import { list, maybe, text, whole } from './redis/replies.js'
import { FORMAT, type ScriptName } from './redis/scripts.js'
import { durabilityOf, type Info, replicasOf } from './redis/server.js'
import { createWriter } from './redis/writer.js'
import { checkUrl } from './redis/url.js'
import { byBeginning, byId, grouped, rangeOf, sitesRangeOf } from './rows.js'
import type {
  AuditSearch,
  Changes,
  EndingsRange,
  Held,
  NumberedAuditRow,
  NumberedEnding,
  NumberedSite,
  Session,
  SessionSearch,
  SitePut,
  SitesRange,
  Spend,
  Store,
  SweepTimes,
  Swept,
} from './store.js'

export type { RedisOptions } from './redis/options.js'
export type { RedisClient } from './redis/connect.js'
export type { RedisConnection } from './redis/lane.js'

/** Shorter than the two seconds that a site waits for its hub. */
const READ_MS = 1000
const WRITE_MS = 1500
/** At the start nobody waits for an answer yet, and the first connection takes time on a busy machine. */
const OPEN_MS = 3000
/** How many names of an index one script looks at. */
const PAGE = 500

/**
 * Keeps sessions in Redis 7 or newer, or in Valkey: for a hub of several processes, on several machines.
 *
 * All keys are in one slot. The store therefore runs on one server, behind Sentinel, and in a cluster, where it uses only one node. A transaction
 * takes two round trips and holds no lock between them. A lost one is sent again and takes effect once. What was answered survives `kill -9`
 * of the hub, and of the server with `appendfsync always`. A failover loses nothing only if it promotes one of the replicas that have
 * confirmed the write: `durability` says in a sentence what the server's settings promise.
 *
 * Needs the package `redis`, version 6.
 *
 * @throws SessionHubError `options_invalid` for a wrong option, for a server that evicts keys or has no append-only file, and for keys of a newer
 * version; `unavailable` when the server does not answer, or is a replica
 *
 * @example
 * const store = await redisStore({ url: process.env.REDIS_URL })
 */
export async function redisStore(options: RedisOptions): Promise<Store> {
  const { url, client, prefix, replicas, ...settings } = resolveOptions(options)
  const make = client
    ? byClient(client)
    : byAddress(await createClientOfPackage(where), typeof url === 'string' ? url : checkedUrl(url))
  let wanted = replicas ?? 0
  let server: Info = new Map()
  const connector = createConnector(make, settings, (info) => {
    server = info
    // A replica that was seen once counts from then on: its absence must not weaken the promise.
    wanted = replicas ?? Math.max(wanted, Math.min(1, replicasOf(info)))
  })
  const connect = (limitMs: number) => connector.connect(limitMs)
  const [reading, writing] = [createLane(connect), createLane(connect)]
  const writer = createWriter(writing, () => ({ replicas: wanted, timeoutMs: settings.replicaTimeoutMs }))
  const line = createLine({ reading, writing, writer, connector, prefix, maxWaiting: settings.maxWaiting })
  try {
    const [format, copying] = list(await line.read('open', [FORMAT, newEpoch()], OPEN_MS))
    checkFormat(format, prefix)
    if (copying !== null) throw closedByCopy(readNote(text(copying)))
    const durability = durabilityOf(server, await line.fsync(), wanted)
    return new RedisStore(line, durability, () => wanted > 0)
  } catch (thrown) {
    line.close()
    const cause = thrown instanceof SessionHubError ? thrown.cause : thrown
    if (cause instanceof UnsafeServer) throw wrong(where, cause.message)
    const why = refusedFor(cause)
    if (why !== undefined) throw wrong(where, why, cause)
    throw unavailable(thrown, 'The session store could not be opened')
  }
}

const checkedUrl = (url: () => string | Promise<string>) => async (): Promise<string> => {
  const given = await url()
  checkUrl(where, given)
  return given
}

class RedisStore implements Store {
  readonly durability: string
  readonly transact: Store['transact']
  readonly #line: Line

  /** @param isConfirmed whether replicas have to confirm what is answered */
  constructor(line: Line, durability: string, isConfirmed: () => boolean) {
    this.#line = line
    this.durability = durability
    this.transact = createTransact<Look>({
      limitMs: WRITE_MS,
      look: async (question) => {
        if (isEmpty(question)) return nothingRead()
        const reply = await this.#read('look', lookValues(question))
        return parsed(() => readLook(question, reply))
      },
      commit: ({ revsFor }, spend, changes, endMs) => this.#commit(revsFor(changes), spend, changes, endMs),
      confirm: async (endMs) => {
        if (isConfirmed()) await this.#touch(endMs)
      },
    })
  }

  #read(script: ScriptName, values: readonly (string | number)[] = []): Promise<unknown> {
    return this.#line.read(script, values, READ_MS)
  }

  async #commit(revs: Revs, spend: Spend | undefined, changes: Changes, endMs: number): Promise<boolean> {
    const values = parsed(() => commitValues(String(newRev()), revs, spend, changes))
    const reply = await this.#line.write('commit', values, endMs - performance.now())
    return parsed(() => whole(reply)) !== CHANGED
  }

  async #touch(endMs: number): Promise<void> {
    await this.#line.write('touch', [], endMs - performance.now())
  }

  async find(hash: string): Promise<Held | undefined> {
    const reply = await this.#read('find', [hash])
    return parsed(() => maybe(reply, (parts) => readHeldParts(parts).held))
  }

  async sessions(ids: readonly string[]): Promise<ReadonlyMap<string, Session>> {
    const reply = await this.#read('sessions', ids)
    return parsed(() => byId(list(reply).map((parts) => readSeen(parts).record)))
  }

  async list(subject: string, nowMs: number, limit: number): Promise<readonly Session[]> {
    const reply = await this.#read('list', [nameOf(subject), nowMs, limit])
    return parsed(() => list(reply).map(readLive))
  }

  async places(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const reply = await this.#read('places', ids)
    return parsed(() =>
      grouped(
        list(reply)
          .map((handle) => readPlace(text(handle)))
          .filter((place) => place !== undefined),
      ),
    )
  }

  async search(search: SessionSearch): Promise<readonly Session[]> {
    const { subject, site, nowMs, fromMs = 0, beforeMs = Number.MAX_SAFE_INTEGER, after, limit } = search
    if (subject !== undefined) return this.#searchSubject(subject, search)
    const index = site === undefined ? 'began' : `began:${JSON.stringify(site)}`
    const found: Session[] = []
    // Start where the list goes on or where the time ends, whichever comes first. No id comes before the empty one.
    const isBounded = after !== undefined && after.createdAtMs < beforeMs
    let before = isBounded ? timeName(after.createdAtMs) + after.id : timeName(beforeMs)
    for (let isMore = true; isMore && found.length < limit;) {
      const page = [index, before, timeName(fromMs), nowMs, limit - found.length, PAGE]
      const reply = await this.#read('search', page)
      const [sessions, last] = parsed(() => list(reply))
      found.push(...parsed(() => list(sessions).map(readLive)))
      isMore = last !== null
      if (isMore) before = parsed(() => text(last))
    }
    return found
  }

  /** Reads all of the subject's sessions in the order of their generations, then sorts them. */
  async #searchSubject(subject: string, search: SessionSearch): Promise<readonly Session[]> {
    const { site, nowMs, fromMs = 0, beforeMs = Infinity, after, limit } = search
    const found: Session[] = []
    for (let offset = 0, isMore = true; isMore; offset += PAGE) {
      const reply = await this.#read('searchSubject', [nameOf(subject), offset, PAGE, nowMs])
      const [sessions, more] = parsed(() => list(reply))
      found.push(...parsed(() => list(sessions).map(readLive)))
      isMore = more !== null
    }
    return [...byId(found).values()]
      .filter((session) => site === undefined || session.site === site)
      .filter(({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < beforeMs)
      .filter((session) => after === undefined || byBeginning(after, session) < 0)
      .sort(byBeginning)
      .slice(0, limit)
  }

  async countLive(nowMs: number): Promise<number> {
    const reply = await this.#read('countLive', [nowMs, PAGE])
    return parsed(() => whole(reply))
  }

  async audit({ subject, beforeSeq = Number.MAX_SAFE_INTEGER, limit }: AuditSearch) {
    const reply = await this.#read('audit', [nameOf(subject ?? null), beforeSeq, limit])
    return parsed((): readonly NumberedAuditRow[] =>
      list(reply).map((entry) => {
        const [seq, row] = list(entry)
        return readAudit(text(seq), text(row))
      }),
    )
  }

  async isSpent(issuer: string, jti: string): Promise<boolean> {
    const reply = await this.#read('isSpent', [spendName({ issuer, jti })])
    return parsed(() => whole(reply)) === 1
  }

  async endings(afterSeq: number, limit: number): Promise<readonly NumberedEnding[]> {
    const reply = await this.#read('endings', [afterSeq, limit])
    return parsed(() =>
      list(reply).map((entry) => {
        const [name, ending] = list(entry)
        return readEnding(text(name), text(ending))
      }),
    )
  }

  async endingsRange(): Promise<EndingsRange> {
    const reply = await this.#ranged('endingsRange')
    return parsed(() => {
      const [epoch, first, last] = list(reply)
      return rangeOf({ epoch, first: Number.parseInt(text(first), 10), last: whole(last) })
    })
  }

  /** If a server is emptied while the hub runs, as when a cache restarts, it counts from the beginning. The followers have to know then. */
  async #ranged(script: ScriptName): Promise<unknown> {
    const reply = await this.#read(script)
    const [epoch] = parsed(() => list(reply))
    if (epoch !== null) return reply
    await this.#line.write('open', [FORMAT, newEpoch()], WRITE_MS)
    return this.#read(script)
  }

  async renewEpoch(): Promise<string> {
    const epoch = newEpoch()
    await this.#line.write('renewEpoch', [epoch], WRITE_MS)
    return epoch
  }

  async putSite({ origin, sealed, wasSeq, audit }: SitePut): Promise<number | undefined> {
    const values = parsed(() => [origin, sealed ?? NOTHING, wasSeq, ...counted(audit.map(auditValue))])
    const reply = await this.#line.write('putSite', values, WRITE_MS)
    return parsed(() => {
      const seq = text(reply)
      return seq === 'none' ? undefined : Number.parseInt(seq, 10)
    })
  }

  async sites(afterSeq: number, limit: number): Promise<readonly NumberedSite[]> {
    const reply = await this.#read('sites', [afterSeq, limit])
    return parsed(() =>
      list(reply).map((entry) => {
        const [origin, sealed, seq] = list(entry)
        return readSite(text(origin), text(sealed), text(seq))
      }),
    )
  }

  async sitesRange(): Promise<SitesRange> {
    const reply = await this.#ranged('sitesRange')
    return parsed(() => {
      const [epoch, last] = list(reply)
      return sitesRangeOf({ epoch, last: whole(last) })
    })
  }

  /** This writes: a hub that cannot write is not ready, and neither is a hub whose replicas are away. */
  async ping(): Promise<void> {
    await this.#touch(performance.now() + WRITE_MS)
  }

  async sweep(
    { nowMs, endedBeforeMs, endingsBeforeMs, auditBeforeMs }: SweepTimes,
    limit: number,
  ): Promise<Swept> {
    const run = async (script: ScriptName, ...values: (string | number)[]) => {
      const reply = await this.#read(script, values)
      return parsed(() => whole(reply))
    }
    await this.#line.check()
    const cut = await this.#settle(limit)
    const expired = await run('sweepSessions', nowMs, limit)
    const notes = await run('sweepNotes', nowMs, limit)
    return {
      cut,
      sessions: expired + (await run('sweepEnded', `(${endedBeforeMs}`, limit - expired)),
      handles: notes + (await run('sweepActing', `(${endedBeforeMs}`, limit - notes)),
      spends: await run('sweepSpends', nowMs, limit),
      subjects: await run('sweepSubjects', nowMs, limit),
      endings: await run('sweepEndings', endingsBeforeMs, limit),
      audit: await run('sweepAudit', `(${auditBeforeMs}`, limit),
    }
  }

  /** @returns how many now record their end; none if somebody else changed one of them, which leaves them to the next sweep */
  async #settle(limit: number): Promise<number> {
    const reply = await this.#read('settle', [limit])
    const due = parsed(() => list(reply).map(readSeen))
    if (due.length === 0) return 0
    const revs = {
      handles: new Map<string, string>(),
      sessions: new Map(due.map(({ rev, record }) => [record.id, rev])),
      subjects: new Map(due.flatMap(({ subjects }) => [...subjects])),
    }
    const changes = { sessions: due.map(({ record }) => record) }
    return (await this.#commit(revs, undefined, changes, performance.now() + WRITE_MS)) ? due.length : 0
  }

  async close(): Promise<void> {
    this.#line.close()
  }
}

const newEpoch = () => randomBytes(16).toString('hex')

/** What a commit replies when something that was read has changed. */
const CHANGED = 1

/** A live session is as it was written: no cut has ended it. */
const readLive = (session: unknown): Session => readSession(text(session), undefined).record
