/** Runs one more sync after the one that is running, because the visitor has clicked for it. */
import type { Choice } from '../../protocol/wire.js'
import { recall, remember } from '../memory.js'
import type { Status } from '../status.js'
import type { SyncFrame } from '../sync.js'
import type { LiveKit } from './kit.js'

export async function syncNext(
  { run, running }: LiveKit,
  by?: Partial<SyncFrame>,
  choice?: Choice,
): Promise<Status> {
  while (running()) await running()
  // A click does not wait for an overloaded hub.
  try {
    remember({ ...recall(), waitMs: null })
  } catch {
    // Nothing is remembered here.
  }
  return run(-1, by, choice)
}
