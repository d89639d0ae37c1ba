/** Two sites of a company, each in a process of its own that a test starts, and the hub here. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { generateSite, type SiteRegistration } from 'session-hub/hub'

import type { TwoSites } from './travel.js'
import type { World } from './world.js'

type Environment = Record<'ORIGIN' | 'HUB' | 'PORT' | 'SESSION_HUB_KEYS', string>

/**
 * @param start resolves when the site listens
 * @param more what is registered of both, beside their keys
 */
export async function startTwoSites(
  world: World,
  start: (environment: Environment) => Promise<void>,
  more: Partial<SiteRegistration> = {},
): Promise<TwoSites> {
  const run = async (name: string) => {
    const port = String(await freePort())
    const origin = `http://${name}.localhost:${port}`
    const { keys, registration } = await generateSite(origin)
    world.register({ ...registration, ...more })
    await start({
      ORIGIN: origin,
      HUB: world.hub.origin,
      PORT: port,
      SESSION_HUB_KEYS: JSON.stringify(keys),
    })
    return origin
  }
  return { hub: world.hub.origin, shop: await run('shop'), travel: await run('travel') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
