/** One application on many domains, in one process and behind one port; its hub; everything on real sockets. */
import {
  createHub,
  generateApp,
  type GeneratedSiteKeys,
  generateHubKeys,
  type Hub,
  type HubKeys,
  type HubOptions,
  type LogEntry,
  memoryStore,
  type SiteRegistration,
} from 'session-hub/hub'
import { type AppOptions, type AppSite, createSite, type FindOrigin } from 'session-hub/site'

import { rememberSessionKey } from './handles.js'
import { listen, type Listener } from './listener.js'
import { siteApp } from './site-app.js'

export interface AppWorldOptions {
  /** Each becomes `http://<name>.localhost:<port>`. @default eight of them */
  readonly domains?: readonly string[]
  /** `list`: they are given at start-up; `ask`: looked up at run time. @default 'list' */
  readonly origins?: 'list' | 'ask'
  /** Whether each domain has keys of its own. @default false */
  readonly ownKeys?: boolean
  readonly site?: Partial<AppOptions<never>>
  readonly hub?: Partial<HubOptions>
  readonly registration?: Partial<SiteRegistration>
  /** Each domain may link to all others. @default false */
  readonly sisters?: boolean
}

export interface AppWorld {
  readonly hub: {
    readonly origin: string
    readonly hub: Hub
    readonly listener: Listener
    readonly keys: HubKeys
  }
  readonly site: AppSite
  readonly listener: Listener
  readonly log: LogEntry[]
  readonly registrations: Map<string, SiteRegistration>
  /** In the place of the look-up that knows its domains. */
  findOrigin: FindOrigin
  /** For which hosts the application was asked. */
  readonly asked: string[]
  /** The origin of a domain, whether there is one of this name or not. */
  at(name: string): string
  keysOf(name: string): GeneratedSiteKeys
  /** Registers one more while everything runs. */
  add(name: string): Promise<string>
  remove(name: string): void
  advance(seconds: number): void
  now(): number
  /** How many event streams the application has opened at the hub. */
  streams(): number
  close(): Promise<void>
}

export const EIGHT = ['de', 'fr', 'it', 'es', 'nl', 'pl', 'at', 'www-at'] as const

export async function startAppWorld(options: AppWorldOptions = {}): Promise<AppWorld> {
  const { domains = EIGHT, origins = 'list', ownKeys = false, sisters = false } = options
  const log: LogEntry[] = []
  const write = (entry: LogEntry) => void log.push(entry)
  let offsetMs = 0
  const now = () => Date.now() + offsetMs

  const hubListener = await listen('hub.localhost')
  const hubKeys = generateHubKeys()
  const registrations = new Map<string, SiteRegistration>()
  const hub = await createHub({
    origin: hubListener.origin,
    keys: hubKeys,
    store: memoryStore(),
    findSite: (origin) => registrations.get(origin),
    siteCacheSeconds: 0,
    log: write,
    now,
    ...options.hub,
  })
  hubListener.use(hub.router)

  const listener = await listen('app.localhost')
  const at = (name: string) => `http://${name}.localhost:${listener.port}`
  const shared = await generateApp('shop', domains.map(at))
  const keys = new Map<string, GeneratedSiteKeys>()
  const known = new Map<string, string>()

  async function add(name: string): Promise<string> {
    const origin = at(name)
    const made = ownKeys ? await generateApp('shop', [origin]) : undefined
    const { signingKeys, ticketKeys } = (made ?? shared).registrations[0]!
    registrations.set(origin, { origin, app: 'shop', signingKeys, ticketKeys, ...options.registration })
    keys.set(origin, made?.keys ?? shared.keys)
    rememberSessionKey((made ?? shared).keys)
    known.set(new URL(origin).host, origin)
    return origin
  }
  for (const name of domains) await add(name)
  if (sisters) {
    const all = domains.map(at)
    for (const [origin, registration] of registrations)
      registrations.set(origin, { ...registration, sisters: all.filter((other) => other !== origin) })
  }

  const asked: string[] = []
  const world: Pick<AppWorld, 'findOrigin'> = { findOrigin: (host) => known.get(host) }
  const site = await createSite<never>({
    ...(origins === 'list'
      ? { origins: domains.map(at) }
      : {
          originCacheSeconds: 0,
          findOrigin: (host: string) => {
            asked.push(host)
            return world.findOrigin(host)
          },
        }),
    hub: hubListener.origin,
    keys: ownKeys ? (origin) => keys.get(origin)! : shared.keys,
    log: write,
    now,
    ...options.site,
  })
  listener.use(siteApp('shop', site))
  listener.use((_req, res) => void res.json({ elsewhere: true }))

  return Object.assign(world, {
    hub: { origin: hubListener.origin, hub, listener: hubListener, keys: hubKeys },
    site,
    listener,
    log,
    registrations,
    asked,
    at,
    keysOf: (name: string) => keys.get(at(name))!,
    add,
    remove(name: string) {
      registrations.delete(at(name))
      known.delete(new URL(at(name)).host)
    },
    advance(seconds: number) {
      offsetMs += seconds * 1000
    },
    now,
    streams: () => hubListener.seen.filter(({ url }) => url === '/backchannel/events').length,
    async close() {
      site.close()
      await listener.close()
      await hubListener.close()
      await hub.close()
    },
  })
}
