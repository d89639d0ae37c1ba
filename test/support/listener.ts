/** An HTTP or HTTPS server on a port that the system chose, which can be stopped, hung and started again on the same port. */
import { EventEmitter, on, once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

import express, { type RequestHandler } from 'express'

import type { Certificate } from './certificate.js'

interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
}

interface EndedRequest extends SeenRequest {
  readonly status: number
}

export interface Listener {
  readonly origin: string
  readonly port: number
  readonly app: express.Express
  /** Every request that has arrived. */
  readonly seen: SeenRequest[]
  use(handler: RequestHandler): void
  /** Refuses connections, as a stopped server does. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Waits for the end of the next request of this kind. */
  next(isIt: (request: EndedRequest) => boolean): Promise<void>
  /** Takes requests and never answers: from now on, or only so many. */
  hang(isHanging: boolean | number): void
  close(): Promise<void>
}

/** @param certificate makes it an HTTPS server */
export async function listen(hostname: string, certificate?: Certificate): Promise<Listener> {
  const app = express().disable('x-powered-by')
  const seen: SeenRequest[] = []
  const events = new EventEmitter()
  const sockets = new Set<Socket>()
  let hanging = 0
  let server = create()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  function create(): http.Server {
    const answer: http.RequestListener = (req, res) => {
      const request = { method: req.method ?? '', url: req.url ?? '', headers: req.headers }
      seen.push(request)
      res.on('finish', () => events.emit('request', { ...request, status: res.statusCode }))
      if (hanging > 0) hanging -= 1
      else app(req, res)
    }
    const made: http.Server = certificate
      ? https.createServer(certificate, answer)
      : http.createServer(answer)
    made.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    return made
  }

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  return {
    origin: `${certificate ? 'https' : 'http'}://${hostname}:${port}`,
    port,
    app,
    seen,
    use(handler) {
      app.use(handler)
    },
    stop,
    async start() {
      server = create()
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    async next(isIt) {
      for await (const [request] of on(events, 'request')) if (isIt(request as EndedRequest)) return
    },
    hang(isHanging) {
      hanging = typeof isHanging === 'number' ? isHanging : isHanging ? Infinity : 0
    },
    close: stop,
  }
}
