/**
 * `GET /backchannel/events`: a process of a site listens, as long as it runs, to what has ended. A process of an app listens for all of its sites.
 */
import type { ServerResponse } from 'node:http'

import { openEventsOn } from '../../sdk/http/node/events.js'
import { beginEvents } from '../../sdk/http/server-sent-events.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isEventId, type StreamEvent } from '../../sdk/protocol/events.js'
import type { HubContext } from '../flows/context.js'
import { tellParty } from '../flows/endings.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { NumberedEnding } from '../stores/store.js'
import type { HubRequest } from './request.js'
import type { Limiters } from './limits.js'
import type { Authenticate } from './site-token.js'

/** What the route needs from the feed of endings. */
export interface Feed {
  /** The hub is about to close. */
  readonly isStopped: boolean
  follow(
    from: { readonly epoch: string; readonly seq: number },
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

/** How many streams a site or an app may have: one for each process, and a few connections whose loss the network has not noticed (R31). */
const MOST_PER_PARTY = 256

const BEAT_MS = 15_000

/** Sent when the hub itself ends a stream: another process is there, or this one soon will be. A site learns of ends within a second. */
const COME_AGAIN = 'retry: 200\n\n'

/** A stream may outlive the token that opened it, but not for ever: a thief of one token would have to show another. */
const LONGEST_MS = 3_600_000

export function eventsRoute({ hub, sites, authenticate, limiters, feed, beatMs = BEAT_MS }: EventsRoute) {
  const open = new Map<string, number>()

  return async (req: HubRequest, res: ServerResponse): Promise<void> => {
    const site = await authenticate(req)
    const { party } = site
    await limiters.site(party)
    const from = await startOf(req)
    // Nothing is awaited from here on: if many requests come at once, each is counted before the next is checked.
    if (feed.isStopped) throw new SessionHubError('unavailable', 'The hub is closing')
    const others = open.get(party) ?? 0
    if (others >= MOST_PER_PARTY) {
      throw new SessionHubError('rate_limited', 'This site has too many event streams', {
        retryAfterSeconds: 10,
      })
    }
    const untilMs = hub.now() + LONGEST_MS
    const mayStay = async () => hub.now() < untilMs && (await isStillTheSame(site))
    const answer = beginEvents(openEventsOn(res), { beatMs, mayStay })
    if (!answer) return
    // A site that is turned off is cut off at once, not only at the next beat.
    const ignore = sites.onChange(() => {
      void mayStay().then(
        (isAllowed) => isAllowed || answer.end(),
        () => answer.end(),
      )
    })
    open.set(party, others + 1)
    answer.send(written(from.isKnown ? 'hello' : 'reset', {}, from))
    const leave = feed.follow(from, {
      isReady: answer.isRead,
      hear(endings) {
        answer.send(endings.map((ending) => told(party, ending, from.epoch)).join(''))
      },
      end() {
        answer.end(COME_AGAIN)
      },
    })
    answer.onEnd(() => {
      ignore()
      leave()
      const left = (open.get(party) ?? 1) - 1
      if (left > 0) open.set(party, left)
      else open.delete(party)
    })
  }

  /**
   * A site that was turned off, has other keys, or belongs to another app is told nothing more. An app connects again in the name of another of its
   * sites.
   */
  async function isStillTheSame({ origin, party, signingPrints }: Site): Promise<boolean> {
    const now = await sites.find(origin)
    return (
      now?.party === party &&
      [...signingPrints()].every(([kid, print]) => now.signingPrints().get(kid) === print)
    )
  }

  /** The place where the site left off, if everything since then is still kept. A process that has just begun hears everything that is kept. */
  async function startOf({ headers }: HubRequest): Promise<{ epoch: string; seq: number; isKnown: boolean }> {
    const asked = headers['last-event-id']
    const { epoch, first, last } = await hub.store.endingsRange()
    const before = first > 0 ? first - 1 : last
    if (asked === undefined) return { epoch, seq: before, isKnown: true }
    const seq = seqIn(epoch, asked)
    const isKnown = seq >= before && seq <= last
    return { epoch, seq: isKnown ? seq : last, isKnown }
  }

  function told(party: string, ending: NumberedEnding, epoch: string): string {
    const event = tellParty(hub, party, ending)
    return event ? written(event.event, event.data, { epoch, seq: ending.seq }) : ''
  }
}

/** The number in an event's id; -1 if the id is invalid or of another epoch, whose numbers stand for other endings. */
function seqIn(epoch: string, id: unknown): number {
  return isEventId(id) && id.startsWith(`${epoch}-`) ? Number(id.slice(epoch.length + 1)) : -1
}

const written = (event: StreamEvent, data: object, { epoch, seq }: { epoch: string; seq: number }) =>
  `id: ${epoch}-${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
