/** What this browser remembers of the last sync, so that an unchanged session costs no request. */

/** None of it is secret, and nothing depends on its being true. */
export interface Memory {
  /** The state that the last sync left. */
  readonly state: string
  /** Why the last sync could not share, if it could not: pages that do not sync themselves report this reason. */
  readonly reason: string | null
  readonly isBlocked: boolean
  readonly atMs: number
  /** How long after that the hub, or this site's backend, wants no requests. Longer pauses are cut short: `comeBack`. */
  readonly waitMs: number | null
}

/** The SDK's own key in a page, where most other names are taken. */
export const KEY = 'session-hub'

/**
 * Reads what is stored.
 *
 * @throws if cookies are switched off: browsers then forbid storage too, and not all of them report it by `cookieEnabled`
 */
export function recall(): Partial<Memory> {
  const storage = window.localStorage
  try {
    // A missing value is `null`, which also parses as JSON.
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
