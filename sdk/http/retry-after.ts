/** `Retry-After`, as seconds or as a date (RFC 9110, section 10.2.3). */

/** Whoever asks for more is asked again before. */
const MOST_SECONDS = 60

/** @returns whole seconds, 1 to 60; `undefined` where it says nothing that can be read */
export function retryAfterSeconds(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - nowMs) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(MOST_SECONDS, Math.max(1, seconds))
}
