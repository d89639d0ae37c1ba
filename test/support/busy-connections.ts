/** Clients that keep their connections and are always about to send the next request, as proxies and busy visitors are. */
import { connect, type Socket } from 'node:net'

export interface BusyConnections {
  /** Resolves when each of them has been answered so often. */
  answered(times: number): Promise<void>
  /** Resolves when all connections have ended, with how each of them did. */
  readonly ends: Promise<readonly ConnectionEnd[]>
  close(): void
}

/** `told`: the last answer said so. `idle`: closed between two requests. `cut`: a request got no whole answer. */
type ConnectionEnd = 'told' | 'idle' | 'cut'

/** A visitor thinks for a moment: a server that closes what is idle meets some of them on their way. */
const THINK_MS = 2

export function keepBusy(origin: string, path: string, count: number): BusyConnections {
  const { port, host } = new URL(origin)
  const clients = Array.from({ length: count }, () =>
    client(connect(Number(port), '127.0.0.1'), `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`),
  )
  return {
    answered: async (times) => {
      await Promise.all(clients.map((one) => one.answered(times)))
    },
    ends: Promise.all(clients.map(({ end }) => end)),
    close() {
      for (const { socket } of clients) socket.destroy()
    },
  }
}

function client(socket: Socket, request: string) {
  let isWaiting = false
  let isTold = false
  let answers = 0
  let text = ''
  let waiting: { times: number; resolve: () => void } | undefined

  const ask = () => {
    isWaiting = true
    text = ''
    socket.write(request)
  }
  socket.setEncoding('utf8')
  socket.on('connect', ask)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: string) => {
    text += chunk
    if (!isWhole(text)) return
    isWaiting = false
    answers += 1
    isTold = /^connection: close\r$/im.test(text)
    if (waiting && answers >= waiting.times) waiting.resolve()
    // The next one is on its way before the server's end arrives, unless it was told.
    if (!isTold) setTimeout(ask, THINK_MS)
  })
  const end = new Promise<ConnectionEnd>((resolve) => {
    socket.on('close', () => {
      resolve(isWaiting ? 'cut' : isTold ? 'told' : 'idle')
    })
  })
  return {
    socket,
    end,
    answered: (times: number) =>
      new Promise<void>((resolve) => {
        if (answers >= times) resolve()
        else waiting = { times, resolve }
      }),
  }
}

function isWhole(text: string): boolean {
  const at = text.indexOf('\r\n\r\n')
  if (at < 0) return false
  if (/^transfer-encoding: chunked\r$/im.test(text.slice(0, at + 2))) return text.endsWith('\r\n0\r\n\r\n')
  const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? NaN)
  return Buffer.byteLength(text.slice(at + 4)) >= length
}
