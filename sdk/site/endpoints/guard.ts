/** Who may call a site's endpoints: its own pages, by POST, at its own name (R18). */
import { SessionHubError } from '../../protocol/errors.js'
import { isHostOf } from '../../protocol/origins.js'
import type { SiteSettings } from '../options.js'
import type { Visit } from '../visit.js'

/**
 * The host is compared with the configured one; nothing is ever derived from the request, least of all from X-Forwarded-Host.
 *
 * @throws SessionHubError `host_denied`
 */
export function requireOwnHost(visit: Visit, settings: SiteSettings): void {
  if (!isOwnHost(visit, settings))
    throw new SessionHubError('host_denied', 'This is not the host that the site is configured for')
}

/** A host that a proxy sends instead of the site's own (`host`) is compared as it is, because nobody knows that proxy's scheme. */
export const isOwnHost = ({ headers: { host: sent } }: Visit, { host, origin }: SiteSettings): boolean =>
  sent === host || (sent !== undefined && isHostOf(host, origin) && isHostOf(sent, origin))

/** @throws SessionHubError `method_not_allowed`, `host_denied`, `origin_denied` */
export function requireOwnPage(visit: Visit, settings: SiteSettings): void {
  const { method, headers } = visit
  const { origin } = settings
  if (method !== 'POST') throw new SessionHubError('method_not_allowed', 'This is asked with POST')
  requireOwnHost(visit, settings)
  const from = headers['sec-fetch-site']
  const isOwn = headers.origin === undefined ? from === 'same-origin' : headers.origin === origin
  if (!isOwn || (from !== undefined && from !== 'same-origin')) {
    throw new SessionHubError('origin_denied', 'Only pages of this site may ask this')
  }
}
