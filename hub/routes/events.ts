/** `GET /backchannel/events`: a site process listens, for as long as it runs, to what has ended. */
import type { ServerResponse } from 'node:http'

import { openEventsOn } from '../../sdk/http/node/events.js'
import { beginEvents } from '../../sdk/http/server-sent-events.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isEventId, type StreamEvent } from '../../sdk/protocol/events.js'
import type { HubContext } from '../flows/context.js'
import { tellSite } from '../flows/endings.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { NumberedEnding } from '../stores/store.js'
import type { HubRequest } from './request.js'
import type { Limiters } from './limits.js'
import type { Authenticate } from './site-token.js'

/** What the route needs of the feed of endings. */
export interface Feed {
  /** The hub is about to close. */
  readonly isStopped: boolean
  follow(
    afterSeq: number,
    listener: { isReady: () => boolean; hear: (endings: readonly NumberedEnding[]) => void; end: () => void },
  ): () => void
}

export interface EventsRoute {
  readonly hub: HubContext
  readonly sites: SiteRegistry
  readonly authenticate: Authenticate
  readonly limiters: Limiters
  readonly feed: Feed
  readonly beatMs?: number
}

/** A site runs so many processes, and a few connections that the network has not noticed are gone (R31). */
const MOST_PER_SITE = 256

const BEAT_MS = 15_000

/** A stream lives longer than the token that opened it, but not for ever: whoever found one token has to show another. */
const LONGEST_MS = 3_600_000

export function eventsRoute({ hub, sites, authenticate, limiters, feed, beatMs = BEAT_MS }: EventsRoute) {
  const open = new Map<string, number>()

  return async (req: HubRequest, res: ServerResponse): Promise<void> => {
    const site = await authenticate(req)
    const { origin } = site
    await limiters.site(origin)
    const from = await startOf(req)
    // No more waiting from here on: of many that come at once, each is counted before the next is looked at.
    if (feed.isStopped) throw new SessionHubError('unavailable', 'The hub is closing')
    const others = open.get(origin) ?? 0
    if (others >= MOST_PER_SITE) {
      throw new SessionHubError('rate_limited', 'This site has too many event streams', {
        retryAfterSeconds: 10,
      })
    }
    const untilMs = hub.now() + LONGEST_MS
    const mayStay = async () => hub.now() < untilMs && (await isStillTheSame(site))
    const answer = beginEvents(openEventsOn(res), { beatMs, mayStay })
    if (!answer) return
    open.set(origin, others + 1)
    answer.send(written(from.isKnown ? 'hello' : 'reset', {}, from.seq))
    const leave = feed.follow(from.seq, {
      isReady: answer.isRead,
      hear(endings) {
        answer.send(endings.map((ending) => told(origin, ending)).join(''))
      },
      end() {
        answer.end()
      },
    })
    answer.onEnd(() => {
      leave()
      const left = (open.get(origin) ?? 1) - 1
      if (left > 0) open.set(origin, left)
      else open.delete(origin)
    })
  }

  /** A site that was turned off, or has other keys, is told nothing more. */
  async function isStillTheSame({ origin, signingPrints }: Site): Promise<boolean> {
    const now = await sites.find(origin)
    return now !== undefined && [...signingPrints].every((print) => now.signingPrints.has(print))
  }

  /** Where the site left off, if everything since is still known. A process that has just begun hears all that is. */
  async function startOf({ headers }: HubRequest): Promise<{ seq: number; isKnown: boolean }> {
    const asked = headers['last-event-id']
    const { first, last } = await hub.store.endingsRange()
    const before = first > 0 ? first - 1 : last
    if (asked === undefined) return { seq: before, isKnown: true }
    const seq = isEventId(asked) ? Number(asked) : -1
    const isKnown = seq >= before && seq <= last
    return { seq: isKnown ? seq : last, isKnown }
  }

  function told(origin: string, ending: NumberedEnding): string {
    const event = tellSite(hub, origin, ending)
    return event ? written(event.event, event.data, ending.seq) : ''
  }
}

const written = (event: StreamEvent, data: object, seq: number) =>
  `id: ${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
