/** Checks where hub and sites are from a browser's point of view: their networks and registrable domains. */
import { isIPv4 } from 'node:net'

import { isPrivateAddress, plainAddress } from '../../../sdk/http/address.js'
import { isLoopback } from '../../../sdk/protocol/origins.js'
import { registrable } from '../../sites/registrable-domain.js'
import type { Finding, Line } from '../findings.js'

export interface Place {
  readonly origin: string
  readonly addresses: readonly string[]
}

/** Names under `.localhost` are on no network. */
const isHere = ({ origin }: Place) => isLoopback(new URL(origin).hostname)

export async function placeLine(hub: Place, site: Place): Promise<Line> {
  return {
    about: site.origin,
    looked: 'may load the hub from its network',
    findings: isHere(hub) || isHere(site) ? [] : await networkFindings(hub, site),
  }
}

async function networkFindings(hub: Place, site: Place): Promise<Finding[]> {
  if (hub.addresses.some(isPrivateAddress) && !site.addresses.some(isPrivateAddress))
    return [{ code: 'hub_on_private_address', what: `from here the hub is at ${hub.addresses.join(', ')}` }]
  const isSubdomain = new URL(hub.origin).hostname.endsWith(`.${await registrable(site.origin)}`)
  const isOtherNetwork = !hub.addresses.some((one) =>
    site.addresses.some((other) => networkOf(one) === networkOf(other)),
  )
  const what = `the hub is at ${hub.addresses.join(', ')}, the site at ${site.addresses.join(', ')}`
  return isSubdomain && isOtherNetwork ? [{ code: 'seven_days', what }] : []
}

/** Checks all sites together: it is enough if one shares the hub's domain. */
export async function domainLine(hub: Place, sites: readonly Place[]): Promise<Line> {
  const own = await registrable(hub.origin)
  const domains = await Promise.all(sites.map(({ origin }) => registrable(origin)))
  const isLone = !isHere(hub) && !domains.includes(own)
  return {
    about: hub.origin,
    looked: 'has a domain that visitors use',
    findings: isLone ? [{ code: 'bounce_tracking', what: `its domain is "${own}"` }] : [],
  }
}

/** The part that WebKit compares: the first half of an address. */
function networkOf(address: string): string {
  const plain = plainAddress(address) ?? address
  if (isIPv4(plain)) return plain.split('.').slice(0, 2).join('.')
  const [before = ''] = plain.split('::')
  return before.split(':').slice(0, 4).join(':')
}
