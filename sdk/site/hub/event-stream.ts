/** The one connection that each process keeps open to the hub, however many sites it serves, to learn at once what has ended. */
import type { IncomingMessage } from 'node:http'

import { createParser, type EventSourceMessage } from 'eventsource-parser'

import {
  type EndedEvent,
  isEventId,
  parseEndedEvent,
  parseSubjectEndedEvent,
  type SubjectEndedEvent,
} from '../../protocol/events.js'
import { parseJson } from '../../protocol/json.js'
import { hubPaths } from '../../protocol/wire.js'
import type { Log } from '../../settings/log.js'
import type { HubLine } from './line.js'
import type { RecentSpeakers } from './speaker.js'
import { headersOf, type HubTransport } from './transport.js'

/** The parts of the process that are told. */
export interface EndingsHeard {
  ended(event: EndedEvent): void
  subjectEnded(event: SubjectEndedEvent): void
  /** Events may have been missed: the hub has to be asked about everything that was issued before now. */
  reset(): void
}

export interface EventStream {
  /** Connects if it has not done so: a site's process without visitors opens no stream. */
  start(): void
  /** Whether this process learns of every end at this moment. */
  readonly isOpen: boolean
  close(): void
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5000

/** The hub sends something at least every 15 seconds. Silence means that the connection is lost, even if something in between keeps it open. */
const SILENCE_MS = 40_000

/** A single event is short. */
const MAX_EVENT_CHARS = 4096

export function createEventStream(
  transport: Pick<HubTransport, 'open'>,
  speakers: Pick<RecentSpeakers, 'next'>,
  endings: EndingsHeard,
  line: Pick<HubLine, 'heard'>,
  log: Log,
  silenceMs = SILENCE_MS,
): EventStream {
  const closed = new AbortController()
  let isStarted = false
  let isLost = false
  let isOpen = false
  let refusals = 0
  let lastId: string | undefined
  let pauseMs = FIRST_PAUSE_MS
  let timer: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    try {
      const speech = await speakers.next(refusals)?.()
      const headers = {
        ...(speech && headersOf(speech)),
        accept: 'text/event-stream',
        ...(lastId !== undefined && { 'last-event-id': lastId }),
      }
      const res = await transport.open(hubPaths.events, headers, closed.signal)
      const { statusCode } = res
      if (statusCode === 200 && res.headers['content-type']?.startsWith('text/event-stream'))
        await listen(res)
      else {
        res.destroy()
        refusals += 1
        lost(`The hub answers with status ${statusCode}`)
      }
    } catch {
      lost('The hub does not answer')
    }
    if (closed.signal.aborted) return
    // Many processes lose one hub at the same moment, so they must not all reconnect at once.
    timer = setTimeout(() => void connect(), pauseMs * (0.5 + Math.random() / 2)).unref()
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
  }

  /** Resolves when the connection ends, however it ends. */
  function listen(res: IncomingMessage): Promise<void> {
    const parser = createParser({ onEvent: hear, onRetry: comeAgain, maxBufferSize: MAX_EVENT_CHARS })
    res.setEncoding('utf8')
    return new Promise((resolve) => {
      const silence = setTimeout(() => res.destroy(), silenceMs).unref()
      res.on('data', (chunk: string) => {
        silence.refresh()
        try {
          parser.feed(chunk)
        } catch {
          // Longer than any event, so this is not a hub.
          endings.reset()
          res.destroy()
        }
      })
      res.on('error', () => undefined)
      res.on('close', () => {
        clearTimeout(silence)
        isOpen = false
        resolve()
      })
    })
  }

  function hear({ event, data, id }: EventSourceMessage): void {
    if (event === 'hello' || event === 'reset') found()
    try {
      if (event === 'reset') endings.reset()
      else if (event === 'ended') endings.ended(parseEndedEvent(parseJson(data)))
      else if (event === 'subject-ended') endings.subjectEnded(parseSubjectEndedEvent(parseJson(data)))
    } catch {
      // It may have been the end of any session.
      endings.reset()
    }
    if (isEventId(id)) lastId = id
  }

  /** When the hub ends the stream, it says when to reconnect: never sooner than after any other end, and never much later. */
  function comeAgain(afterMs: number): void {
    pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, afterMs))
  }

  function found(): void {
    pauseMs = FIRST_PAUSE_MS
    refusals = 0
    isOpen = true
    if (isLost) log({ level: 'info', event: 'stream_back' })
    isLost = false
    line.heard()
  }

  function lost(description: string): void {
    if (isLost || closed.signal.aborted) return
    isLost = true
    log({ level: 'warn', event: 'stream_lost', description })
  }

  return {
    start() {
      if (isStarted || closed.signal.aborted) return
      isStarted = true
      void connect()
    },
    get isOpen() {
      return isOpen
    },
    close() {
      clearTimeout(timer)
      closed.abort()
    },
  }
}
