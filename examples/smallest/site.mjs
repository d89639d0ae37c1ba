import { readFileSync } from 'node:fs'
import express from 'express'
import { createSite } from 'session-hub/site'

const { ORIGIN, HUB, PORT, SESSION_HUB_KEYS } = process.env
const site = await createSite({ origin: ORIGIN, hub: HUB, keys: SESSION_HUB_KEYS })
const page = readFileSync('page.html', 'utf8')

const app = express()
app.use(site.router, site.session(), express.json())
app.get('/', (req, res) => {
  res.send(page + site.scriptTag(req))
})
app.get('/session', async ({ session }, res) => {
  const { cart = [] } = await session.data()
  res.json({ subject: session.subject, cart })
})
app.post('/cart', async ({ session, body }, res) => {
  res.json(await session.update(({ cart = [] }) => ({ cart: [...cart, body.item] })))
})
app.post('/sign-in', async (req, res) => {
  // Check the password or the passkey first. This example believes everybody.
  await site.signIn(req, res, { subject: req.body.name })
  res.json({})
})
app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`The site listens at ${ORIGIN}`)
})
