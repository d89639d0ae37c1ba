/**
 * What this process knows of sessions that have ended, by the hub's event stream: they are refused from then on, fresh or not. Remembered
 * for as long as a token could still be fresh.
 */
import { LRUCache } from 'lru-cache'

import type { SessionClaims } from '../protocol/claims.js'
import type { EndedEvent, SubjectEndedEvent } from '../protocol/events.js'
import type { EndReason } from '../protocol/wire.js'

/** @param isSure `false`: all of the user's sessions ended up to a point, but this one may have been spared */
export type EndingListener = (reason: EndReason, isSure: boolean) => void

export interface Endings {
  ended(event: EndedEvent): void
  subjectEnded(event: SubjectEndedEvent): void
  /** Whatever was issued before now has to be asked for at the hub. */
  reset(): void
  /** Why this session has ended, as far as this process knows. */
  reasonOf(claims: SessionClaims): EndReason | undefined
  /** Whether the hub has to be asked, fresh or not; then nothing but its answer counts. */
  isDoubtful(claims: SessionClaims): boolean
  /** Listens to the end of one session, for as long as a page is open. @returns how to stop */
  watch(claims: SessionClaims, listener: EndingListener): () => void
}

/** Longer than a token is fresh (R28). */
const REMEMBER_MS = 600_000
const MOST = 100_000

interface Watcher {
  readonly claims: SessionClaims
  readonly listener: EndingListener
}

export function createEndings(now: () => number): Endings {
  const sessions = new LRUCache<string, EndReason>({ max: MOST, ttl: REMEMBER_MS })
  const subjects = new LRUCache<string, number>({ max: MOST, ttl: REMEMBER_MS })
  const watchers = new Set<Watcher>()
  let trustedFromMs = -Infinity

  const tell = (reason: EndReason, isSure: boolean, isMeant: (claims: SessionClaims) => boolean) => {
    for (const { claims, listener } of watchers) if (isMeant(claims)) listener(reason, isSure)
  }

  return {
    ended({ state, reason }) {
      sessions.set(state, reason)
      tell(reason, true, ({ st }) => st === state)
    },
    subjectEnded({ subject_tag: tag, generation, reason }) {
      subjects.set(tag, Math.max(generation, subjects.get(tag) ?? 0))
      tell(reason, false, ({ sg, gen = 0 }) => sg === tag && gen <= generation)
    },
    reset() {
      trustedFromMs = now()
    },
    reasonOf: ({ st }) => (st === undefined ? undefined : sessions.get(st)),
    isDoubtful({ iat, sg, gen = 0 }) {
      // Tokens count in whole seconds: of the same second as the reset is before it.
      if ((iat + 1) * 1000 <= trustedFromMs) return true
      return sg !== undefined && gen <= (subjects.get(sg) ?? -1)
    },
    watch(claims, listener) {
      const watcher = { claims, listener }
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
  }
}
