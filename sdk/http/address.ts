/** Network addresses as servers and proxies write them: one party, however its address is spelt. */
import { isIPv4, isIPv6 } from 'node:net'

import { boundedCache } from './bounded-cache.js'

/** No address is this long, even with everything that proxies add. */
const LONGEST = 100

/**
 * Returns an address in one spelling. Proxies add a port (Azure), brackets (RFC 7239) or an IPv6 zone; a socket that listens on both families
 * shows IPv4 inside IPv6 (`::ffff:192.0.2.1`).
 *
 * @returns `undefined` for anything that is not an address
 */
export function plainAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > LONGEST) return undefined
  const bare = text.trim().replace(/^"(.*)"$/, '$1')
  const bracketed = /^\[([^\]]*)\](:\d*)?$/.exec(bare)?.[1]
  const withPort = /^([\d.]+):\d+$/.exec(bare)?.[1]
  const address = (bracketed ?? withPort ?? bare).replace(/%.*$/, '')
  if (isIPv4(address)) return address
  if (!isIPv6(address)) return undefined
  const groups = groupsOf(address)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (!isMapped) return new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/**
 * The party that is counted (R31): one IPv4 address, or one IPv6 customer, who owns a whole /64. Anything that is not an address counts as one
 * party, so that nobody can pass for many by writing something else.
 */
export function partyOf(text: string | undefined): string {
  if (text === undefined || text.length > LONGEST) return 'unknown'
  const known = parties.get(text)
  if (known !== undefined) return known
  const party = readParty(text)
  parties.set(text, party)
  return party
}

function readParty(text: string): string {
  const address = plainAddress(text)
  if (address === undefined) return 'unknown'
  return isIPv4(address) ? address : groupsOf(address).slice(0, 4).join(':')
}

/** Most addresses come again, and a proxy's always does: reading an address takes longer than counting it. */
const parties = boundedCache<string>(1000)

/**
 * Whether the address is in a local network, as browsers define it (Local Network Access): RFC 1918, RFC 6598, link-local,
 * unique local, and loopback.
 */
export function isPrivateAddress(address: string): boolean {
  const plain = plainAddress(address) ?? ''
  const [first = 0, second = 0] = plain.split('.').map(Number)
  if (isIPv4(plain))
    return (
      [10, 127].includes(first) ||
      (first === 192 && second === 168) ||
      (first === 169 && second === 254) ||
      (first === 172 && second >= 16 && second <= 31) ||
      (first === 100 && second >= 64 && second <= 127)
    )
  return plain === '::1' || /^(f[cd]|fe[89ab])/.test(plain)
}

/** The eight groups of an IPv6 address, including the zeros that `::` stands for. */
function groupsOf(address: string): number[] {
  const [before = [], after] = address
    .split('::')
    .map((half) => half.split(':').filter(Boolean).flatMap(numbersIn))
  const zeros = after === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<number>(zeros).fill(0), ...(after ?? [])]
}

/** One group, or the two that an IPv4 address at the end stands for. */
function numbersIn(part: string): number[] {
  if (!part.includes('.')) return [Number.parseInt(part, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
  return [(a << 8) | b, (c << 8) | d]
}
