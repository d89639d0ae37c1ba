/**
 * Tells `session-hub doctor` which address a request was counted by (R31) behind a proxy. Doctor asks with an address that it has made up.
 *
 * The answer is one word about the set-up and shows no address. A stranger could learn the same from the rate limits, by asking too often with
 * made-up addresses, so asking does not require anything that only an operator has.
 */
import { doctorProbe } from '../protocol/wire.js'
import { plainAddress } from './address.js'
import type { HeaderFields } from './head.js'

/** `forged`: the address that the sender wrote. `proxy`: the address of a proxy, which all visitors share. */
type CountedAs = 'forged' | 'proxy' | 'visitor'

/**
 * @param counted the address that the request is counted by
 * @returns `undefined` if no address is known
 */
function countedAs(forwarded: string | undefined, counted: string | undefined): CountedAs | undefined {
  const own = plainAddress(counted)
  if (own === undefined) return undefined
  if (own === doctorProbe.address) return 'forged'
  const addresses = (forwarded ?? '').split(',').map(plainAddress)
  // The outermost proxy appends the address that it has seen to what came with the request, or replaces it.
  const visitor = addresses[addresses.lastIndexOf(doctorProbe.address) + 1]
  return visitor === undefined || visitor === own ? 'visitor' : 'proxy'
}

/** The header of the answer to a request that asks for it. */
export function countedHeader(headers: HeaderFields, counted: string | undefined): Record<string, string> {
  if (headers[doctorProbe.asks] !== '1') return {}
  const forwarded = headers['x-forwarded-for']
  const word = countedAs(forwarded === undefined ? undefined : String(forwarded), counted)
  return word === undefined ? {} : { [doctorProbe.answers]: word }
}
