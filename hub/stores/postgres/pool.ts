/**
 * Connections within bounds: how many there are, how long a caller waits for one, and how long an answer may take. If a failure leaves doubt, its
 * connection is discarded, because a pooled connection to a server that has become read-only fails every write from then on.
 */
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { unavailable } from '../optimistic.js'
import { closedDoor, isConnectionOver, isNotPrepared, isStalePlan } from './faults.js'
import { READ_MS } from './limits.js'
import { readValue } from './wire.js'

/** The part of `pg`'s client that is used. */
export interface PostgresClient {
  query(statement: object): Promise<{ rows: unknown[]; rowCount: number | null }>
  on(event: 'notice' | 'error', listener: (notice: { message?: string }) => void): unknown
  off(event: 'notice' | 'error', listener: (notice: { message?: string }) => void): unknown
  release(isOver?: boolean): void
}

/** The part of `pg`'s pool that is used. You may pass your own pool. */
export interface PostgresPool {
  readonly waitingCount: number
  readonly idleCount: number
  connect(): Promise<PostgresClient>
  on(event: 'error', listener: (error: Error) => void): unknown
  end(): Promise<void>
}

export interface Statement {
  readonly name: string
  readonly text: string
  readonly values?: readonly unknown[]
  /** @default 1000 */
  readonly timeoutMs?: number
}

export interface Connections {
  /** The server has accepted nobody for longer than a caller waits, so nobody waits now. */
  readonly isAway: boolean
  /** @throws SessionHubError `unavailable`, or the server's own error */
  run(statement: Statement): Promise<unknown[]>
  /** The rows are valid only if the server had no remark: see `SYNC_CANCELLED`. */
  runStrictly(statement: Statement): Promise<unknown[]>
  /** Holds one connection for several statements, at the start. */
  hold<Result>(work: (query: (text: string) => Promise<unknown[]>) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** The pause after a refused connection, so that not everybody tries the next one at once. */
const PAUSE_MS = 200

const AWAY_MS = 1500

/**
 * If a commit that waits for its standby is cancelled, the server answers with success and a warning: it is written on one machine only. Our own
 * functions give no warnings, and warnings are in the server's language, so any remark counts.
 */
const SYNC_CANCELLED = 'The session store could not confirm what it wrote on its standby'

export function createConnections(pool: PostgresPool, maxWaiting: number, isOwn: boolean): Connections {
  let pausedUntilMs = 0
  let downSinceMs: number | undefined
  let refusal: unknown
  let isOpen = true
  /** `true` until a pooler shows that it cannot: PgBouncer before 1.21, in transaction mode. Then the server parses each statement again. */
  let mayPrepare = true
  /** Part of the statements' names, so that all of them are prepared again when a newer version of the hub has changed the tables. */
  let preparations = 0
  /** How many connections are in use here, and who waits for one of them because no other can be opened. */
  let inUse = 0
  const waiting = createWaiting()
  // Without a listener, an idle connection that breaks would end the process.
  const onError = () => undefined
  pool.on('error', onError)

  async function connect(endMs = performance.now() + READ_MS): Promise<PostgresClient> {
    if (!isOpen) throw new SessionHubError('unavailable', 'The session store is closed')
    if (pool.waitingCount + waiting.size >= maxWaiting)
      throw new SessionHubError('unavailable', 'Too many requests wait for the session store')
    const isPaused = performance.now() < pausedUntilMs
    // An idle connection is good, even if no new one can be opened now.
    if (isPaused && pool.idleCount === 0) return shared(endMs)
    try {
      const client = await pool.connect()
      if (!isPaused) pausedUntilMs = 0
      downSinceMs = undefined
      return client
    } catch (cause) {
      downSinceMs ??= performance.now()
      refusal = cause
      pausedUntilMs = performance.now() + PAUSE_MS * (0.5 + Math.random() / 2)
      return shared(endMs)
    }
  }

  /**
   * Shares a connection when the server accepts no more, for example beyond the number that this user may have, or when it accepts nobody, in which
   * case the open ones soon break.
   */
  async function shared(endMs: number): Promise<PostgresClient> {
    const leftMs = endMs - performance.now()
    // A connection may have been returned while the server considered its refusal.
    const isFreed = leftMs > 0 && (pool.idleCount > 0 || (inUse > 0 && (await waiting.wait(leftMs))))
    if (!isFreed) {
      // Nobody is left who would wake the next one.
      if (inUse === 0) waiting.next()
      throw unavailable(refusal, closedDoor(refusal))
    }
    return connect(endMs)
  }

  async function query(client: PostgresClient, statement: Statement): Promise<unknown[]> {
    const { name, text, values = [], timeoutMs = 1000 } = statement
    const isPrepared = mayPrepare
    const preparation = preparations
    try {
      const { rows } = await client.query({
        ...(isPrepared && { name: preparation === 0 ? name : `${name} ${preparation}` }),
        text,
        values,
        query_timeout: timeoutMs,
        types: { getTypeParser: readValue },
      })
      return rows
    } catch (thrown) {
      if (!isPrepared) throw thrown
      if (isNotPrepared(thrown)) mayPrepare = false
      else if (!isStalePlan(thrown)) throw thrown
      // If several callers notice it at once, only one raises the number.
      else if (preparation === preparations) preparations += 1
      return query(client, statement)
    }
  }

  async function using<Result>(work: (client: PostgresClient) => Promise<Result>): Promise<Result> {
    const client = await connect()
    inUse += 1
    let isOver = false
    // A connection that breaks between two statements reports it here. Without a listener, the process would end.
    const onBroken = () => {
      isOver = true
    }
    client.on('error', onBroken)
    try {
      return await work(client)
    } catch (thrown) {
      isOver ||= isConnectionOver(thrown)
      throw thrown
    } finally {
      client.off('error', onBroken)
      client.release(isOver)
      inUse -= 1
      waiting.next()
    }
  }

  return {
    get isAway() {
      return !isOpen || (downSinceMs !== undefined && performance.now() - downSinceMs > AWAY_MS)
    },
    run: (statement) => using((client) => query(client, statement)),
    runStrictly: (statement) =>
      using(async (client) => {
        const remarks: unknown[] = []
        const onNotice = (remark: unknown) => remarks.push(remark)
        client.on('notice', onNotice)
        try {
          const rows = await query(client, statement)
          if (remarks.length) throw new SessionHubError('unavailable', SYNC_CANCELLED)
          return rows
        } finally {
          client.off('notice', onNotice)
        }
      }),
    hold: (work) =>
      using((client) =>
        work(async (text) => (await client.query({ text, types: { getTypeParser: readValue } })).rows),
      ),
    async close() {
      if (!isOpen) return
      isOpen = false
      if (isOwn) await pool.end()
    },
  }
}

/** The callers who wait for a connection that somebody else uses, in a queue. */
function createWaiting() {
  const all = new Set<(isFreed: boolean) => void>()
  return {
    get size() {
      return all.size
    },
    /** @returns whether a connection was returned in time */
    wait: (limitMs: number) =>
      new Promise<boolean>((resolve) => {
        const done = (isFreed: boolean) => {
          clearTimeout(timer)
          all.delete(done)
          resolve(isFreed)
        }
        const timer = setTimeout(done, limitMs, false)
        all.add(done)
      }),
    next() {
      const [first] = all
      first?.(true)
    },
  }
}
