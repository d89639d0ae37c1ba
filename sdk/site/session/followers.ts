/** The listeners that wait for the end of a session. Their number is bounded, because nobody knows whether they will ever stop (R31). */
import type { EndReason } from '../../protocol/wire.js'

/** `unknown`: it can no longer be said whether the session has ended, because the hub does not answer, or this process has stopped listening. */
export type Ended = EndReason | 'unknown'

type Tell = (reason: Ended) => void

export interface Followers {
  /** If there are too many, the oldest is told that nothing more is known of its session. */
  add(tell: Tell): void
  delete(tell: Tell): void
  /** No more news will arrive: tells all listeners so, and all that come later. */
  close(): void
}

/** The limit for all sites of an application. */
const MOST = 50_000

export function createFollowers(most = MOST): Followers {
  const waiting = new Set<Tell>()
  let isClosed = false
  return {
    add(tell) {
      waiting.add(tell)
      const [oldest] = waiting
      if (isClosed) tell('unknown')
      else if (waiting.size > most) oldest?.('unknown')
    },
    delete(tell) {
      waiting.delete(tell)
    },
    close() {
      isClosed = true
      for (const tell of waiting) tell('unknown')
    },
  }
}
