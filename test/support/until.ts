/** Waits for something that cannot be listened to: it is looked at again and again. */
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'

/** Longer than a test may take, so that the test's own time limit speaks first; and then nothing goes on looking. */
const LONGEST_MS = 60_000

/** At first at every turn, then now and then: other tests want the processor too. */
const AT_ONCE = 200

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + LONGEST_MS
  for (let looks = 0; !(await isSo()); looks += 1) {
    if (performance.now() > endMs) throw new Error(`This never came to be: ${String(isSo)}`)
    await (looks < AT_ONCE ? nextTurn() : delay(5))
  }
}
