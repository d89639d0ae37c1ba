/** The number of live sessions, for those who watch the hub. It is counted seldom, however often it is read. */
import { setTimeout as delay } from 'node:timers/promises'

/** How often to count: the number changes more slowly than anybody reads it. */
const EVERY_MS = 60_000
/** Counting takes at most one fiftieth of the time, however long one count takes. */
const PARTS = 50
/** How long a reader waits for a count: Prometheus waits a few seconds for all metrics together. */
const WAIT_MS = 1000

/**
 * @param count asks the store
 * @param clockMs never goes back
 * @returns a function that reads the number and starts a new count if one is due; `undefined` if the number is not known
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
    // If the store does not answer, the failure is already logged and counted. Here the number becomes unknown.
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
