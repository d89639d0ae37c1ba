/** Waits for something that cannot be listened to: it is looked at again and again. A test's own time limit is the end. */
import { setImmediate as nextTurn } from 'node:timers/promises'

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await nextTurn()
}
