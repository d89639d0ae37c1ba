/** Where a link or a redirect may lead: to this site, and nowhere else (R23). */
import { limits } from '../../protocol/wire.js'
import { sealToken } from '../../tokens/sign.js'
import { lookup, openToken } from '../../tokens/verify.js'
import type { SiteSettings } from '../options.js'

/**
 * Returns the complete address, as a browser writes it: a path alone, such as `//evil.example`, can name another host. `undefined` for every
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
  // Both, because the origin of `blob:https://shop.example/…` is the shop's too.
  if (url.origin !== origin || !url.href.startsWith(`${origin}/`)) return undefined
  // Normalised, it may be longer than before.
  if (url.href.length > limits.targetLength) return undefined
  return url.pathname.startsWith(`${endpoint}/`) ? undefined : url.href
}

/** The address of the requested page as the browser shows it: a proxy may have removed the beginning of its path. */
export function pageTarget(
  { origin, endpoint, removedPath }: Pick<SiteSettings, 'origin' | 'endpoint' | 'removedPath'>,
  fullUrl: string,
): string | undefined {
  const to = ownTarget({ origin, endpoint }, removedPath + fullUrl)
  // `/..` leads out of the path, and text that is not a path would change it into another one.
  return to?.startsWith(`${origin}${removedPath}/`) ? to : undefined
}

/** For the way through the hub: an address may contain something that only this site should read. */
export const sealTarget = ({ targetKey }: SiteSettings, address: string): Promise<string> =>
  sealToken(address, targetKey)

/** `undefined` for a target that was not sealed here. */
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
