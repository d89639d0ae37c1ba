/** Which sites there are: from configuration, or asked from the application at run time. */
import { boundedCache } from '../../sdk/http/bounded-cache.js'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { originFault } from '../../sdk/protocol/origins.js'
import { type Log, reasonOf } from '../../sdk/settings/log.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { readSite, type Site, type SiteRegistration } from './site.js'

/** Looks a site up in the application's own records; `undefined` or `null` when there is none. */
export type FindSite = (
  origin: string,
) => Promise<SiteRegistration | null | undefined> | SiteRegistration | null | undefined

export interface SiteRegistry {
  /**
   * The site of this origin, or `undefined` when it is unknown or turned off.
   *
   * @throws SessionHubError `unavailable` when the application's lookup fails (R21)
   */
  find(origin: string): Promise<Site | undefined>
  /** Whether it was found before, by whoever asked: then to ask again is nothing that a stranger has thought of. */
  isKnown(origin: string): boolean
  /** Lists other sites from now on. @throws SessionHubError `options_invalid`; then the list is as it was */
  set(sites: readonly SiteRegistration[]): Promise<void>
}

export interface RegistryOptions {
  readonly sites: readonly SiteRegistration[]
  readonly findSite: FindSite | undefined
  readonly cacheSeconds: number
  readonly log: Log
}

export function createRegistry({ sites, findSite, cacheSeconds, log }: RegistryOptions): SiteRegistry {
  let fixed = readSites(sites)
  // Unknown origins are remembered too, so that a stranger cannot make us ask; bounded, so that he cannot fill memory.
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

  return {
    async find(origin) {
      if (fixed.has(origin)) return fixed.get(origin)
      if (!findSite || originFault(origin)) return undefined
      if (cacheSeconds === 0) return ask(origin, findSite)
      let answer = asked.get(origin)
      if (!answer) {
        const asking = ask(origin, findSite)
        answer = asking
        asked.set(origin, asking)
        // A failure is no answer: the next request asks again.
        asking.catch(() => {
          if (asked.peek(origin) === asking) asked.delete(origin)
        })
      }
      return answer
    },
    isKnown: (origin) => fixed.has(origin) || known.has(origin),
    async set(others) {
      fixed = readSites(others)
    },
  }
}

function readSites(sites: readonly SiteRegistration[]): Map<string, Site | undefined> {
  const read = new Map<string, Site | undefined>()
  for (const [index, registration] of sites.entries()) {
    const where = `sites[${index}]`
    const site = readSite(registration, where)
    if (read.has(registration.origin)) throw wrong(where, `the origin "${registration.origin}" stands twice`)
    read.set(registration.origin, site)
  }
  return read
}
