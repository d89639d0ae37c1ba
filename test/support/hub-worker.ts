/**
 * A hub in a process of its own, on a store that outlives it. `forkHub` starts one from a test; forked, this file runs
 * `main`. Its end is always `kill -9`: nobody says goodbye.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import express from 'express'
import { createHub, type HubKeys, type HubOptions, type SiteRegistration } from 'session-hub/hub'

import { type Address, openAt } from './store-address.js'

export interface HubTask {
  readonly store: Address
  /** Where to listen; 0 lets the system choose. */
  readonly port: number
  /** The hub's public origin, where something stands in front of it. @default `http://hub.localhost` at its port */
  readonly origin?: string
  readonly keys: HubKeys
  readonly sites: readonly SiteRegistration[]
  /** Rules that can be said in JSON. */
  readonly rules?: Pick<HubOptions, 'merge' | 'conflict' | 'limits' | 'singleSession'>
  /** How far its clock is off. @default 0 */
  readonly clockMs?: number
}

export interface HubProcess {
  readonly port: number
  readonly origin: string
  readonly pid: number
  /** What is left of its heap, and of its buffers, when it has collected its garbage. */
  heapMegabytes(): Promise<number>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
}

const COLLECT = 'collect'

/** Resolves when the hub listens. */
export async function forkHub(task: HubTask): Promise<HubProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['worker'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  child.send(task)
  const [port] = (await Promise.race([once(child, 'message'), gone.then(() => [])])) as [number?]
  if (port === undefined) throw new Error('The hub did not start')
  return {
    port,
    origin: task.origin ?? originAt(port),
    pid: child.pid!,
    async heapMegabytes() {
      child.send(COLLECT)
      const [bytes] = (await once(child, 'message')) as [number]
      return bytes / 1_048_576
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

const originAt = (port: number) => `http://hub.localhost:${port}`

async function main(): Promise<void> {
  process.once('disconnect', () => process.exit()) // the test is gone, however it ended
  const [{ store: address, port, origin, keys, sites, rules, clockMs = 0 }] = (await once(
    process,
    'message',
  )) as [HubTask]
  const app = express()
  const server = http.createServer(app).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  const now = () => Date.now() + clockMs
  const store = () => openAt(address)
  // A store's own limits are for a server that runs; at the start the machine may be busy with other things.
  const waiting = { store, storeWaitSeconds: 60 }
  const hub = await createHub({ ...rules, origin: origin ?? originAt(bound), keys, sites, now, ...waiting })
  await hub.ready
  app.use(hub.router)
  process.on('message', (asked) => {
    if (asked === COLLECT) process.send?.(heapBytes())
  })
  process.send?.(bound)
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

if (process.argv[2] === 'worker') await main()
