/** The inverse of a JSON merge patch (RFC 7396): finds the patch that leads from one value to another and leaves the rest alone. */
import type { Json, JsonObject } from '../site/index.js'

/** Of two objects, only what differs, so that another request's concurrent changes stay. Anything else is replaced as a whole. */
export function mergeDiff(before: Json | undefined, after: Json | undefined): Json {
  if (after === undefined) return null
  if (!isObject(before) || !isObject(after)) return after
  const patch = new Map<string, Json>()
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) patch.set(name, null)
  for (const [name, value] of Object.entries(after)) {
    const was = Object.hasOwn(before, name) ? before[name] : undefined
    if (JSON.stringify(was) !== JSON.stringify(value)) patch.set(name, mergeDiff(was, value))
  }
  return Object.fromEntries(patch)
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
