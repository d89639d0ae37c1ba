/** Puts the parts of a hub together and holds no rules: it takes options and returns a hub. */
import type { RequestListener } from 'node:http'

import type { RequestHandler } from 'express'

import { PROXY_HOPS } from '../sdk/http/node/peer-address.js'
import { readSdk } from '../sdk/http/sdk-asset.js'
import { whole } from '../sdk/settings/checks.js'
import { reasonOf, safeLog } from '../sdk/settings/log.js'
import { refuseUnknown, wrong } from '../sdk/settings/refuse-unknown.js'
import { auditBounds } from './admin/options.js'
import type { createAdminRouter } from './admin/router.js'
import type { createCompanyRoute } from './company/route.js'
import { createDecisions } from './decisions.js'
import { createEndingsFeed } from './endings-feed.js'
import type { HubContext } from './flows/context.js'
import { readHubKeys } from './keys/hub-keys.js'
import { createLiveCount } from './live-sessions.js'
import { meteredLog, meteredStore } from './meter.js'
import { type HubOptions, resolveHubOptions } from './options.js'
import { readPageScripts } from './page-scripts.js'
import { createLimiters } from './routes/limits.js'
import { watchLoad } from './routes/overload.js'
import type { Route } from './routes/request.js'
import { createRouter } from './routes/router.js'
import { createSessions, type HubSessions } from './sessions.js'
import { createOwnership } from './ownership/ownership.js'
import { createRegistry } from './sites/registry.js'
import type { SiteRegistration } from './sites/site.js'
import { createStoredSites } from './sites/stored-sites.js'
import { watchForDoubts } from './site-doubts.js'
import { openStore } from './store-opening.js'
import { createSites, type HubSites } from './stored-sites.js'
import { sqliteStore } from './stores/sqlite.js'
import { startSweeper } from './sweeper.js'
import { tracedStore } from './traced-store.js'

export interface Hub {
  /** All of the hub's endpoints: `app.use(hub.router)`, at the root of its origin. */
  readonly router: RequestHandler
  /**
   * Answers the same endpoints on a server of the hub's own, without the cost of Express on the paths that browsers and sites wait for:
   * `http.createServer(hub.listener(app))`, where `app` answers everything else and uses `hub.router`.
   *
   * @param options.proxyHops how many of your own proxies stand in front of this server, 0 to 32 @default 0
   * @throws SessionHubError `options_invalid`
   */
  listener(app: RequestListener, options?: { readonly proxyHops?: number }): RequestListener
  /**
   * Resolves when the store is open (without `storeWaitSeconds`, at once). Rejects when the store cannot be opened; the hub then stays `unavailable`.
   */
  readonly ready: Promise<void>
  /** Lists and ends a user's sessions. */
  readonly sessions: HubSessions
  /** With the option `storedSites`: the sites in the store, to add, change and turn off while the hub runs. */
  readonly sites: HubSites
  /**
   * Changes the list of sites while the hub runs. Sites in the store and sites of `findSite` stay.
   *
   * @throws SessionHubError `options_invalid`; the list is then unchanged
   */
  setSites(sites: readonly SiteRegistration[]): Promise<void>
  /**
   * Ends the event streams of the sites, which never end by themselves, so that a server can close. The sites connect again. `gracefulStop` calls it.
   */
  endStreams(): void
  /** Ends the event streams, stops the background work, and closes the store. */
  close(): Promise<void>
}

