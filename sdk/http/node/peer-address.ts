/** The other end of a request to a Node server, for rate limits only. */
import type { IncomingMessage } from 'node:http'

/** The peer's address; behind the given number of your own proxies, the address that the outermost of them has seen. */
export function peerAddress({ socket, headers }: IncomingMessage, proxyHops: number): string | undefined {
  if (proxyHops === 0) return socket.remoteAddress
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter(Boolean)
  return forwarded.at(-proxyHops) ?? forwarded[0] ?? socket.remoteAddress
}

/** How many of your own proxies may stand in front of a server. */
export const PROXY_HOPS = { min: 0, max: 32 }
