/**
 * A whole journey at a site below `/shop`: every endpoint, as pages, links and redirects find it there, and cookies that the whole host has. Behind a
 * proxy that takes the path off, for each adapter; what keeps the path is in the applications of docs/frameworks.md.
 */
import { expect } from 'chai'
import type { RequestHandler } from 'express'

import { listenTo } from '../support/event-source.js'
import { adapters, siteApp } from '../support/site-app.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

/** What such a proxy does to a request. Whatever is not below the path is another application's. */
const withoutPath: RequestHandler = (req, res, next) => {
  const rest = /^\/shop(\/.*)$/s.exec(req.url)?.[1]
  if (rest === undefined) res.sendStatus(418)
  else {
    req.url = req.originalUrl = rest
    next()
  }
}

for (const adapter of adapters) {
  describe(`a site below a path that a proxy takes off, behind the adapter "${adapter}"`, () => {
    let world: World
    let visitor: Visitor
    let shop: string
    let travel: string
    let below: string

    beforeEach(async () => {
      world = await startWorld({ sites: ['travel'], adapter })
      await world.addSite(
        'shop',
        (app, site) => app.use(withoutPath, siteApp('shop', site, false, adapter)),
        { endpoint: '/shop/session-hub', live: true },
      )
      shop = world.siteOf('shop').origin
      travel = world.siteOf('travel').origin
      below = `${shop}/shop`
      world.register({
        ...world.siteOf('shop').registration,
        endpoint: '/shop/session-hub',
        sisters: [travel],
      })
      world.register({ ...world.siteOf('travel').registration, sisters: [shop] })
      visitor = new Visitor(world.hub.origin)
      visitor.endpoints.set(shop, '/shop/session-hub')
    })
    afterEach(() => world.close())

    it('shares a cart and a sign-in by its frame, there and back', async () => {
      expect((await visitor.ask(`${below}/`)).text).to.include('data-endpoint="/shop/session-hub"')
      await visitor.post(shop, '/shop/cart', { item: 'boots' })
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      expect((await visitor.sync(travel)).outcome).to.equal('replace')
      await visitor.post(travel, '/sign-in', { name: 'ada' })
      await visitor.sync(travel)
      expect((await visitor.sync(shop)).outcome).to.equal('replace')
      const { json } = await visitor.ask(`${below}/whoami`)
      expect(json).to.deep.include({ session: 'signed-in', subject: 'ada', data: { cart: ['boots'] } })
      const { headers } = await visitor.post(shop, '/shop/session-hub/sign-out', {})
      for (const cookie of headers['set-cookie'] ?? []) expect(cookie).to.include('Path=/;')
      expect(await visitor.whoami(travel)).to.include({ subject: null })
    })

    it('comes back from a redirect to the page that it left', async () => {
      await visitor.post(shop, '/shop/cart', { item: 'boots' })
      const { replies, arrival } = await visitor.redirect(shop, '/shop/whoami')
      expect(arrival).to.equal('redirect.adopt..0')
      expect(replies.at(-1)?.json).to.deep.include({ data: { cart: ['boots'] } })
    })

    it('carries a session by a link', async () => {
      await visitor.post(shop, '/shop/cart', { item: 'boots' })
      await visitor.sync(shop)
      const { replies, arrival } = await visitor.follow(shop, `${travel}/whoami`)
      expect(arrival).to.equal('link.replace.empty.0')
      expect(replies.at(-1)?.json).to.deep.include({ data: { cart: ['boots'] } })
    })

    it('gets a session by a link', async () => {
      await visitor.post(travel, '/cart', { item: 'map' })
      await visitor.sync(travel)
      const { replies, arrival } = await visitor.follow(travel, `${below}/whoami`)
      expect(arrival).to.equal('link.replace.empty.0')
      expect(replies.at(-1)?.json).to.deep.include({ data: { cart: ['map'] } })
    })

    describe('with redirectOnce', () => {
      let once: string

      async function addOnce(removedPath?: string): Promise<void> {
        const { origin, registration } = await world.addSite(
          'once',
          (app, site) => app.use(withoutPath, siteApp('once', site, true, adapter)),
          { endpoint: '/shop/session-hub', ...(removedPath !== undefined && { removedPath }) },
        )
        once = origin
        world.register({ ...registration, endpoint: '/shop/session-hub' })
        await visitor.post(travel, '/cart', { item: 'map' })
        await visitor.sync(travel)
      }
      const endsAt = async (path: string) => {
        const replies = await visitor.navigate(once + path)
        const led = replies.map(({ headers }) => headers.location).filter((one) => one !== undefined)
        return { to: led.at(-1), json: replies.at(-1)?.json }
      }

      it('comes back to the address that the browser shows', async () => {
        await addOnce('/shop')
        const { to, json } = await endsAt('/shop/whoami?a=1')
        expect(to).to.equal(`${once}/shop/whoami?a=1`)
        expect(json).to.deep.include({ data: { cart: ['map'] } })
      })

      it('R23: stays on its own origin and below its path, whatever the path says', async () => {
        await addOnce('/shop')
        for (const path of ['/shop//evil.example/a', '/shop/@evil.example', '/shop/http://evil.example/']) {
          visitor.cookies(once).clear()
          expect((await endsAt(path)).to, path).to.equal(once + path)
        }
      })

      it('comes back to an address without the path where nobody has said that a proxy removes it', async () => {
        await addOnce()
        expect((await endsAt('/shop/whoami')).to).to.equal(`${once}/whoami`)
      })
    })

    it('tells an open page of an end', async () => {
      await visitor.post(shop, '/shop/sign-in', { name: 'ada' })
      const cookie = [...visitor.cookies(shop)].map((pair) => pair.join('=')).join('; ')
      const page = await listenTo(`${below}/session-hub/live`, { cookie, 'sec-fetch-site': 'same-origin' })
      expect(page.status).to.equal(200)
      await world.hub.hub.sessions.endAll('ada')
      await page.heard('ended')
      page.close()
    })
  })
}
