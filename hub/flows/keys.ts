/** Checks whether a site can open the tickets that the hub seals for it. */
import type { KeysBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Site } from '../sites/site.js'

/** @throws SessionHubError `ticket_key_unknown` */
export async function acceptKeys(site: Site, { ticket_keys: tags }: KeysBody): Promise<object> {
  const ticketKey = await site.ticketKey()
  // Only the site itself asks, and a tag opens nothing, so there is no secret to guess.
  if (!tags.includes(ticketKey.tag))
    throw new SessionHubError(
      'ticket_key_unknown',
      `Tickets for this site are sealed with the key "${ticketKey.kid}", which it does not have`,
    )
  return {}
}
