/**
 * One registration for the preview hosts of a site: `https://*.preview.example` covers every host that has exactly one label more. Whoever can
 * get a name there is that site, so the parent must never be a public suffix, below which strangers get names (publicsuffix.org).
 */
import { isIP } from 'node:net'

import { isLoopback, originFault } from '../../sdk/protocol/origins.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'

const STAR = '://*.'

export const isWildcard = (origin: string): boolean => origin.includes(STAR)

/** Returns what is wrong with the form of a wildcard; `undefined` if nothing is. */
export function wildcardFault(wildcard: string): string | undefined {
  const parent = parentOf(wildcard)
  const fault = originFault(parent)
  if (fault) return fault
  const { hostname } = new URL(parent)
  if (isIP(hostname.replace(/[[\]]/g, '')) > 0 || !hostname.includes('.'))
    return `"${wildcard}": only names below a domain of your own can be registered at once, such as "https://*.preview.example"`
  return undefined
}

/**
 * Checks the parent of a wildcard. The list of public suffixes is loaded only if a wildcard is registered.
 *
 * @throws SessionHubError `options_invalid` if strangers can get names below it
 */
export async function refusePublicSuffix(wildcard: string, where: string): Promise<void> {
  const { hostname } = new URL(parentOf(wildcard))
  if (await isPublicSuffix(hostname))
    throw wrong(
      where,
      `"${wildcard}": strangers can register names below "${hostname}" (publicsuffix.org), and each name would count as this site; ` +
        'name a domain of your own, such as "https://*.preview.example"',
    )
}

/** The wildcard that would cover an origin. */
export function wildcardOf(origin: string): string | undefined {
  const start = origin.indexOf('://') + 3
  const dot = origin.indexOf('.', start)
  return dot < 0 ? undefined : `${origin.slice(0, start)}*${origin.slice(dot)}`
}

/** Whether a host is not itself a public suffix. A public suffix can be below a domain that is none, such as `s3` below a cloud's own domain. */
export const isOwnName = async (origin: string): Promise<boolean> =>
  !(await isPublicSuffix(new URL(origin).hostname))

async function isPublicSuffix(spelled: string): Promise<boolean> {
  // The root's dot at the end (RFC 1034, section 3.1) or an empty label does not change the host.
  const hostname = spelled.replace(/^\.+|\.+$/g, '')
  if (isLoopback(hostname)) return hostname === 'localhost'
  const { getPublicSuffix } = await import('tldts')
  return getPublicSuffix(hostname, { allowPrivateDomains: true }) === hostname
}

const parentOf = (wildcard: string) => wildcard.replace(STAR, '://')
