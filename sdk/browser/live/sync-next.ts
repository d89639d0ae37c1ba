/** One more sync, of its own: after the one that is running. */
import type { Choice } from '../../protocol/wire.js'
import type { Status } from '../status.js'
import type { SyncFrame } from '../sync.js'
import type { LiveKit } from './kit.js'

export async function syncNext(
  { run, running }: LiveKit,
  by?: Partial<SyncFrame>,
  choice?: Choice,
): Promise<Status> {
  while (running()) await running()
  return run(-1, by, choice)
}
