/** Where a link or a redirect may lead: this site, and nowhere else (R23). */
import { limits } from '../../protocol/wire.js'
import { sealToken } from '../../tokens/sign.js'
import { lookup, openToken } from '../../tokens/verify.js'
import type { SiteSettings } from '../options.js'

/**
 * The whole address, as a browser writes it: a path alone, such as `//evil.example`, can name another host. `undefined` for every
 * address that leaves the origin, and for this package's own endpoints, which would lead on.
 */
export function ownTarget(
  { origin, endpoint }: Pick<SiteSettings, 'origin' | 'endpoint'>,
  given: unknown,
): string | undefined {
  if (typeof given !== 'string' || given.length > limits.targetLength) return undefined
  let url
  try {
    url = new URL(given, `${origin}/`)
  } catch {
    return undefined
  }
  url.username = url.password = ''
  // Both: the origin of `blob:https://shop.example/…` is the shop's too.
  if (url.origin !== origin || !url.href.startsWith(`${origin}/`)) return undefined
  // Written out it may be longer than it was.
  if (url.href.length > limits.targetLength) return undefined
  return url.pathname.startsWith(`${endpoint}/`) ? undefined : url.href
}

/** The page that was asked for, where the browser has its address: a proxy may have removed the beginning of it. */
export function pageTarget(
  { origin, endpoint, removedPath }: Pick<SiteSettings, 'origin' | 'endpoint' | 'removedPath'>,
  fullUrl: string,
): string | undefined {
  const to = ownTarget({ origin, endpoint }, removedPath + fullUrl)
  // `/..` leads out of the path, and what is no path would become another one.
  return to?.startsWith(`${origin}${removedPath}/`) ? to : undefined
}

/** For the way over the hub: an address may hold what only this site should read. */
export const sealTarget = ({ targetKey }: SiteSettings, address: string): Promise<string> =>
  sealToken(address, targetKey)

/** `undefined` for one that was not sealed here. */
export async function openTarget(
  { targetKeys }: SiteSettings,
  sealed: string | undefined,
): Promise<string | undefined> {
  if (sealed === undefined) return undefined
  try {
    return await openToken(sealed, lookup(targetKeys))
  } catch {
    return undefined
  }
}
