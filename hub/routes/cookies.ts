/** The hub's own cookies. None is Partitioned: one jar for all sites is the point (R22). */
import type { IncomingMessage } from 'node:http'

import { COOKIE_SECONDS, readCookie, setCookie } from '../../sdk/http/cookies.js'
import { cookieNames, limits } from '../../sdk/protocol/wire.js'
import type { Answer } from '../flows/frame.js'
import type { Site } from '../sites/site.js'

type Grouped = Pick<Site, 'group'>

/** Each group has a session of its own in a browser, so cookies of its own. */
const ofGroup = (name: string, { group }: Grouped) => (group === '' ? name : `${name}.${group}`)
export const hubCookieName = (site: Grouped): string => ofGroup(cookieNames.hub, site)

/**
 * The hub's handle, for frames and for its own pages; of a session that is not remembered, until the browser is closed.
 *
 * @param seconds how long the session can live, where that is known
 */
export const hubCookie = (
  site: Grouped,
  handle: string,
  isRemembered = true,
  seconds = COOKIE_SECONDS,
): string =>
  setCookie(
    hubCookieName(site),
    handle,
    { sameSite: 'None', httpOnly: true },
    isRemembered ? Math.min(seconds, COOKIE_SECONDS) : undefined,
  )

/** The groups of which this browser has a cookie, each once; a browser has few of them. */
export function groupsHeld({ headers }: IncomingMessage): readonly string[] {
  const names = (headers.cookie ?? '').split(';').map((pair) => pair.slice(0, pair.indexOf('=')).trim())
  const groups = names.flatMap((name) => {
    if (name === cookieNames.hub) return ['']
    return name.startsWith(`${cookieNames.hub}.`) ? [name.slice(cookieNames.hub.length + 1)] : []
  })
  return [...new Set(groups)].slice(0, GROUPS)
}

/** As many handles as a transaction reads. */
const GROUPS = 8

/** Only pages of the hub's own leave it, and they are in no partition; that is all it says. */
export const SEEN = '1'

export const seenCookie = (): string =>
  setCookie(cookieNames.hubSeen, SEEN, { sameSite: 'None', httpOnly: true }, COOKIE_SECONDS)

/** Of a redirect that has to bring an offer; empty: it did. No frame has a use for it. */
export const hubStartCookie = (seal: string): string =>
  setCookie(cookieNames.hubStart, seal, { sameSite: 'Lax', httpOnly: true }, limits.redirectSeconds)

/**
 * The answer as the frame's script wants it: with the turn as `document.cookie` has to show it. Behind a second `=` is what the
 * request had in its place: a browser that keeps no such cookie still shows that, and for the frame nothing has changed.
 */
export function withTurn<Said extends Answer>(req: IncomingMessage, site: Grouped, said: Said) {
  const { turn, ...rest } = said
  if (turn === undefined) return rest
  const { name, had } = turnOf(req, site)
  return { ...rest, turn: had === turn ? `${name}=${turn}` : `${name}=${turn}=${had}` }
}

/** Sets the turn cookie where this request had not the right one. */
export function turnCookies(req: IncomingMessage, site: Grouped, { turn }: Answer): string[] {
  const { name, had } = turnOf(req, site)
  if (turn === undefined || turn === had) return []
  // Until the browser is closed: the next frame sets it anew.
  return [setCookie(name, turn, { sameSite: 'None', httpOnly: false })]
}

function turnOf({ headers }: IncomingMessage, site: Grouped) {
  const name = ofGroup(cookieNames.hubTurn, site)
  return { name, had: readCookie(headers.cookie, name) ?? '' }
}
