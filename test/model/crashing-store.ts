/** A store that can fail where a plan says so, and that begins empty for each sequence, while the hub around it stays. */
import { memoryStore, SessionHubError, type Store } from 'session-hub/hub'

export interface CrashingStore extends Store {
  /** Everything from now on is another sequence's. */
  use(inner: Store): void
  readonly inner: Store
  /** The next transaction rejects: before it has begun, or after it was written. */
  crash(when: 'before' | 'after' | null): void
}

export function crashingStore(): CrashingStore {
  let inner = memoryStore()
  let crash: 'before' | 'after' | null = null
  const lost = () => new SessionHubError('unavailable', 'The store is gone')
  return {
    get inner() {
      return inner
    },
    use(next) {
      inner = next
      crash = null
    },
    crash(when) {
      crash = when
    },
    async transact(question, decide) {
      const when = crash
      crash = null
      if (when === 'before') throw lost()
      if (when === null) return inner.transact(question, decide)
      await inner.transact(question, decide).catch(() => undefined)
      throw lost()
    },
    find: (hash) => inner.find(hash),
    sessions: (ids) => inner.sessions(ids),
    list: (subject, nowMs, limit) => inner.list(subject, nowMs, limit),
    places: (ids) => inner.places(ids),
    search: (search) => inner.search(search),
    audit: (search) => inner.audit(search),
    isSpent: (issuer, jti) => inner.isSpent(issuer, jti),
    endings: (afterSeq, limit) => inner.endings(afterSeq, limit),
    endingsRange: () => inner.endingsRange(),
    renewEpoch: () => inner.renewEpoch(),
    putSite: (site) => inner.putSite(site),
    sites: (afterSeq, limit) => inner.sites(afterSeq, limit),
    sitesRange: () => inner.sitesRange(),
    ping: () => inner.ping(),
    // The hub sweeps by a real clock, which is none of a sequence's; a step of the plan does it.
    sweep: (times) => inner.sweep(times, 0),
    close: async () => undefined,
  }
}
