/**
 * Made once: two processes of a site share nothing but their keys. What a sequence does, it does with browsers and users of its own.
 */
import type { RequestListener } from 'node:http'

import express, { type ErrorRequestHandler } from 'express'
import { createHub, generateHubKeys, generateSite, memoryStore, type SiteRegistration } from 'session-hub/hub'
import { createSite, SessionHubError, type Site } from 'session-hub/site'

import { rememberSessionKey } from '../../support/handles.js'
import { ANONYMOUS, SIGNED_IN } from '../settings.js'
import { Browser } from './browser.js'
import { openLine } from './line.js'
import { takeTime } from './own-time.js'
import { PROCESSES, SITES } from './plan.js'
import { GRACE_SECONDS, World, type WorldSite } from './world.js'

const START_MS = 1_900_000_000_000

export async function openWorld(): Promise<World> {
  const line = await openLine()
  const time = takeTime(START_MS)
  const hubOrigin = `http://hub.localhost:${line.port}`
  const store = memoryStore()
  const registrations = new Map<string, SiteRegistration>()
  const rules: World['rules'] = { conflict: 'keep-both' }
  const hub = await createHub({
    origin: hubOrigin,
    keys: generateHubKeys(),
    store,
    findSite: (origin) => registrations.get(origin),
    lifetimes: { anonymous: lifetime(ANONYMOUS), signedIn: lifetime(SIGNED_IN) },
    conflict: () => rules.conflict,
    limits: { perAddress: 1e9, perSession: 1e9, perSite: 1e9 },
    now: time.now,
  })
  const { router } = hub
  const hubApp = hub.listener(express().use(router))
  line.answer(hubApp)
  const origins = Array.from({ length: SITES }, (_, site) => `http://${'abc'[site]}.localhost`)
  const sites: WorldSite[] = []
  for (const origin of origins) {
    const { keys, registration } = await generateSite(origin)
    rememberSessionKey(keys)
    registrations.set(origin, { ...registration, sisters: origins.filter((other) => other !== origin) })
    const processes = []
    for (let count = 0; count < PROCESSES; count += 1) {
      const own = { skewMs: 0 }
      const site = await createSite({
        origin,
        hub: hubOrigin,
        keys,
        graceForSeconds: GRACE_SECONDS,
        hubTimeoutMs: 20_000,
        perAddress: 1e9,
        now: () => time.now() + own.skewMs,
      })
      processes.push(Object.assign(own, { site, app: appOf(site) }))
    }
    sites.push({ origin, processes })
  }
  const world = new World({ time, line, hub, hubApp, hubOrigin, store, sites, rules })
  await wakeUp(world)
  return world
}

/** A process listens to the hub from its first visitor on who has a session. */
async function wakeUp(world: World): Promise<void> {
  for (let site = 0; site < SITES; site += 1)
    for (let process = 0; process < PROCESSES; process += 1) {
      const visitor = new Browser(world)
      for (const act of [{ do: 'store', by: 'patch' }, { do: 'visit' }] as const)
        (await visitor.act(site, process, act, 'first').reply()).keep()
    }
  await world.settle()
}

const lifetime = ({ idle, absolute }: typeof ANONYMOUS | typeof SIGNED_IN) => ({
  idleSeconds: idle,
  absoluteSeconds: absolute,
})

/** A page that says who is here and what is in the cart; each item is a key of its own. */
function appOf(site: Site): RequestListener {
  const app = express().disable('x-powered-by')
  app.use(site.router)
  app.use(site.session())
  app.get('/', async ({ session }, res) => {
    // First, for it may turn out that the session has ended.
    const items = await session.data({ strict: true }).then(Object.keys, () => null)
    res.json({ status: session.status, subject: session.subject, items })
  })
  app.post('/store', express.json(), async ({ session, body }, res) => {
    const { item, by } = body as { item: string; by: string }
    const data = await session.update(by === 'patch' ? { [item]: 1 } : () => ({ [item]: 1 }))
    res.json({ status: session.status, subject: session.subject, items: Object.keys(data) })
  })
  app.post('/sign-in', express.json(), async (req, res) => {
    const { subject } = req.body as { subject: string }
    await site.signIn(req, res, { subject })
    res.json({ status: req.session.status, subject: req.session.subject, items: null })
  })
  app.post('/sign-out', express.json(), async (req, res) => {
    const { everywhere } = req.body as { everywhere: boolean }
    await site.signOut(req, res, { everywhere })
    res.json({ status: req.session.status, subject: req.session.subject, items: null })
  })
  app.use(((error, _req, res, _next) => {
    const isOurs = error instanceof SessionHubError
    res.status(isOurs ? error.status : 500).json({ error: isOurs ? error.code : String(error) })
  }) satisfies ErrorRequestHandler)
  return app
}
