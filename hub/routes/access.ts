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

/** What the browser says of the hub's cookies in a frame: kept from it, there for the asking, or given (Storage Access Headers). */
export function storageAccess(headers: IncomingHttpHeaders): 'none' | 'inactive' | 'active' | undefined {
  const said = headers['sec-fetch-storage-access']
  return said === 'none' || said === 'inactive' || said === 'active' ? said : undefined
}

/** The hub sets these in its one, unpartitioned jar only: the handle's, and the marker of its own pages. */
const hasOwnCookie = (headers: IncomingHttpHeaders, site: Grouped): boolean =>
  hubHandleHash(headers, site) !== undefined || readCookie(headers.cookie, cookieNames.hubSeen) === SEEN

/**
 * Whether a frame's document is asked for with the cookies of the one jar. A browser that speaks of storage access is believed:
 * beside `none` and `inactive` Firefox sends the cookies of a partition. Of one that does not, a cookie is the witness. A frame
 * in a page of the hub's own site is no third party at all.
 */
export function isServedToOneJar(headers: IncomingHttpHeaders, site: Grouped): boolean {
  if (isOwnSite(headers)) return true
  const said = storageAccess(headers)
  return said === undefined ? hasOwnCookie(headers, site) : said === 'active'
}

/** Whether a page of the hub's own site asks: there the hub's cookies are first-party, in a frame too. */
export function isOwnSite(headers: IncomingHttpHeaders): boolean {
  const from = headers['sec-fetch-site']
  return from === 'same-origin' || from === 'same-site'
}

/**
 * The same of a fetch of the frame's, after the browser has granted access to its script. Then a cookie is a witness beside `none`
 * too: with partitions turned off, Firefox says `none` while all cookies flow.
 */
export function isAskedFromOneJar(headers: IncomingHttpHeaders, site: Grouped): boolean {
  const said = storageAccess(headers)
  return said === 'active' || (said !== 'inactive' && hasOwnCookie(headers, site))
}

/** Whether a fetch of a frame that had access shows that it has it no more. */
export const hasLostAccess = (headers: IncomingHttpHeaders, site: Grouped): boolean =>
  storageAccess(headers) !== undefined && !isAskedFromOneJar(headers, site)
