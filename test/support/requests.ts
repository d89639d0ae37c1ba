/** What a browser asks of hub and sites for the session's sake. */
import { defaultEndpoint, hubPaths, sitePaths } from '../../sdk/protocol/wire.js'
import type { World } from './world.js'

const BY_BACKENDS = [hubPaths.backchannel, hubPaths.health, hubPaths.discovery]

/** How many requests there were; the pages and the SDK's own files do not count. */
export function requestsOf(world: World): number {
  const atHub = world.hub.listener.seen.filter(({ url }) => !BY_BACKENDS.some((path) => url.startsWith(path)))
  const atSites = Object.values(world.sites).flatMap(({ listener }) =>
    listener.seen.filter(({ url }) => url.startsWith(`${defaultEndpoint}/`) && !url.endsWith('.js')),
  )
  // Asked once, long before anybody clicks.
  const early = atSites.filter(({ url }) => url === defaultEndpoint + sitePaths.sisters)
  return atHub.length + atSites.length - early.length
}

export const framesOf = ({ hub }: World): number =>
  hub.listener.seen.filter(({ url }) => url.startsWith(`${hubPaths.frame}?`)).length
