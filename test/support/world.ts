/** A whole world in one call: a hub and its sites on real sockets, ports chosen by the system, everything closed after. */
import {
  createHub,
  generateHubKeys,
  generateSite,
  type GeneratedSiteKeys,
  type Hub,
  type HubKeys,
  type HubOptions,
  type LogEntry,
  type SiteRegistration,
  type Store,
} from 'session-hub/hub'
import { createSite, type Site, type SiteKeys, type SiteOptions } from 'session-hub/site'
import type { Express, RequestHandler } from 'express'

import type { Certificate } from './certificate.js'
import { rememberSessionKey } from './handles.js'
import { listen, type Listener } from './listener.js'
import { siteApp } from './site-app.js'
import { storeOfWorld } from './store-of-worlds.js'

export interface WorldOptions {
  /** The names of the sites; each becomes `http://<name>.localhost:<port>`. @default shop, travel, magazine */
  readonly sites?: readonly string[]
  readonly hub?: Partial<HubOptions>
  /** It becomes `http://<name>.localhost:<port>`. @default hub */
  readonly hubName?: string
  /** Options for every site, or for each by name. */
  readonly site?: Partial<SiteOptions> | ((name: string) => Partial<SiteOptions>)
  /** The key of a site's session token, instead of a secret. */
  readonly sessionKey?: (name: string) => SiteKeys['session']
  /** What is registered of a site, beside its keys. */
  readonly registration?: (name: string) => Partial<SiteRegistration>
  /** Whether each site is registered with all others as its sisters. @default false */
  readonly sisters?: boolean
  /** Whether the sites use `redirectOnce`. */
  readonly once?: boolean
  /** Makes everything https; this process has to trust it (`trustedCertificate`). */
  readonly certificate?: Certificate
  /** The adapter that the sites are behind. @default the one that this run is about */
  readonly adapter?: string
  /** Sees each request to the hub first, as a proxy would. */
  readonly inFrontOfHub?: RequestHandler
  /** The same for each of the sites. */
  readonly inFrontOfSites?: RequestHandler
}

/** Makes an application of a site. */
type Build = (app: Express, site: Site) => void

export interface WorldSite {
  readonly origin: string
  readonly keys: GeneratedSiteKeys
  readonly registration: SiteRegistration
  readonly site: Site
  readonly listener: Listener
}

export interface World {
  readonly hub: {
    readonly origin: string
    readonly hub: Hub
    readonly listener: Listener
    readonly keys: HubKeys
    readonly store: Store
  }
  readonly sites: Readonly<Record<string, WorldSite>>
  /** Everything that hub and sites have logged. */
  readonly log: LogEntry[]
  /** Moves the clock of hub and sites; browsers keep their own. */
  advance(seconds: number): void
  now(): number
  register(registration: SiteRegistration): void
  unregister(origin: string): void
  /** Starts and registers one more site while everything runs; with an application of its own, if it is given. */
  addSite(name: string, build?: Build, options?: Partial<SiteOptions>): Promise<WorldSite>
  siteOf(name: string): WorldSite
  close(): Promise<void>
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { sites: names = ['shop', 'travel', 'magazine'] } = options
  const log: LogEntry[] = []
  let offsetMs = 0
  const now = () => Date.now() + offsetMs
  const write = (entry: LogEntry) => void log.push(entry)
  const registrations = new Map<string, SiteRegistration>()
  const sites: Record<string, WorldSite> = {}

  const hubListener = await listen(`${options.hubName ?? 'hub'}.localhost`, options.certificate)
  const keys = generateHubKeys()
  const given = options.hub?.store ?? storeOfWorld
  const store = typeof given === 'function' ? await given() : given
  const hub = await createHub({
    origin: hubListener.origin,
    keys,
    findSite: (origin) => registrations.get(origin),
    siteCacheSeconds: 0,
    log: write,
    now,
    ...options.hub,
    store,
  })
  if (options.inFrontOfHub) hubListener.use(options.inFrontOfHub)
  hubListener.use(hub.router)

  async function addSite(name: string, build?: Build, own: Partial<SiteOptions> = {}): Promise<WorldSite> {
    const listener = await listen(`${name}.localhost`, options.certificate)
    if (options.inFrontOfSites) listener.use(options.inFrontOfSites)
    const made = await generateSite(listener.origin)
    rememberSessionKey(made.keys)
    const registration = { ...made.registration, ...options.registration?.(name) }
    registrations.set(listener.origin, registration)
    const more = typeof options.site === 'function' ? options.site(name) : options.site
    const site = await createSite({
      origin: listener.origin,
      hub: hubListener.origin,
      keys: { ...made.keys, ...(options.sessionKey && { session: options.sessionKey(name) }) },
      log: write,
      now,
      ...more,
      ...own,
    })
    if (build) build(listener.app, site)
    else listener.use(siteApp(name, site, options.once, options.adapter))
    return (sites[name] = { origin: listener.origin, keys: made.keys, registration, site, listener })
  }
  for (const name of names) await addSite(name)
  if (options.sisters) {
    const origins = [...registrations.keys()]
    for (const [origin, registration] of registrations)
      registrations.set(origin, { ...registration, sisters: origins.filter((other) => other !== origin) })
  }

  return {
    hub: { origin: hubListener.origin, hub, listener: hubListener, keys, store },
    sites,
    log,
    now,
    advance(seconds) {
      offsetMs += seconds * 1000
    },
    register(registration) {
      registrations.set(registration.origin, registration)
    },
    unregister(origin) {
      registrations.delete(origin)
    },
    addSite,
    siteOf(name) {
      const site = sites[name]
      if (!site) throw new Error(`There is no site "${name}" in this world`)
      return site
    },
    async close() {
      for (const { site, listener } of Object.values(sites)) {
        site.close()
        await listener.close()
      }
      await hubListener.close()
      await hub.close()
    },
  }
}
