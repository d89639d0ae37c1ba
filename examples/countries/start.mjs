/** A hub and one shop in eight countries, each on a domain of its own. All of it runs in this one process. */
import { readFileSync } from 'node:fs'
import express from 'express'
import { createHub, generateApp, generateHubKeys, memoryStore } from 'session-hub/hub'
import { createSite } from 'session-hub/site'

const firstPort = Number(process.env.PORT ?? 4000)
const hubOrigin = `http://hub.localhost:${firstPort}`
const shops = new Map(
  Object.entries({
    at: ['Servus!', 'EUR'],
    ch: ['Grüezi!', 'CHF'],
    dk: ['Hej!', 'DKK'],
    fr: ['Bonjour !', 'EUR'],
    gb: ['Hello!', 'GBP'],
    jp: ['こんにちは', 'JPY'],
    pl: ['Cześć!', 'PLN'],
    us: ['Hi!', 'USD'],
  }).map(([country, words]) => [`http://shop-${country}.localhost:${firstPort + 1}`, words]),
)
const origins = [...shops.keys()]

// Everything lasts until you stop the example. A real hub keeps its keys, its sites and its sessions: see the tutorial.
const { keys, registrations } = await generateApp('shop', origins)
const hub = await createHub({
  origin: hubOrigin,
  keys: generateHubKeys(),
  // Every shop names all others, so that links between them carry the session where third-party cookies are blocked.
  sites: registrations.map((one) => ({ ...one, sisters: origins.filter((origin) => origin !== one.origin) })),
  store: memoryStore(),
})
listen(express().use(hub.router), firstPort)

const site = await createSite({ origins, hub: hubOrigin, keys })
const page = readFileSync('page.html', 'utf8')
const links = origins.map((origin) => `<a href="${origin}/">${new URL(origin).hostname}</a>`).join(' · ')

const app = express()
app.use(site.router, site.session(), express.json())
// A host that is none of ours has no session.
app.use((req, res, next) => (req.session ? next() : res.status(404).send('There is no shop here.')))
app.get('/', (req, res) => {
  const [greeting, currency] = shops.get(`http://${req.headers.host}`) ?? []
  res.send(
    `${page}<h1>${greeting}</h1><p>Prices are in ${currency}.</p><p>${links}</p>${site.scriptTag(req)}`,
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
  // Check the password or the passkey first. This example believes everybody.
  await site.signIn(req, res, { subject: req.body.name })
  res.json({})
})
listen(app, firstPort + 1)
for (const origin of origins) console.log(`The shop listens at ${origin}`)

function listen(server, port) {
  server.listen(port, '127.0.0.1', (error) => {
    if (error) throw error
  })
}
