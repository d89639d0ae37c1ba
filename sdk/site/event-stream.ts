/** The one connection that each site process keeps open to the hub, to hear at once what has ended. */
import type { IncomingMessage } from 'node:http'

import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { parseEndedEvent, parseSubjectEndedEvent } from '../protocol/events.js'
import { parseJson } from '../protocol/json.js'
import { hubPaths } from '../protocol/wire.js'
import { logError } from '../settings/log.js'
import { SessionHubError } from '../protocol/errors.js'
import type { Log } from '../settings/log.js'
import type { Endings } from './endings.js'
import type { HubTransport } from './hub-transport.js'

export interface EventStream {
  /** Connects, if it has not yet: a site process that has no visitors asks for nothing. */
  start(): void
  close(): void
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5000

/** The hub says something at least every 15 seconds. Silence means that the connection is gone, whoever kept it open. */
const SILENCE_MS = 40_000

/** One event is short. */
const MAX_EVENT_CHARS = 4096

export function createEventStream(transport: HubTransport, endings: Endings, log: Log): EventStream {
  let state: 'idle' | 'open' | 'closed' = 'idle'
  let lastId: string | undefined
  let pauseMs = FIRST_PAUSE_MS
  let timer: NodeJS.Timeout | undefined
  let current: IncomingMessage | undefined

  async function connect(): Promise<void> {
    try {
      const headers = [
        'accept',
        'text/event-stream',
        ...(lastId === undefined ? [] : ['last-event-id', lastId]),
      ]
      const res = await transport.open(hubPaths.events, await transport.bearer(), headers)
      if (isClosed()) {
        res.destroy()
        return
      }
      current = res
      const { statusCode } = res
      const isStream = statusCode === 200 && res.headers['content-type']?.startsWith('text/event-stream')
      if (!isStream)
        throw new SessionHubError('unavailable', `The event stream is refused with status ${statusCode}`)
      await listen(res)
    } catch (thrown) {
      if (isClosed()) return
      current?.destroy()
      if (thrown instanceof SessionHubError) logError(log, thrown, hubPaths.events)
    }
    again()
  }

  /** Resolves when the connection ends, however it ends. */
  function listen(res: IncomingMessage): Promise<void> {
    const parser = createParser({ onEvent: hear, maxBufferSize: MAX_EVENT_CHARS })
    res.setEncoding('utf8')
    return new Promise((resolve) => {
      let silence = setTimeout(cut, SILENCE_MS).unref()
      function cut() {
        res.destroy()
      }
      res.on('data', (chunk: string) => {
        clearTimeout(silence)
        silence = setTimeout(cut, SILENCE_MS).unref()
        try {
          parser.feed(chunk)
        } catch {
          // What cannot be read is not waited for; the stream begins anew, and asks for what was missed.
          lastId = undefined
          cut()
        }
      })
      res.on('error', () => undefined)
      res.on('close', () => {
        clearTimeout(silence)
        resolve()
      })
    })
  }

  function hear({ event, data, id }: EventSourceMessage): void {
    pauseMs = FIRST_PAUSE_MS
    // `hello` says only from where it goes on.
    if (event === 'reset') endings.reset()
    else if (event === 'ended') endings.ended(parseEndedEvent(parseJson(data)))
    else if (event === 'subject-ended') endings.subjectEnded(parseSubjectEndedEvent(parseJson(data)))
    if (id !== undefined) lastId = id
  }

  function again(): void {
    if (isClosed()) return
    // Many processes lose one hub at the same moment: they do not all come back at once.
    timer = setTimeout(() => void connect(), pauseMs * (0.5 + Math.random() / 2)).unref()
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
  }

  const isClosed = () => state === 'closed'

  return {
    start() {
      if (state !== 'idle') return
      state = 'open'
      void connect()
    },
    close() {
      state = 'closed'
      clearTimeout(timer)
      current?.destroy()
    },
  }
}
