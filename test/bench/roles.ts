/** What a server of the bench can be. Each is written as an application would write it. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import express, { type RequestHandler } from 'express'
import helmet from 'helmet'
import { createHub, type HubOptions, sqliteStore } from 'session-hub/hub'
import { type HubMetrics, hubMetrics } from 'session-hub/hub/metrics'
import { type AppOptions, createSite, type JsonObject, type SignIn, type SiteOptions } from 'session-hub/site'
import { openTelemetry, type Traces } from 'session-hub/traces'

import { createEventStream } from '../../sdk/site/hub/event-stream.js'
import { createSpeakers } from '../../sdk/site/hub/speaker.js'
import { createHubTransport } from '../../sdk/site/hub/transport.js'
import { resolveSiteOptions } from '../../sdk/site/options.js'
import { bareSpans, inContext, providerOf, useContext } from './open-telemetry.js'

export type Role =
  | { readonly name: 'bare' }
  /** `path`: of a database that is the bench's own; absent: one that goes with the server. */
  | { readonly name: 'hub'; readonly options: HubOptions; readonly path?: string; readonly watched?: Watched }
  | { readonly name: 'site'; readonly options: SiteOptions | AppOptions; readonly watched?: Watched }
  | { readonly name: 'page'; readonly options: SiteOptions }
  /** A server that is not ours: what a module of `peers/` makes of its options. */
  | { readonly name: 'peer'; readonly module: string; readonly options: object }
  /** Processes of sites that only listen: `GET /heard/<count>` is answered when each has heard so many ends. */
  | {
      readonly name: 'listener'
      readonly hub: string
      readonly sites: readonly Pick<SiteOptions, 'origin' | 'keys'>[]
    }

/**
 * Metrics; OpenTelemetry's context around each request, without any span; or that and a tracer which records none of our spans, or all of them; or, instead
 * of ours, as many spans of its own.
 */
export type Watched = 'metrics' | 'context' | 'unsampled' | 'traces' | 'bare'

export interface Running {
  readonly handle: RequestListener
  close(): Promise<void> | void
}

export async function take(role: Role): Promise<Running> {
  switch (role.name) {
    case 'bare':
      return bare()
    case 'hub':
      return instrumented(
        role.watched,
        await hub({ ...role.options, ...watchedBy(role.watched, true) }, role.path),
      )
    case 'site':
      return instrumented(role.watched, await site({ ...role.options, ...watchedBy(role.watched, false) }))
    case 'page':
      return page(role.options)
    case 'peer':
      return peer(role.module, role.options)
    case 'listener':
      return listener(role.hub, role.sites)
  }
}

/** The measure of all: the least that anybody would write who takes JSON by POST, and would call safe. */
function bare(): Running {
  const app = express()
  app.use(helmet())
  app.post('/', express.json(), (req, res) => {
    res.json(req.body)
  })
  app.get('/open', (_req, res) => {
    res.type('text/event-stream').write(':\n\n')
  })
  return { handle: asListener(app), close: () => undefined }
}

