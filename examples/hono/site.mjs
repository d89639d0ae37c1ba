import { readFileSync } from 'node:fs'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createSite } from 'session-hub/site'

const { ORIGIN, HUB, PORT, SESSION_HUB_KEYS } = process.env
const site = await createSite({ origin: ORIGIN, hub: HUB, keys: SESSION_HUB_KEYS })
const page = readFileSync('page.html', 'utf8')

/** @type {Hono<{ Bindings: import('@hono/node-server').HttpBindings, Variables: { visit: import('session-hub/site').SiteVisit } }>} */
const app = new Hono()
app.use(async (c, next) => {
  const visit = await site.visit(c.req.raw, { address: c.env.incoming.socket.remoteAddress })
  if (visit.response) return visit.response
  c.set('visit', visit)
  await next()
  const response = visit.respond(c.res)
  // Without this line, Hono writes the headers of the old response over those of the new one, its cookies too.
  c.res = undefined
  c.res = response
})
app.get('/', (c) => c.html(page + c.get('visit').scriptTag()))
app.get('/session', async (c) => {
  const { session } = c.get('visit')
  const { cart = [] } = await session.data()
  return c.json({ subject: session.subject, cart })
})
app.post('/cart', async (c) => {
  const { item } = await c.req.json()
  return c.json(await c.get('visit').session.update(({ cart = [] }) => ({ cart: [...cart, item] })))
})
app.post('/sign-in', async (c) => {
  // Check the password or the passkey first. This example believes everybody.
  const { name } = await c.req.json()
  await c.get('visit').signIn({ subject: name })
  return c.json({})
})
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) }, () =>
  console.log(`The site listens at ${ORIGIN}`),
)
