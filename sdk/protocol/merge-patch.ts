/** JSON merge patch, RFC 7396: members of the patch replace, `null` removes, objects merge. */
import { isJsonObject, type Json, type JsonObject } from './json.js'

export function applyMergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map<string, Json>(Object.entries(target))
  for (const [key, change] of Object.entries(patch)) {
    const before = result.get(key)
    if (change === null) result.delete(key)
    else
      result.set(
        key,
        isJsonObject(change) ? applyMergePatch(isJsonObject(before) ? before : {}, change) : change,
      )
  }
  return Object.fromEntries(result)
}
