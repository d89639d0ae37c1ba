/** `Retry-After`, as seconds or as a date (RFC 9110, section 10.2.3). */

/** If a server asks for more, it is asked again sooner. */
const MOST_SECONDS = 60

/** @returns whole seconds, 1 to 60; `undefined` if the value cannot be read */
export function retryAfterSeconds(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - nowMs) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(MOST_SECONDS, Math.max(1, seconds))
}
