/** Stops a Node server without cutting anybody off: a client learns with its last answer that the connection ends. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'

import { whole } from '../../settings/checks.js'
import { refuseUnknown, wrong } from '../../settings/refuse-unknown.js'

/** Something that keeps responses open which never end by themselves: a hub or a site. */
export interface Streaming {
  endStreams(): void
}

export interface GracefulStopOptions {
  /** How long open requests may take, in seconds, 1 to 300; after that they are cut off. @default 8 */
  readonly withinSeconds?: number
}

/** The default is less than the ten seconds after which `docker stop` kills. */
const WITHIN = { min: 1, max: 300, default: 8 }

/**
 * A connection is also idle between two requests. If it were closed then, a request might already be on its way, and the client would see a
 * reset (RFC 9112, section 9.5). A busy client sends its next request within this time, and learns from the answer that the connection ends.
 */
const LINGER_MS = 1000
const LOOK_EVERY_MS = 50

/** The channel on which Node reports each finished response of the process. */
const FINISHED = 'http.server.response.finish'

/**
 * Stops a server of `node:http` or `node:https`. It refuses new connections and tells open pages or sites to reconnect elsewhere. It answers
 * open requests, and those that still arrive on kept connections, with `Connection: close`. It ends when all of that is done.
 *
 * @param parts the hubs and sites that answer on this server
 * @returns whether every request could finish in time
 * @throws SessionHubError `options_invalid`
 * @example
 * process.once('SIGTERM', async () => {
 *   await gracefulStop(server, [site])
 *   site.close()
 * })
 */
export async function gracefulStop(
  server: Server | HttpsServer,
  parts: readonly Streaming[] = [],
  options: GracefulStopOptions = {},
): Promise<boolean> {
  const where = 'gracefulStop'
  refuseUnknown(where, options, ['withinSeconds'])
  const withinSeconds = whole(where, 'withinSeconds', options.withinSeconds ?? WITHIN.default, WITHIN)
  if (!((parts as unknown) instanceof Array) || !parts.every(isStreaming))
    throw wrong(where, 'the second argument has to be a list of hubs and sites')
  if (typeof (server as Partial<Server>).closeIdleConnections !== 'function')
    throw wrong(where, 'the first argument has to be the server that "listen" or "createServer" returned')
  const lastAnswers = sayLast(server)
  for (const part of parts) part.endStreams()
  return closeWhenQuiet(server, withinSeconds * 1000, lastAnswers).finally(lastAnswers.stop)
}

const isStreaming = (part: Partial<Streaming> | undefined) => typeof part?.endStreams === 'function'

interface LastAnswers {
  /** When a response last finished that was not marked as the last of its connection: its request was open when the server began to stop. */
  readonly keptAtMs: () => number
  readonly stop: () => void
}

/** Makes every response whose request arrives from now on the last of its connection. */
function sayLast(server: Server | HttpsServer): LastAnswers {
  const last = new WeakSet<ServerResponse>()
  let keptAtMs = performance.now()
  const mark: RequestListener = (_req, res) => {
    // Not a header, which an application might remove: Node writes `Connection: close` because of this.
    res.shouldKeepAlive = false
    last.add(res)
  }
  const finished = (message: unknown) => {
    const { server: of, response } = message as { server: unknown; response: ServerResponse }
    if (of === server && !last.has(response)) keptAtMs = performance.now()
  }
  server.prependListener('request', mark)
  subscribe(FINISHED, finished)
  return {
    keptAtMs: () => keptAtMs,
    stop: () => {
      server.off('request', mark)
      unsubscribe(FINISHED, finished)
    },
  }
}

function closeWhenQuiet(
  server: Server | HttpsServer,
  withinMs: number,
  answers: LastAnswers,
): Promise<boolean> {
  // A browser opens connections before it needs them: one that sends no headers must not delay the stop.
  server.headersTimeout = Math.min(server.headersTimeout, LINGER_MS)
  return new Promise((resolve) => {
    const finish = (isClean: boolean) => {
      clearInterval(look)
      clearTimeout(deadline)
      // No connection is idle any more: this only stops Node's own timer.
      server.close()
      resolve(isClean)
    }
    const look = setInterval(() => {
      if (performance.now() - answers.keptAtMs() >= LINGER_MS) server.closeIdleConnections()
    }, LOOK_EVERY_MS)
    const deadline = setTimeout(() => {
      server.closeAllConnections()
      // Web sockets belong to the application: this function does not wait for them.
      finish(false)
    }, withinMs)
    // Not `server.close`, which closes idle connections at once.
    NetServer.prototype.close.call(server, () => {
      finish(true)
    })
  })
}
