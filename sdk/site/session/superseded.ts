/**
 * Handles that this site has just replaced by new ones, or signed out: by this process, or by another, as the hub reports. A request in
 * progress then finds that its session has ended. It must not clear the cookies, because a concurrent answer has set newer ones.
 */
import { boundedCache } from '../../http/bounded-cache.js'

export interface Superseded {
  add(handle: string): void
  /** The hub has reported that another site or a person ended it: it need not be asked again. */
  dismiss(handle: string): void
  has(handle: string): boolean
  /** Whether it is known which of the two it is. */
  isKnown(handle: string): boolean
}

/** Longer than any request lasts. */
const REMEMBER_MS = 60_000

export function createSuperseded(): Superseded {
  const handles = boundedCache<boolean>(20_000, { ttl: REMEMBER_MS })
  return {
    add(handle) {
      handles.set(handle, true)
    },
    dismiss(handle) {
      handles.set(handle, false)
    },
    has: (handle) => handles.get(handle) === true,
    isKnown: (handle) => handles.has(handle),
  }
}
