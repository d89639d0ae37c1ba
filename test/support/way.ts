/** A way to a server that a test can lead elsewhere, cut, or hold up, as networks do. It passes bytes on, whatever they mean. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Way {
  readonly port: number
  /** From now on it leads there, as a name does after a failover; open connections break. */
  to(port: number): void
  /** Breaks what is open, and refuses what comes. */
  cut(): void
  /** Nothing passes and nothing breaks, as where a cable is pulled, until `mend`. */
  hold(): void
  mend(): void
  close(): void
}

export async function startWay(serverPort: number): Promise<Way> {
  let target = serverPort
  let isCut = false
  let isHeld = false
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(target, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    const end = () => {
      near.destroy()
      far.destroy()
      pairs.delete(pair)
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    near.on('data', (data) => far.write(data))
    far.on('data', (data) => near.write(data))
    if (isHeld) for (const socket of pair) socket.pause()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const breakAll = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    to(port) {
      target = port
      isCut = false
      breakAll()
    },
    cut() {
      isCut = true
      breakAll()
    },
    hold() {
      isHeld = true
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    mend() {
      isCut = isHeld = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
    close() {
      server.close()
      breakAll()
    },
  }
}
