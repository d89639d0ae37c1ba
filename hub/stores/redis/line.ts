/** The server as the store uses it: a passing fault is retried within the caller's time, and a connection that is over is given up. */
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { pause, unavailable } from '../optimistic.js'
import type { Connector } from './connect.js'
import { isPassing, isServerOver } from './faults.js'
import type { Lane } from './lane.js'
import { list, text } from './replies.js'
import { scriptCommand, type ScriptName } from './scripts.js'
import type { Writer } from './writer.js'

type Values = readonly (string | number)[]

/** Each method rejects with a SessionHubError of code `unavailable`. */
export interface Line {
  read(script: ScriptName, values: Values, limitMs: number): Promise<unknown>
  /** Answered when the required replicas have it. Sent again while nobody knows whether it arrived. */
  write(script: ScriptName, values: Values, limitMs: number): Promise<unknown>
  /** Checks the server again: whether it still keeps what it answers, and whether it has a replica by now. */
  check(): Promise<void>
  /** The server's `appendfsync`; `undefined` if the server does not tell. */
  fsync(): Promise<string | undefined>
  close(): void
}

interface Parts {
  readonly reading: Lane
  readonly writing: Lane
  readonly writer: Writer
  readonly connector: Connector
  readonly prefix: string
  readonly maxWaiting: number
}

/** The pause before what was lost is sent again. */
const PAUSE_MS = 50
const SETTING_MS = 1000

export function createLine({ reading, writing, writer, connector, prefix, maxWaiting }: Parts): Line {
  let waiting = 0

  async function again(
    lane: Lane,
    limitMs: number,
    send: (limitMs: number) => Promise<unknown>,
  ): Promise<unknown> {
    if (waiting >= maxWaiting)
      throw new SessionHubError('unavailable', 'Too many requests wait for the session store')
    waiting += 1
    try {
      const endMs = performance.now() + limitMs
      for (;;) {
        try {
          return await send(endMs - performance.now())
        } catch (thrown) {
          const cause = thrown instanceof SessionHubError ? thrown.cause : thrown
          const isLate = lane.isAway || performance.now() + PAUSE_MS > endMs
          leave(cause)
          if (isLate || cause === undefined || !isPassing(cause)) throw unavailable(thrown)
        }
        await pause(PAUSE_MS)
      }
    } finally {
      waiting -= 1
    }
  }

  /** A server that has said this is the wrong one on both lanes: it must not serve reads while another server takes the writes. */
  function leave(thrown: unknown): void {
    if (!isServerOver(thrown)) return
    connector.follow(thrown)
    for (const lane of [reading, writing]) lane.drop()
  }

  return {
    read: (script, values, limitMs) =>
      again(reading, limitMs, (leftMs) =>
        reading.use(leftMs, (connection) => connection.sendCommand(scriptCommand(prefix, script, values))),
      ),
    write: (script, values, limitMs) =>
      again(writing, limitMs, (leftMs) => writer.write(scriptCommand(prefix, script, values), leftMs)),
    async check() {
      await again(reading, SETTING_MS, (leftMs) =>
        reading.use(leftMs, (connection) => connector.check(connection)),
      )
    },
    async fsync() {
      const ask = reading.use(SETTING_MS, (connection) =>
        connection.sendCommand(['CONFIG', 'GET', 'appendfsync']),
      )
      return ask.then(
        (reply) => text(list(reply)[1]),
        () => undefined,
      )
    },
    close() {
      reading.close()
      writing.close()
    },
  }
}
