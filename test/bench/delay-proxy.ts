/**
 * A TCP proxy on loopback that puts a distance between a browser and a server. Bytes take half a round trip each way; before a
 * new connection carries anything, a whole one passes, as with TCP's handshake. No TLS: that would be one more.
 */
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface DelayProxy {
  readonly port: number
  /** Ends all connections, as servers and browsers do with those that nobody has used for a while. */
  disconnect(): void
  close(): Promise<void>
}

export async function startDelayProxy(targetPort: number, roundTripMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>()

  const server = net.createServer({ noDelay: true }, (near) => {
    const far = net.connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    const establishedMs = performance.now() + roundTripMs
    travel(near, far, roundTripMs / 2, establishedMs)
    travel(far, near, roundTripMs / 2, establishedMs)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const disconnect = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    disconnect,
    async close() {
      const closed = once(server, 'close')
      server.close()
      disconnect()
      await closed
    },
  }
}

/** Each chunk arrives so much later than it left, in order. */
function travel(from: Socket, to: Socket, delayMs: number, notBeforeMs: number): void {
  let arrived: Promise<unknown> = Promise.resolve()
  const later = (act: () => void) => {
    const dueMs = Math.max(performance.now(), notBeforeMs) + delayMs
    arrived = arrived.then(() => sleep(dueMs - performance.now())).then(act)
  }
  from.on('data', (chunk) => {
    later(() => to.write(chunk))
  })
  from.on('end', () => {
    later(() => to.end())
  })
  from.on('close', () => {
    later(() => to.destroy())
  })
}
