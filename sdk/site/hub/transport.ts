/** How a site reaches its hub: over HTTP, on kept connections, with a time limit. */
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'

import { siteHeader } from '../../protocol/wire.js'
import type { AppSettings } from '../options.js'
import { lookupLoopback } from './loopback.js'

export interface HubTransport {
  /**
   * Rejects when there is no whole answer in time. A request is sent once more, on a connection of its own, where one was closed before it
   * had answered, or says nothing after it was idle, so nothing may happen twice when the hub gets it twice: servers and proxies close idle
   * connections, and the next request crosses that on its way (RFC 9112, section 9.5), or drop them without a word.
   */
  readonly send: (request: HubRequest) => Promise<RawReply>
  /** An answer that goes on and on: resolves with its beginning, within the same time. Keeps no process alive. */
  open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage>
  close(): void
}

/** In whose name a request comes. */
export interface Speech {
  readonly token: string
  /** For which of its sites an app speaks. */
  readonly site?: string
}

export const headersOf = ({ token, site }: Speech): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${token}`,
  ...(site !== undefined && { [siteHeader]: site }),
})

export interface HubRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: object | undefined
  /** In the body's place: several, as lines of JSON. */
  readonly lines?: string
  /** In whose name; absent for what anybody may ask. */
  readonly speech?: Speech | undefined
  /** Of which trace it is part (W3C Trace Context). */
  readonly traceparent?: string | undefined
  readonly maxBytes: number
}

/** A server on Node closes a connection that was idle for 5 seconds, and most proxies keep one longer: ours goes first. */
const IDLE_MS = 4000

/** One that was in use a moment ago is there: if it is silent, the hub is slow, and must not get everything twice. */
const RESTED_MS = 100

/** A connection that was idle has this part of the whole time to begin its answer: enough is left to ask once more. */
const PATIENCE = 1 / 4

/** A connection was closed before it had answered, mostly a kept one, or is silent: that says nothing of whether the hub is there. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError'
}

export interface RawReply {
  readonly status: number
  readonly text: string
  readonly date: string | undefined
  readonly retryAfter: string | undefined
}

export function createHubTransport({
  backchannel,
  hubTimeoutMs,
}: Pick<AppSettings, 'backchannel' | 'hubTimeoutMs'>): HubTransport {
  const transport = backchannel.startsWith('https:') ? https : http
  const { host, hostname, port } = new URL(backchannel)
  const lookup = hostname.endsWith('.localhost') ? lookupLoopback : undefined
  const address = hostname.replace(/^\[|\]$/g, '')
  const kept = new transport.Agent({
    keepAlive: true,
    maxSockets: 64,
    timeout: IDLE_MS,
    ...(lookup && { lookup }),
  })
  const idleSince = new WeakMap<Duplex, number>()
  kept.on('free', (socket: Duplex) => {
    idleSince.set(socket, performance.now())
  })
  const target = { hostname: address, port, setHost: false } as const

  function sendOnce(
    { method, path, body, lines, speech, traceparent, maxBytes }: HubRequest,
    agent: http.Agent | false,
    deadlineMs: number,
  ): Promise<RawReply> {
    const text = lines ?? (body && JSON.stringify(body))
    const type = lines === undefined ? 'application/json' : 'application/x-ndjson'
    return new Promise((resolve, reject) => {
      // Not a list of names and values, which Node would write sooner: OpenTelemetry makes an object of what it is given, and of a list one by numbers.
      const headers = {
        host,
        connection: 'keep-alive',
        accept: 'application/json',
        ...(text !== undefined && {
          'content-type': type,
          'content-length': String(Buffer.byteLength(text)),
        }),
        ...(speech && headersOf(speech)),
        ...(traceparent !== undefined && { traceparent }),
      }
      const req = transport.request({ ...target, ...(lookup && { lookup }), agent, path, method, headers })
      // One limit for all of it: a hub that sends a byte a second is down too.
      const leftMs = Math.max(0, deadlineMs - performance.now())
      const timer = setTimeout(() => req.destroy(new Error('time limit')), leftMs)
      let isAnswered = false
      let silence: NodeJS.Timeout | undefined
      const settle = () => {
        clearTimeout(timer)
        clearTimeout(silence)
      }
      req.on('socket', (socket) => {
        const restedMs = performance.now() - (idleSince.get(socket) ?? Infinity)
        if (!req.reusedSocket || restedMs < RESTED_MS) return
        silence = setTimeout(() => {
          req.destroy(new StaleConnectionError('the connection is silent'))
          // What dropped this one has most likely dropped the others that were idle with it.
          for (const others of Object.values(kept.freeSockets)) others?.forEach((other) => other.destroy())
        }, hubTimeoutMs * PATIENCE)
      })
      req.on('error', (error) => {
        settle()
        const isStale = !isAnswered && isReset(error)
        reject(isStale ? new StaleConnectionError('the connection was closed', { cause: error }) : error)
      })
      // After `101 Switching Protocols`, which nobody has asked for, Node closes the connection and says no more than this.
      req.on('close', () => {
        if (isAnswered) return
        settle()
        reject(new Error('no answer came'))
      })
      req.on('response', (res) => {
        isAnswered = true
        clearTimeout(silence)
        const chunks: Buffer[] = []
        let bytes = 0
        res.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > maxBytes) req.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        res.on('error', reject)
        res.on('close', () => {
          settle()
          if (!res.complete) reject(new Error('the answer broke off'))
        })
        res.on('end', () => {
          const { date, 'retry-after': retryAfter } = res.headers
          resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString(), date, retryAfter })
        })
      })
      req.end(text)
    })
  }

  return {
    async send(request) {
      const deadlineMs = performance.now() + hubTimeoutMs
      try {
        return await sendOnce(request, kept, deadlineMs)
      } catch (thrown) {
        if (!(thrown instanceof StaleConnectionError)) throw thrown
        // One closed connection is no outage; a second one, on a connection of its own, is.
        return await sendOnce(request, false, deadlineMs)
      }
    },
    open(path, more, signal) {
      const headers = { host, ...more }
      return new Promise((resolve, reject) => {
        // A connection of its own: it is held for as long as it lasts.
        const own = { agent: false, ...(lookup && { lookup }) } as const
        const req = transport.request({ ...target, ...own, path, headers, signal })
        const timer = setTimeout(() => req.destroy(new Error('time limit')), hubTimeoutMs).unref()
        req.on('socket', (socket) => socket.unref())
        req.on('error', (error) => {
          clearTimeout(timer)
          reject(error)
        })
        req.on('close', () => {
          clearTimeout(timer)
          reject(new Error('no answer came'))
        })
        req.on('response', (res) => {
          clearTimeout(timer)
          resolve(res)
        })
        req.end()
      })
    },
    close() {
      kept.destroy()
    },
  }
}

const isReset = (error: NodeJS.ErrnoException) => error.code === 'ECONNRESET' || error.code === 'EPIPE'
