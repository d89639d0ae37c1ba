/** A small site around `createSite`: a page, a cart, sign-in and sign-out. */
import express, { type ErrorRequestHandler } from 'express'
import { type AppSite, type JsonObject, SessionHubError, type Site } from 'session-hub/site'

import { adapter } from './adapters/abilities.js'
import { express4App } from './adapters/express4.js'
import { fastifySiteApp } from './adapters/fastify.js'
import { nextjsSiteApp } from './adapters/nextjs.js'
import { type SignInForm, signInOf } from './adapters/sign-in-form.js'
import { webSiteApp } from './adapters/web.js'

/** Those that need nothing but this package's own dependencies. */
export const adapters = ['express', 'express4', 'node', 'fastify', 'web'] as const

/** @param isOnce whether the first page of a browser session comes by the hub */
export function siteApp(
  name: string,
  site: Site | AppSite,
  isOnce = false,
  behind = adapter,
): express.RequestHandler {
  const app = expressApp(name, site, isOnce)
  switch (behind) {
    case 'express':
      return app
    case 'express4':
      return express4App((router, json) => void addSite(router, name, site, isOnce, json))
    case 'node':
      // It has no `redirectOnce`.
      return isOnce ? app : nodeApp(name, site)
    case 'fastify':
      return fastifySiteApp(name, site, isOnce, app)
    case 'web':
      return webSiteApp(name, site, isOnce, app)
    case 'nextjs':
      return nextjsSiteApp({ name, site, redirectOnce: isOnce }, app)
    default:
      throw new Error(`There is no adapter "${behind}"`)
  }
}

/** The site in front of an application that knows nothing of it but `req.session`. */
function nodeApp(name: string, site: Site | AppSite): express.RequestHandler {
  const app = withRoutes(express.Router(), name, site)
  return (req, res, next) => {
    const listener = site.listener(() => {
      app(req, res, next)
    })
    listener(req, res)
  }
}

const expressApp = (name: string, site: Site | AppSite, isOnce: boolean) =>
  addSite(express.Router(), name, site, isOnce)

function addSite(
  app: express.Router,
  name: string,
  site: Site | AppSite,
  isOnce: boolean,
  json = express.json,
): express.Router {
  app.use(site.router)
  if (isOnce) app.use(site.redirectOnce())
  app.use(site.session())
  return withRoutes(app, name, site, json)
}

function withRoutes(
  app: express.Router,
  name: string,
  site: Site | AppSite,
  json = express.json,
): express.Router {
  // A host that is none of the application's has no session, and is for whoever comes next.
  app.use((req, _res, next) => {
    next('session' in req ? undefined : 'router')
  })
  app.get('/', (req, res) => {
    const start = (['idle', 'manual'] as const).find((way) => way === req.query.start) ?? 'auto'
    // As strict as a page can be, so that the SDK is shown to need nothing more.
    const hub = /data-hub="([^"]+)"/.exec(site.scriptTag(req))?.[1] ?? ''
    res.set(
      'content-security-policy',
      `default-src 'none'; script-src 'self'; frame-src 'self' ${hub}; connect-src 'self'`,
    )
    res
      .type('html')
      .send(`<!doctype html><title>${name}</title><h1>${name}</h1>${site.scriptTag(req, { start })}`)
  })
  /** The same page without the SDK. */
  app.get('/plain', (_req, res) => {
    res.type('html').send(`<!doctype html><title>${name}</title><h1>${name}</h1>`)
  })
  app.get('/whoami', async ({ session }, res) => {
    // First, for it may turn out that the session has ended.
    const data = await session.data()
    res.json({ session: session.status, subject: session.subject, claims: session.claims, data })
  })
  /** The same where an ended session is an error, and why it has ended where it is none. */
  app.get('/strict', async ({ session }, res) => {
    res.json({ data: await session.data({ strict: true }), endReason: session.endReason })
  })
  app.get('/end-reason', async ({ session }, res) => {
    res.json({ data: await session.data(), endReason: session.endReason })
  })
  /** Without the data, so without asking the hub. */
  app.get('/who', ({ session }, res) => {
    res.json({ session: session.status, subject: session.subject, isStale: session.isStale })
  })
  app.post('/cart', json(), async (req, res) => {
    const { item } = req.body as { item: string }
    const data = await req.session.update(({ cart = [] }) => ({ cart: [...(cart as string[]), item] }))
    res.json(data)
  })
  app.post('/wish', json(), async (req, res) => {
    const { wish } = req.body as { wish: string | null }
    res.json(await req.session.update({ wish }))
  })
  app.post('/patch', json(), async (req, res) => {
    res.json(await req.session.update(req.body as JsonObject))
  })
  app.post('/sign-in', json(), async (req, res) => {
    await site.signIn(req, res, signInOf(req.body as SignInForm))
    res.json({ subject: req.session.subject })
  })
  app.post('/sign-out', async (req, res) => {
    await site.signOut(req, res)
    res.json({})
  })
  app.use(((error, _req, res, _next) => {
    const { status = 500, code = 'unknown' } = error instanceof SessionHubError ? error : {}
    res.status(status).json({ error: code })
  }) satisfies ErrorRequestHandler)
  return app
}
