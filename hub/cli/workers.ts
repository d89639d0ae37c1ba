/** Several processes of one hub on one port: started, replaced when they die, told what this process is told, and ended together. */
import cluster, { type Address, type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { ServeLog } from './serve-log.js'
import { stopSignals } from './stop-signals.js'
import { leave } from './terminal.js'
import { urlOf } from './url.js'

/** Tells a worker which one it is; a replacement has the number of the one that it replaces. */
const NUMBER = 'SESSION_HUB_WORKER'

/** A worker that dies at once, again and again, does not keep the machine busy. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** One that lived for so long was well. */
const WELL_MS = 60_000
/** So often in a row may one end before its store was open, where no other has it open. */
const MOST_FAILED_STARTS = 5

export const workerNumber = () => Number(process.env[NUMBER])

const READY = 'ready'

/** Tells the first process that this one's store is open: until then, its end is a failed start. */
export function sayReady(): void {
  cluster.worker?.send(READY)
}

/**
 * Resolves when all of them have ended after a signal.
 *
 * @throws SessionHubError `unavailable` where none can open the store: whoever started the command has to know
 */
export async function runWorkers(count: number, origin: string, log: ServeLog): Promise<void> {
  const { asked: stopped, hurry } = stopSignals()
  const stopping = new AbortController()
  process.on('SIGHUP', () => {
    signalAll('SIGHUP')
  })
  // The first one alone: it brings the store up to date, and what is wrong is said once.
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
    // None of them ends before it is told to, except in failing.
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

/** Those whose store is open now, and whether there has been one at all. */
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

/** Ends the command where the worker cannot begin: it has said why. */
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
 * Replaces it whenever it ends by itself. Resolves when it has ended after `stopping`.
 *
 * @throws SessionHubError where it cannot be started, and no other serves either. At the beginning once is enough: the worker itself
 * has waited for its store, for as long as it was told to.
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
