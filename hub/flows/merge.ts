/** Moving a losing session's data into the one that stays, through the owner's merge hook. */
import { isJsonObject } from '../../sdk/protocol/json.js'
import { limits } from '../../sdk/protocol/wire.js'
import type { Session } from '../stores/store.js'
import type { HubContext, MergeQuestion } from './context.js'
import { sizeOf } from './sessions.js'

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
  if (sizeOf(data) > limits.dataBytes) {
    hub.log({ level: 'warn', event: 'merge_too_large', bytes: sizeOf(data), allowed: limits.dataBytes })
    return winner
  }
  return { ...winner, data, version: winner.version + 1 }
}
