/** Removes what has expired, in small batches, so that no request waits for it. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { logError } from '../sdk/settings/log.js'
import { toSessionHubError } from '../sdk/protocol/errors.js'
import type { HubContext } from './flows/context.js'
import { REMEMBER_ENDINGS_MS } from './flows/endings.js'

const EVERY_MS = 30_000
const BATCH = 200
/** The hub remembers an ended session for a day, so that it can tell the session's sites why it ended. */
const REMEMBER_ENDED_MS = 86_400_000
/**
 * How much longer the hub keeps what has expired. Otherwise a process whose clock is fast would remove the record that a ticket was spent while the
 * ticket is still valid for the others, and a process whose clock is slow would accept a ticket that has been forgotten (R26).
 */
const CLOCKS_APART_MS = 3_600_000

export interface Sweeper {
  stop(): Promise<void>
}

/** @param auditMs how long the hub keeps what administrators did */
export function startSweeper(hub: HubContext, auditMs: number): Sweeper {
  let stopped = false
  let running: Promise<void> = Promise.resolve()

  async function sweep(): Promise<void> {
    try {
      for (let full = true; full && !stopped;) {
        const nowMs = hub.now()
        const times = {
          nowMs: nowMs - CLOCKS_APART_MS,
          endedBeforeMs: nowMs - REMEMBER_ENDED_MS,
          endingsBeforeMs: nowMs - REMEMBER_ENDINGS_MS,
          auditBeforeMs: nowMs - auditMs,
        }
        const swept = await hub.store.sweep(times, BATCH)
        full = Object.values<number>({ ...swept }).some((count) => count >= BATCH)
        await nextTurn()
      }
    } catch (thrown) {
      if (stopped) return
      hub.log({ level: 'error', event: 'sweep_failed' })
      logError(hub.log, toSessionHubError(thrown), 'sweep')
    }
  }

  const timer = setInterval(() => {
    running = running.then(sweep)
  }, EVERY_MS).unref()

  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      await running
    },
  }
}
