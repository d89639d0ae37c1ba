/** What a request shows about the hub's own cookie. */
import type { IncomingHttpHeaders } from 'node:http'

import { readCookie } from '../../sdk/http/cookies.js'
import { is256Bits } from '../../sdk/protocol/formats.js'
import { cookieNames } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'

/** SHA-256 of the handle in the hub's cookie. */
export function hubHandleHash(headers: IncomingHttpHeaders): string | undefined {
  const handle = readCookie(headers.cookie, cookieNames.hub)
  return is256Bits(handle) ? sha256(handle) : undefined
}

/**
 * Whether a frame's request comes from the hub's one, unpartitioned jar. Its cookie is the best witness: the hub never sets
 * it in a partition, and `Sec-Fetch-Storage-Access` says `none` in some browsers while cookies flow. Without a cookie, only
 * `active` says that one could be kept; a frame in a page of the hub's own site is no third party at all.
 */
export function hasUnpartitionedAccess(
  headers: IncomingHttpHeaders,
  handleHash: string | undefined,
): boolean {
  if (handleHash !== undefined || headers['sec-fetch-storage-access'] === 'active') return true
  const from = headers['sec-fetch-site']
  return from === 'same-origin' || from === 'same-site'
}
