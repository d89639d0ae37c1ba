/**
 * A site sends a request once more where the answer was lost on its way: the connection was closed, or the hub's process was. The act is not done
 * twice, and the second answer says what the first one said.
 */
import type { BackchannelAct } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Handle, Held, Session } from '../stores/store.js'

/** How long the hub knows such a request again: longer than any site waits for an answer. */
export const ANSWER_LOST_MS = 60_000

/** One request of one site, with an id of its own. */
export interface Request {
  readonly site: string
  /** Where the answer to it is kept. */
  readonly hash: string
}

/**
 * @param id the request's own; without one it is never known again
 * @param body what it asks for, the id included: a request that differs in anything is another one (R8). No handle has this hash: what is hashed
 * here is longer than a handle.
 */
export const requestOf = (
  site: string,
  act: BackchannelAct,
  id: string | undefined,
  body: object,
): Request | undefined =>
  id === undefined ? undefined : { site, hash: sha256(`request ${site} ${act} ${JSON.stringify(body)}`) }

/** No origin is spelled like this, so no site can use the record as a handle. */
const placeOf = (site: string, answer: string) => `${site} answered ${answer}`

/** Written in the transaction of the act itself. @param session the one that the act gave, or was asked with */
export const answerTo = (
  { site, hash }: Request,
  session: Pick<Session, 'id'>,
  answer: string,
  nowMs: number,
): Handle => ({
  hash,
  sessionId: session.id,
  site: placeOf(site, answer),
  createdAtMs: nowMs,
  activatedAtMs: null,
  expiresAtMs: nowMs + ANSWER_LOST_MS,
})

/** What this very request was answered before, if it was. */
export function answeredBefore(
  held: Held | undefined,
  { site, hash }: Request,
  nowMs: number,
): string | undefined {
  const isIt = held?.handle.hash === hash && nowMs < held.handle.expiresAtMs
  return isIt ? held.handle.site.slice(placeOf(site, '').length) : undefined
}
