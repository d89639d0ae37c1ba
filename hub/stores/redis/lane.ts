/**
 * One connection, which is replaced when it is over. A client never reconnects by itself here: everything that one client answers was
 * answered on one connection, in its order. So `WAIT` confirms what was sent before it.
 */
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { unavailable } from '../optimistic.js'
import { closedDoor, isConnectionOver } from './faults.js'

/** The part of `redis`' client that is used. */
export interface RedisConnection {
  connect(): Promise<unknown>
  sendCommand(command: readonly string[]): Promise<unknown>
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
  readonly isReady: boolean
}

export interface Lane {
  /** The server has accepted nobody for longer than a caller waits, so nobody waits now. */
  readonly isAway: boolean
  /**
   * Runs `work` on the connection, and gives the connection up if that takes longer than `hangMs`: the server or the network then hangs.
   *
   * @param limitMs how long the caller waits
   * @throws SessionHubError `unavailable`, or the server's own error
   */
  use<Result>(
    limitMs: number,
    work: (connection: RedisConnection) => Promise<Result>,
    hangMs?: number,
  ): Promise<Result>
  /** Gives the connection up: everything that was sent on it and is not answered fails. */
  drop(): void
  close(): void
}

/** How long a connection may take to become ready. */
const CONNECT_MS = 1000
/** How long an answer may take. */
const HANG_MS = 1000
/** The pause after a refused connection, so that not everybody tries the next one at once. */
const PAUSE_MS = 200
const AWAY_MS = 1500

/** @param make connects, and makes sure that the server is fit for use */
export function createLane(make: (limitMs: number) => Promise<RedisConnection>): Lane {
  let current: Promise<RedisConnection> | undefined
  let pausedUntilMs = 0
  let downSinceMs: number | undefined
  let refusal: unknown
  let isOpen = true

  function connection(): Promise<RedisConnection> {
    if (!isOpen) throw new SessionHubError('unavailable', 'The session store is closed')
    if (current) return current
    if (performance.now() < pausedUntilMs) throw unavailable(refusal, closedDoor(refusal))
    const made = make(CONNECT_MS).then(
      (connection) => {
        pausedUntilMs = 0
        downSinceMs = undefined
        return connection
      },
      (thrown: unknown) => {
        if (current === made) current = undefined
        downSinceMs ??= performance.now()
        refusal = thrown
        pausedUntilMs = performance.now() + PAUSE_MS * (0.5 + Math.random() / 2)
        throw unavailable(thrown, closedDoor(thrown))
      },
    )
    current = made
    return made
  }

  function drop(over = current): void {
    if (!over || over !== current) return
    current = undefined
    over.then(
      (connection) => {
        connection.destroy()
      },
      () => undefined,
    )
  }

  return {
    get isAway() {
      return !isOpen || (downSinceMs !== undefined && performance.now() - downSinceMs > AWAY_MS)
    },
    async use(limitMs, work, hangMs = HANG_MS) {
      const endMs = performance.now() + limitMs
      const connecting = connection()
      const found = await within(connecting, limitMs)
      // The connection broke while it was not in use.
      if (!found.isReady) {
        drop(connecting)
        throw new SessionHubError('unavailable', 'The session store does not answer', { cause: new Broken() })
      }
      const answer = within(work(found), hangMs).catch((thrown: unknown) => {
        if (isConnectionOver(thrown)) drop(connecting)
        throw thrown
      })
      return within(answer, endMs - performance.now(), limitMs)
    },
    drop,
    close() {
      isOpen = false
      drop()
    },
  }
}

class Broken extends Error {
  constructor() {
    super('The connection broke')
  }
}

/** @param ofMs the whole limit, of which `limitMs` are left @throws Error if it takes longer */
export async function within<Result>(
  work: Promise<Result>,
  limitMs: number,
  ofMs = limitMs,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        reject(new Error(`No answer within ${Math.ceil(ofMs)} ms`))
      },
      Math.max(1, limitMs),
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
