/**
 * Requests in numbers that do not wait for their answers: over its capacity a server gets what comes, and not what it can do. Bytes on kept
 * connections, because a client that reads headers would need more of the machine than the server.
 */
import net, { type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface Driven {
  /** In milliseconds, of each answer with this status. Counted from the moment when the request was due, whether or not a connection was free. */
  readonly takenMs: ReadonlyMap<number, readonly number[]>
  /** What got no answer at all. */
  readonly lost: number
  /** Until the last answer. */
  readonly seconds: number
  /** How late this process was itself with each request: where that is much, the figures are its own. */
  readonly lateMs: readonly number[]
}

export interface Course {
  readonly port: number
  readonly seconds: number
  /** Absent: as many as these connections are answered. */
  readonly perSecond?: number
  readonly connections: number
  /** The next request, whole. */
  readonly next: () => string
}

const LAST_ANSWERS_MS = 10_000

interface Connection {
  readonly socket: Socket
  /** When the request that it carries was due. */
  dueMs: number | undefined
}

export async function drive({ port, seconds, perSecond, connections, next }: Course): Promise<Driven> {
  const takenMs = new Map<number, number[]>()
  const all = new Set<Connection>()
  const free: Connection[] = []
  const waiting: number[] = []
  let beganMs = performance.now()
  let endMs = beganMs
  let [sent, lost, underWay] = [0, 0, 0]
  let lastMs = beganMs
  const lateMs: number[] = []

  function send(connection: Connection, dueMs: number): void {
    connection.dueMs = dueMs
    underWay += 1
    connection.socket.write(next())
  }

  function timesOf(status: number): number[] {
    const times = takenMs.get(status) ?? []
    takenMs.set(status, times)
    return times
  }

  function settle(connection: Connection, status: number | undefined): void {
    const { dueMs } = connection
    if (dueMs === undefined) return
    connection.dueMs = undefined
    underWay -= 1
    if (status === undefined) lost += 1
    else {
      lastMs = performance.now()
      timesOf(status).push(lastMs - dueMs)
    }
  }

  function goOn(connection: Connection): void {
    const nowMs = performance.now()
    const dueMs = perSecond === undefined && nowMs < endMs ? nowMs : waiting.shift()
    if (dueMs === undefined) free.push(connection)
    else send(connection, dueMs)
  }

  function open(): Connection {
    const connection: Connection = {
      socket: net.connect({ port, host: '127.0.0.1', noDelay: true }),
      dueMs: undefined,
    }
    const read = createReader((status) => {
      settle(connection, status)
      goOn(connection)
    })
    all.add(connection)
    connection.socket
      .on('data', read)
      .on('error', () => undefined)
      .on('close', () => {
        all.delete(connection)
        settle(connection, undefined)
        const at = free.indexOf(connection)
        if (at >= 0) free.splice(at, 1)
      })
    return connection
  }

  function take(dueMs: number): void {
    const connection = free.pop() ?? (all.size < connections ? open() : undefined)
    if (connection) send(connection, dueMs)
    else waiting.push(dueMs)
  }

  // As a proxy has them before anybody comes. A busy server accepts new ones one by one, and others would wait where it cannot see them.
  for (let at = 0; at < connections; at += 1) send(open(), performance.now())
  while (underWay > 0) await delay(1)
  takenMs.clear()
  beganMs = lastMs = performance.now()
  endMs = beganMs + seconds * 1000

  await new Promise<void>((resolve) => {
    const turn = () => {
      const nowMs = performance.now()
      if (perSecond === undefined) while (free.length > 0 && nowMs < endMs) take(nowMs)
      else
        for (;;) {
          const dueMs = beganMs + (sent * 1000) / perSecond
          if (dueMs > Math.min(nowMs, endMs)) break
          sent += 1
          lateMs.push(nowMs - dueMs)
          take(dueMs)
        }
      const isOver = nowMs >= endMs && underWay === 0 && waiting.length === 0
      if (isOver || nowMs >= endMs + LAST_ANSWERS_MS) resolve()
      else setTimeout(turn, 1)
    }
    turn()
  })
  for (const { socket } of all) socket.destroy()
  return {
    takenMs,
    lost: lost + underWay + waiting.length,
    lateMs,
    seconds: Math.max(seconds, (lastMs - beganMs) / 1000),
  }
}

/** Reads answers with a `Content-Length`, one after another. */
function createReader(answered: (status: number) => void): (chunk: Buffer) => void {
  let head = ''
  let bodyLeft = 0
  let status = 0
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (bodyLeft === 0) {
        head += chunk.toString('latin1', at)
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        at = chunk.length - (head.length - end - 4)
        status = Number(head.slice(9, 12))
        bodyLeft = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
        head = ''
      } else {
        const taken = Math.min(bodyLeft, chunk.length - at)
        at += taken
        bodyLeft -= taken
      }
      if (bodyLeft === 0) answered(status)
    }
  }
}
