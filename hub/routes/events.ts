/** `GET /backchannel/events`: a site process listens, for as long as it runs, to what has ended. */
import type { ServerResponse } from 'node:http'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { StreamEvent } from '../../sdk/protocol/events.js'
import type { HubContext } from '../flows/context.js'
import { tellSite } from '../flows/endings.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { NumberedEnding } from '../stores/store.js'
import type { HubRequest } from './address.js'
import type { Limiters } from './limits.js'
import type { Authenticate } from './site-token.js'

/** What the route needs of the feed of endings. */
export interface Feed {
  follow(
    afterSeq: number,
    listener: { hear: (endings: readonly NumberedEnding[]) => void; end: () => void },
  ): () => void
}

export interface EventsRoute {
  readonly hub: HubContext
  readonly sites: SiteRegistry
  readonly authenticate: Authenticate
  readonly limiters: Limiters
  readonly feed: Feed
}

/** A site runs so many processes, and a few connections that the network has not noticed are gone. */
const MOST_PER_SITE = 256

const BEAT_MS = 15_000

/** A listener that does not read is cut off before it costs memory; it comes again, and goes on where it was. */
const MOST_WAITING_BYTES = 1_048_576

export function eventsRoute({ hub, sites, authenticate, limiters, feed }: EventsRoute) {
  const open = new Map<string, number>()

  return async (req: HubRequest, res: ServerResponse): Promise<void> => {
    const site = await authenticate(req)
    await limiters.site(site.origin)
    const { origin } = site
    const before = open.get(origin) ?? 0
    if (before >= MOST_PER_SITE) {
      throw new SessionHubError('rate_limited', 'This site has too many event streams', {
        retryAfterSeconds: 10,
      })
    }
    const from = await startOf(req)
    open.set(origin, before + 1)

    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // nginx would gather it.
      'x-accel-buffering': 'no',
    })
    const say = (text: string) => {
      res.write(text)
      if (res.writableLength > MOST_WAITING_BYTES) res.destroy()
    }
    say(frame(from.isResumed ? 'hello' : 'reset', {}, from.seq))
    const leave = feed.follow(from.seq, {
      hear(endings) {
        say(endings.map((ending) => written(origin, ending)).join(''))
      },
      end() {
        res.end()
      },
    })
    const beat = setInterval(() => {
      isStillTheSame(site).then(
        (isSame) => {
          if (isSame) say(':\n\n')
          else res.destroy()
        },
        () => undefined,
      )
    }, BEAT_MS).unref()
    res.on('close', () => {
      clearInterval(beat)
      leave()
      open.set(origin, (open.get(origin) ?? 1) - 1)
    })
  }

  /** A site that was turned off, or has other keys, is told nothing more. */
  async function isStillTheSame({ origin, signingKeys }: Site): Promise<boolean> {
    const now = await sites.find(origin)
    return now !== undefined && [...signingKeys.keys()].every((kid) => now.signingKeys.has(kid))
  }

  /** Where the site left off, if everything since is still known. */
  async function startOf({ headers }: HubRequest): Promise<{ seq: number; isResumed: boolean }> {
    const asked = headers['last-event-id']
    const { first, last } = await hub.store.endingsRange()
    const seq = typeof asked === 'string' && /^\d{1,15}$/.test(asked) ? Number(asked) : undefined
    const isKept = seq !== undefined && seq <= last && (seq === last || (first > 0 && seq >= first - 1))
    return isKept ? { seq, isResumed: true } : { seq: last, isResumed: false }
  }

  function written(origin: string, ending: NumberedEnding): string {
    const told = tellSite(hub, origin, ending)
    return told ? frame(told.event, told.data, ending.seq) : ''
  }
}

const frame = (event: StreamEvent, data: object, seq: number) =>
  `id: ${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
