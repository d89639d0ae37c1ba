/** Runs the hub behind its own socket. */
import { createServer, type RequestListener, type Server } from 'node:http'

import express, { type ErrorRequestHandler, type Express } from 'express'

import { refuseLongAddress } from '../../sdk/http/node/long-address.js'
import { sendError } from '../../sdk/http/node/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { logError, safeLog } from '../../sdk/settings/log.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import type { Hub } from '../app.js'
import type { ServeConfig } from './config.js'
import type { ServeLog } from './serve-log.js'

/** A request whose headers do not arrive holds a socket (R31). */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** How often Node checks both limits; its default is 30 s. */
const CHECK_EVERY_MS = 1000
/** Longer than a proxy keeps its connections, usually 60 s. Otherwise the proxy sends a request into a connection that is closing. */
const KEEP_ALIVE_MS = 65_000

export function createApp(hub: Hub, { proxyHops }: ServeConfig, log: ServeLog): Express {
  const app = express()
  const safe = safeLog(log)
  app.disable('x-powered-by')
  app.set('trust proxy', proxyHops)
  app.use((req, res, next) => {
    if (!refuseLongAddress(req, res)) next()
  })
  app.use(hub.router)
  app.use(() => {
    throw new SessionHubError('not_found', 'There is nothing at this address')
  })
  app.use(((thrown, req, res, _next) => {
    const error = sendError(res, thrown)
    // Strangers request anything, so only our own failures are logged.
    if (error.code !== 'not_found') logError(safe, error, req.path)
  }) satisfies ErrorRequestHandler)
  return app
}

/** @throws SessionHubError `options_invalid` if the port or the address is not available */
export async function listen(answer: RequestListener, config: ServeConfig): Promise<Server> {
  const { file, host, port } = config
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
    },
    answer,
  )
  server.keepAliveTimeout = KEEP_ALIVE_MS
  return new Promise((resolve, reject) => {
    server.once('error', (thrown: NodeJS.ErrnoException) => {
      reject(refusal(thrown, file, host, port))
    })
    server.listen(port, host, () => {
      resolve(server)
    })
  })
}

function refusal(thrown: NodeJS.ErrnoException, file: string, host: string, port: number): SessionHubError {
  switch (thrown.code) {
    case 'EADDRINUSE':
      return wrong(
        file,
        `"port": ${port} is taken on ${host}: stop what listens there, or set another port`,
        thrown,
      )
    case 'EACCES':
      return wrong(
        file,
        `"port": ${port} may not be opened by this user: set one from 1024 on, behind a proxy`,
        thrown,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return wrong(
        file,
        `"host": "${host}" is not an address of this machine; "127.0.0.1" is one, and "0.0.0.0" means all`,
        thrown,
      )
    default:
      return wrong(
        file,
        `"host" and "port": ${host}:${port} cannot be listened on (${thrown.code ?? thrown.message})`,
        thrown,
      )
  }
}
