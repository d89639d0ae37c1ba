/**
 * `GET <endpoint>/live`: tells an open page when its session ends, by server-sent events from its own site; for sites that turn it on (`live: true`).
 */
import { partyOf } from '../../http/address.js'
import { queryOf } from '../../http/navigation.js'
import type { Reply } from '../../http/reply.js'
import { beginEvents, type EventsAnswer } from '../../http/server-sent-events.js'
import { SessionHubError, toSessionHubError } from '../../protocol/errors.js'
import { type EndReason, streamProbe } from '../../protocol/wire.js'
import type { SiteContext } from '../context.js'
import type { Limit } from './limit.js'
import type { Visit } from '../visit.js'

export interface Live {
  readonly listen: (site: SiteContext, visit: Visit, limit: Limit) => Promise<Reply | undefined>
  /** Ends all streams. Their pages reconnect to whichever process answers then. */
  close(): void
}

const BEAT_MS = 20_000

/** How many open pages one process serves, in all, per session and per address (R31). A page that finds no place looks by itself, as without this. */
const MOST = 20_000
const MOST_PER_SESSION = 32
const MOST_PER_ADDRESS = 128

/** A stranger cannot hold more places than these for longer than a second (R31). */
const MOST_LONG_PROBES = 8

/** If many pages lose one server at the same moment, each reconnects at a moment of its own. */
const RETRY_MS = { min: 1000, max: 5000 }

const retryLine = () =>
  `retry: ${Math.round(RETRY_MS.min + Math.random() * (RETRY_MS.max - RETRY_MS.min))}\n\n`

/** EventSource takes this as final and does not reconnect. */
const NO_PLACE: Reply = { status: 204, headers: { 'cache-control': 'no-store' }, body: '' }

/** This process is closing. EventSource treats an answer that ends as a lost connection, and reconnects to another process. */
const elsewhere = (): Reply => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  body: retryLine(),
})

export function createLive(most = MOST): Live {
  const pages = new Set<EventsAnswer>()
  /** How many pages each address has open; an address without any is not in the map. */
  const byAddress = new Map<string, number>()
  let longProbes = 0
  let isClosed = false

  const isFull = (ofSession: number, atAddress: number) =>
    pages.size >= most || ofSession >= MOST_PER_SESSION || atAddress >= MOST_PER_ADDRESS

  function count(address: string, more: 1 | -1): void {
    const open = (byAddress.get(address) ?? 0) + more
    if (open > 0) byAddress.set(address, open)
    else byAddress.delete(address)
  }

  /** Begins the answer to a page for which there is room. */
  function open({ openEvents }: Visit, address: string): EventsAnswer | undefined {
    const page = beginEvents(openEvents, { beatMs: BEAT_MS })
    if (!page) return undefined
    pages.add(page)
    count(address, 1)
    page.onEnd(() => {
      pages.delete(page)
      count(address, -1)
    })
    return page
  }

  return {
    async listen(site, visit, limit) {
      // EventSource sends no Origin to its own site; but no page can forge this header (R18).
      if (visit.headers['sec-fetch-site'] !== 'same-origin')
        throw new SessionHubError('origin_denied', 'Only pages of this site may listen')
      await limit()
      const address = partyOf(visit.address)
      const atAddress = byAddress.get(address) ?? 0
      // The probe reveals nothing of anybody, so it needs no session.
      if (queryOf(visit.url).has(streamProbe.query)) {
        if (isClosed) return elsewhere()
        const apart = secondsIn(visit)
        const isLong = apart > streamProbe.seconds.min
        if (isFull(0, atAddress) || (isLong && longProbes >= MOST_LONG_PROBES)) return NO_PLACE
        const page = open(visit, address)
        if (!page) return undefined
        sayTwoWords(page, apart)
        if (isLong) {
          longProbes += 1
          page.onEnd(() => (longProbes -= 1))
        }
        return undefined
      }
      const { token } = await site.sessions.load(visit)
      const { hub, sessions } = site
      if (isClosed) return elsewhere()
      if (token?.sk === undefined || isFull(sessions.watching(token), atAddress)) return NO_PLACE
      const { sk: handle } = token
      const page = open(visit, address)
      if (!page) return undefined
      page.send(retryLine())
      const tell = (reason: EndReason) => {
        page.end(`event: ended\ndata: ${JSON.stringify({ reason })}\n\n`)
      }
      const leave = sessions.watch(token, {
        ended: tell,
        mayHaveEnded(reason) {
          hub.read(handle).catch((thrown: unknown) => {
            const { code, endReason = reason } = toSessionHubError(thrown)
            if (code === 'session_ended') tell(endReason)
            // The page reconnects, and its session is looked up then.
            else page.end()
          })
        },
        unknown() {
          page.end()
        },
      })
      page.onEnd(leave)
      return undefined
    },
    close() {
      isClosed = true
      for (const page of pages) page.end()
    },
  }
}

/** How long a probe takes: within a minute, a proxy's limit for silent or for long answers shows. */
function secondsIn(visit: Visit): number {
  const asked = Number(queryOf(visit.url).get(streamProbe.query) ?? '')
  const { min, max } = streamProbe.seconds
  return Number.isInteger(asked) ? Math.min(max, Math.max(min, asked)) : min
}

/**
 * For `session-hub doctor`: if the first word arrives alone, nothing in between holds back an answer that comes in pieces; if the last word
 * arrives, nothing cuts it off.
 */
function sayTwoWords(page: EventsAnswer, secondsApart: number): void {
  const { first, last } = streamProbe
  page.send(first)
  const timer = setTimeout(() => {
    page.end(last)
  }, secondsApart * 1000)
  page.onEnd(() => {
    clearTimeout(timer)
  })
}
