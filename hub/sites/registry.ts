/** The registry of sites: from the configuration, from the store, or from the application, which is asked at run time. */
import { boundedCache } from '../../sdk/http/bounded-cache.js'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { originFault } from '../../sdk/protocol/origins.js'
import { type Log, reasonOf } from '../../sdk/settings/log.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { readSite, type Site, type SiteRegistration } from './site.js'
import type { StoredSites } from './stored-sites.js'
import { isOwnName, isWildcard, refusePublicSuffix, wildcardOf } from './wildcard.js'

/** Looks a site up in the application's own records. Returns `undefined` or `null` if there is none. */
export type FindSite = (
  origin: string,
) => Promise<SiteRegistration | null | undefined> | SiteRegistration | null | undefined

export interface SiteRegistry {
  /**
   * Finds the site of this origin; `undefined` if it is unknown or turned off.
   *
   * @throws SessionHubError `unavailable` when the application's lookup fails (R21)
   */
  find(origin: string): Promise<Site | undefined>
  /** Whether any request has found the site before. A new look-up is then not caused by an origin that a stranger made up. */
  isKnown(origin: string): boolean
  /** Whether the configuration lists the site. */
  isListed(origin: string): boolean
  /** The registration that covers an origin, in the configuration or the store and whatever its state: the origin's own, or a wildcard. */
  registrationFor(origin: string): string | undefined
  /** All sites of the configuration and the store, whatever their state; `undefined` until the store's sites have been read. */
  origins(): readonly string[] | undefined
  /** Replaces the configuration's list of sites. @throws SessionHubError `options_invalid`; the list is then unchanged */
  set(sites: readonly SiteRegistration[]): Promise<void>
  /** Adds the store's sites from now on. @param make receives the function to call after they have changed */
  follow(make: (changed: () => void) => StoredSites): StoredSites
  /** Calls `act` after sites have changed, were turned off or removed. @returns a function that stops this */
  onChange(act: () => void): () => void
}

export interface RegistryOptions {
  readonly sites: readonly SiteRegistration[]
  readonly findSite: FindSite | undefined
  readonly cacheSeconds: number
  readonly log: Log
}

/** @throws SessionHubError `options_invalid` */
export async function createRegistry({
  sites,
  findSite,
  cacheSeconds,
  log,
}: RegistryOptions): Promise<SiteRegistry> {
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const act of listeners) act()
  }
  let fixed = await readSites(sites)
  let stored: StoredSites | undefined
  // Unknown origins are remembered too, so that a stranger cannot make the hub ask; the cache is bounded, so that a stranger cannot fill memory.
  const asked = boundedCache<Promise<Site | undefined>>(10_000, { ttl: cacheSeconds * 1000 })

  const known = boundedCache<true>(10_000)

  async function ask(origin: string, find: FindSite): Promise<Site | undefined> {
    try {
      const registration = await find(origin)
      if (!registration) {
        known.delete(origin)
        return undefined
      }
      if (registration.origin !== origin)
        throw wrong('findSite', `asked for "${origin}", got "${registration.origin}"`)
      const site = readSite(registration, `findSite("${origin}")`)
      known.set(origin, true)
      return site
    } catch (cause) {
      log({
        level: 'error',
        event: 'site_lookup_failed',
        site: origin,
        description: reasonOf(cause),
      })
      throw new SessionHubError('unavailable', 'The site could not be looked up', { cause })
    }
  }

  async function askOnce(origin: string, find: FindSite): Promise<Site | undefined> {
    if (cacheSeconds === 0) return ask(origin, find)
    let answer = asked.get(origin)
    if (!answer) {
      const asking = ask(origin, find)
      answer = asking
      asked.set(origin, asking)
      // A failure is no answer: the next request asks again.
      asking.catch(() => {
        if (asked.peek(origin) === asking) asked.delete(origin)
      })
    }
    return answer
  }

  const isThere = (origin: string) => fixed.has(origin) || stored?.has(origin) === true
  const get = (origin: string) => (fixed.has(origin) ? fixed.get(origin) : stored?.find(origin))

  /** The wildcard that covers a host, if it is registered. */
  function wildcardFor(origin: string): string | undefined {
    const wildcard = wildcardOf(origin)
    return wildcard !== undefined && isThere(wildcard) ? wildcard : undefined
  }

  const registrationFor = (origin: string) => (isThere(origin) ? origin : wildcardFor(origin))

  return {
    async find(origin) {
      // No visitor comes from an origin of this name, and in a policy it would name every host (R14).
      if (isWildcard(origin)) return undefined
      if (fixed.has(origin)) return fixed.get(origin)
      const own = await stored?.find(origin)
      if (own || stored?.has(origin)) return own
      if (originFault(origin)) return undefined
      const wildcard = wildcardFor(origin)
      if (wildcard !== undefined) {
        const site = (await isOwnName(origin)) ? await get(wildcard) : undefined
        return site && hostOf(site, origin)
      }
      return findSite && askOnce(origin, findSite)
    },
    isKnown: (origin) => registrationFor(origin) !== undefined || known.has(origin),
    isListed: (origin) => fixed.has(origin),
    registrationFor,
    origins() {
      const inStore = stored ? stored.origins() : []
      return inStore && [...fixed.keys(), ...inStore]
    },
    async set(others) {
      fixed = await readSites(others)
      tell()
    },
    follow(make) {
      return (stored = make(tell))
    },
    onChange(act) {
      listeners.add(act)
      return () => listeners.delete(act)
    },
  }
}

/** Each host of a wildcard is a site by itself, unless an app serves the hosts. */
const hostOf = (site: Site, origin: string): Site => ({
  ...site,
  origin,
  party: site.app === '' ? origin : site.party,
})

async function readSites(sites: readonly SiteRegistration[]): Promise<Map<string, Site | undefined>> {
  const read = new Map<string, Site | undefined>()
  for (const [index, registration] of sites.entries()) {
    const where = `sites[${index}]`
    const site = readSite(registration, where)
    const { origin } = registration
    if (isWildcard(origin)) await refusePublicSuffix(origin, where)
    if (read.has(origin)) throw wrong(where, `the origin "${origin}" occurs twice`)
    read.set(origin, site)
  }
  return read
}
