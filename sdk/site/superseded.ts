/**
 * Handles that this process has just replaced by new ones, or signed out. A request that was under way meanwhile finds its session ended; it must
 * not clear the cookies then, for a response beside it has set newer ones.
 */
import { boundedCache } from './bounded-cache.js'

export interface Superseded {
  add(handle: string): void
  has(handle: string): boolean
}

/** Longer than any request lasts. */
const REMEMBER_MS = 60_000

export function createSuperseded(): Superseded {
  const handles = boundedCache<true>(20_000, { ttl: REMEMBER_MS })
  return {
    add(handle) {
      handles.set(handle, true)
    },
    has: (handle) => handles.has(handle),
  }
}
