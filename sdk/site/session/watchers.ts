/** Which watcher watches which session: found by its tags, because there may be many thousands and an ending concerns only a few. */
import type { SessionClaims } from '../../protocol/claims.js'
import type { EndReason } from '../../protocol/wire.js'

export interface Watcher {
  ended(reason: EndReason): void
  /** All of the user's sessions up to a point have ended; this one may have been spared. */
  mayHaveEnded(reason: EndReason): void
  /** Events in between may have been missed. */
  unknown(): void
}

export interface Watchers {
  add(claims: SessionClaims, watcher: Watcher): () => void
  all(): readonly Watcher[]
  ofSession(state: string): readonly Watcher[]
  /** The watchers of a user's sessions up to this generation. */
  ofSubject(tag: string, generation: number): readonly Watcher[]
}

interface Entry {
  readonly generation: number
  readonly watcher: Watcher
}

export function createWatchers(): Watchers {
  const bySession = new Map<string, Set<Entry>>()
  const bySubject = new Map<string, Set<Entry>>()

  return {
    add(claims, watcher) {
      const { sg, gen: generation = 0 } = claims
      const entry = { generation, watcher }
      const places = [put(bySession, nameOf(claims), entry), put(bySubject, sg, entry)]
      return () => {
        for (const leave of places) leave()
      }
    },
    // Copies, because a watcher that is told may leave at once.
    all: () => [...bySession.values()].flatMap((entries) => watchersOf(entries)),
    ofSession: (state) => watchersOf(bySession.get(state)),
    ofSubject: (tag, upTo) =>
      watchersOf([...(bySubject.get(tag) ?? [])].filter(({ generation }) => generation <= upTo)),
  }
}

/** The hub's tag of a session; for a sign-in that the hub does not know yet, its own id. */
export const nameOf = ({ st, jti = '' }: SessionClaims): string => st ?? jti

const watchersOf = (entries: Iterable<Entry> = []) => [...entries].map(({ watcher }) => watcher)

function put(index: Map<string, Set<Entry>>, key: string | undefined, entry: Entry): () => void {
  if (key === undefined) return () => undefined
  const entries = index.get(key) ?? new Set<Entry>()
  index.set(key, entries.add(entry))
  return () => {
    entries.delete(entry)
    if (entries.size === 0 && index.get(key) === entries) index.delete(key)
  }
}
