/** The whole demo in one call: four servers, their keys, the hub and the sites. */
import { generateAdminToken, type Log } from 'session-hub/hub'

import { createHubApp } from './hub.js'
import { openFolder } from './folder.js'
import { loadKeys } from './keys.js'
import { openServers } from './servers.js'
import { createSiteApp } from './site.js'
import { type Addresses, siteNames } from './sites.js'

export interface DemoOptions {
  /** The hub's port. The sites take the next three. With 0, any free ports are used. */
  readonly portBase: number
  /** Where keys and sessions are kept. @default a temporary folder, removed by `close()` */
  readonly dataDir?: string
  /** Receives the entries of the hub and of all sites. @default silence */
  readonly log?: Log
  /** The clock of the hub and of all sites, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

export interface Demo {
  readonly addresses: Addresses
  readonly folder: string
  /** Signs an administrator in at the hub's `/admin`. It differs at each start. */
  readonly adminToken: string
  /** Whether `folder` outlives the demo. */
  readonly isKept: boolean
  /** Takes the hub off the network, as a crash would. Its sessions stay. */
  stopHub(): Promise<void>
  startHub(): Promise<void>
  close(): Promise<void>
}

/**
 * @throws PortTakenError when one of the ports is taken
 * @throws SessionHubError `options_invalid` when the folder holds anything but a demo's keys and sessions
 */
export async function startDemo({ portBase, dataDir, log, now }: DemoOptions): Promise<Demo> {
  const servers = await openServers(['hub', ...siteNames], portBase)
  const parts: (() => Promise<void> | void)[] = []
  const close = async () => {
    // No more requests come in while the parts close, the last one first.
    await Promise.all(Object.values(servers).map((server) => server.close()))
    for (const closePart of parts.splice(0).reverse()) await closePart()
  }
  try {
    const addresses = {
      hub: servers.hub.origin,
      shop: servers.shop.origin,
      travel: servers.travel.origin,
      magazine: servers.magazine.origin,
    }

    const folder = await openFolder(dataDir)
    parts.push(() => folder.close())
    const keys = await loadKeys(folder.path)

    const admin = generateAdminToken({ name: 'demo', permissions: ['read', 'logout-all'] })
    const administrator = admin.registration
    const hub = await createHubApp({ addresses, keys, folder: folder.path, administrator, log, now })
    parts.push(() => hub.close())
    servers.hub.serve(hub.app)
    for (const name of siteNames) {
      const site = await createSiteApp({ name, addresses, keys: keys[name].keys, log, now })
      parts.push(() => site.close())
      servers[name].serve(site.app)
    }

    return {
      addresses,
      folder: folder.path,
      adminToken: admin.token,
      isKept: dataDir !== undefined,
      stopHub: () => servers.hub.close(),
      startHub: () => servers.hub.listen(),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
