/** The hub's own cookies. None is Partitioned: one jar for all sites is the point (R22). */
import type { IncomingMessage } from 'node:http'

import { COOKIE_SECONDS, readCookie, setCookie } from '../../sdk/http/cookies.js'
import { cookieNames, limits } from '../../sdk/protocol/wire.js'
import type { Answer } from '../flows/frame.js'
import type { Site } from '../sites/site.js'

type Grouped = Pick<Site, 'group'>

/** Each group has its own session in a browser, and so its own cookies. */
const ofGroup = (name: string, { group }: Grouped) => (group === '' ? name : `${name}.${group}`)
export const hubCookieName = (site: Grouped): string => ofGroup(cookieNames.hub, site)

/**
 * The cookie with the hub's handle, for frames and for the hub's own pages. If the session is not remembered, it lasts until the browser closes.
 *
 * @param seconds how long the session can live, if that is known
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

/** The groups for which this browser has a cookie, each once. A browser has only a few. */
export function groupsHeld({ headers }: IncomingMessage): readonly string[] {
  const names = (headers.cookie ?? '').split(';').map((pair) => pair.slice(0, pair.indexOf('=')).trim())
  const groups = names.flatMap((name) => {
    if (name === cookieNames.hub) return ['']
    return name.startsWith(`${cookieNames.hub}.`) ? [name.slice(cookieNames.hub.length + 1)] : []
  })
  return [...new Set(groups)].slice(0, GROUPS)
}

/** The number of handles that one transaction reads. */
const GROUPS = 8

/** Only the hub's own pages set this cookie, and they are in no partition. The value says no more than that. */
export const SEEN = '1'

export const seenCookie = (): string =>
  setCookie(cookieNames.hubSeen, SEEN, { sameSite: 'None', httpOnly: true }, COOKIE_SECONDS)

/** Belongs to a redirect that has to bring an offer. The empty text removes the cookie afterwards. No frame uses it. */
export const hubStartCookie = (seal: string): string =>
  setCookie(cookieNames.hubStart, seal, { sameSite: 'Lax', httpOnly: true }, limits.redirectSeconds)

/**
 * The answer for the frame's script, with the turn as `document.cookie` has to show it. The text after a second `=` is the value that the
 * request had: a browser that does not keep the cookie still shows that value, and for the frame nothing has changed.
 */
export function withTurn<Said extends Answer>(req: IncomingMessage, site: Grouped, said: Said) {
  const { turn, ...rest } = said
  if (turn === undefined) return rest
  const { name, had } = turnOf(req, site)
  return { ...rest, turn: had === turn ? `${name}=${turn}` : `${name}=${turn}=${had}` }
}

/** Sets the turn cookie if the request did not have the right one. */
export function turnCookies(req: IncomingMessage, site: Grouped, { turn }: Answer): string[] {
  const { name, had } = turnOf(req, site)
  if (turn === undefined || turn === had) return []
  // The cookie lasts until the browser closes. The next frame sets it again.
  return [setCookie(name, turn, { sameSite: 'None', httpOnly: false })]
}

function turnOf({ headers }: IncomingMessage, site: Grouped) {
  const name = ofGroup(cookieNames.hubTurn, site)
  return { name, had: readCookie(headers.cookie, name) ?? '' }
}
