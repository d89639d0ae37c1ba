/**
 * RFC 6761: names under `.localhost` mean this machine. Browsers know it, many systems' resolvers do not, and a hub on
 * `http://hub.localhost:4000` should work on any machine without a line in its hosts file.
 */
import type { LookupFunction } from 'node:net'

const address = '127.0.0.1'

export const lookupLoopback: LookupFunction = (_hostname, { all }, callback) => {
  if (all) callback(null, [{ address, family: 4 }])
  else callback(null, address, 4)
}
