/**
 * Behind a proxy, whose address a request was counted by (R31): what `session-hub doctor` asks, with an address that it has made up.
 *
 * The answer is one word about the set-up. It shows no address. A stranger gets the same knowledge from the rate limits, by asking too
 * often with made-up addresses, so nothing that only an operator has is needed to ask.
 */
import { doctorProbe } from '../protocol/wire.js'
import { plainAddress } from './address.js'
import type { HeaderFields } from './head.js'

/** `forged`: the address that the sender wrote. `proxy`: that of a proxy, which all visitors share. */
type CountedAs = 'forged' | 'proxy' | 'visitor'

/**
 * @param counted the address that the request is counted by
 * @returns `undefined` where no address is known
 */
function countedAs(forwarded: string | undefined, counted: string | undefined): CountedAs | undefined {
  const own = plainAddress(counted)
  if (own === undefined) return undefined
  if (own === doctorProbe.address) return 'forged'
  const addresses = (forwarded ?? '').split(',').map(plainAddress)
  // The outermost proxy adds what it has seen, behind whatever came with the request, or in its place.
  const visitor = addresses[addresses.lastIndexOf(doctorProbe.address) + 1]
  return visitor === undefined || visitor === own ? 'visitor' : 'proxy'
}

/** For the answer to a request that asks for it. */
export function countedHeader(headers: HeaderFields, counted: string | undefined): Record<string, string> {
  if (headers[doctorProbe.asks] !== '1') return {}
  const forwarded = headers['x-forwarded-for']
  const word = countedAs(forwarded === undefined ? undefined : String(forwarded), counted)
  return word === undefined ? {} : { [doctorProbe.answers]: word }
}
