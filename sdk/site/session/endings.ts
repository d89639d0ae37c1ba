/**
 * What this process knows of sessions that have ended, by the hub's event stream: they are refused from then on, fresh or not, also in
 * the hub's absence.
 */

import type { SessionClaims } from '../../protocol/claims.js'
import type { EndingsHeard } from '../hub/event-stream.js'
import { type EndReason, limits } from '../../protocol/wire.js'
import { boundedCache } from '../../http/bounded-cache.js'
import type { AppSettings } from '../options.js'
import { createWatchers, nameOf, type Watcher } from './watchers.js'

export interface Endings extends EndingsHeard {
  /** By an act at this site, whether or not the hub can be told. */
  endedHere(claims: SessionClaims, reason: EndReason): void
  /** Why this session has ended, as far as this process knows. */
  reasonOf(claims: SessionClaims): EndReason | undefined
  /** Whether the hub has to be asked, fresh or not; then nothing but its answer counts. */
  isDoubtful(claims: SessionClaims): boolean
  /** Whoever watches a session is told of its end, also when that is known already. @returns how to stop */
  watch(claims: SessionClaims, watcher: Watcher): () => void
  /** How many watch this session. */
  watching(claims: SessionClaims): number
}

/** Of sessions and of subjects, each: some 20 MB in all. */
const MOST = 100_000

interface Known {
  readonly reason: EndReason
  readonly heardMs: number
}

interface KnownSubject extends Known {
  readonly generation: number
}

export function createEndings(
  { now, hubTimeoutMs }: Pick<AppSettings, 'now' | 'hubTimeoutMs'>,
  most = MOST,
): Endings {
  const watchers = createWatchers()
  let trustedFromMs = -Infinity
  /** An answer that is on its way may be as old as the time limit for it, and another machine's clock ahead of this one. */
  const marginMs = hubTimeoutMs + limits.ownSkewSeconds * 1000

  function doubtBefore(ms: number): void {
    trustedFromMs = Math.max(trustedFromMs, ms + marginMs)
  }

  /** Further ahead it lies only where the clock was set back since: what was issued until now is asked for, and not all until it is that late again. */
  function isBeforeTrust(iat: number): boolean {
    trustedFromMs = Math.min(trustedFromMs, now() + marginMs)
    return iat * 1000 <= trustedFromMs
  }

  // An ending that has to make room is not simply forgotten: a flood of others would bring the session back to life.
  const bounded = <Value extends Known>() =>
    boundedCache<Value>(most, {
      dispose({ heardMs }, _tag, why) {
        if (why === 'evict') doubtBefore(heardMs)
      },
    })
  const sessions = bounded<Known>()
  const subjects = bounded<KnownSubject>()

  function ended(name: string, reason: EndReason): void {
    sessions.set(name, { reason, heardMs: now() })
    for (const watcher of watchers.ofSession(name)) watcher.ended(reason)
  }

  const reasonOf = ({ st }: SessionClaims) => (st === undefined ? undefined : sessions.peek(st)?.reason)

  /** What ended all of the user's sessions up to this one, or a later one. A session that was spared has another generation by now. */
  function subjectOf({ sg, gen = 0 }: SessionClaims): KnownSubject | undefined {
    const known = sg === undefined ? undefined : subjects.peek(sg)
    return known && gen <= known.generation ? known : undefined
  }

  return {
    ended({ session_tag: tag, reason }) {
      ended(tag, reason)
    },
    subjectEnded({ subject_tag: tag, generation, reason }) {
      const most = Math.max(generation, subjects.peek(tag)?.generation ?? 0)
      subjects.set(tag, { generation: most, reason, heardMs: now() })
      for (const watcher of watchers.ofSubject(tag, generation)) watcher.mayHaveEnded(reason)
    },
    reset() {
      doubtBefore(now())
      for (const watcher of watchers.all()) watcher.unknown()
    },
    endedHere(claims, reason) {
      ended(nameOf(claims), reason)
    },
    reasonOf,
    isDoubtful(claims) {
      // What the hub does not know of yet, it has not ended.
      if (claims.sk === undefined) return false
      return isBeforeTrust(claims.iat) || subjectOf(claims) !== undefined
    },
    watch(claims, watcher) {
      const leave = watchers.add(claims, watcher)
      const reason = reasonOf(claims)
      const subject = subjectOf(claims)
      if (reason) watcher.ended(reason)
      else if (subject) watcher.mayHaveEnded(subject.reason)
      return leave
    },
    watching: (claims) => watchers.ofSession(nameOf(claims)).length,
  }
}
