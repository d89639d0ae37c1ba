/** Sets the hub's cookie again where it is first-party: in the hub's own windows, and in a frame of a page on the hub's own site. */
import { readCookie } from '../../sdk/http/cookies.js'
import { toSessionHubError } from '../../sdk/protocol/errors.js'
import { is256Bits } from '../../sdk/protocol/formats.js'
import { logError } from '../../sdk/settings/log.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { HubContext } from '../flows/context.js'
import { renewal } from '../flows/renewal.js'
import type { Site } from '../sites/site.js'
import { hubCookie, hubCookieName } from './cookies.js'
import type { HubRequest } from './request.js'

/**
 * @returns `Set-Cookie` with the value that the browser has sent, or nothing. It never rejects, because what the visitor came for does not depend on
 * it.
 */
export async function renewedCookies(
  hub: HubContext,
  { headers }: HubRequest,
  site: Pick<Site, 'group'>,
  where: string,
): Promise<string[]> {
  const handle = readCookie(headers.cookie, hubCookieName(site))
  if (!is256Bits(handle)) return []
  try {
    const seconds = await renewal(hub, site, sha256(handle))
    return seconds === undefined ? [] : [hubCookie(site, handle, true, seconds)]
  } catch (thrown) {
    logError(hub.log, toSessionHubError(thrown), where)
    return []
  }
}
