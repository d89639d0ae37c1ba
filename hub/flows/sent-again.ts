/**
 * A site repeats a request when the answer was lost: the connection was closed, or the hub's process stopped. The act is not done
 * twice, and the second answer repeats the first.
 */
import type { BackchannelAct } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Handle, Held, Session } from '../stores/store.js'

/** How long the hub recognises such a request: longer than any site waits for an answer. */
export const ANSWER_LOST_MS = 60_000

/** One request of one site, with an id of its own. */
export interface Request {
  readonly site: string
  /** The hash under which the answer is kept. */
  readonly hash: string
}

/**
 * @param id the request's own id; without one the request is never recognised
 * @param body the whole body, including the id: a request that differs in anything is a different one (R8). No handle has this hash, because the
 * hashed text is longer than a handle
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

/** Written in the transaction of the act itself. @param session the session that the act gave, or for which it was requested */
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

/** The earlier answer to this very request, if there was one. */
export function answeredBefore(
  held: Held | undefined,
  { site, hash }: Request,
  nowMs: number,
): string | undefined {
  const isIt = held?.handle.hash === hash && nowMs < held.handle.expiresAtMs
  return isIt ? held.handle.site.slice(placeOf(site, '').length) : undefined
}
