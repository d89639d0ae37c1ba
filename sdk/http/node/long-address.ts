/**
 * An address that is too long, refused as Node itself refuses headers that are: to the letter. How near a stranger can come to Node's
 * limit depends on the browser's cookies; that an answer is ours or Node's must not show them (R39).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { limits } from '../../protocol/wire.js'

/** @returns whether it was refused */
export function refuseLongAddress({ url = '' }: IncomingMessage, res: ServerResponse): boolean {
  if (url.length <= limits.addressLength) return false
  // With neither of these two, and with what an application has set before.
  for (const name of [...res.getHeaderNames(), 'content-length', 'transfer-encoding']) res.removeHeader(name)
  res.sendDate = false
  res.writeHead(431, 'Request Header Fields Too Large', { Connection: 'close' })
  res.end()
  return true
}
