/** How many sessions are live, for whoever watches: seldom counted, however often it is read. */
import { setTimeout as delay } from 'node:timers/promises'

/** The number changes more slowly than anybody reads it. */
const EVERY_MS = 60_000
/** Counting takes at most one part in so many of the time, however long one count takes. */
const PARTS = 50
/** Prometheus waits a few seconds for all metrics together. */
const WAIT_MS = 1000

/**
 * @param count asks the store
 * @param clockMs never goes back
 * @returns reads the number, and has it counted anew if that is due; `undefined`: it is not known
 */
export function createLiveCount(
  count: () => Promise<number | undefined>,
  clockMs = () => performance.now(),
): () => Promise<number | undefined> {
  let last: number | undefined
  let dueMs = -Infinity
  let counting: Promise<void> | undefined

  async function countAnew(): Promise<void> {
    const beganMs = clockMs()
    // A store that does not answer has been logged and counted as one: here, the number is not known any more.
    last = await count().catch(() => undefined)
    const endedMs = clockMs()
    dueMs = endedMs + Math.max(EVERY_MS, PARTS * (endedMs - beganMs))
    counting = undefined
  }

  return async () => {
    if (clockMs() >= dueMs) counting ??= countAnew()
    if (counting) await Promise.race([counting, delay(WAIT_MS, undefined, { ref: false })])
    return last
  }
}
