/**
 * Writes, in groups, what replicas have to confirm. `WAIT` blocks its connection until they have, so everything that comes meanwhile is sent
 * together, with one `WAIT` at its end.
 */
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { type Lane, type RedisConnection, within } from './lane.js'
import { whole } from './replies.js'

export interface Writer {
  /**
   * @param limitMs how long the caller waits
   * @throws SessionHubError `unavailable` if too few replicas have it, or the server's own error
   */
  write(command: readonly string[], limitMs: number): Promise<unknown>
}

export interface Confirmation {
  /** How many replicas have to have it. With 0, nobody waits. */
  readonly replicas: number
  readonly timeoutMs: number
}

interface Job {
  readonly command: readonly string[]
  /** When the caller gives up. What is not sent by then is never sent. */
  readonly endMs: number
  readonly resolve: (reply: unknown) => void
  readonly reject: (thrown: unknown) => void
}

/** The time for a reply, in addition to what replicas take. */
const REPLY_MS = 1000
/** A longer group would keep the server, and the next group, waiting. */
const MOST_IN_GROUP = 200

export function createWriter(lane: Lane, confirmation: () => Confirmation): Writer {
  let waiting: Job[] = []
  let isRunning = false

  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    for (let group = next(); group.length; group = next()) {
      try {
        await send(group)
      } catch (thrown) {
        for (const job of group) job.reject(thrown)
      }
    }
    isRunning = false
  }

  function next(): Job[] {
    const wanted = waiting.filter(({ endMs }) => endMs > performance.now())
    waiting = wanted.slice(MOST_IN_GROUP)
    return wanted.slice(0, MOST_IN_GROUP)
  }

  async function send(group: readonly Job[]): Promise<void> {
    const { replicas, timeoutMs } = confirmation()
    const limitMs = REPLY_MS + (replicas > 0 ? timeoutMs : 0)
    const { replies, missing } = await lane.use(limitMs, (connection) => inOneGo(connection, group), limitMs)
    for (const [at, job] of group.entries()) {
      const reply = replies[at]
      if (reply?.status !== 'fulfilled') job.reject(reply?.reason)
      else if (missing) job.reject(new SessionHubError('unavailable', missing))
      else job.resolve(reply.value)
    }
  }

  async function inOneGo(connection: RedisConnection, group: readonly Job[]) {
    // Read now, for the connection that is used: a new one may have shown that there is a replica.
    const { replicas, timeoutMs } = confirmation()
    const commands = group.map(({ command }) => command)
    if (replicas > 0) commands.push(['WAIT', String(replicas), String(timeoutMs)])
    const replies = await Promise.allSettled(commands.map((command) => connection.sendCommand(command)))
    if (replicas === 0) return { replies }
    const wait = replies.pop()
    if (wait?.status !== 'fulfilled') throw wait?.reason
    const confirmed = whole(wait.value)
    return confirmed < replicas ? { replies, missing: unconfirmed(confirmed, replicas) } : { replies }
  }

  return {
    write(command, limitMs) {
      const answer = new Promise<unknown>((resolve, reject) => {
        const job: Job = { command, endMs: performance.now() + limitMs, resolve, reject }
        if (confirmation().replicas === 0) {
          send([job]).catch(reject)
          return
        }
        waiting.push(job)
        void run()
      })
      return within(answer, limitMs)
    },
  }
}

const unconfirmed = (confirmed: number, replicas: number) =>
  `The session store wrote it, and ${confirmed} of ${replicas} replicas confirmed it in time`
