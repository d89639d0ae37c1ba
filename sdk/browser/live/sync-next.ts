/** One more sync, of its own: after the one that is running. The visitor has clicked for it. */
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
  // It waits for no hub that has too much to do.
  try {
    remember({ ...recall(), waitMs: null })
  } catch {
    // Nothing is remembered here.
  }
  return run(-1, by, choice)
}
