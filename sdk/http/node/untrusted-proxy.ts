/** Whether a request has come through the application's own proxy, which is not configured as trusted. */
import type { IncomingMessage } from 'node:http'

import { isPrivateAddress, plainAddress } from '../address.js'

/**
 * A visitor can send the header too, but then does not come from a private address.
 *
 * @param counted the address that the request is counted by
 */
export function isProxyUntrusted(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  counted: string | undefined,
): boolean {
  const forwarded = headers['x-forwarded-for']
  if (forwarded === undefined) return false
  const peer = plainAddress(socket.remoteAddress)
  const said = plainAddress(String(forwarded).split(',').at(-1))
  return (
    peer !== undefined &&
    said !== undefined &&
    said !== peer &&
    plainAddress(counted) === peer &&
    isPrivateAddress(peer)
  )
}
