/** A wire between a store and its server that can lose an answer: the server has done what it was asked, and nobody is told. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Wire {
  readonly port: number
  /** Breaks the connection at the next answer to whoever has sent this text. @returns how often that has happened by now */
  loseAnswerTo(text: string): () => number
  /** Nothing goes to the server until it goes on. */
  pause(): void
  goOn(): void
  close(): void
}

export async function startWire(serverPort: number): Promise<Wire> {
  let looked = ''
  let lost = 0
  let held: (() => void)[] | undefined
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1')
    let isLosing = false
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end).on('close', end)
    }
    client.on('data', (data) => {
      isLosing ||= looked !== '' && data.includes(looked)
      if (held) held.push(() => upstream.write(data))
      else upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (!isLosing) {
        client.write(data)
        return
      }
      looked = ''
      lost += 1
      end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswerTo(text) {
      looked = text
      return () => lost
    },
    pause() {
      held = []
    },
    goOn() {
      const all = held ?? []
      held = undefined
      for (const send of all) send()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
