/** Finds which of an application's sites a request is for: by its `Host`, once per request. */
import { isPromise } from '../settings/is-promise.js'
import { boundedCache } from '../http/bounded-cache.js'
import { createKeptWith } from '../http/kept-with.js'
import { isHost } from '../protocol/origins.js'
import type { OriginLookup } from './find-origin.js'
import type { Visit } from './visit.js'

export interface Domains<Site> {
  /** @returns `undefined` if the host is not one of the application's; rejects with `unavailable` if that cannot be told (R21) */
  find(visit: Pick<Visit, 'request' | 'headers'>): Site | undefined | Promise<Site | undefined>
  /** The site that was found for this request. */
  foundFor(request: object): Site | undefined
}

/** There is only one site, whatever the `Host`; its endpoints compare it (R18). */
export const oneDomain = <Site>(site: Site): Domains<Site> => ({ find: () => site, foundFor: () => site })

/** How many sites are ready at once. Beyond that, the least recently visited one is dropped, and made again at its next visit. */
const MOST_READY = 10_000

interface Ready<Site> {
  readonly origin: string
  readonly site: Site | Promise<Site>
}

/** @param make makes the site of this origin; rejects with `unavailable` if its keys cannot be loaded */
export function createDomains<Site extends object>(
  originOf: OriginLookup,
  make: (origin: string) => Site | Promise<Site>,
): Domains<Site> {
  const ready = boundedCache<Ready<Site>>(MOST_READY)
  const byRequest = createKeptWith<Site>()

  function siteAt(sent: string, origin: string | undefined): Site | undefined | Promise<Site> {
    if (origin === undefined) {
      ready.delete(sent)
      return undefined
    }
    // The origin's own host, because the request's `Host` may include the default port.
    const host = origin.slice(origin.indexOf('//') + 2)
    const before = ready.get(host)
    if (before?.origin === origin) return before.site
    const site = make(origin)
    const entry = { origin, site }
    ready.set(host, entry)
    if (isPromise(site)) settle(host, entry, site)
    return site
  }

  function settle(host: string, entry: Ready<Site>, making: Promise<Site>): void {
    const isStill = () => ready.peek(host) === entry
    making.then(
      (site) => {
        if (isStill()) ready.set(host, { origin: entry.origin, site })
      },
      () => {
        if (isStill()) ready.delete(host)
      },
    )
  }

  function remembered(request: object, site: Site | undefined): Site | undefined {
    if (site) byRequest.set(request, site)
    return site
  }

  return {
    find({ request, headers: { host } }) {
      const before = byRequest.get(request)
      if (before) return before
      // A host that no browser sends belongs to nobody, and never reaches the application's look-up.
      if (host === undefined || !isHost(host)) return undefined
      const origin = originOf(host)
      const site = isPromise(origin) ? origin.then((said) => siteAt(host, said)) : siteAt(host, origin)
      return isPromise(site) ? site.then((found) => remembered(request, found)) : remembered(request, site)
    },
    foundFor: (request) => byRequest.get(request),
  }
}
