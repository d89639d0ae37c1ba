/** A hub and a site in processes of their own, and a visitor whose session the hub has. */
import { generateHubKeys, generateSite } from 'session-hub/hub'

import { Visitor } from '../support/visitor.js'
import type { Watched } from './roles.js'
import { type BenchServer, startServer } from './server.js'

export interface Company {
  readonly hub: BenchServer
  readonly site: BenchServer
  /** The `Cookie` header of the hub, for the visitor's session. */
  readonly hubCookie: string
  stop(): Promise<void>
}

/** @param watched by what, if by anything */
export async function startCompany(watched?: Watched): Promise<Company> {
  const hub = await startServer('hub.localhost')
  const site = await startServer('shop.localhost')
  const { keys, registration } = await generateSite(site.origin)
  await hub.become({
    name: 'hub',
    options: { origin: hub.origin, keys: generateHubKeys(), sites: [registration] },
    ...(watched && { watched }),
  })
  const options = { origin: site.origin, hub: hub.origin, keys }
  await site.become({ name: 'site', options, ...(watched && { watched }) })
  return {
    hub,
    site,
    hubCookie: await signedInVisitor(hub.origin, site.origin),
    async stop() {
      await Promise.all([hub.stop(), site.stop()])
    },
  }
}

/** Puts something into the cart, signs in, and lets the hub adopt the session. */
export async function signedInVisitor(hub: string, site: string): Promise<string> {
  const visitor = new Visitor(hub)
  await visitor.post(site, '/cart', { cart: ['a kettle, blue, 1.7 litres'] })
  await visitor.post(site, '/sign-in', {
    subject: 'ada',
    claims: { name: 'Ada Lovelace', locale: 'en-GB' },
  })
  const { outcome } = await visitor.sync(site)
  if (outcome !== 'adopt') throw new Error(`The hub did not adopt the session, but said "${outcome}"`)
  return [...visitor.cookies(hub)].map(([name, value]) => `${name}=${value}`).join('; ')
}
