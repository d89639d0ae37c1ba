/**
 * RFC 6761: names under `.localhost` mean this machine. Browsers know it, many systems' resolvers do not, and a hub on
 * `http://hub.localhost:4000` should work on any machine without a line in its hosts file. In a container, the resolver may know better: there
 * the name is another container's.
 */
import dns, { type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }

/** A resolver that does not know the name may ask the network for it, and wait. One that knows it, says so at once. */
const PATIENCE_MS = 200

export const lookupLoopback: LookupFunction = (hostname, { all }, callback) => {
  let isAnswered = false
  const answer = (found: readonly LookupAddress[]) => {
    if (isAnswered) return
    isAnswered = true
    clearTimeout(timer)
    const others = found.filter(({ address }) => address !== LOOPBACK.address)
    // A server on this machine may listen on IPv4 alone, whatever the resolver says first.
    const isHere = others.every(({ address }) => address === '::1')
    const [first, ...rest] = isHere ? [LOOPBACK, ...others] : others
    if (all) callback(null, first ? [first, ...rest] : [])
    else callback(null, first?.address ?? '', first?.family)
  }
  const timer = setTimeout(answer, PATIENCE_MS, [])
  dns.lookup(hostname, { all: true }, (_unknown, found: LookupAddress[] | undefined) => {
    answer(found ?? [])
  })
}
