/** The link rung: gives a ticket for a sister before the visitor follows the link to it. */
import type { BackchannelLinkBody, LinkReply } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { defaultEndpoint } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { HubContext } from './context.js'
import { isEmpty, live } from './sessions.js'
import { mayBring } from './share.js'
import { issueTicket } from './ticket.js'

export async function linkTicket(
  hub: HubContext,
  sites: SiteRegistry,
  site: Site,
  { handle, to }: BackchannelLinkBody,
): Promise<LinkReply> {
  // R13: what a site may not bring to the hub, it may not bring to another site either.
  if (!site.mayOffer) throw new SessionHubError('offer_denied', 'This site may not offer sessions')
  const sister = site.sisters.includes(to) ? await sites.find(to) : undefined
  if (!sister || sister.group !== site.group)
    throw new SessionHubError('sister_unknown', 'This site has no such sister')
  const session = live(await hub.store.find(sha256(handle)), site.origin, hub.now())
  // R37: the same rule holds at a sister as at the hub.
  if (!session || isEmpty(session) || !mayBring(site, session)) return { ticket: null }
  const ticket = await issueTicket(hub, { site: sister, from: site.origin, session, mode: 'link' })
  const { endpoint } = sister
  return { ticket, ...(endpoint !== defaultEndpoint && { endpoint }) }
}
