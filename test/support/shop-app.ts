/** An application as a user of `session-hub/site` has one, with what its tests want to see: who, with what, how lately. */
import express, { type ErrorRequestHandler, type Express } from 'express'
import { SessionHubError, type Site } from 'session-hub/site'

export function shopApp(site: Site): Express {
  const app = express()
  app.use(site.router, site.session(), express.json())
  app.get('/me', async ({ session }, res) => {
    const data = await session.data()
    const { status, subject, claims, fields } = session
    res.json({ status, subject, claims, fields, data })
  })
  /** Without the data, so without asking the hub. */
  app.get('/who', ({ session: { subject, isStale } }, res) => {
    res.json({ subject, isStale })
  })
  app.get('/cart', async ({ session }, res) => {
    const { cart = [] } = await session.data()
    res.json(cart)
  })
  app.post('/cart', async ({ session, body }, res) => {
    const { item } = body as { item: string }
    await session.update(({ cart = [] }) => ({ cart: [...(cart as string[]), item] }))
    res.json({})
  })
  app.post('/sign-out', async (req, res) => {
    await site.signOut(req, res)
    res.status(204).end()
  })
  app.get('/secret', site.requireRecent(300), (_req, res) => {
    res.json({})
  })
  app.use(((error, _req, res, _next) => {
    const { status = 500, code = 'unknown' } = error instanceof SessionHubError ? error : {}
    res.status(status).json({ error: code })
  }) satisfies ErrorRequestHandler)
  return app
}
