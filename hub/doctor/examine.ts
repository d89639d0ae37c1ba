/** Looks at a hub and its sites from outside, as browsers do, one thing after the other. */
import { defaultEndpoint, hubPaths } from '../../sdk/protocol/wire.js'
import { clocksLine } from './checks/clocks.js'
import { discoveryLine, readyLine } from './checks/documents.js'
import { endpointLine } from './checks/endpoint.js'
import { hostLine, hubAddressLine, siteAddressLine } from './checks/forwarded.js'
import { frameLine, popupLine } from './checks/frame.js'
import { handoverLine } from './checks/handover.js'
import { hubPostLine, sitePostLine, ticketKeyLine } from './checks/own-posts.js'
import { lookAtPage } from './checks/page.js'
import { domainLine, type Place, placeLine } from './checks/places.js'
import { sistersLine } from './checks/sisters.js'
import { streamLine } from './checks/stream.js'
import type { Line } from './findings.js'
import { reach } from './reach.js'
import type { Eyes, Sight } from './sight.js'

export interface Patients {
  readonly hub: string
  readonly sites: readonly string[]
  /** The page of each site that is looked at. */
  readonly page: string
  /** Where the endpoints are, if the page's script tag does not say so. */
  readonly endpoint: string
  /** How many seconds to listen to the event stream of each site; absent: to its first word. */
  readonly listenSeconds?: number
}

interface HubSeen extends Place {
  readonly aheadMs: Sight['aheadMs']
}

/** Lines as they come; of a hub that cannot be reached, and of a site, nothing more than that. */
export async function* examine(eyes: Eyes, patients: Patients, nowMs: number): AsyncGenerator<Line> {
  const { hub: origin, sites } = patients
  const reached = await reach(eyes, origin, hubPaths.discovery, nowMs)
  yield* reached.lines
  const { sight, addresses } = reached
  const discovery = sight && discoveryLine(origin, sight)
  if (discovery) yield discovery
  const isThere = discovery !== undefined && !discovery.findings.some(({ code }) => code === 'hub_not_there')
  let hub: HubSeen | undefined
  if (isThere) {
    yield await readyLine(eyes, origin)
    const { line: posted, aheadMs } = await hubPostLine(eyes, origin)
    yield posted
    if (posted.findings.length === 0 && posted.skipped === undefined) yield await hubAddressLine(eyes, origin)
    hub = { origin, addresses, aheadMs }
    yield await domainLine(
      { origin, addresses },
      sites.map((site) => ({ origin: site, addresses: [] })),
    )
  }
  for (const site of sites) yield* examineSite(eyes, hub, site, patients, nowMs)
}

async function* examineSite(
  eyes: Eyes,
  hub: HubSeen | undefined,
  site: string,
  { hub: hubOrigin, sites, page: path, endpoint: given, listenSeconds }: Patients,
  nowMs: number,
): AsyncGenerator<Line> {
  const reached = await reach(eyes, site, path, nowMs)
  yield* reached.lines
  const { sight, addresses } = reached
  if (!sight) return
  const others = sites.filter((other) => other !== site)
  let isKnown = false
  if (hub) {
    yield await placeLine(hub, { origin: site, addresses })
    const frame = await frameLine(eyes, hub.origin, site)
    yield frame
    isKnown = frame.findings.every(({ code }) => code !== 'site_unregistered' && code !== 'frame_refused')
    if (isKnown) yield await popupLine(eyes, hub.origin, site)
  }
  const page = await lookAtPage(eyes, { hub: hubOrigin, site, others, sight })
  yield* page.lines
  yield await hostLine(eyes, site, sight)
  const endpoint = page.tag ? (page.tag.endpoint ?? defaultEndpoint) : given
  const there = await endpointLine(eyes, site, endpoint)
  yield there
  // What the hub does not know has no keys there either, and is led nowhere.
  if (there.findings.some(({ code }) => code === 'endpoint_not_there') || !hub || !isKnown) return
  const { line: posted, aheadMs, sisters } = await sitePostLine(eyes, site, endpoint)
  // First: a clock that is wrong is also a reason for the hub to refuse the site.
  yield clocksLine(site, hub.aheadMs, aheadMs)
  yield posted
  // What is wrong with any request of the page is said once.
  if (posted.findings.length === 0 && posted.skipped === undefined) {
    yield await ticketKeyLine(eyes, site, endpoint)
    yield await siteAddressLine(eyes, site, endpoint)
  }
  if (page.tag?.hasSisterLinks && sisters && others.length > 0) yield sistersLine(site, others, sisters)
  if (page.tag?.isLive && posted.findings.length === 0)
    yield await streamLine(eyes, site, endpoint, listenSeconds)
  // Whatever is in the way of one request of the page is in the way of this one too.
  if (posted.findings.length === 0) yield await handoverLine(eyes, hub.origin, site, endpoint)
}
