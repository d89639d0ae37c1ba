/** What a session may hold, and how a losing session's data moves into the one that stays. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { checkJson, isJsonObject, type JsonObject } from '../../sdk/protocol/json.js'
import { type EndReason, limits } from '../../sdk/protocol/wire.js'
import { unawaited } from '../../sdk/settings/unawaited.js'
import type { Site } from '../sites/site.js'
import type { Ending, Session } from '../stores/store.js'
import type { HubContext, MergeQuestion } from './context.js'
import { dataBounds, type Fitted, fitted, usable } from './merge-result.js'
import { ended, endingOf, sizeOf } from './sessions.js'
import { carriedBy, divided } from './share.js'

/** @throws SessionHubError `request_invalid`, `data_too_large` */
export function bounded(data: JsonObject): JsonObject {
  checkJson(data, dataBounds)
  if (sizeOf(data) > limits.dataBytes) {
    throw new SessionHubError('data_too_large', `A session holds at most ${limits.dataBytes} bytes of data`)
  }
  return data
}

/** @throws SessionHubError `request_invalid`, `data_too_large` */
export function boundedClaims(claims: JsonObject): JsonObject {
  checkJson(claims)
  if (sizeOf(claims) <= limits.claimsBytes) return claims
  const most = `The claims are larger than ${limits.claimsBytes} bytes; they travel in every ticket`
  throw new SessionHubError('data_too_large', most)
}

export interface Merging {
  /** The site whose act made the two sessions meet. */
  readonly site: Site
  readonly winner: Session
  readonly loser: Session
  readonly reason: MergeQuestion['reason']
  readonly endReason: EndReason
}

export interface Merged {
  readonly winner: Session
  /** The loser as it has to be written. */
  readonly loser: Session
  readonly endings: readonly Ending[]
  readonly hasMoved: boolean
}

/**
 * Moves the loser's data into the winner and ends the loser. Both happen in the caller's transaction, so they happen once.
 *
 * R37: the site that acts carries only what it may write. A loser with more data than that lives on with the rest. So does a loser whose data
 * finds no room: the next site that may carry the data brings it, and nothing is lost.
 */
export function merged(hub: HubContext, meeting: Merging, nowMs: number): Merged {
  const { site, winner, loser, endReason } = meeting
  const names = carriedBy(site, loser)
  const { ours, rest } = divided(loser.data, names)
  const hasMoved = Object.keys(ours).length > 0
  const { data, left } = hasMoved ? mergedData(hub, meeting, ours, names) : NOTHING_MOVED
  const into = data ? { ...winner, data, version: winner.version + 1 } : winner
  // R20: a user's own session ends at a sign-in whatever it holds, and a new session has room for all of that.
  const remains = loser.subject === null ? { ...rest, ...divided(ours, left).ours } : {}
  if (Object.keys(remains).length > 0) {
    const changed = hasMoved ? { ...loser, data: remains, version: loser.version + 1 } : loser
    return { winner: into, loser: changed, endings: [], hasMoved }
  }
  const gone = ended(loser, endReason, nowMs)
  return { winner: into, loser: gone, endings: [endingOf(gone)], hasMoved }
}

const NOTHING_MOVED = { data: undefined, left: new Set<string>() } as const

/** The hook sees and changes only the keys that the site may carry. */
function mergedData(
  { rules, log }: HubContext,
  { winner, reason }: Merging,
  from: JsonObject,
  names: ReadonlySet<string> | undefined,
): Fitted {
  const { ours: into, rest } = divided(winner.data, names)
  // The hook gets copies: only what it returns changes a session.
  const said: unknown = rules.merge(structuredClone({ from, into, reason }))
  unawaited(said)
  if (!isJsonObject(said)) throw new TypeError('The merge hook has to return an object')
  const { made, fault } = usable(said, { from, into })
  if (fault !== undefined) log({ level: 'error', event: 'hook_failed', hook: 'merge', description: fault })
  const ours = divided(made, names).ours
  const data = { ...rest, ...ours }
  try {
    return { data: bounded(data), left: NOTHING_MOVED.left }
  } catch {
    const fit = fitted(ours, { from, into }, rest)
    const allowed = limits.dataBytes
    log({ level: 'warn', event: 'merge_too_large', bytes: sizeOf(data), allowed, keysLeft: fit.left.size })
    return fit
  }
}
