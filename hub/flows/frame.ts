/** What a frame is told when it loads: the decision, as far as the hub can make it without the site's offer. */
import type { JsonObject } from '../../sdk/protocol/json.js'
import type { Outcome } from '../../sdk/protocol/wire.js'
import type { Site } from '../sites/site.js'
import type { Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { jarOf, live } from './sessions.js'
import { stateTag, turnTag } from './tags.js'
import { issueTicket } from './ticket.js'

export interface FrameQuestion {
  readonly site: Site
  readonly nonce: string
  /** The site's state cookie, if there is one. */
  readonly state: string | undefined
  /** SHA-256 of the handle in the hub's cookie, if the browser sent it. */
  readonly hubHandleHash: string | undefined
  /** Whether the hub sees the cookies of its own, unpartitioned jar. */
  readonly hasAccess: boolean
  /** The visitor shares nothing in this browser. */
  readonly isOff: boolean
}

export interface Answer {
  readonly outcome: Outcome
  readonly ticket?: string
  readonly reason?: string
  /** With `conflict`: the hub's user, by the name that the site knows. */
  readonly subject?: string
  /** With `conflict`: the claims of that user that the site may see. */
  readonly claims?: JsonObject
  /** The value that the turn cookie has to have, if the hub sees its own jar. */
  readonly turn?: string
  /** With `failed`: after how many seconds the page may ask again. */
  readonly retryAfter?: number
}

/** What a visitor who has opted out offers and receives, on every site. */
export const OPTED_OUT: Answer = { outcome: 'none', reason: 'opted_out', turn: '' }

export async function answerFrame(
  hub: HubContext,
  question: FrameQuestion,
  mode: 'frame' | 'redirect' = 'frame',
): Promise<Answer> {
  const { site, nonce, state, hubHandleHash, hasAccess, isOff } = question
  const { secret } = hub
  // In a partitioned jar the frame would look healthy and share nothing.
  if (!hasAccess) return { outcome: 'blocked' }
  if (isOff) return OPTED_OUT
  const session = hubHandleHash === undefined ? undefined : await findHubSession(hub, site, hubHandleHash)
  const turn = turnTag(secret, session?.id)
  if (state !== undefined) {
    if (session && state === stateTag(secret, session.id, site.origin)) return { outcome: 'keep', turn }
    // The site holds a different session. The hub has to see it before the site may lose anything.
    if (site.mayOffer) return { outcome: 'offer', turn }
  }
  if (!session) return { outcome: 'none', turn }
  return { outcome: 'replace', turn, ticket: await issueTicket(hub, { site, session, nonce, mode }) }
}

async function findHubSession(hub: HubContext, site: Site, hash: string): Promise<Session | undefined> {
  return live(await hub.store.find(hash), jarOf(site), hub.now())
}
