/** The origins of this site's sisters: requested once, and kept for the pages of this tab. */
import type { SistersReply } from '../../protocol/bodies.js'
import type { LadderKit } from './kit.js'

const KEY = 'session-hub-sisters'
const GOOD_FOR_MS = 600_000

interface Kept extends SistersReply {
  readonly atMs: number
}

export interface Sisters {
  /** Requests the list if that has not been done. */
  readonly ask: () => Promise<void>
  readonly has: (origin: string) => boolean
  /** Forgets them all for the lifetime of a list. */
  readonly forget: () => void
}

export function createSisters({ post, endpoint }: LadderKit): Sisters {
  let known: readonly string[] = []
  let asked: Promise<void> | undefined

  function keep(kept: Kept): void {
    known = kept.sisters
    try {
      window.sessionStorage.setItem(KEY, JSON.stringify(kept))
    } catch {
      // Storage is forbidden here, so every page asks.
    }
  }

  async function ask(): Promise<void> {
    const kept = recall()
    const isGood = kept && Math.abs(Date.now() - kept.atMs) < GOOD_FOR_MS
    keep(isGood ? kept : { ...(await post<SistersReply>(`${endpoint}/sisters`, {})), atMs: Date.now() })
  }

  return {
    // If the site cannot answer, it has no sisters for this page.
    ask: () => (asked ??= ask().catch(() => undefined)),
    has: (origin) => known.includes(origin),
    forget() {
      keep({ sisters: [], atMs: Date.now() })
    },
  }
}

function recall(): Kept | null {
  try {
    return JSON.parse(window.sessionStorage.getItem(KEY) ?? 'null') as Kept | null
  } catch {
    return null
  }
}
