/** Finds the core of a site, for adapters that have an entry point of their own. */
import { wrong } from '../../settings/refuse-unknown.js'
import type { SiteCore } from '../core.js'

const cores = new WeakMap<object, SiteCore>()

export function standsOn<Site extends object>(site: Site, core: SiteCore): Site {
  cores.set(site, core)
  return site
}

/** @param of the call whose option it is, for the error @throws SessionHubError `options_invalid` */
export function coreOf(of: string, site: unknown): SiteCore {
  const core = typeof site === 'object' && site !== null ? cores.get(site) : undefined
  if (!core)
    throw wrong(
      of,
      '"site" has to be what createSite() of this same package resolves to; is there an `await` before it?',
    )
  return core
}