/** With its default store, in a folder that goes when it goes, however the bench ends. */
async function hub(options: HubOptions, path?: string): Promise<Running> {
  const limits = { perAddress: NEVER, perSession: NEVER, perSite: NEVER }
  const folder = await mkdtemp(join(tmpdir(), 'session-hub-bench-'))
  const made = await createHub({
    ...options,
    limits,
    store: sqliteStore(path ?? join(folder, 'sessions.db')),
  })
  const app = express()
  app.use(made.router)
  return {
    // As the command `session-hub serve` does it.
    handle: made.listener(asListener(app)),
    async close() {
      await made.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Where OpenTelemetry is, its instrumentation of Node's servers gives each request a context. */
const instrumented = (watched: Watched | undefined, running: Running): Running =>
  watched === undefined || watched === 'metrics'
    ? running
    : { handle: inContext(running.handle), close: () => running.close() }

/** What an application gives, as docs/metrics.md and docs/traces.md do it. */
function watchedBy(watched: Watched | undefined, isHub: boolean): { metrics?: HubMetrics; traces?: Traces } {
  if (watched === undefined) return {}
  if (watched === 'metrics') return isHub ? { metrics: hubMetrics() } : {}
  useContext()
  if (watched === 'context') return {}
  if (watched === 'bare') return { traces: bareSpans(providerOf('all')) }
  return { traces: openTelemetry({ tracerProvider: providerOf(watched === 'traces' ? 'all' : 'none') }) }
}

async function site(options: SiteOptions | AppOptions): Promise<Running> {
  const more = { perAddress: NEVER }
  const made = await ('origin' in options
    ? createSite({ ...options, ...more })
    : createSite({ ...options, ...more }))
  const app = express()
  app.post('/cart', express.json(), async (req, res) => {
    res.json(await req.session.update(req.body as JsonObject))
  })
  app.post('/sign-in', express.json(), async (req, res) => {
    await made.signIn(req, res, req.body as SignIn)
    res.json({})
  })
  // Before Express does anything, as docs/operations.md recommends.
  return { handle: made.listener(asListener(app)), close: () => made.close() }
}

/**
 * One page three times: under `/with` the application uses the site as middleware, under `/behind` it stands behind `site.listener`, and under
 * `/without` it uses no site, and says the same.
 */
async function page(options: SiteOptions): Promise<Running> {
  const made = await createSite(options)
  const whoIsHere: RequestHandler = ({ session }, res) => {
    res.json({ subject: session.subject })
  }
  const withSite = express()
  withSite.use(made.router)
  withSite.use(made.session())
  withSite.get('/with', whoIsHere)
  const behind = express()
  behind.get('/behind', whoIsHere)
  const without = express()
  without.get('/without', (_req, res) => {
    res.json({ subject: 'ada' })
  })
  const handles = new Map([
    ['/with', asListener(withSite)],
    ['/behind', made.listener(asListener(behind))],
    ['/without', asListener(without)],
  ])
  return {
    handle: (req, res) => handles.get(req.url ?? '')?.(req, res),
    close: () => made.close(),
  }
}

async function peer(module: string, options: object): Promise<Running> {
  const { create } = (await import(module)) as { create: (options: object) => Running }
  return create(options)
}

/** What `GET /heard` answers. */
export interface Listened {
  /** From the first end that any has heard since the last answer to the last that each has. */
  readonly betweenMs: number
}

async function listener(
  hub: string,
  sites: readonly Pick<SiteOptions, 'origin' | 'keys'>[],
): Promise<Running> {
  const counts = sites.map(() => 0)
  let firstMs: number | undefined
  let wanted = Infinity
  let answer: ((listened: Listened) => void) | undefined

  function look(): void {
    if (!counts.every((count) => count >= wanted)) return
    answer?.({ betweenMs: performance.now() - (firstMs ?? 0) })
    answer = firstMs = undefined
    wanted = Infinity
  }
  const streams = await Promise.all(
    sites.map(async (options, at) => {
      const settings = await resolveSiteOptions({ ...options, hub })
      const transport = createHubTransport(settings)
      const speaker = createSpeakers(settings)(settings.origin, settings)
      const heard = () => {
        firstMs ??= performance.now()
        counts[at]! += 1
        if (counts[at]! >= wanted) look()
      }
      const fail = () => {
        throw new Error('A stream of the bench was reset')
      }
      const endings = { ended: heard, subjectEnded: heard, reset: fail }
      const stream = createEventStream(
        transport,
        { next: () => speaker },
        endings,
        { heard: () => undefined },
        () => undefined,
      )
      stream.start()
      return { stream, transport }
    }),
  )
  return {
    handle: ({ url = '' }, res) => {
      wanted = Number(url.slice('/heard/'.length))
      answer = (listened) => res.end(JSON.stringify(listened))
      look()
    },
    close() {
      for (const { stream, transport } of streams) {
        stream.close()
        transport.close()
      }
    },
  }
}

/** One machine asks on behalf of everybody, faster than any limit allows. */
const NEVER = 1e9

const asListener = (app: express.Express & RequestHandler): RequestListener => app as RequestListener
