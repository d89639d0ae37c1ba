/**
 * Pages that are not loaded anew: routers of one page (`history.pushState`), Turbo, which puts another body into the document, and zone.js,
 * which puts its own promises, timers and listeners instead of the browser's. Each beside the plain page.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { expect } from 'chai'

import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { until } from '../support/until.js'
import { startWorld, type World } from '../support/world.js'

const { resolve } = createRequire(import.meta.url)
/** What docs/frontends.md says that a page with Turbo has. */
const [lookAgain] = /^addEventListener\('turbo:load'.*$/m.exec(
  readFileSync(new URL('../../../docs/frontends.md', import.meta.url), 'utf8'),
)!

let world: World
let browser: TestBrowser
let page: TestPage
let shop: string
let travel: string
/** Whether the hub never answers the next one of travel's frames. */
let holdsNextFrame: boolean

function inBrowser(kind: BrowserKind): void {
  before(async () => (browser = await startBrowser(kind)))
  beforeEach(async () => {
    holdsNextFrame = false
    world = await startWorld({
      sites: ['shop', 'travel'],
      inFrontOfHub({ url }, _res, next) {
        if (holdsNextFrame && isTravelsFrame(url)) holdsNextFrame = false
        else next()
      },
    })
    shop = world.siteOf('shop').origin
    const { listener, site, origin } = world.siteOf('travel')
    travel = origin
    const scripts: Record<string, string> = {
      zone: resolve('zone.js'),
      turbo: resolve('@hotwired/turbo').replace('.es2017-umd.js', '.es2017-esm.js'),
    }
    listener.app.get('/scripts/:name', (req, res) => {
      res.sendFile(scripts[req.params.name]!)
    })
    const html = (head: string, body: string) =>
      `<!doctype html><html><head><title>travel</title>${head}</head><body>${body}</body></html>`
    listener.app.get('/app/*path', (req, res) => {
      res.type('html').send(html('', site.scriptTag(req)))
    })
    listener.app.get('/moving', (req, res) => {
      res
        .type('html')
        .send(html('', `<script>history.pushState(0, "", "/moved")</script>${site.scriptTag(req)}`))
    })
    listener.app.get('/zone', (req, res) => {
      res.type('html').send(html('<script src="/scripts/zone"></script>', site.scriptTag(req)))
    })
    listener.app.get('/turbo/:where/:number', (req, res) => {
      const { where, number } = req.params
      const tag = site.scriptTag(req)
      const link = `<h1>${number}</h1><a id=next href="/turbo/${where}/${Number(number) + 1}">next</a>`
      const turbo = '<script type="module" src="/scripts/turbo"></script>'
      const look = `<script>${lookAgain}</script>`
      res.type('html')
      res.send(html(turbo + look + (where === 'head' ? tag : ''), link + (where === 'body' ? tag : '')))
    })
    page = await browser.newPage()
  })
  afterEach(async () => {
    await page.page.close()
    await world.close()
  })
  after(() => browser.close())
}

const fillCart = async () => {
  await page.visit(shop)
  await page.fetch('/cart', { item: 'boots' })
  await page.sync()
}
const cart = async () => ((await page.fetch('/whoami'))['data'] as { cart?: string[] }).cart
const isTravelsFrame = (url: string) => url.startsWith(`/frame?site=${travel}`)
/** How often travel's pages have asked the hub for a frame. */
const frames = () => world.hub.listener.seen.filter(({ url }) => isTravelsFrame(url)).length
const replacements = async () => (await page.eventsNamed('session-replaced')).length
const frameIsThere = () => page.until(() => document.querySelector('iframe') !== null)

describe('in Chromium, a page', () => {
  inBrowser('allowed')

  describe('with a router of its own', () => {
    it('syncs once, wherever the router goes', async () => {
      await fillCart()
      expect((await page.visit(`${travel}/app/one`)).detail).to.include({ outcome: 'replace' })
      await page.run(async () => {
        for (const path of ['/app/two', '/app/three']) {
          history.pushState(null, '', path)
          dispatchEvent(new PopStateEvent('popstate'))
          await SessionHub.sync()
        }
        history.replaceState(null, '', '/app/four')
        const gone = new Promise((back) => addEventListener('popstate', back, { once: true }))
        history.back()
        await gone
        await SessionHub.sync()
      })
      expect(await page.run(() => location.pathname)).to.equal('/app/two')
      expect([frames(), await replacements()]).to.deep.equal([1, 1])
      expect(await cart()).to.deep.equal(['boots'])
    })

    it('loses no sync that is under way when the router goes on', async () => {
      await fillCart()
      expect((await page.visit(`${travel}/moving`)).detail).to.include({ outcome: 'replace' })
      expect(await page.run(() => location.pathname)).to.equal('/moved')
      expect([frames(), await replacements()]).to.deep.equal([1, 1])
      expect(await cart()).to.deep.equal(['boots'])
    })

    it('gives the hub what was put into the cart at another address', async () => {
      await page.visit(`${travel}/app/one`)
      await page.run(() => {
        history.pushState(null, '', '/app/two')
      })
      await page.fetch('/cart', { item: 'ticket' })
      expect(await page.sync()).to.include({ outcome: 'adopt' })
      expect((await page.visit(shop)).detail).to.include({ outcome: 'replace' })
      expect(await cart()).to.deep.equal(['ticket'])
    })
  })

  describe('with Turbo', () => {
    for (const where of ['body', 'head'])
      it(`and the tag in its ${where}: has one client in five visits, which still hears of a sign-out${where === 'body' ? '' : ' @all'}`, async () => {
        await fillCart()
        await page.visit(`${travel}/turbo/${where}/1`)
        await page.run(() => void Object.assign(window, { first: SessionHub }))
        for (let number = 2; number < 6; number += 1) {
          await page.click('#next')
          await page.until((title) => document.querySelector('h1')?.textContent === title, String(number))
        }
        await frameIsThere()
        expect(
          await page.run(() => [
            // The document is the first one still.
            Reflect.get(window, 'first') === SessionHub,
            document.querySelectorAll('iframe').length,
          ]),
        ).to.deep.equal([true, 1])
        // Turbo takes out of the head what the next page's has not: one frame for each page, and no more.
        expect(frames()).to.be.at.most(5)
        expect(await replacements()).to.equal(1)
        expect(await page.run(() => SessionHub.signOut())).to.equal(true)
        expect(await page.eventsNamed('session-ended')).to.deep.equal([{ reason: 'signed-out' }])
        expect(page.scriptErrors).to.deep.equal([])
      })
  })

  it('with Turbo loses no sync that is under way when Turbo takes the frame away', async () => {
    await page.visit(`${travel}/turbo/body/1`)
    holdsNextFrame = true
    await page.fetch('/cart', { item: 'boots' })
    // The page syncs by itself, for its cookie has changed; or else now.
    await page.run(() => void SessionHub.sync())
    await until(() => !holdsNextFrame)
    await page.click('#next')
    await page.until(() => document.querySelector('h1')?.textContent === '2')
    await page.until(() => SessionHub.status.outcome === 'adopt')
    expect(await page.eventsNamed('sync-failed')).to.deep.equal([])
  })

  describe('with zone.js @all', () => {
    it('before the SDK: has the cart, and hears of a sign-out on another site', async () => {
      await fillCart()
      expect((await page.visit(`${travel}/zone`)).detail).to.include({ outcome: 'replace' })
      expect(await page.run(() => 'Zone' in window && Promise.name)).to.equal('ZoneAwarePromise')
      expect(await cart()).to.deep.equal(['boots'])
      // Another tab, of another site.
      const other = await browser.newPage()
      await other.visit(shop)
      expect(await other.run(() => SessionHub.signOut())).to.equal(true)
      await page.page.bringToFront()
      expect((await page.event('session-ended')).detail).to.deep.equal({ reason: 'signed-out' })
      await other.page.close()
      expect(await page.fetch('/whoami')).to.include({ session: 'none' })
      expect(page.scriptErrors).to.deep.equal([])
    })

    it('after the SDK: syncs again, and signs out', async () => {
      await fillCart()
      expect((await page.visit(`${travel}/app/one`)).detail).to.include({ outcome: 'replace' })
      await page.page.addScriptTag({ url: '/scripts/zone' })
      await page.fetch('/cart', { item: 'ticket' })
      expect(await page.sync()).to.include({ outcome: 'keep' })
      expect(await cart()).to.deep.equal(['boots', 'ticket'])
      expect(await page.run(() => SessionHub.signOut())).to.equal(true)
      expect(await page.fetch('/whoami')).to.include({ session: 'none' })
      await until(async () => (await page.eventsNamed('session-ended')).length > 0)
      expect(await page.eventsNamed('session-ended')).to.deep.equal([{ reason: 'signed-out' }])
      expect(page.scriptErrors).to.deep.equal([])
    })
  })
})

describe('in Firefox, a page @all', () => {
  inBrowser('firefox')

  // The frame is blocked there.
  for (const [name, path] of [
    ['with a router of its own', '/app/one'],
    ['whose router goes on at once', '/moving'],
    ['with Turbo', '/turbo/body/1'],
    ['with zone.js', '/zone'],
  ] as const)
    it(`${name} syncs once, and its visitor signs out`, async () => {
      expect((await page.visit(travel + path)).detail).to.include({ reason: 'blocked' })
      await page.run(async () => {
        history.pushState(null, '', '/app/two')
        await SessionHub.sync()
      })
      expect(frames()).to.equal(1)
      await page.fetch('/cart', { item: 'boots' })
      expect(await page.run(() => SessionHub.signOut())).to.equal(true)
      expect(await page.fetch('/whoami')).to.include({ session: 'none' })
      expect(page.scriptErrors).to.deep.equal([])
    })
})
