/**
 * A server in a process of its own, so that its CPU time is its own. `startServer` forks it; forked, this file runs `main`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import { type Role, type Running, take } from './roles.js'

export interface BenchServer {
  readonly origin: string
  /** What it does. Told after its start, because a hub and its site have to know each other's ports. */
  become(role: Role): Promise<void>
  /** CPU time that its process has used so far. */
  cpuMicros(): Promise<number>
  /** Heap and buffers of its process, after garbage collection. */
  memoryBytes(): Promise<number>
  /** All that the system has given its process, after garbage collection. */
  residentBytes(): Promise<number>
  stop(): Promise<void>
}

type Order = { readonly become: Role } | 'cpu' | 'memory' | 'resident'

export async function startServer(hostname: string): Promise<BenchServer> {
  const child = fork(fileURLToPath(import.meta.url), ['server'], {
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv: ['--expose-gc'],
  })
  const port = await answerOf(child)
  const order = (order: Order) => {
    child.send(order)
    return answerOf(child)
  }
  return {
    origin: `http://${hostname}:${port}`,
    async become(role) {
      await order({ become: role })
    },
    cpuMicros: () => order('cpu'),
    memoryBytes: () => order('memory'),
    residentBytes: () => order('resident'),
    async stop() {
      if (!child.connected) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

async function answerOf(child: ChildProcess): Promise<number> {
  const ended = new AbortController()
  const { signal } = ended
  const died = once(child, 'exit', { signal }).then(() => {
    throw new Error('A server of the bench has ended; its error is above')
  })
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), died])) as [number]
    return answer
  } finally {
    died.catch(() => 0)
    ended.abort()
  }
}

async function main(): Promise<void> {
  let running: Running | undefined
  // A server waits while others are measured; its connections are to be there afterwards.
  const server = http.createServer({ keepAliveTimeout: 600_000 }, (req, res) => running?.handle(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const obey = async (order: Order): Promise<number> => {
    if (order === 'cpu') {
      const { user, system } = process.cpuUsage()
      return user + system
    }
    if (order === 'memory' || order === 'resident') {
      // Twice: what the first round finalizes, the second one frees.
      for (let round = 0; round < 2; round += 1) globalThis.gc?.()
      const { heapUsed, external, rss } = process.memoryUsage()
      return order === 'resident' ? rss : heapUsed + external
    }
    running = await take(order.become)
    return 0
  }
  process.on('message', (order: Order) => {
    void obey(order).then((answer) => process.send?.(answer))
  })
  process.once('disconnect', () => {
    server.close()
    server.closeAllConnections()
    void running?.close()
  })
  process.send?.((server.address() as AddressInfo).port)
}

if (process.argv[2] === 'server') await main()
