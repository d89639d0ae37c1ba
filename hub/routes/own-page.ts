/** Accepts requests only from the hub's own documents: its frame, or its page in a popup (R16). */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { exchangeHeader } from '../../sdk/protocol/wire.js'
import type { HubRequest } from './request.js'

/** @throws SessionHubError `origin_denied` */
export function requireOwnPage({ headers }: HubRequest, origin: string): void {
  if (
    headers.origin !== origin ||
    headers['sec-fetch-site'] !== 'same-origin' ||
    headers[exchangeHeader] !== '1'
  ) {
    throw new SessionHubError('origin_denied', 'Only a page of this hub may send this request')
  }
}
