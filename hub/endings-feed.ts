/** New endings for all event streams of this process: the store is asked by one, while there is anybody to tell. */
import { toSessionHubError } from '../sdk/protocol/errors.js'
import { logError } from '../sdk/settings/log.js'
import type { HubContext } from './flows/context.js'
import type { NumberedEnding } from './stores/store.js'

export interface FeedListener {
  readonly hear: (endings: readonly NumberedEnding[]) => void
  readonly end: () => void
}

export interface EndingsFeed {
  /** Hears every ending after this number, in order, until the feed itself ends. @returns how to stop */
  follow(afterSeq: number, listener: FeedListener): () => void
  stop(): void
}

/** Within the second that a site has to know in, even when the store is busy. */
const EVERY_MS = 200
const BATCH = 500

interface Follower {
  seq: number
  readonly listener: FeedListener
}

export function createEndingsFeed(hub: HubContext): EndingsFeed {
  const followers = new Set<Follower>()
  let timer: NodeJS.Timeout | undefined

  async function look(): Promise<void> {
    try {
      for (let isMore = followers.size > 0; isMore;) {
        const from = Math.min(...[...followers].map(({ seq }) => seq))
        const endings = await hub.store.endings(from, BATCH)
        for (const follower of followers) tell(follower, endings)
        isMore = endings.length === BATCH
      }
    } catch (thrown) {
      logError(hub.log, toSessionHubError(thrown), 'endings')
    }
    timer = followers.size > 0 ? setTimeout(() => void look(), EVERY_MS).unref() : undefined
  }

  function tell(follower: Follower, endings: readonly NumberedEnding[]): void {
    const fresh = endings.filter(({ seq }) => seq > follower.seq)
    if (fresh.length === 0) return
    follower.seq = fresh.at(-1)?.seq ?? follower.seq
    follower.listener.hear(fresh)
  }

  return {
    follow(afterSeq, listener) {
      const follower = { seq: afterSeq, listener }
      followers.add(follower)
      timer ??= setTimeout(() => void look(), 0).unref()
      return () => followers.delete(follower)
    },
    stop() {
      clearTimeout(timer)
      for (const { listener } of followers) listener.end()
      followers.clear()
    },
  }
}
