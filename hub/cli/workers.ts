/** Several processes of one hub on one port: started, replaced when they die, told what this process is told, and ended together. */
import cluster, { type Address, type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import type { ServeLog } from './serve-log.js'
import { urlOf } from './server.js'
import { leave } from './terminal.js'

/** Tells a worker which one it is; a replacement has the number of the one that it replaces. */
const NUMBER = 'SESSION_HUB_WORKER'

/** A worker that dies at once, again and again, does not keep the machine busy. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** One that lived for so long was well. */
const WELL_MS = 60_000

export const workerNumber = () => Number(process.env[NUMBER])

/** Resolves when all of them have ended after a signal. */
export async function runWorkers(count: number, origin: string, log: ServeLog): Promise<void> {
  const stopped = firstSignal(['SIGTERM', 'SIGINT'])
  const stopping = new AbortController()
  process.on('SIGHUP', () => {
    signalAll('SIGHUP')
  })
  // The first one alone: it brings the store up to date, and what is wrong is said once.
  const first = await started(1)
  const others = await Promise.all(Array.from({ length: count - 1 }, (_, at) => started(at + 2)))
  const kept = [first, ...others].map((one) => keep(one, stopping.signal, log))
  log({ level: 'info', event: 'listening', origin, url: urlOf(first.address), workers: count })

  const signal = await stopped
  log({ level: 'info', event: 'stopping', signal })
  stopping.abort()
  signalAll('SIGTERM')
  await Promise.all(kept)
  log({ level: 'info', event: 'stopped' })
}

interface Started {
  readonly number: number
  readonly worker: Worker
  readonly address: Address
}

const signalAll = (signal: NodeJS.Signals) => {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
}

/** Ends the command where the worker cannot begin: it has said why. */
async function started(number: number): Promise<Started> {
  const worker = cluster.fork({ [NUMBER]: String(number) })
  const address = await Promise.race([listening(worker), exitOf(worker)])
  if ('code' in address) {
    signalAll('SIGTERM')
    leave(address.code ?? 1)
    await new Promise<never>(() => undefined)
  }
  return { number, worker, address: address as Address }
}

/** Replaces it whenever it ends by itself. Resolves when it has ended after `stopping`. */
async function keep({ number, worker }: Started, stopping: AbortSignal, log: ServeLog): Promise<void> {
  let current = worker
  let pauseMs = FIRST_PAUSE_MS
  for (;;) {
    const beganMs = performance.now()
    const { code, signal } = await exitOf(current)
    if (stopping.aborted) return
    if (performance.now() - beganMs >= WELL_MS) pauseMs = FIRST_PAUSE_MS
    log({
      level: 'error',
      event: 'worker_died',
      worker: number,
      ...(code !== null && { code }),
      ...(signal !== null && { signal }),
      pauseMs,
    })
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined)
    if (isAborted(stopping)) return
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    current = cluster.fork({ [NUMBER]: String(number) })
    current.once('listening', () => {
      log({ level: 'info', event: 'worker_replaced', worker: number })
    })
  }
}

/** Asked anew: what was said before the pause counts no more. */
const isAborted = (signal: AbortSignal) => signal.aborted

async function listening(worker: Worker): Promise<Address> {
  const [address] = (await once(worker, 'listening')) as [Address]
  return address
}

/** Also of one that has ended already. */
async function exitOf(worker: Worker): Promise<{ code: number | null; signal: string | null }> {
  const { exitCode, signalCode } = worker.process
  if (exitCode !== null || signalCode !== null) return { code: exitCode, signal: signalCode }
  const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null]
  return { code, signal }
}

/** Only the first: a second one, from someone who does not want to wait, ends the process at once. */
export const firstSignal = (signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of signals) process.once(signal, resolve)
  })
