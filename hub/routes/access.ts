/** What a request shows about the hub's own cookies. */
import type { IncomingHttpHeaders } from 'node:http'

import { readCookie } from '../../sdk/http/cookies.js'
import { is256Bits } from '../../sdk/protocol/formats.js'
import { cookieNames } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import { hubCookieName, SEEN } from './cookies.js'

type Grouped = Pick<Site, 'group'>

/** SHA-256 of the handle in the hub's cookie for this site's group. */
export function hubHandleHash(headers: IncomingHttpHeaders, site: Grouped): string | undefined {
  const handle = readCookie(headers.cookie, hubCookieName(site))
  return is256Bits(handle) ? sha256(handle) : undefined
}

/** What the browser says about the hub's cookies in a frame (Storage Access Headers): withheld, available on request, or sent. */
export function storageAccess(headers: IncomingHttpHeaders): 'none' | 'inactive' | 'active' | undefined {
  const said = headers['sec-fetch-storage-access']
  return said === 'none' || said === 'inactive' || said === 'active' ? said : undefined
}

/** The hub sets these cookies only in its one, unpartitioned jar: the handle's cookie, and the marker of its own pages. */
const hasOwnCookie = (headers: IncomingHttpHeaders, site: Grouped): boolean =>
  hubHandleHash(headers, site) !== undefined || readCookie(headers.cookie, cookieNames.hubSeen) === SEEN

/**
 * Whether the request for a frame's document carries the cookies of the one, unpartitioned jar. A browser that sends the storage access header is
 * believed: with `none` and `inactive`, Firefox sends the cookies of a partition. If a browser does not send it, a cookie is the proof. A frame
 * in a page of the hub's own site is not third-party at all.
 */
export function isServedToOneJar(headers: IncomingHttpHeaders, site: Grouped): boolean {
  if (isOwnSite(headers)) return true
  const said = storageAccess(headers)
  return said === undefined ? hasOwnCookie(headers, site) : said === 'active'
}

/** Whether the request comes from a page of the hub's own site. There the hub's cookies are first-party, in a frame too. */
export function isOwnSite(headers: IncomingHttpHeaders): boolean {
  const from = headers['sec-fetch-site']
  return from === 'same-origin' || from === 'same-site'
}

/**
 * Answers the same for a fetch by the frame, after the browser has granted access to its script. A cookie is then a proof even with `none`:
 * with partitions turned off, Firefox says `none` although all cookies flow.
 */
export function isAskedFromOneJar(headers: IncomingHttpHeaders, site: Grouped): boolean {
  const said = storageAccess(headers)
  return said === 'active' || (said !== 'inactive' && hasOwnCookie(headers, site))
}

/** Whether a fetch shows that a frame has lost the access that it had. */
export const hasLostAccess = (headers: IncomingHttpHeaders, site: Grouped): boolean =>
  storageAccess(headers) !== undefined && !isAskedFromOneJar(headers, site)
