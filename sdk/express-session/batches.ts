/** Splits a change into as many updates as it needs: one update carries a limited number of bytes and keys. */
import { limits } from '../protocol/wire.js'
import { type Json, type JsonObject, SessionHubError } from '../site/index.js'

/** @throws SessionHubError `data_too_large`, naming the key that no update can carry */
export function batches(patch: JsonObject): readonly JsonObject[] {
  const parts: Record<string, Json>[] = []
  let part: Record<string, Json> = {}
  let bytes = 0
  for (const [name, value] of Object.entries(patch)) {
    const size = Buffer.byteLength(JSON.stringify({ [name]: value }))
    if (size > limits.patchBytes)
      throw new SessionHubError(
        'data_too_large',
        `req.session.${name.replace(/~[^~]*$/, '')} takes ${size} bytes, and an update of the session carries ${limits.patchBytes}`,
      )
    if (bytes + size > limits.patchBytes || Object.keys(part).length === limits.jsonKeys) {
      parts.push(part)
      part = {}
      bytes = 0
    }
    part[name] = value
    bytes += size
  }
  return [...parts, part]
}
