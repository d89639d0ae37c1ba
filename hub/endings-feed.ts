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
  /** How many follow it. */
  readonly followers: number
  /**
   * Hears every ending after this number of this epoch, in order, until the feed ends, or until numbers run again: whoever has followed
   * others would pass endings by.
   *
   * @returns how to stop
   */
  follow(from: Position, listener: FeedListener): () => void
  stop(): void
}

interface Position {
  readonly epoch: string
  readonly seq: number
}

/** Within the second that a site has to know in, even when the store is busy. */
const EVERY_MS = 200
const BATCH = 500
/** Numbers run again only after a restore of the store, or a failover that lost some. */
const RANGE_EVERY_MS = 5000

interface Follower {
  readonly epoch: string
  seq: number
  readonly listener: FeedListener
}

export function createEndingsFeed(hub: HubContext, rangeEveryMs = RANGE_EVERY_MS): EndingsFeed {
  const followers = new Set<Follower>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isFailing = false
  let rangeSeenMs = performance.now()

  async function look(): Promise<void> {
    try {
      // One that has much to catch up with holds up neither the others nor the hub's requests.
      while (await tellNext()) await nextTurn()
      if (performance.now() - rangeSeenMs >= rangeEveryMs) await letGo()
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

  /** Those whose numbers are others by now. They come again, and are told that they may have missed something. */
  async function letGo(): Promise<void> {
    const { epoch, last } = await hub.store.endingsRange()
    rangeSeenMs = performance.now()
    for (const follower of followers) {
      if (follower.epoch === epoch && follower.seq <= last) continue
      followers.delete(follower)
      follower.listener.end()
    }
  }

  return {
    get isStopped() {
      return isStopped
    },
    get followers() {
      return followers.size
    },
    follow({ epoch, seq }, listener) {
      const follower = { epoch, seq, listener }
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
