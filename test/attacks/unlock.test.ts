/** `/unlock`: the hub's page in a popup, and the marker that it leaves (R14, R16, R22, R25, R31, R39). */
import { createHash } from 'node:crypto'

import { expect } from 'chai'

import { strangersTo, unlock, unlockPage } from '../support/hub-pages.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

describe('/unlock', () => {
  let world: World
  let store: ReturnType<typeof watchedStore>
  let visitor: Visitor
  let ada: Visitor
  let shop: string

  beforeEach(async () => {
    store = watchedStore()
    world = await startWorld({ sites: ['shop'], hub: { store } })
    shop = world.siteOf('shop').origin
    visitor = new Visitor(world.hub.origin)
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
  })
  afterEach(() => world.close())

  const headersOf = ({ headers }: Reply) => {
    const { date: _date, ...rest } = headers
    return rest
  }
  const expectRefused = (reply: Reply, status: number, code: string, why: string) => {
    expect({ status: reply.status, text: reply.text }, why).to.deep.equal({
      status,
      text: `<!doctype html><title>${code}</title>`,
    })
    expect(reply.headers['content-security-policy']).to.match(/; frame-ancestors 'none'$/)
    expect(reply.headers['set-cookie']).to.equal(undefined)
  }
  const hash = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

  describe('GET', () => {
    it('R14, R25: answers with these headers and no others: nobody may embed it, and it may speak to its opener', async () => {
      const reply = await unlockPage(visitor, shop)
      const [, style] = /<style>(.*)<\/style>/s.exec(reply.text) ?? []
      const [, script] = /<script>(.*)<\/script>$/s.exec(reply.text) ?? []
      expect(reply.status).to.equal(200)
      expect(headersOf(reply)).to.deep.equal({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; script-src ${hash(script)}; style-src ${hash(style)}; connect-src 'self'; frame-ancestors 'none'`,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cross-origin-opener-policy': 'unsafe-none',
        'content-length': String(Buffer.byteLength(reply.text)),
        connection: 'keep-alive',
        'keep-alive': 'timeout=5',
      })
    })

    it('names both hosts, and is the same for every visitor', async () => {
      const { text } = await unlockPage(visitor, shop)
      for (const origin of [shop, world.hub.origin]) expect(text).to.include(`<b>${new URL(origin).host}</b>`)
      expect(text).to.match(/^<!doctype html><html lang=en>/)
      expect(text.match(/<button.*?<\/button>/gs)).to.deep.equal(['<button type=button>Continue</button>'])
      expect((await unlockPage(ada, shop)).text).to.equal(text)
    })

    it('R14: an unknown site gets the same bytes for everybody', async () => {
      for (const site of [
        'https://stranger.example',
        `${shop}/`,
        '*',
        'null',
        "'self'",
        '<b>',
        '__proto__',
      ]) {
        expectRefused(await unlockPage(visitor, site), 404, 'site_unknown', site)
        expectRefused(await unlockPage(ada, site), 404, 'site_unknown', site)
      }
      for (const site of [undefined, ''])
        expectRefused(await unlockPage(visitor, site), 400, 'request_invalid', String(site))
      expect((await unlockPage(visitor, shop)).status).to.equal(200)
      world.unregister(shop)
      expectRefused(await unlockPage(visitor, shop), 404, 'site_unknown', 'no longer a site')
    })

    it('R16: is for a window of its own only', async () => {
      for (const dest of [undefined, 'iframe', 'frame', 'embed', 'object', 'empty', 'script'])
        expectRefused(
          await unlockPage(visitor, shop, { 'sec-fetch-dest': dest }),
          400,
          'request_invalid',
          String(dest),
        )
      expectRefused(
        await unlockPage(visitor, shop, { 'sec-fetch-mode': 'no-cors' }),
        400,
        'request_invalid',
        'no navigation',
      )
      expect((await unlockPage(visitor, shop)).status).to.equal(200)
    })

    it('R31: reading it changes nothing, for anyone', async () => {
      const before = store.rows()
      for (const who of [visitor, ada])
        expect((await unlockPage(who, shop)).headers['set-cookie']).to.equal(undefined)
      expect(store.rows()).to.equal(before)
    })
  })

  describe('POST', () => {
    it('R22: leaves the marker with these attributes, and the hub keeps nothing', async () => {
      const before = store.rows()
      const reply = await unlock(visitor)
      expect(reply.status).to.equal(200)
      expect(reply.headers['set-cookie']).to.deep.equal([
        '__Host-session-hub-seen=1; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=None',
      ])
      expect(reply.headers['cache-control']).to.equal('no-store')
      expect(reply.json).to.deep.equal({})
      expect(store.rows()).to.equal(before)
      expect((await unlock(ada)).text, 'whoever asks').to.equal(reply.text)
    })

    it('R16: only the hub’s own page may ask', async () => {
      for (const headers of Object.values(strangersTo(world.hub.origin, shop)))
        expectRefusalWithoutCookies(await unlock(visitor, headers), 403, 'origin_denied')
      expect((await unlock(visitor)).status).to.equal(200)
    })

    it('R16: takes an empty JSON object, by POST', async () => {
      for (const body of [{ site: shop }, '[]', 'null', '', '{'])
        expectRefusalWithoutCookies(await unlock(visitor, {}, body), 400, 'request_invalid')
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      expectRefusalWithoutCookies(await unlock(visitor, form, ''), 415, 'media_type_invalid')
      for (const method of ['PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
        const reply = await send(`${world.hub.origin}/unlock`, { method, headers: { origin: shop } })
        expect(reply.status, method).to.equal(405)
        expect(reply.headers.allow).to.equal('GET, POST')
        expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal(
          [],
        )
      }
      expect((await unlock(visitor)).status).to.equal(200)
    })

    it('R31: counts for the address as every request does', async () => {
      const small = await startWorld({ sites: ['shop'], hub: { limits: { perAddress: 3 } } })
      try {
        const one = new Visitor(small.hub.origin)
        const { origin } = small.siteOf('shop')
        expect((await unlockPage(one, origin)).status).to.equal(200)
        expect((await unlock(one)).status).to.equal(200)
        expect((await unlock(one)).status).to.equal(200)
        expectRefusalWithoutCookies(await unlock(one), 429, 'rate_limited')
        const page = await unlockPage(one, origin)
        expectRefused(page, 429, 'rate_limited', 'the page')
        expect(Number(page.headers['retry-after'])).to.be.within(1, 60)
      } finally {
        await small.close()
      }
    })
  })
})
