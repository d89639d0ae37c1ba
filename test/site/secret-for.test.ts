/** `req.session.secretFor()`: a value of the session's own on this site, such as for the forms of its pages. */
import { timingSafeEqual } from 'node:crypto'

import cookieParser from 'cookie-parser'
import { expect } from 'chai'
import { doubleCsrf } from 'csrf-csrf'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { type AppSite, createSite, type SessionHubError, type Site } from 'session-hub/site'

import { startAppWorld } from '../support/app-world.js'
import { handleIn } from '../support/handles.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const VALUE = /^[\w-]{43}$/

/** Shows the value, and takes a form with it, and one of csrf-csrf. */
function forms(site: Site): express.Router {
  const app = express.Router()
  app.use('/form', express.json(), cookieParser(), site.session())
  app.get('/form/secret', ({ session, query }, res) => {
    res.json({ value: session.secretFor((query.of ?? 'csrf') as string) })
  })

  const guard: RequestHandler = (req, res, next) => {
    const own = Buffer.from(req.session.secretFor('csrf') ?? '')
    const sent = Buffer.from((req.body as { csrf?: string }).csrf ?? '')
    if (own.length > 0 && own.length === sent.length && timingSafeEqual(own, sent)) next()
    else res.sendStatus(403)
  }
  app.post('/form/own', guard, (_req, res) => void res.json({}))

  const { doubleCsrfProtection } = doubleCsrf({
    getSecret: () => 'a secret of the application',
    getSessionIdentifier: (req) => req.session.secretFor('csrf') ?? '',
    cookieName: 'csrf',
    cookieOptions: { secure: false },
  })
  app.use('/form/theirs', doubleCsrfProtection)
  app.get('/form/theirs', (req, res) => void res.json({ token: req.csrfToken?.() }))
  app.post('/form/theirs', (_req, res) => void res.json({}))
  app.use(((error, _req, res, _next) => {
    const { status, code } = error as SessionHubError
    res.status(status).json({ error: code })
  }) satisfies ErrorRequestHandler)
  return app
}

