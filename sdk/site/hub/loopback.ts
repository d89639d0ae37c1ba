/**
 * RFC 6761: names under `.localhost` mean this machine. Browsers know that, but many systems' resolvers do not, and a hub on
 * `http://hub.localhost:4000` should work on any machine without a line in its hosts file. In a container, the resolver may know better: there
 * the name belongs to another container.
 */
import dns, { type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

type Addresses = readonly [LookupAddress, ...LookupAddress[]]

const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }

/** A resolver that knows the name answers at once. One that does not may ask the network for it, and wait. */
const PATIENCE_MS = 200

/**
 * Names that are being looked up, or were found to mean this machine and are not looked up again: a resolver that waits holds one of the few
 * threads that the process also needs for its signatures.
 */
const known = new Map<string, Promise<Addresses>>()

export const lookupLoopback: LookupFunction = (hostname, { all }, callback) => {
  const asked = known.get(hostname) ?? ask(hostname)
  void asked.then((addresses) => {
    if (all) callback(null, [...addresses])
    else callback(null, addresses[0].address, addresses[0].family)
  })
}

function ask(hostname: string): Promise<Addresses> {
  const asking = new Promise<Addresses>((resolve) => {
    const stay = () => {
      resolve([LOOPBACK])
    }
    const timer = setTimeout(stay, PATIENCE_MS)
    dns.lookup(hostname, { all: true }, (_unknown, found: LookupAddress[] | undefined) => {
      clearTimeout(timer)
      const [first, ...rest] = (found ?? []).filter(({ address }) => !HERE.includes(address))
      if (!first) {
        stay()
        return
      }
      // Another container may have another address after it restarts.
      known.delete(hostname)
      resolve([first, ...rest])
    })
  })
  known.set(hostname, asking)
  return asking
}

const HERE = [LOOPBACK.address, '::1']
