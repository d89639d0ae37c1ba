/**
 * What this process knows, by the hub's event stream, of sessions that have ended: they are refused from then on, fresh or not, even
 * while the hub is down.
 */

import type { SessionClaims } from '../../protocol/claims.js'
import type { EndingsHeard } from '../hub/event-stream.js'
import { type EndReason, limits } from '../../protocol/wire.js'
import { boundedCache } from '../../http/bounded-cache.js'
import type { AppSettings } from '../options.js'
import { createWatchers, nameOf, type Watcher } from './watchers.js'

export interface Endings extends EndingsHeard {
  /** An end by an act at this site, whether or not the hub can be told. */
  endedHere(claims: SessionClaims, reason: EndReason): void
  /** Why this session has ended, as far as this process knows. */
  reasonOf(claims: SessionClaims): EndReason | undefined
  /** Whether the hub has to be asked, fresh or not; then only its answer counts. */
  isDoubtful(claims: SessionClaims): boolean
  /** Tells the watcher when the session ends, also if the end is already known. @returns a function that stops it */
  watch(claims: SessionClaims, watcher: Watcher): () => void
  /** How many watchers this session has. */
  watching(claims: SessionClaims): number
}

/** The limit for sessions and for subjects, each: some 20 MB in all. */
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
  /** An answer that is on its way may be as old as its time limit, and another machine's clock may be ahead of this one. */
  const marginMs = hubTimeoutMs + limits.ownSkewSeconds * 1000

  function doubtBefore(ms: number): void {
    trustedFromMs = Math.max(trustedFromMs, ms + marginMs)
  }

  /**
   * The limit can only be further ahead if the clock was set back since: then the hub is asked about what was issued until now, and not about
   * everything until the clock is that far again.
   */
  function isBeforeTrust(iat: number): boolean {
    trustedFromMs = Math.min(trustedFromMs, now() + marginMs)
    return iat * 1000 <= trustedFromMs
  }

  // An ending that has to make room is not simply forgotten: otherwise a flood of others would bring the session back to life.
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

  /** The event that ended all of the user's sessions up to this one, or a later one. A session that was spared has another generation by now. */
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
      // The hub has not ended a session that it does not know of yet.
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
