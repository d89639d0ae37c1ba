/** Examines a hub and its sites from outside, as browsers do, one check after another. */
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
  /** The page of each site to examine. */
  readonly page: string
  /** The path of the endpoints, if the page's script tag does not name it. */
  readonly endpoint: string
  /** How many seconds to listen to the event stream of each site; if absent, until its first word. */
  readonly listenSeconds?: number
}

interface HubSeen extends Place {
  readonly aheadMs: Sight['aheadMs']
}

/** Yields each line as soon as it is known. If a hub or a site cannot be reached, nothing more is said about it. */
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
  // A site that the hub does not know has no keys there either, and no visitor is sent back to it.
  if (there.findings.some(({ code }) => code === 'endpoint_not_there') || !hub || !isKnown) return
  const { line: posted, aheadMs, sisters } = await sitePostLine(eyes, site, endpoint)
  // This comes first: a wrong clock is also a reason for the hub to refuse the site.
  yield clocksLine(site, hub.aheadMs, aheadMs)
  yield posted
  // A fault that affects every request of the page is reported once.
  if (posted.findings.length === 0 && posted.skipped === undefined) {
    yield await ticketKeyLine(eyes, site, endpoint)
    yield await siteAddressLine(eyes, site, endpoint)
  }
  if (page.tag?.hasSisterLinks && sisters && others.length > 0) yield sistersLine(site, others, sisters)
  if (page.tag?.isLive && posted.findings.length === 0)
    yield await streamLine(eyes, site, endpoint, listenSeconds)
  // A fault that affects one request of the page affects this one too.
  if (posted.findings.length === 0) yield await handoverLine(eyes, hub.origin, site, endpoint)
}
