/** The small site of `../site-app.ts` once more, on Fastify. */
import type { RequestHandler } from 'express'
import Fastify from 'fastify'
import { fastifySite } from 'session-hub/fastify'
import { type AppSite, type JsonObject, SessionHubError, type Site } from 'session-hub/site'

import { isOwn } from './own-paths.js'
import { type SignInForm, signInOf } from './sign-in-form.js'

export function fastifySiteApp(
  name: string,
  site: Site | AppSite,
  redirectOnce: boolean,
  others: RequestHandler,
): RequestHandler {
  const app = Fastify()
  app.register(fastifySite, { site, redirectOnce })
  app.addHook('preHandler', async (request, reply) => {
    // A host that is none of the application's.
    if (!('session' in request.raw)) await reply.send({ elsewhere: true })
  })
  app.get<{ Querystring: { start?: string } }>('/', (request, reply) => {
    const start = (['idle', 'manual'] as const).find((way) => way === request.query.start) ?? 'auto'
    const hub = /data-hub="([^"]+)"/.exec(site.scriptTag())?.[1] ?? ''
    return reply
      .header(
        'content-security-policy',
        `default-src 'none'; script-src 'self'; frame-src 'self' ${hub}; connect-src 'self'`,
      )
      .type('text/html')
      .send(`<!doctype html><title>${name}</title><h1>${name}</h1>${site.scriptTag(undefined, { start })}`)
  })
  app.get('/plain', (_request, reply) =>
    reply.type('text/html').send(`<!doctype html><title>${name}</title><h1>${name}</h1>`),
  )
  app.get('/whoami', async ({ session }) => {
    // First: it may find out that the session has ended.
    const data = await session.data()
    return { session: session.status, subject: session.subject, claims: session.claims, data }
  })
  app.get('/strict', async ({ session }) => ({
    data: await session.data({ strict: true }),
    endReason: session.endReason,
  }))
  app.get('/end-reason', async ({ session }) => ({
    data: await session.data(),
    endReason: session.endReason,
  }))
  app.get('/who', async ({ session }) => ({
    session: session.status,
    subject: session.subject,
    isStale: session.isStale,
  }))
  app.post<{ Body: { item: string } }>('/cart', async ({ session, body }) =>
    session.update(({ cart = [] }) => ({ cart: [...(cart as string[]), body.item] })),
  )
  app.post<{ Body: { wish: string | null } }>('/wish', async ({ session, body }) =>
    session.update({ wish: body.wish }),
  )
  app.post<{ Body: JsonObject }>('/patch', async ({ session, body }) => session.update(body))
  app.post<{ Body: SignInForm }>('/sign-in', async (request, reply) => {
    await site.signIn(request, reply, signInOf(request.body))
    return { subject: request.session.subject }
  })
  app.post('/sign-out', async (request, reply) => {
    await site.signOut(request, reply)
    return {}
  })
  app.setErrorHandler((error, _request, reply) => {
    const { status = 500, code = 'unknown' } = error instanceof SessionHubError ? error : {}
    return reply.code(status).send({ error: code })
  })
  const ready = app.ready()
  return (req, res, next) => {
    if (!isOwn(req)) {
      others(req, res, next)
      return
    }
    void ready.then(() => {
      app.routing(req, res)
    })
  }
}
