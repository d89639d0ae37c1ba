/** What this browser remembers of the last sync, so that an unchanged session costs no request. */

/** The site's readable cookie. Spelt out here: the protocol's table of names would cost the SDK its bytes. */
export const STATE_COOKIE = '__Host-session-state'

/** Empty where there is no session. */
export const readState = (): string =>
  document.cookie
    .split('; ')
    .find((cookie) => cookie.startsWith(`${STATE_COOKIE}=`))
    ?.slice(STATE_COOKIE.length + 1) ?? ''

/** The state that the last sync left, and when. Nothing in it is secret, and nothing depends on its truth. */
export interface Memory {
  readonly state: string
  readonly atMs: number
  /** Why the last sync could not share, if it could not: it holds for the pages that do not sync themselves. */
  readonly reason: string | null
}

const KEY = 'session-hub'

export function recall(): Memory | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as Memory | null
  } catch {
    // Storage is forbidden here, or holds somebody else's value: then every page syncs.
    return null
  }
}

export function remember(state: string, reason: string | null = null): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ state, atMs: Date.now(), reason } satisfies Memory))
  } catch {
    // As above.
  }
}
