/** Whoever waits for the end of a session: bounded, because nobody knows whether they will let go (R31). */
import type { EndReason } from '../../protocol/wire.js'

/** `unknown`: whether it has ended cannot be said any more, for the hub does not answer, or this process has stopped listening. */
export type Ended = EndReason | 'unknown'

type Tell = (reason: Ended) => void

export interface Followers {
  /** One too many, and the oldest hears that nothing is known of its session any more. */
  add(tell: Tell): void
  delete(tell: Tell): void
  /** Nothing more will be heard: all are told so, and whoever comes later. */
  close(): void
}

/** Of all sites of an application. */
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
