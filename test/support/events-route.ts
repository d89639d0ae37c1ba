/** The hub's event streams by themselves, with beats as short as a test needs them. */
import {
  generateHubKeys,
  generateSite,
  memoryStore,
  type Ending,
  type SiteRegistration,
  type Store,
} from 'session-hub/hub'

import { createEndingsFeed } from '../../hub/endings-feed.js'
import type { HubContext } from '../../hub/flows/context.js'
import { stateTag } from '../../hub/flows/tags.js'
import { readHubKeys } from '../../hub/keys/hub-keys.js'
import { resolveHubOptions } from '../../hub/options.js'
import { eventsRoute } from '../../hub/routes/events.js'
import { createLimiters, defaultRateLimits } from '../../hub/routes/limits.js'
import { createAuthenticate } from '../../hub/routes/site-token.js'
import { createRegistry } from '../../hub/sites/registry.js'
import { sendError } from '../../sdk/http/node/reply.js'
import type { LogEntry } from '../../sdk/settings/log.js'
import { siteToken } from './forge.js'
import { listen, type Listener } from './listener.js'
import type { WorldSite } from './world.js'

export interface StreamsHub {
  readonly listener: Listener
  readonly site: Pick<WorldSite, 'origin' | 'keys'>
  readonly log: LogEntry[]
  /** Headers of a request of the site. */
  headers(): Record<string, string>
  registration(): SiteRegistration
  register(change: Partial<SiteRegistration>): void
  /** Writes so many endings. @returns what the site hears of them */
  end(count: number): Promise<string[]>
  advance(seconds: number): void
  /** How many streams are open now. */
  readonly open: () => number
  stopFeed(): void
  close(): Promise<void>
}

export async function startStreamsHub(beatMs: number, store: Store = memoryStore()): Promise<StreamsHub> {
  const listener = await listen('hub.localhost')
  const keys = generateHubKeys()
  const made = await generateSite('http://shop.localhost')
  let { registration } = made
  const log: LogEntry[] = []
  let offsetMs = 0
  const now = () => Date.now() + offsetMs
  const note = (entry: LogEntry) => void log.push(entry)
  const secret = readHubKeys(keys)
  const { rules } = resolveHubOptions({ origin: listener.origin, keys })
  const hub: HubContext = { origin: listener.origin, store, secret, rules, now, log: note }
  const sites = await createRegistry({ sites: [], findSite: () => registration, cacheSeconds: 0, log: note })
  const limits = { whole: defaultRateLimits, share: defaultRateLimits, store: undefined }
  const limiters = await createLimiters(limits, secret, note)
  const feed = createEndingsFeed(hub)
  const route = eventsRoute({
    hub,
    sites,
    authenticate: createAuthenticate(hub, sites, limiters),
    limiters,
    feed,
    beatMs,
  })
  let open = 0
  listener.use((req, res) => {
    open += 1
    res.on('close', () => (open -= 1))
    route(req, res).catch((thrown: unknown) => sendError(res, thrown))
  })
  const site = { origin: registration.origin, keys: made.keys }
  let ended = 0
  return {
    listener,
    site,
    log,
    headers: () => ({ authorization: `Bearer ${siteToken({ now, hub: listener }, site)}` }),
    registration: () => registration,
    register(change) {
      registration = { ...registration, ...change }
    },
    async end(count) {
      const ids = Array.from({ length: count }, () => `session-${(ended += 1)}`)
      const endingOf = (sessionId: string): Ending => ({
        sessionId,
        subject: null,
        generation: 0,
        reason: 'revoked',
        atMs: Date.now(),
      })
      await store.transact({ handles: [] }, () => ({
        changes: { endings: ids.map(endingOf) },
        result: undefined,
      }))
      return ids.map((id) => stateTag(secret, id, site.origin))
    },
    advance(seconds) {
      offsetMs += seconds * 1000
    },
    open: () => open,
    stopFeed: () => feed.stop(),
    async close() {
      feed.stop()
      await listener.close()
    },
  }
}
