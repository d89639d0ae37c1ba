// A small site for compose.yaml: a cart and a sign-in that believes everybody.
import express from 'express'
import { createSite, gracefulStop } from 'session-hub/site'

const { ORIGIN, HUB, BACKCHANNEL = HUB, HOST = '127.0.0.1', SESSION_HUB_KEYS: keys } = process.env
const site = await createSite({ origin: ORIGIN, hub: HUB, backchannel: BACKCHANNEL, keys })

const app = express()
app.get('/healthz', (_req, res) => res.send('ok'))
app.use(site.router, site.session(), express.json())
app.get('/', (req, res) => {
  res.set('content-security-policy', `script-src 'self'; frame-src ${HUB}; connect-src 'self'`)
  res.send(
    `<!doctype html><title>${ORIGIN}</title><p>See <a href="/session">the session</a>.</p>${site.scriptTag(req)}`,
  )
})
app.get('/session', async ({ session }, res) => {
  const { cart = [] } = await session.data()
  res.json({ subject: session.subject, cart })
})
app.post('/cart', async ({ session, body }, res) => {
  res.json(await session.update(({ cart = [] }) => ({ cart: [...cart, body.item] })))
})
app.post('/sign-in', async (req, res) => {
  await site.signIn(req, res, { subject: req.body.name })
  res.json({ subject: req.session.subject })
})

const server = app.listen(Number(new URL(ORIGIN).port), HOST, (error) => {
  if (error) throw error
  console.log(`The site listens at ${ORIGIN}`)
})
process.once('SIGTERM', async () => {
  await gracefulStop(server, [site])
  site.close()
})
