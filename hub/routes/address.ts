/** Whose request it is, for rate limits only. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What every route needs of a request: Node's own, with the address where Express or the listener has put it. */
export type HubRequest = IncomingMessage & { url: string; readonly ip?: string | undefined }

export type Route = (req: HubRequest, res: ServerResponse) => Promise<void>

/** The peer's address; behind so many proxies of one's own, what the outermost of them has seen. */
export function addressOf({ socket, headers }: IncomingMessage, proxyHops: number): string | undefined {
  if (proxyHops === 0) return socket.remoteAddress
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter(Boolean)
  return forwarded.at(-proxyHops) ?? forwarded[0] ?? socket.remoteAddress
}
