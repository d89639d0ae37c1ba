/** What a session may hold, and moving a losing session's data into the one that stays. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { checkJson, isJsonObject, type JsonObject } from '../../sdk/protocol/json.js'
import { limits } from '../../sdk/protocol/wire.js'
import type { Session } from '../stores/store.js'
import type { HubContext, MergeQuestion } from './context.js'
import { sizeOf } from './sessions.js'

/** Many patches and merges may make more keys than one request has; the size bounds them all. */
const dataBounds = { depth: limits.jsonDepth, keys: 2048 }

/** @throws SessionHubError `request_invalid`, `data_too_large` */
export function bounded(data: JsonObject): JsonObject {
  checkJson(data, dataBounds)
  if (sizeOf(data) > limits.dataBytes) {
    throw new SessionHubError('data_too_large', `A session holds at most ${limits.dataBytes} bytes of data`)
  }
  return data
}

/** The winner with the merged data. Called inside the transaction that ends the loser, so once. */
export function mergedInto(
  hub: HubContext,
  winner: Session,
  loser: Session,
  reason: MergeQuestion['reason'],
): Session {
  if (Object.keys(loser.data).length === 0) return winner
  const data = hub.rules.merge({ from: loser.data, into: winner.data, reason })
  if (!isJsonObject(data)) throw new TypeError('The merge hook has to return an object')
  try {
    return { ...winner, data: bounded(data), version: winner.version + 1 }
  } catch {
    hub.log({ level: 'warn', event: 'merge_too_large', bytes: sizeOf(data), allowed: limits.dataBytes })
    return winner
  }
}