describe('a value of the session’s own', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    for (const { listener, site } of Object.values(world.sites)) listener.use(forms(site))
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    visitor = new Visitor(world.hub.origin)
  })
  afterEach(() => world.close())

  const ask = (site: string, by: Visitor, of = 'csrf') => by.ask(`${site}/form/secret?of=${of}`)
  const value = async (site = shop, by = visitor, of = 'csrf') => (await ask(site, by, of)).json.value
  const held = (site = shop) => String(handleIn(visitor.cookies(site).get('__Host-session')!))

  it('is the same in each request, after an update, a renewal and another arrival of the same session', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const first = await value()
    expect(first).to.match(VALUE)
    await visitor.post(shop, '/cart', { item: 'boots' })
    expect(await value()).to.equal(first)
    world.advance(301)
    expect(await value()).to.equal(first)

    await visitor.sync(shop)
    const before = held()
    await visitor.redirect(shop)
    visitor.cookies(shop).delete('__Host-session-state')
    await visitor.sync(shop)
    expect(await value()).to.equal(first)
    visitor.cookies(shop).clear()
    await visitor.sync(shop)
    expect(held(), 'a handle of its own').to.not.equal(before)
    expect(await value()).to.equal(first)
  })

  it('is another after a sign-in, after the sign-in of another, and none after a sign-out or without a session', async () => {
    expect(await value()).to.equal(null)
    await visitor.post(shop, '/cart', { item: 'boots' })
    const values = [await value()]
    for (const name of ['ada', 'ada', 'bob']) {
      await visitor.post(shop, '/sign-in', { name })
      values.push(await value())
    }
    expect(new Set(values).size).to.equal(4)
    for (const one of values) expect(one).to.match(VALUE)
    await visitor.post(shop, '/sign-out', {})
    expect(await value()).to.equal(null)
  })

  it('is another for each purpose, each site and each visitor, and nothing that the browser has shows it', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    await visitor.sync(travel)
    const other = new Visitor(world.hub.origin)
    await other.post(shop, '/sign-in', { name: 'ada' })
    const values = [
      await value(),
      await value(travel),
      await value(shop, visitor, 'cache'),
      await value(shop, other),
    ]
    expect(new Set(values).size).to.equal(4)

    const seen = [
      ...visitor.cookies(shop).values(),
      ...visitor.cookies(travel).values(),
      held(),
      held(travel),
    ]
    for (const one of values) expect(seen.join()).to.not.include(String(one))
    const payload = visitor.cookies(shop).get('__Host-session')!.split('.')[1]!
    for (const one of values) expect(Buffer.from(payload, 'base64url').toString()).to.not.include(String(one))
  })

  it('is there while the hub is down, and another once the hub knows of the sign-in', async () => {
    await world.hub.listener.stop()
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const late = await value()
    expect(late).to.match(VALUE)
    expect(await value()).to.equal(late)
    await world.hub.listener.start()
    world.advance(10)
    expect(await value())
      .to.match(VALUE)
      .and.not.equal(late)
  })

  it('refuses a purpose that is none', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    for (const of of ['', 'x'.repeat(65), '&of=two'])
      expect((await ask(shop, visitor, of)).json, of).to.deep.equal({ error: 'request_invalid' })
    expect((await ask(shop, visitor, 'x'.repeat(64))).json.value, 'the twin').to.match(VALUE)
  })

  it('guards a form: the page’s own is taken, a stranger’s, another session’s and one from before a sign-in are not', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    const stranger = new Visitor(world.hub.origin)
    await stranger.post(shop, '/cart', { item: 'boots' })
    const send = async (csrf: unknown) => (await visitor.post(shop, '/form/own', { csrf })).status
    const own = await value()
    for (const sent of [undefined, '', await value(shop, stranger), 'A'.repeat(43)])
      expect(await send(sent)).to.equal(403)
    expect(await send(own)).to.equal(200)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    expect(await send(own)).to.equal(403)
    expect(await send(await value())).to.equal(200)
  })

  it('is what csrf-csrf goes by: its token is taken, and not after a sign-in', async () => {
    const token = async () => String((await visitor.ask(`${shop}/form/theirs`)).json.token)
    const send = (sent: string): Promise<Reply> =>
      visitor.post(shop, '/form/theirs', {}, { 'x-csrf-token': sent })
    await visitor.post(shop, '/cart', { item: 'boots' })
    const first = await token()
    expect((await send(first)).status).to.equal(200)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    expect((await send(first)).status).to.equal(403)
    visitor.cookies(shop).delete('csrf')
    expect((await send(await token())).status).to.equal(200)
  })

  it('is the same in another process of the site, on Request and Response too', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const { keys } = world.siteOf('shop')
    const site = await createSite({ origin: shop, hub: world.hub.origin, keys })
    try {
      expect(await valueOn(site, shop, visitor)).to.equal(await value())
    } finally {
      site.close()
    }
  })

  it('is another on each domain of one application, though they share their keys', async () => {
    const app = await startAppWorld({ domains: ['de', 'fr'] })
    try {
      const ada = new Visitor(app.hub.origin)
      await ada.post(app.at('de'), '/cart', { item: 'boots' })
      const values = []
      for (const origin of [app.at('de'), app.at('fr')]) {
        await ada.sync(origin)
        values.push(await valueOn(app.site, origin, ada))
      }
      for (const one of values) expect(one).to.match(VALUE)
      expect(values[0]).to.not.equal(values[1])
    } finally {
      await app.close()
    }
  })
})

/** On `Request` and `Response`. */
async function valueOn(site: AppSite, origin: string, visitor: Visitor): Promise<string> {
  const cookie = [...visitor.cookies(origin)].map(([name, one]) => `${name}=${one}`).join('; ')
  const request = new Request(origin, { headers: { host: new URL(origin).host, cookie } })
  const answer = await site.fetch(request, (visit) => new Response(visit?.session.secretFor('csrf')))
  return answer.text()
}
