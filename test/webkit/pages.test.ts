/** Pages as people build them, in WebKit: where the visitor comes from, cookies that change, an embedder policy, taken names, workers. */
import { expect } from 'chai'

import { trustedCertificate } from '../support/certificate.js'
import { byLink } from '../support/rungs.js'
import { startWebKit, type WebKit } from '../support/webkit.js'
import { until } from '../support/until.js'
import { startWorld, type World } from '../support/world.js'

describe('in WebKit, a page', () => {
  let world: World
  let browser: WebKit
  let shop: string
  let travel: string

  before(async () => (browser = await startWebKit()))
  beforeEach(async () => {
    world = await startWorld({ certificate: trustedCertificate(), sisters: true })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
  })
  afterEach(() => world.close())
  after(() => browser.close())

  const serve = (path: string, html: (tag: string) => string, headers: Record<string, string> = {}) => {
    const { listener, site } = world.siteOf('travel')
    listener.app.get(path, (req, res) => {
      res.set(headers).type('html')
      res.send(`<!doctype html><title>travel</title>${html(site.scriptTag(req))}`)
    })
  }
  const frames = () =>
    world.hub.listener.seen.filter(({ url }) => url.startsWith(`/frame?site=${travel}`)).length
  const isSynced = () => browser.page.until(() => 'SessionHub' in window && SessionHub.status.atMs > 0)

  describe('that was synced before', () => {
    /** By a link on this site, so that its referrer is of no other; and as if the sync had been so long ago. */
    beforeEach(async () => {
      serve('/start', () => '<a id=go href="/page">on</a>')
      serve('/page', (tag) => `${tag}<script>addEventListener('unload', () => undefined)</script>`)
      await browser.page.open(`${travel}/start`)
      await browser.page.click('#go')
      await browser.page.until((there) => location.href === there, `${travel}/page`)
      await isSynced()
    })
    const setBack = (agoMs: number) =>
      browser.page.run((ago) => {
        const memory = JSON.parse(localStorage.getItem('session-hub') ?? '{}') as object
        localStorage.setItem('session-hub', JSON.stringify({ ...memory, atMs: Date.now() - ago }))
      }, agoMs)

    it('looks when it is reloaded, but not each time that it reloads by itself', async () => {
      for (const [agoMs, looks] of [
        [20_000, 1],
        [-4000, 0],
      ] as const) {
        await setBack(agoMs)
        const before = frames()
        await browser.session.post('/refresh', {})
        await isSynced()
        expect(frames() - before, `after ${agoMs} ms`).to.equal(looks)
      }
    })

    it('looks when its visitor comes back to it, or follows a link to it, from another site', async () => {
      world.siteOf('shop').listener.app.get('/links', (_req, res) => {
        res.type('html').send(`<!doctype html><title>shop</title><a id=go href="${travel}/page">travel</a>`)
      })
      for (const go of [() => browser.session.post('/back', {}), () => browser.page.click('#go')]) {
        await setBack(20_000)
        await browser.page.open(`${shop}/links`)
        const before = frames()
        await go()
        await browser.page.until((there) => location.href === there, `${travel}/page`)
        // WebKit keeps the page for the way back, and it looks when it is shown.
        await until(() => frames() - before === 1)
        await isSynced()
      }
    })
  })

  it('hears once that its own site has ended the session', async () => {
    const { page } = browser
    await page.visit(travel)
    await page.fetch('/sign-in', { name: 'ada' })
    await page.until(() => document.cookie.includes('session-state'))
    await page.sync()
    await page.until(() =>
      performance.getEntriesByType('resource').some(({ name }) => /\/live\.[^/]*js$/.test(name)),
    )
    await page.run(() => {
      Object.assign(window, { ends: 0 })
      SessionHub.on('session-ended', () => ((window as unknown as { ends: number }).ends += 1))
    })
    await page.fetch('/sign-out', {})
    await page.until(() => (window as unknown as { ends: number }).ends > 0)
    await page.sync()
    expect(await page.run(() => (window as unknown as { ends: number }).ends)).to.equal(1)
  })

  for (const policy of ['', 'require-corp'])
    it(`${policy ? `with the embedder policy "${policy}"` : 'without an embedder policy'} has its frame and its later parts`, async () => {
      serve('/isolated', (tag) => tag, {
        'cross-origin-opener-policy': 'same-origin',
        ...(policy && { 'cross-origin-embedder-policy': policy }),
      })
      const { page } = browser
      await page.open(`${travel}/isolated`)
      await page.until(() => 'SessionHub' in window)
      expect(await page.sync()).to.include({ outcome: 'blocked' })
      expect(await page.run(() => crossOriginIsolated)).to.equal(policy !== '')
      expect(await page.run(() => SessionHub.explain())).to.include('Session Hub, ')
      expect(await page.run(() => SessionHub.signOut())).to.equal(true)
    })

  for (const [name, before] of [
    ['with `var origin`', "<script>var origin = 'BER'</script>"],
    ['with a form called cookie', '<form name=cookie></form>'],
    ['with `var performance`', "<script>var performance = 'good'</script>"],
  ] as const)
    it(`${name} syncs, and its visitor signs out`, async () => {
      serve('/named', (tag) => before + tag)
      const { page } = browser
      expect((await page.visit(`${travel}/named`)).detail).to.include({ outcome: 'blocked' })
      await page.fetch('/cart', { item: 'boots' })
      expect(await page.run(() => SessionHub.signOut())).to.equal(true)
      expect(await page.fetch('/whoami')).to.include({ session: 'none' })
    })

  for (const [name, act, isRefused] of [
    ['that is not there', '', false],
    // WebKit then says that the worker's own site has posted the form.
    ['that passes requests on', 'event.respondWith(fetch(event.request))', true],
    ['that makes requests of its own', 'event.respondWith(fetch(event.request.url))', true],
  ] as const)
    it(`behind a service worker ${name}: ${isRefused ? 'is told why its link brings nothing' : 'has the cart by a link'}`, async () => {
      const { page } = browser
      world.siteOf('travel').listener.app.get('/worker.js', (_req, res) => {
        res
          .type('js')
          .send(
            `addEventListener('install', () => skipWaiting()); addEventListener('activate', (event) => event.waitUntil(clients.claim())); addEventListener('fetch', (event) => { ${act} })`,
          )
      })
      await page.open(`${travel}/plain`)
      if (act) {
        await page.run(() => navigator.serviceWorker.register('/worker.js').then(() => undefined))
        await page.until(() => navigator.serviceWorker.controller !== null)
      }
      await page.open(`${shop}/plain`)
      await page.fetch('/cart', { item: 'boots' })
      await page.visit(shop)
      await byLink.approach({ page, hub: world.hub.origin, site: shop }, `${travel}/?from=shop`)
      await byLink.take({ page, hub: world.hub.origin, site: travel })
      expect(await page.run(() => location.href)).to.equal(`${travel}/?from=shop`)
      expect(await page.run(() => ({ ...SessionHub.status }))).to.include(
        isRefused ? { outcome: 'failed', reason: 'request_invalid' } : { outcome: 'replace', reason: null },
      )
    })
})
