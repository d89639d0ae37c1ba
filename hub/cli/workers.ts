/** Runs several processes of one hub on one port: starts them, replaces them when they die, passes signals on, and ends them together. */
import cluster, { type Address, type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { ServeLog } from './serve-log.js'
import { stopSignals } from './stop-signals.js'
import { leave } from './terminal.js'
import { urlOf } from './url.js'

/** Tells a worker its number. A replacement has the number of the worker that it replaces. */
const NUMBER = 'SESSION_HUB_WORKER'

/** The pauses before a replacement, so that a worker that keeps dying at once does not keep the machine busy. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** A worker that lived this long was healthy. */
const WELL_MS = 60_000
/** How many times in a row a worker may end before its store was open, while no other worker has it open. */
const MOST_FAILED_STARTS = 5

export const workerNumber = () => Number(process.env[NUMBER])

const READY = 'ready'

/** Tells the first process that this worker's store is open. If the worker ends before that, its start has failed. */
export function sayReady(): void {
  cluster.worker?.send(READY)
}

/**
 * Resolves when all workers have ended after a signal.
 *
 * @throws SessionHubError `unavailable` if no worker can open the store: whoever started the command has to know
 */
export async function runWorkers(count: number, origin: string, log: ServeLog): Promise<void> {
  const { asked: stopped, hurry } = stopSignals()
  const stopping = new AbortController()
  process.on('SIGHUP', () => {
    signalAll('SIGHUP')
  })
  // One worker starts alone: it brings the store up to date, and a fault is reported once.
  const first = await started(1)
  const others = await Promise.all(Array.from({ length: count - 1 }, (_, at) => started(at + 2)))
  const kept = [first, ...others].map((one) => keep(one, stopping.signal, log))
  log({ level: 'info', event: 'listening', origin, url: urlOf(first.address), workers: count })

  hurry.addEventListener('abort', () => {
    signalAll('SIGTERM')
  })
  const end = async () => {
    stopping.abort()
    signalAll('SIGTERM')
    await Promise.allSettled(kept)
  }
  try {
    // A worker ends before it is told to only if it fails.
    const signal = await Promise.race([stopped, Promise.all(kept).then(() => stopped)])
    log({ level: 'info', event: 'stopping', signal })
  } catch (thrown) {
    log({ level: 'error', event: 'workers_failed', description: (thrown as Error).message })
    await end()
    throw thrown
  }
  await end()
  log({ level: 'info', event: 'stopped' })
}

interface Started {
  readonly number: number
  readonly worker: Worker
  readonly address: Address
}

/** The workers whose store is open now, and whether there has been one at all. */
const ready = new Set<Worker>()
let hasBeenReady = false

function fork(number: number): Worker {
  const worker = cluster.fork({ [NUMBER]: String(number) })
  worker.on('message', (message) => {
    if (message !== READY) return
    ready.add(worker)
    hasBeenReady = true
  })
  return worker
}

const signalAll = (signal: NodeJS.Signals) => {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
}

/** Ends the command if the worker cannot begin. The worker has said why. */
async function started(number: number): Promise<Started> {
  const worker = fork(number)
  const address = await Promise.race([listening(worker), exitOf(worker)])
  if ('code' in address) {
    signalAll('SIGTERM')
    leave(address.code ?? 1)
    await new Promise<never>(() => undefined)
  }
  return { number, worker, address: address as Address }
}

/**
 * Replaces a worker whenever it ends by itself. Resolves when it has ended after `stopping`.
 *
 * @throws SessionHubError if it cannot be started and no other worker serves either. At the beginning one failure is enough: the worker itself
 * has waited for its store for as long as it was told to.
 */
async function keep({ number, worker }: Started, stopping: AbortSignal, log: ServeLog): Promise<void> {
  let current = worker
  let pauseMs = FIRST_PAUSE_MS
  let failedStarts = 0
  for (;;) {
    const beganMs = performance.now()
    const { code, signal } = await exitOf(current)
    const wasReady = ready.delete(current)
    if (stopping.aborted) return
    failedStarts = wasReady ? 0 : failedStarts + 1
    if (wasReady && performance.now() - beganMs >= WELL_MS) pauseMs = FIRST_PAUSE_MS
    log({
      level: 'error',
      event: 'worker_died',
      worker: number,
      ...(code !== null && { code }),
      ...(signal !== null && { signal }),
      pauseMs,
    })
    if (ready.size === 0 && failedStarts >= (hasBeenReady ? MOST_FAILED_STARTS : 1))
      throw cannotStart(failedStarts)
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined)
    if (isAborted(stopping)) return
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    current = fork(number)
    current.once('listening', () => {
      log({ level: 'info', event: 'worker_replaced', worker: number })
    })
  }
}

const cannotStart = (times: number) =>
  new SessionHubError(
    'unavailable',
    `No worker can open the session store${times > 1 ? `; one of them has tried ${times} times in a row` : ''}. Their own errors are above`,
  )

/** A function reads the signal again: what was known before the pause no longer counts. */
const isAborted = (signal: AbortSignal) => signal.aborted

async function listening(worker: Worker): Promise<Address> {
  const [address] = (await once(worker, 'listening')) as [Address]
  return address
}

/** Works for a worker that has already ended, too. */
async function exitOf(worker: Worker): Promise<{ code: number | null; signal: string | null }> {
  const { exitCode, signalCode } = worker.process
  if (exitCode !== null || signalCode !== null) return { code: exitCode, signal: signalCode }
  const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null]
  return { code, signal }
}
