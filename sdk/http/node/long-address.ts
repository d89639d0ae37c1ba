/**
 * Refuses an address that is too long exactly as Node itself refuses headers that are too long. How near a stranger can come to Node's limit
 * depends on the browser's cookies; so nobody may be able to tell whether the answer is ours or Node's (R39).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { limits } from '../../protocol/wire.js'

/** @returns whether it was refused */
export function refuseLongAddress({ url = '' }: IncomingMessage, res: ServerResponse): boolean {
  if (url.length <= limits.addressLength) return false
  // Sends neither of these two headers, nor any that the application has set before.
  for (const name of [...res.getHeaderNames(), 'content-length', 'transfer-encoding']) res.removeHeader(name)
  res.sendDate = false
  res.writeHead(431, 'Request Header Fields Too Large', { Connection: 'close' })
  res.end()
  return true
}
