import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { fastifySite } from 'session-hub/fastify'
import { createSite } from 'session-hub/site'

const { ORIGIN, HUB, PORT, SESSION_HUB_KEYS } = process.env
const site = await createSite({ origin: ORIGIN, hub: HUB, keys: SESSION_HUB_KEYS })
const page = readFileSync('page.html', 'utf8')

const app = Fastify()
await app.register(fastifySite, { site })
app.get('/', (request, reply) => reply.type('text/html').send(page + site.scriptTag()))
app.get('/session', async ({ session }) => {
  const { cart = [] } = await session.data()
  return { subject: session.subject, cart }
})
app.post('/cart', ({ session, body }) => session.update(({ cart = [] }) => ({ cart: [...cart, body.item] })))
app.post('/sign-in', async (request, reply) => {
  // Check the password or the passkey first. This example believes everybody.
  await site.signIn(request, reply, { subject: request.body.name })
  return {}
})
await app.listen({ host: '127.0.0.1', port: Number(PORT) })
console.log(`The site listens at ${ORIGIN}`)
