/** The small site of `../site-app.ts` once more, on `Request` and `Response`: Hono behind its server for Node. */
import { getRequestListener } from '@hono/node-server'
import type { RequestHandler } from 'express'
import { Hono, type MiddlewareHandler } from 'hono'
import { type AppSite, type JsonObject, SessionHubError, type Site, type SiteVisit } from 'session-hub/site'

import { isOwn } from './own-paths.js'
import { type SignInForm, signInOf } from './sign-in-form.js'

export function webSiteApp(
  name: string,
  site: Site | AppSite,
  redirectOnce: boolean,
  others: RequestHandler,
  inside: readonly MiddlewareHandler[] = [],
): RequestHandler {
  const app = new Hono<{ Variables: { visit: SiteVisit }; Bindings: { address: string | undefined } }>()
  app.use(async (c, next) => {
    const visit = await site.visit(c.req.raw, { address: c.env.address, redirectOnce })
    if (!visit) return c.json({ elsewhere: true })
    if (visit.response) return visit.response
    c.set('visit', visit)
    await next()
    const response = visit.respond(c.res)
    // Hono would write the old response's headers over the new one's, its cookies too.
    c.res = undefined
    c.res = response
    return undefined
  })
  for (const handler of inside) app.use(handler)
  app.get('/', (c) => {
    const start = (['idle', 'manual'] as const).find((way) => way === c.req.query('start')) ?? 'auto'
    const { visit } = c.var
    const hub = /data-hub="([^"]+)"/.exec(visit.scriptTag())?.[1] ?? ''
    c.header(
      'content-security-policy',
      `default-src 'none'; script-src 'self'; frame-src 'self' ${hub}; connect-src 'self'`,
    )
    return c.html(`<!doctype html><title>${name}</title><h1>${name}</h1>${visit.scriptTag({ start })}`)
  })
  app.get('/plain', (c) => c.html(`<!doctype html><title>${name}</title><h1>${name}</h1>`))
  app.get('/whoami', async (c) => {
    const { session } = c.var.visit
    const data = await session.data()
    return c.json({ session: session.status, subject: session.subject, claims: session.claims, data })
  })
  app.get('/strict', async (c) => {
    const { session } = c.var.visit
    return c.json({ data: await session.data({ strict: true }), endReason: session.endReason })
  })
  app.get('/end-reason', async (c) => {
    const { session } = c.var.visit
    return c.json({ data: await session.data(), endReason: session.endReason })
  })
  app.get('/who', (c) => {
    const { session } = c.var.visit
    return c.json({ session: session.status, subject: session.subject, isStale: session.isStale })
  })
  app.post('/cart', async (c) => {
    const { item } = await c.req.json<{ item: string }>()
    return c.json(
      await c.var.visit.session.update(({ cart = [] }) => ({ cart: [...(cart as string[]), item] })),
    )
  })
  app.post('/wish', async (c) => {
    const { wish } = await c.req.json<{ wish: string | null }>()
    return c.json(await c.var.visit.session.update({ wish }))
  })
  app.post('/patch', async (c) => c.json(await c.var.visit.session.update(await c.req.json<JsonObject>())))
  app.post('/sign-in', async (c) => {
    const { visit } = c.var
    await visit.signIn(signInOf(await c.req.json<SignInForm>()))
    return c.json({ subject: visit.session.subject })
  })
  app.post('/sign-out', async (c) => {
    await c.var.visit.signOut()
    return c.json({})
  })
  app.onError((error, c) => {
    const { status = 500, code = 'unknown' } = error instanceof SessionHubError ? error : {}
    return c.json({ error: code }, status as 500)
  })
  return (req, res, next) => {
    if (!isOwn(req)) {
      others(req, res, next)
      return
    }
    const listener = getRequestListener((request) => app.fetch(request, { address: req.ip }), {
      overrideGlobalObjects: false,
    })
    void listener(req, res)
  }
}
