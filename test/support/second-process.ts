/** One more process of a site, as a cluster has them: the same origin and keys, and a memory of its own. */
import { createSite, type Site } from 'session-hub/site'

import { listen } from './listener.js'
import { siteApp } from './site-app.js'
import type { Visitor } from './visitor.js'
import type { World } from './world.js'

export interface SecondProcess {
  /** Where this process listens. A visitor sends it the site's own cookies after `share`. */
  readonly address: string
  readonly site: Site
  /** From now on the visitor's browser takes both processes for the one site that they are. */
  share(visitor: Visitor): void
  close(): Promise<void>
}

export async function startSecondProcess(world: World, name: string): Promise<SecondProcess> {
  const { origin, keys } = world.siteOf(name)
  const listener = await listen(`${name}-too.localhost`)
  const site = await createSite({ origin, hub: world.hub.origin, keys, now: () => world.now() })
  listener.use((req, _res, next) => {
    // As behind a balancer, which leaves the name that the browser asked for: in both places where servers look for it.
    const asked = req.headers.host
    req.headers.host = new URL(origin).host
    req.rawHeaders = req.rawHeaders.map((text) => (text === asked ? new URL(origin).host : text))
    next()
  })
  listener.use(siteApp(name, site))
  return {
    address: listener.origin,
    site,
    share(visitor) {
      visitor.jar.set(new URL(listener.origin).host, visitor.cookies(origin))
    },
    async close() {
      site.close()
      await listener.close()
    },
  }
}
