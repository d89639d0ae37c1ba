/** A real hub for an application's tests, and visitors with real sessions. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import express from 'express'

import { createHub, generateHubKeys, generateSite, type HubSessions, memoryStore } from '../../hub/index.js'
import type { DataPatch } from '../protocol/app-types.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import { createSite, type SignIn, type Site, type SiteKeys, type SiteOptions } from '../site/index.js'
import type { Clock } from './clock.js'
import { resolveTestHubOptions, type TestHubOptions } from './options.js'
import { type TestVisitor, visitorOf } from './visitor.js'

/** What a site of this hub needs; the application adds the rest of `createSite`'s options. */
export type TestSiteOptions = Required<Pick<SiteOptions, 'origin' | 'hub' | 'now'>> & {
  readonly keys: SiteKeys
}

export interface SignedInAs extends SignIn {
  /** What the session contains, at most 7,680 bytes as JSON. @default {} */
  readonly data?: DataPatch
  /**
   * Who creates the session: the application's own site, so that its `fields`, `tokenClaims`, `cookieName` and keys apply; or the origin of
   * one of this hub's sites, if the application does not expose its site.
   *
   * @default the hub's first
   */
  readonly site?: Site | string
}

export interface TestHub {
  readonly origin: string
  /**
   * The options for a site of this hub.
   *
   * @param origin one of `sites` @default the first
   * @throws SessionHubError `options_invalid`
   */
  siteOptions(origin?: string): TestSiteOptions
  /**
   * Signs a user in as the site itself would. Each call stands for a separate browser.
   *
   * @throws SessionHubError as `site.signIn` and `req.session.update`; `options_invalid`; `unavailable` after `close()`
   */
  signedInAs(who: SignedInAs): Promise<TestVisitor>
  /** The same for an anonymous visitor, with a session that contains this data. @throws SessionHubError as `signedInAs` */
  anonymous(what?: Pick<SignedInAs, 'data' | 'site'>): Promise<TestVisitor>
  readonly clock: Clock
  /** The hub's own interface to a user's sessions, to list and to end them. */
  readonly sessions: HubSessions
  /** Stops the hub; a second call does nothing. For sites that are still open, the hub is then down. */
  close(): Promise<void>
}

/**
 * Starts the hub of `session-hub/hub` on a port of this machine, with everything in memory. Its keys are created for this one run, so what it
 * and its sites sign is worthless anywhere else.
 *
 * @example
 * const hub = await startTestHub()
 * const app = createApp(await createSite(hub.siteOptions()))
 * const { cookie } = await hub.signedInAs({ subject: 'ada', claims: { name: 'Ada' }, data: { cart: ['boots'] } })
 * await request(app).get('/cart').set('cookie', cookie).expect(200)
 * await hub.close()
 *
 * @throws SessionHubError `options_invalid`
 */
export async function startTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const { sites, registration: chosen, clock, hub: more } = resolveTestHubOptions(options)
  const made = await Promise.all(sites.map((origin) => generateSite(origin)))
  const app = express()
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://hub.localhost:${(server.address() as AddressInfo).port}`
  const keys = generateHubKeys()
  const registrations = made.map(({ registration }) => ({ ...registration, ...chosen }))
  const own = { origin, keys, sites: registrations, store: memoryStore(), now: clock.now }
  const hub = await createHub({ ...more, ...own }).catch((error: unknown) => {
    server.close()
    throw error
  })
  // The `Date` of its answers uses the clock too, because a site compares it with its own clock.
  app.use((_req, res, next) => {
    res.setHeader('date', new Date(clock.now()).toUTCString())
    next()
  }, hub.router)

  const siteOptions = (site = sites[0]): TestSiteOptions => {
    const found = made.find(({ registration }) => registration.origin === site)
    if (!found) throw wrong('startTestHub', `"${String(site)}" is not one of its sites: ${sites.join(', ')}`)
    return {
      origin: found.registration.origin,
      hub: origin,
      keys: structuredClone(found.keys),
      now: clock.now,
    }
  }
  const ownSites = new Map<string, Promise<Site>>()
  async function siteOf(given: Site | string | undefined): Promise<Site> {
    if (typeof given === 'object') return given
    const settings = siteOptions(given)
    let site = ownSites.get(settings.origin)
    if (!site) ownSites.set(settings.origin, (site = createSite(settings)))
    return site
  }

  return {
    origin,
    siteOptions,
    clock,
    sessions: hub.sessions,
    async signedInAs(who) {
      refuseUnknown('signedInAs', who, ['site', 'subject', 'claims', 'remember', 'idp', 'data'])
      const { site: given, data = {}, ...signIn } = who
      const site = await siteOf(given)
      return visitorOf(site, async (req, res) => {
        await site.signIn(req, res, signIn)
        // Even an empty update counts: it tells a session that the hub knows from a provisional one.
        await req.session.update(data)
      })
    },
    async anonymous(what = {}) {
      refuseUnknown('anonymous', what, ['site', 'data'])
      const { site: given, data = {} } = what
      return visitorOf(await siteOf(given), (req) => req.session.update(data))
    },
    async close() {
      for (const site of ownSites.values()) (await site).close()
      hub.endStreams()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await hub.close()
    },
  }
}
