/** The hub's list of sites, from a file or from the configuration itself. */
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { readSite, type SiteRegistration } from '../sites/site.js'
import type { Place } from './config-file.js'
import { parseFile, readText, shown } from './files.js'

export interface SiteSource {
  readonly sites: SiteRegistration[]
  /** The file that holds them. */
  readonly path?: string
}

/**
 * Finds the sites for the configuration's "sites": a path, the list itself, or nothing.
 *
 * @throws SessionHubError `options_invalid`
 */
export async function findSites(given: unknown, { file, inFolder }: Place): Promise<SiteSource> {
  if (given === undefined) return { sites: [] }
  if (typeof given !== 'string') return { sites: checkedSites(given, file) }
  const path = inFolder(given)
  return { sites: await readSiteFile(path, `${file}: "sites"`), path }
}

/**
 * @param where names what points at the file, if anything does
 * @throws SessionHubError `options_invalid`
 */
export async function readSiteFile(path: string, where?: string): Promise<SiteRegistration[]> {
  const remedy = `"session-hub sites add <origin> --file ${shown(path)}" makes it`
  const text = await readText(path, { ...(where !== undefined && { where }), remedy })
  return checkedSites(parseFile(text, shown(path)), shown(path))
}

/** @throws SessionHubError `options_invalid` */
export function checkedSites(given: unknown, where: string): SiteRegistration[] {
  if (!Array.isArray(given))
    throw wrong(where, 'a list of sites is expected, such as "session-hub sites add" makes')
  // The cast comes before the check: the registry's own reader checks every member, which no type can do.
  const sites = given as SiteRegistration[]
  const origins = new Set<string>()
  for (const [index, site] of sites.entries()) {
    const at = `${where}: sites[${index}]`
    readSite(site, at)
    if (origins.has(site.origin))
      throw wrong(at, `the origin "${site.origin}" is listed twice; remove one of the two`)
    origins.add(site.origin)
  }
  return sites
}

/**
 * Sites that share a host name, each with the first site that has it. Browsers keep cookies by host, whatever the port: such sites see each
 * other's cookies, and replace each other's if the names are equal.
 */
export function sharedHosts(sites: readonly SiteRegistration[]): readonly (readonly [string, string])[] {
  const firstAt = new Map<string, string>()
  return sites.flatMap(({ origin }) => {
    const { hostname } = new URL(origin)
    const first = firstAt.get(hostname)
    if (first === undefined) firstAt.set(hostname, origin)
    return first === undefined ? [] : [[first, origin] as const]
  })
}

export const sharedHostDoubt = ([one, other]: readonly [string, string]): string =>
  `${one} and ${other} share a host name, and browsers keep cookies by host, whatever the port: give each a host name of its own ` +
  '(in development shop.localhost and travel.localhost), or set another "cookieName" in createSite for one of them'
