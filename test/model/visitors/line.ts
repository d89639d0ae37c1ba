/** The hub's own address: sites reach it by real sockets, and it can go away and come back. */
import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Line {
  readonly port: number
  readonly isUp: boolean
  /** Event streams that are open. */
  readonly streams: number
  answer(listener: RequestListener): void
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function openLine(): Promise<Line> {
  const sockets = new Set<Socket>()
  let listener: RequestListener | undefined
  let isUp = true
  let streams = 0
  const server = http.createServer((req, res) => {
    if (req.url === '/backchannel/events') {
      streams += 1
      res.on('close', () => (streams -= 1))
    }
    listener?.(req, res)
  })
  server.on('connection', (socket) => {
    if (!isUp) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  function cut(): void {
    isUp = false
    for (const socket of sockets) socket.destroy()
  }

  return {
    port: (server.address() as AddressInfo).port,
    get isUp() {
      return isUp
    },
    get streams() {
      return streams
    },
    answer(given) {
      listener = given
    },
    cut,
    mend() {
      isUp = true
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
