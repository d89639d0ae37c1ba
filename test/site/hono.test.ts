/** A site on Hono among Hono's own middleware, which the visit comes before, as docs/frameworks/hono.md says. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import type { Express, RequestHandler } from 'express'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { etag } from 'hono/etag'
import { secureHeaders } from 'hono/secure-headers'
import type { Site } from 'session-hub/site'

import { webSiteApp } from '../support/adapters/web.js'
import { listenTo } from '../support/event-source.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const middleware: Record<string, MiddlewareHandler> = {
  'compress()': compress({ threshold: 0 }),
  'etag(), which reads each answer to its end': etag(),
  'csrf(), which refuses forms of other sites': csrf(),
  'bodyLimit()': bodyLimit({ maxSize: 100_000 }),
  'secureHeaders()': secureHeaders(),
  'a reader of every body': async (c, next) => {
    if (c.req.method === 'POST') await c.req.text()
    await next()
  },
  'a cookie of the application’s own': async (c, next) => {
    await next()
    setCookie(c, 'theme', 'dark')
  },
  'leave for every cache to keep the answer': async (c, next) => {
    await next()
    c.header('cache-control', 'public, max-age=60')
  },
}

describe('a site on Hono', () => {
  let world: World
  beforeEach(async () => {
    world = await startWorld({ sites: ['travel'] })
  })
  afterEach(() => world.close())

  for (const [what, handler] of Object.entries(middleware))
    it(`with ${what}, shares and ends its sessions, and its cookies stay private`, async () => {
      const others: RequestHandler = (_req, _res, next) => {
        next()
      }
      const build = (app: Express, site: Site) => {
        app.use(webSiteApp('shop', site, false, others, [handler]))
      }
      const { origin: shop } = await world.addSite('shop', build, { live: true })
      const { origin: travel } = world.siteOf('travel')
      for (const [name, sister] of [
        ['shop', travel],
        ['travel', shop],
      ] as const)
        world.register({ ...world.siteOf(name).registration, sisters: [sister] })
      const ada = new Visitor(world.hub.origin)

      await ada.post(travel, '/cart', { item: 'boots' })
      expect((await ada.follow(travel, `${shop}/whoami`)).replies.at(-1)?.json).to.deep.include({
        data: { cart: ['boots'] },
      })
      const { headers } = await ada.post(shop, '/sign-in', { name: 'ada' })
      expect(headers['set-cookie']?.map((cookie) => cookie.split('=')[0])).to.include.members([
        '__Host-session',
        '__Host-session-state',
      ])
      expect(headers['cache-control']).to.equal('private, no-cache')
      await ada.sync(shop)
      await ada.sync(travel)
      expect(await ada.whoami(travel)).to.include({ subject: 'ada' })

      const cookie = [...ada.cookies(shop)].map((pair) => pair.join('=')).join('; ')
      const page = await listenTo(`${shop}/session-hub/live`, { cookie, 'sec-fetch-site': 'same-origin' })
      await ada.post(travel, '/sign-out', {})
      await page.heard('ended')
      page.close()
      expect(await ada.whoami(shop)).to.include({ subject: null })
    })

  it('is shown with the line that keeps its cookies, in the page and in the example', () => {
    for (const file of ['docs/frameworks/hono.md', 'examples/hono/site.mjs'])
      expect(readFileSync(file, 'utf8'), file).to.match(
        /const response = visit\.respond\(c\.res\)\n.*\n {2}c\.res = undefined\n {2}c\.res = response\n/,
      )
  })
})
