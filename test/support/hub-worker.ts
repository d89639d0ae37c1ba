/**
 * A hub in a process of its own, on a SQLite file that outlives it. `forkHub` starts one from a test; forked, this file runs
 * `main`. Its end is always `kill -9`: nobody says goodbye.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import express from 'express'
import { createHub, type HubKeys, type HubOptions, type SiteRegistration, sqliteStore } from 'session-hub/hub'

export interface HubTask {
  /** The database file. */
  readonly path: string
  /** Where to listen; 0 lets the system choose. */
  readonly port: number
  /** The hub's public origin, where something stands in front of it. @default `http://hub.localhost` at its port */
  readonly origin?: string
  readonly keys: HubKeys
  readonly sites: readonly SiteRegistration[]
  /** Rules that can be said in JSON. */
  readonly rules?: Pick<HubOptions, 'merge' | 'conflict' | 'limits'>
}

export interface HubProcess {
  readonly port: number
  readonly origin: string
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
}

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
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

const originAt = (port: number) => `http://hub.localhost:${port}`

async function main(): Promise<void> {
  process.once('disconnect', () => process.exit()) // the test is gone, however it ended
  const [{ path, port, origin, keys, sites, rules }] = (await once(process, 'message')) as [HubTask]
  const app = express()
  const server = http.createServer(app).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  const store = sqliteStore(path)
  const hub = await createHub({ ...rules, origin: origin ?? originAt(bound), keys, sites, store })
  app.use(hub.router)
  process.send?.(bound)
}

if (process.argv[2] === 'worker') await main()
