/** Warns of what is doubtful about all sites together, wherever they come from: as soon as it is so, and once. */
import { isLoopback } from '../sdk/protocol/origins.js'
import type { Log } from '../sdk/settings/log.js'
import { registrable } from './sites/registrable-domain.js'
import type { SiteRegistry } from './sites/registry.js'
import { isWildcard } from './sites/wildcard.js'

export interface Doubted {
  /** The hub's own origin. */
  readonly origin: string
  readonly sites: SiteRegistry
  /** Whether the application may know sites that nobody else knows. */
  readonly hasFindSite: boolean
  readonly log: Log
}

/** Checks now, and whenever sites have changed. @returns when the first check is over */
export function watchForDoubts(at: Doubted): Promise<void> {
  const said = new Set<string>()

  function sayOnce(event: 'site_doubtful' | 'config_doubtful', description: string, site = ''): void {
    const of = `${event} ${site}`
    if (said.has(of)) return
    said.add(of)
    at.log({ level: 'warn', event, ...(site !== '' && { site }), description })
  }

  function sayOwn(): void {
    const own = at.sites.registrationFor(at.origin)
    if (own !== undefined) sayOnce('site_doubtful', isWildcard(own) ? COVERS_HUB : OWN_SITE, own)
  }

  async function sayLone(): Promise<void> {
    if (at.hasFindSite || said.has('config_doubtful ')) return
    const description = await loneHubDoubt(at.origin, at.sites.origins() ?? [])
    if (description !== undefined) sayOnce('config_doubtful', description)
  }

  async function look(): Promise<void> {
    sayOwn()
    await sayLone()
  }
  at.sites.onChange(() => void look())
  return look()
}

const OWN_SITE =
  'This site has the hub’s own origin: their cookies and paths meet. Give the hub a host name of its own'
const COVERS_HUB =
  'This wildcard covers the hub’s own host: their cookies and paths meet. Give the hub a host name that no site has'

/** To browsers, a hub on a domain that no visitor uses looks like a tracker. @returns the reason in words; `undefined` if there is no such doubt */
async function loneHubDoubt(origin: string, sites: readonly string[]): Promise<string | undefined> {
  if (sites.length === 0 || isLoopback(new URL(origin).hostname)) return undefined
  const own = await registrable(origin)
  for (const site of sites) if ((await registrable(site)) === own) return undefined
  return (
    `no site is on "${own}", the domain of the hub: browsers may delete the cookies of a hub that visitors never use. ` +
    'Put the hub on a subdomain of the site that most visitors use, or link to its page "/you" (docs/bounce-tracking.md)'
  )
}
