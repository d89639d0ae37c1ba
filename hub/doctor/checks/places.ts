/** Where hub and sites are, as browsers judge it: networks and registrable domains. */
import { isIPv4 } from 'node:net'

import { isPrivateAddress, plainAddress } from '../../../sdk/http/address.js'
import { isLoopback } from '../../../sdk/protocol/origins.js'
import type { Finding, Line } from '../findings.js'

export interface Place {
  readonly origin: string
  readonly addresses: readonly string[]
}

/** Names under `.localhost` are on no network. */
const isHere = ({ origin }: Place) => isLoopback(new URL(origin).hostname)

export function placeLine(hub: Place, site: Place): Line {
  return {
    about: site.origin,
    looked: 'may load the hub from its network',
    findings: isHere(hub) || isHere(site) ? [] : networkFindings(hub, site),
  }
}

function networkFindings(hub: Place, site: Place): Finding[] {
  if (hub.addresses.some(isPrivateAddress) && !site.addresses.some(isPrivateAddress))
    return [{ code: 'hub_on_private_address', what: `from here the hub is at ${hub.addresses.join(', ')}` }]
  const isSubdomain = new URL(hub.origin).hostname.endsWith(`.${registrable(site.origin)}`)
  const isOtherNetwork = !hub.addresses.some((one) =>
    site.addresses.some((other) => networkOf(one) === networkOf(other)),
  )
  const what = `the hub is at ${hub.addresses.join(', ')}, the site at ${site.addresses.join(', ')}`
  return isSubdomain && isOtherNetwork ? [{ code: 'seven_days', what }] : []
}

/** Of all sites together: one that has the domain of the hub is enough. */
export function domainLine(hub: Place, sites: readonly Place[]): Line {
  const own = registrable(hub.origin)
  const isLone = !isHere(hub) && !sites.some(({ origin }) => registrable(origin) === own)
  const what = `its domain is "${own}", judged by the last labels of the name and not by the Public Suffix List`
  return {
    about: hub.origin,
    looked: 'has a domain that visitors use',
    findings: isLone ? [{ code: 'bounce_tracking', what }] : [],
  }
}

/** Below which countries register names one level further down. */
const SECOND_LEVEL = /^(ac|co|com|edu|go|gob|gov|gouv|govt|ltd|mil|ne|net|nom|or|org|plc|sch)$/

/** An approximation: two labels, or three such as in "example.co.uk". What hosting companies share out it does not know. */
export function registrable(origin: string): string {
  const { hostname } = new URL(origin)
  const labels = hostname.split('.')
  if (hostname.startsWith('[') || isIPv4(hostname)) return hostname
  const [second = '', top = ''] = labels.slice(-2)
  return labels.slice(top.length === 2 && SECOND_LEVEL.test(second) ? -3 : -2).join('.')
}

/** What WebKit compares: the first half of an address. */
function networkOf(address: string): string {
  const plain = plainAddress(address) ?? address
  if (isIPv4(plain)) return plain.split('.').slice(0, 2).join('.')
  const [before = ''] = plain.split('::')
  return before.split(':').slice(0, 4).join(':')
}
