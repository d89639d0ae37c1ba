/**
 * Sign-outs that the hub could not be told of. Without them the visitor would be signed in again by the next sync after the
 * hub's return. Kept in memory: a restart of this process forgets them.
 */
import type { EndBody } from '../protocol/bodies.js'
import type { HubClient } from './hub-client.js'
import { isCode } from './session.js'

const TRY_EVERY_MS = 2000
const MOST = 10_000

export interface PendingEnds {
  add(end: EndBody): void
  close(): void
}

export function createPendingEnds(hub: Pick<HubClient, 'end'>): PendingEnds {
  const ends = new Map<string, EndBody>()
  let timer: NodeJS.Timeout | undefined

  async function tryAll(): Promise<void> {
    timer = undefined
    for (const [handle, end] of ends) {
      try {
        await hub.end(end)
      } catch (error) {
        // It has ended already, or it is to be tried again.
        if (!isCode(error, 'session_ended')) break
      }
      ends.delete(handle)
    }
    if (ends.size > 0) schedule()
  }

  function schedule(): void {
    timer ??= setTimeout(() => void tryAll(), TRY_EVERY_MS).unref()
  }

  return {
    add(end) {
      if (ends.size < MOST) ends.set(end.handle, end)
      schedule()
    },
    close() {
      clearTimeout(timer)
      ends.clear()
    },
  }
}
