/** How a site reaches its hub: over HTTP, on kept connections, with a time limit. */
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'

import { siteHeader } from '../../protocol/wire.js'
import type { AppSettings } from '../options.js'
import { lookupLoopback } from './loopback.js'

export interface HubTransport {
  /**
   * Rejects if there is no complete answer in time. A request is sent a second time, on a connection of its own, if the first connection was
   * closed before the answer, or was idle before and stays silent. So a request that the hub receives twice must not act twice. The reason is
   * that servers and proxies close idle connections while the next request is on its way (RFC 9112, section 9.5), or drop them silently.
   */
  readonly send: (request: HubRequest) => Promise<RawReply>
  /** Opens an answer that stays open: resolves with its beginning, within the same time limit. It does not keep the process alive. */
  open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage>
  close(): void
}

/** In whose name a request is sent. */
export interface Speech {
  readonly token: string
  /** The site for which an app speaks. */
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
  /** Several bodies instead of one, as lines of JSON. */
  readonly lines?: string
  /** In whose name the request is sent; omitted for requests that anybody may send. */
  readonly speech?: Speech | undefined
  /** The trace to which the request belongs (W3C Trace Context). */
  readonly traceparent?: string | undefined
  readonly maxBytes: number
}

/** Node servers close a connection that was idle for 5 seconds, and most proxies keep one longer: ours is closed before that. */
const IDLE_MS = 4000

/** A connection that was in use a moment ago still works: if it is silent, the hub is slow, and must not receive everything twice. */
const RESTED_MS = 100

/** A connection that was idle may take this part of the time limit to begin its answer: then enough is left for a second attempt. */
const PATIENCE = 1 / 4

/** A connection, mostly a kept one, was closed before it answered, or is silent: that does not tell whether the hub is there. */
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
      // Not a list of names and values, which Node would write faster: OpenTelemetry turns the headers into an object, and a list into one
      // with numbers as names.
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
      // One limit for the whole request: a hub that sends a byte a second counts as down too.
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
          // Whatever dropped this connection has most likely also dropped the others that were idle.
          for (const others of Object.values(kept.freeSockets)) others?.forEach((other) => other.destroy())
        }, hubTimeoutMs * PATIENCE)
      })
      req.on('error', (error) => {
        settle()
        const isStale = !isAnswered && isReset(error)
        reject(isStale ? new StaleConnectionError('the connection was closed', { cause: error }) : error)
      })
      // After `101 Switching Protocols`, which nobody requested, Node closes the connection and emits nothing but this.
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
        // One closed connection does not mean that the hub is down; a second one, on a connection of its own, does.
        return await sendOnce(request, false, deadlineMs)
      }
    },
    open(path, more, signal) {
      const headers = { host, ...more }
      return new Promise((resolve, reject) => {
        // A connection of its own, because the answer holds it for as long as it lasts.
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
