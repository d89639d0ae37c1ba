/** A hub on a domain that no visitor uses: to browsers it looks like a tracker. */
import { isLoopback } from '../../sdk/protocol/origins.js'
import { registrable } from '../doctor/checks/places.js'
import type { SiteRegistration } from '../sites/site.js'

/** @returns what is doubtful, in words; `undefined` where a site shares the hub's domain, and on this machine */
export async function loneHubDoubt(
  origin: string,
  sites: readonly Pick<SiteRegistration, 'origin'>[],
): Promise<string | undefined> {
  if (sites.length === 0 || isLoopback(new URL(origin).hostname)) return undefined
  const own = await registrable(origin)
  const domains = await Promise.all(sites.map((site) => registrable(site.origin)))
  if (domains.includes(own)) return undefined
  return (
    `no site is on "${own}", the domain of "origin": browsers may delete the cookies of a hub that visitors never use. ` +
    'Put the hub on a subdomain of the site that most visitors use, or link to its page "/you" (docs/bounce-tracking.md)'
  )
}
