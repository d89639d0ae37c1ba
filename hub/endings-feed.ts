/** Brings new endings to all event streams of this process. While anybody follows, one loop asks the store for all of them. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { toSessionHubError } from '../sdk/protocol/errors.js'
import { logError } from '../sdk/settings/log.js'
import type { HubContext } from './flows/context.js'
import type { NumberedEnding } from './stores/store.js'

interface FeedListener {
  /** `false` while the follower has not yet read the last batch. It receives the rest when it has. */
  readonly isReady: () => boolean
  readonly hear: (endings: readonly NumberedEnding[]) => void
  readonly end: () => void
}

export interface EndingsFeed {
  readonly isStopped: boolean
  /** How many listeners follow the feed. */
  readonly followers: number
  /**
   * Hears every ending after this number of this epoch, in order, until the feed ends or the numbers are used again: a follower of the old
   * numbers would then miss endings.
   *
   * @returns a function that stops it
   */
  follow(from: Position, listener: FeedListener): () => void
  stop(): void
}

interface Position {
  readonly epoch: string
  readonly seq: number
}

/** Well within the second in which a site has to know, even when the store is busy. */
const EVERY_MS = 200
const BATCH = 500
/** How often to check for numbers that are used again. That happens only after a restore of the store, or after a failover that lost some endings. */
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
      // A follower that has much to catch up with delays neither the others nor the hub's requests.
      while (await tellNext()) await nextTurn()
      if (performance.now() - rangeSeenMs >= rangeEveryMs) await letGo()
      isFailing = false
    } catch (thrown) {
      // Log the first failure only, not each retry.
      if (!isFailing && !isStopped) logError(hub.log, toSessionHubError(thrown), 'endings')
      isFailing = true
    }
    timer = followers.size > 0 ? setTimeout(() => void look(), EVERY_MS).unref() : undefined
  }

  /** Reads one batch for every follower. @returns whether more endings are waiting for a follower */
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

  /** Ends the followers whose numbers have been used again. They connect again, and are told that they may have missed something. */
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

/** Groups the ready followers by the last ending that they heard: most have heard the same. */
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