/**
 * Makes a hub.
 *
 * @throws SessionHubError `options_invalid` for an option that is unknown or wrong. The message says what to do about it.
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  const settings = resolveHubOptions(options)
  const { metrics: meter, traces } = settings
  const safe = safeLog(settings.log)
  // The meter reads the log before repeated entries are left out, because each of them counts.
  const written = meter ? meteredLog(safe, meter) : safe
  const secret = readHubKeys(settings.keys)
  const { findSite, siteCacheSeconds, sites: registrations } = settings
  const sites = await createRegistry({
    sites: registrations,
    findSite,
    cacheSeconds: siteCacheSeconds,
    log: written,
  })
  // The store is opened last, so that a wrong option does not leave a file behind.
  const opening = openStore(openerOf(settings.store), settings.storeWaitSeconds * 1000, written)
  const ready = opening.opened.then(({ durability }) => {
    if (durability !== undefined) written({ level: 'info', event: 'store_opened', description: durability })
  })
  if (settings.storeWaitSeconds === 0 || typeof settings.store !== 'function') await ready
  let isClosed = false
  ready.catch((thrown: unknown) => {
    if (!isClosed) written({ level: 'error', event: 'store_failed', description: reasonOf(thrown) })
  })
  const measured = meter ? meteredStore(opening.store, meter) : opening.store
  const { store, log } = createDecisions(traces ? tracedStore(measured, traces) : measured, written)
  const hub: HubContext = {
    origin: settings.origin,
    store,
    secret,
    rules: settings.rules,
    now: settings.now,
    log,
    meter,
  }
  const { admin } = settings
  const limiters = await createLimiters(settings.limits, secret, log)
  const sweeper = startSweeper(hub, (admin?.auditSeconds ?? auditBounds.default) * 1000)
  const feed = createEndingsFeed(hub)
  // This asks the store itself, not the measured one: it asks so often that the calls are not counted.
  const overload = watchLoad(log, () => opening.store.waitedMs?.() ?? 0)
  const storedSites = settings.storedSites
    ? sites.follow((changed) => createStoredSites({ store, secret, log, changed }))
    : undefined
  const siteAdministration = storedSites && {
    hub,
    stored: storedSites,
    isListed: (origin: string) => sites.isListed(origin),
    ownership: createOwnership(secret),
  }
  await watchForDoubts({ origin: settings.origin, sites, hasFindSite: findSite !== undefined, log })
  meter?.streams(() => feed.followers)
  meter?.live(createLiveCount(async () => store.countLive?.(hub.now())))
  const { router, direct } = createRouter({
    hub,
    sites,
    limiters,
    overload,
    sdk: readSdk(),
    scripts: readPageScripts(),
    feed,
    meter,
    traces,
    company: settings.companySignOut && (await companyRoute(hub, settings.companySignOut, limiters)),
    admin:
      admin &&
      (await adminRouter(
        { hub, isAdmin: admin.isAdmin, hasSites: settings.storedSites },
        admin,
        limiters,
        siteAdministration,
      )),
  })
  return {
    router,
    ready,
    listener(app, listenerOptions = {}) {
      refuseUnknown('hub.listener', listenerOptions, ['proxyHops'])
      const { proxyHops: hops = 0 } = listenerOptions
      const proxyHops = whole('hub.listener', 'proxyHops', hops, PROXY_HOPS)
      if (typeof app !== 'function') throw wrong('hub.listener', 'the application has to be a function')
      return (req, res) => {
        if (!direct(req, res, proxyHops)) app(req, res)
      }
    },
    sessions: createSessions(hub),
    sites: createSites(siteAdministration),
    setSites: (others) => sites.set(others),
    endStreams() {
      feed.stop()
    },
    async close() {
      isClosed = true
      overload.stop()
      feed.stop()
      storedSites?.stop()
      await sweeper.stop()
      await store.close()
    },
  }
}

const openerOf = (given: HubOptions['store']) =>
  typeof given === 'function' ? given : async () => given ?? sqliteStore('session-hub.sqlite')

/** Loaded only if it is configured: most companies have no identity provider that sends such notices. */
async function companyRoute(...parts: Parameters<typeof createCompanyRoute>): Promise<Route> {
  const company = await import('./company/route.js')
  return company.createCompanyRoute(...parts)
}

/** The pages for administrators are loaded only where they are configured: most hubs do not use them. */
async function adminRouter(...parts: Parameters<typeof createAdminRouter>): Promise<RequestHandler> {
  const admin = await import('./admin/router.js')
  return admin.createAdminRouter(...parts)
}
