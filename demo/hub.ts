/** The hub's application: Session Hub itself, and a page that explains it. */
import { join } from 'node:path'

import express, { type Express } from 'express'
import { type AdminToken, createHub, type Log, sqliteStore } from 'session-hub/hub'

import { files } from './assets.js'
import { uniteCarts } from './cart.js'
import { pageHeaders } from './headers.js'
import type { DemoKeys } from './keys.js'
import { hubPage } from './pages/hub-page.js'
import { type Addresses, siteNames } from './sites.js'

export interface HubAppOptions {
  readonly addresses: Addresses
  readonly keys: DemoKeys
  readonly folder: string
  /** The administrator who may end sessions at `/admin`. */
  readonly administrator: AdminToken
  readonly log: Log | undefined
  readonly now: (() => number) | undefined
}

export async function createHubApp({ addresses, keys, folder, administrator, log, now }: HubAppOptions) {
  const hub = await createHub({
    origin: addresses.hub,
    keys: keys.hub,
    // Each site knows the two others: if a browser keeps the hub out, a link between them carries the session along.
    sites: siteNames.map((name) => ({
      ...keys[name].registration,
      origin: addresses[name],
      sisters: siteNames.filter((other) => other !== name).map((other) => addresses[other]),
    })),
    store: sqliteStore(join(folder, 'sessions.sqlite')),
    merge: uniteCarts,
    // Not every administrator may end the sessions of a user with this name; the demo's administrator may.
    admin: { tokens: [administrator], isAdmin: ['root'] },
    ...(log && { log }),
    ...(now && { now }),
  })
  const app: Express = express()
  app.use(hub.router)
  app.use(pageHeaders())
  app.use(files())
  app.get('/', (_req, res) => {
    res.send(hubPage(addresses).text)
  })
  return { app, close: () => hub.close() }
}
