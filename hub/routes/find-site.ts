/** Finds the site that an address names. Anybody can write an address, and the lookup may reach the application's own records. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { Limiters } from './limits.js'

/** @throws SessionHubError `site_unknown`, `rate_limited`, `unavailable` */
export type FindSiteFor = (origin: string, address: string | undefined) => Promise<Site>

/** Counts only look-ups of sites that were not found before: strangers who ask for unknown sites do not lock out a site's visitors (R38). */
export const createFindSite =
  (sites: SiteRegistry, limiters: Limiters): FindSiteFor =>
  async (origin, address) => {
    if (!sites.isKnown(origin)) await limiters.address(address, 'look-up')
    const site = await sites.find(origin)
    if (site) return site
    throw new SessionHubError(
      'site_unknown',
      'This site is not registered here; "session-hub sites add" makes its keys',
    )
  }
