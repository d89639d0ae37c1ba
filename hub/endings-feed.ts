/** New endings for all event streams of this process: the store is asked by one, while there is anybody to tell. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { toSessionHubError } from '../sdk/protocol/errors.js'
import { logError } from '../sdk/settings/log.js'
import type { HubContext } from './flows/context.js'
import type { NumberedEnding } from './stores/store.js'

interface FeedListener {
  /** `false` while it has not read what it heard last: it is told the rest when it has. */
  readonly isReady: () => boolean
  readonly hear: (endings: readonly NumberedEnding[]) => void
  readonly end: () => void
}

export interface EndingsFeed {
  readonly isStopped: boolean
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
  let isStopped = false
  let isFailing = false

  async function look(): Promise<void> {
    try {
      // One that has much to catch up with holds up neither the others nor the hub's requests.
      while (await tellNext()) await nextTurn()
      isFailing = false
    } catch (thrown) {
      // Once, and not each time that it is tried.
      if (!isFailing && !isStopped) logError(hub.log, toSessionHubError(thrown), 'endings')
      isFailing = true
    }
    timer = followers.size > 0 ? setTimeout(() => void look(), EVERY_MS).unref() : undefined
  }

  /** One step for everybody. @returns whether somebody can hear more at once */
  async function tellNext(): Promise<boolean> {
    let isMore = false
    for (const [seq, group] of bySeq(followers)) {
      const endings = await hub.store.endings(seq, BATCH)
      const last = endings.at(-1)
      if (!last) continue
      for (const follower of group) {
        if (!followers.has(follower)) continue
        follower.seq = last.seq
        follower.listener.hear(endings)
      }
      isMore ||= endings.length === BATCH
    }
    return isMore
  }

  return {
    get isStopped() {
      return isStopped
    },
    follow(afterSeq, listener) {
      const follower = { seq: afterSeq, listener }
      followers.add(follower)
      timer ??= setTimeout(() => void look(), 0).unref()
      return () => followers.delete(follower)
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      for (const { listener } of followers) listener.end()
      followers.clear()
    },
  }
}

/** Those that are ready, by what they have heard last: most have heard the same. */
function bySeq(followers: Iterable<Follower>): Map<number, Follower[]> {
  const groups = new Map<number, Follower[]>()
  for (const follower of followers) {
    if (!follower.listener.isReady()) continue
    const group = groups.get(follower.seq)
    if (group) group.push(follower)
    else groups.set(follower.seq, [follower])
  }
  return groups
}
