/** What this browser remembers of the last sync, so that an unchanged session costs no request. */

/** Nothing in it is secret, and nothing depends on its truth. */
export interface Memory {
  /** The state that the last sync left. */
  readonly state: string
  /** Why the last sync could not share, if it could not: it holds for the pages that do not sync themselves. */
  readonly reason: string | null
  readonly isBlocked: boolean
  readonly atMs: number
  /** How long after that the hub, or this site's backend, wants to be asked nothing. Whoever asks for too long is not waited for: `comeBack`. */
  readonly waitMs: number | null
}

/** What is this SDK's own in a page that has names for everything. */
export const KEY = 'session-hub'

/**
 * What is there of it.
 *
 * @throws where cookies are switched off: browsers forbid storage with them, and not all of them say so by `cookieEnabled`
 */
export function recall(): Partial<Memory> {
  const storage = window.localStorage
  try {
    // What is not there is `null`, as text too.
    return { ...(JSON.parse(storage.getItem(KEY) as string) as Partial<Memory> | null) }
  } catch {
    // There is no storage here, or it holds somebody else's value: then every page syncs.
    return {}
  }
}

export function remember(memory: Partial<Memory>): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify({ atMs: Date.now(), ...memory }))
  } catch {
    // As above.
  }
}
