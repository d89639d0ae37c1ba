/** Pages as people build them: their names, their slowness, their styles, and the tag more than once. Each beside the plain page. */
import { expect } from 'chai'

import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { startWorld, type World } from '../support/world.js'

/** What stands in the page before the tag. */
const PAGES = {
  'with nothing of its own': '',
  'with `var origin`': "<script>var origin = 'BER'</script>",
  'with `const crypto` and `let navigator`': "<script>const crypto = 'BTC'; let navigator = 1</script>",
  'with `var URL`': "<script>var URL = '/shop'</script>",
  'with `var parent`, `name`, `status` and `event`':
    '<script>var parent = null, name = "x", status = "y", event = 1</script>',
  'whose objects all have one more member': '<script>Object.prototype.extend = function () {}</script>',
  'whose lists write themselves': "<script>Array.prototype.toJSON = () => '[]'</script>",
  'with a form called cookie': '<form name=cookie></form>',
  'with a form called createElement': '<form name=createElement></form>',
  'with a picture called head': '<img name=head>',
  'with a form called hidden': '<form name=hidden></form>',
  'with a form called currentScript': '<form name=currentScript></form>',
  'with a form called addEventListener': '<form name=addEventListener></form>',
  'with a form called referrer': '<form name=referrer></form>',
  'that shows all frames': '<style>iframe { display: block !important }</style>',
} as const

let world: World
let browser: TestBrowser
let page: TestPage
let shop: string
let travel: string

/** A page of travel's, with the tag. */
const serve = (path: string, html: (tag: string) => string) => {
  const { listener, site } = world.siteOf('travel')
  listener.app.get(path, (req, res) => {
    res.type('html').send(`<!doctype html><title>travel</title>${html(site.scriptTag(req))}`)
  })
}
const fillCart = async () => {
  await page.visit(shop)
  await page.fetch('/cart', { item: 'boots' })
  await page.sync()
}
const cart = async () => ((await page.fetch('/whoami'))['data'] as { cart?: string[] }).cart
/** How often travel's pages have asked the hub for a frame. */
const frames = () =>
  world.hub.listener.seen.filter(({ url }) => url.startsWith(`/frame?site=${travel}`)).length

function inBrowser(kind: BrowserKind): void {
  before(async () => (browser = await startBrowser(kind)))
  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    page = await browser.newPage()
  })
  afterEach(async () => {
    await page.page.close()
    await world.close()
  })
  after(() => browser.close())
}

/** In Firefox the hub's frame has no cookies: there a page shows by its question to the hub that it has looked. */
const inBoth = (kind: 'allowed' | 'firefox') => {
  const outcome = kind === 'allowed' ? 'replace' : 'blocked'
  const expectCart = async (items: readonly string[]) => {
    if (kind === 'allowed') expect(await cart()).to.deep.equal(items)
  }

  it('that never loads has synced, though the hub is slow', async () => {
    serve('/page', (tag) => `${tag}<img src="/never">`)
    world.siteOf('travel').listener.app.get('/never', () => undefined)
    await fillCart()
    world.hub.listener.hang(1)
    await page.page.goto(`${travel}/page`, { waitUntil: 'domcontentloaded' })
    expect((await page.event('synced')).detail).to.include({ outcome })
    await expectCart(['boots'])
  })

  it('with the tag three times has one client, and tells all once', async () => {
    serve('/page', (tag) => tag + tag + tag)
    await fillCart()
    const before = frames()
    await page.visit(`${travel}/page`)
    await page.until(() => SessionHub.explain().then(() => true))
    expect(await page.eventsNamed('synced')).to.have.length(1)
    expect(await page.eventsNamed('session-replaced')).to.have.length(kind === 'allowed' ? 1 : 0)
    expect(frames() - before).to.equal(1)
  })

  it('has another client after `close()`, and the closed one does nothing more', async () => {
    await page.visit(travel)
    const [isSame, isOther, frame] = await page.page.evaluate(async (hub) => {
      const first = SessionHub.createClient({ hub })
      first.close()
      const second = SessionHub.createClient({ hub, start: 'manual' })
      await first.sync({ force: true })
      return [first === SessionHub, second !== first, document.querySelector('iframe')]
    }, world.hub.origin)
    expect([isSame, isOther, frame]).to.deep.equal([true, true, null])
  })

  for (const [name, header] of [
    ['that says where it is', 'strict-origin-when-cross-origin'],
    ['that hides its address', 'no-referrer'],
  ] as const)
    it(`brings its visitor's cart to a site that was visited a moment ago, from one ${name}`, async () => {
      const { listener, site } = world.siteOf('shop')
      listener.app.get('/links', (req, res) => {
        res.set('referrer-policy', header).type('html')
        res.send(
          `<!doctype html><title>shop</title>${site.scriptTag(req)}<a id=go href="${travel}/">travel</a>`,
        )
      })
      await page.visit(travel)
      await page.visit(`${shop}/links`)
      await page.fetch('/cart', { item: 'boots' })
      await page.sync()
      const before = frames()
      await page.click('#go')
      await page.until((there) => location.href === there, `${travel}/`)
      expect((await page.event('synced')).detail).to.include({ outcome })
      expect(frames() - before).to.equal(1)
      await expectCart(['boots'])
    })

  it('that led on at once looks all the same', async () => {
    serve('/landing', () => '<script>location.replace("/")</script>')
    await page.visit(travel)
    await fillCart()
    const before = frames()
    await page.run((to) => {
      setTimeout(() => {
        location.assign(to)
      })
    }, `${travel}/landing`)
    await page.until((there) => location.href === there, `${travel}/`)
    expect((await page.event('synced')).detail).to.include({ outcome })
    expect(frames() - before).to.equal(1)
  })

  for (const isOlder of [false, true]) {
    const as = isOlder ? ', in a browser without the Navigation API' : ''
    /** As if the last sync had been so long ago. */
    const setBack = (agoMs: number) =>
      page.run((ago) => {
        const memory = JSON.parse(localStorage.getItem('session-hub') ?? '{}') as object
        localStorage.setItem('session-hub', JSON.stringify({ ...memory, atMs: Date.now() - ago }))
      }, agoMs)
    const becomeOlder = async () => {
      if (isOlder)
        await page.page.evaluateOnNewDocument(() => {
          Object.defineProperty(window, 'navigation', { value: undefined })
        })
    }

    /** By a link on this site, so that its referrer is of no other. */
    const arrive = async () => {
      await becomeOlder()
      serve('/start', () => '<a id=go href="/page">on</a>')
      // No browser keeps such a page for the way back.
      serve('/page', (tag) => `${tag}<script>addEventListener('unload', () => undefined)</script>`)
      await page.open(`${travel}/start`)
      await page.click('#go')
      await page.until((there) => location.href === there, `${travel}/page`)
      await page.event('synced')
    }

    it(`looks when it is reloaded, but not each time that it reloads by itself${as}`, async () => {
      await arrive()
      for (const [agoMs, looks] of [
        [20_000, 1],
        // Whatever the reload takes, it is within five seconds of this.
        [-4000, 0],
      ] as const) {
        await setBack(agoMs)
        const before = frames()
        await page.page.reload({ waitUntil: 'domcontentloaded' })
        await page.event('synced')
        expect(frames() - before, `after ${agoMs} ms`).to.equal(looks)
      }
    })

    it(`looks when its visitor comes back to it from another site${as}`, async () => {
      await arrive()
      await setBack(20_000)
      await page.open(`${shop}/plain`)
      const before = frames()
      await page.run(() => {
        // The answer to this comes before the page goes.
        setTimeout(() => {
          history.back()
        })
      })
      await page.until((there) => location.href === there, `${travel}/page`)
      await page.event('synced')
      expect(frames() - before).to.equal(1)
    })
  }
}

describe('in Chromium, a page', () => {
  inBrowser('allowed')
  inBoth('allowed')

  for (const [index, [name, before]] of Object.entries(PAGES).entries())
    it(`${name} has the cart, and its visitor signs out${index < 8 ? '' : ' @all'}`, async () => {
      serve('/page', (tag) => before + tag)
      await fillCart()
      expect((await page.visit(`${travel}/page`)).detail).to.include({ outcome: 'replace' })
      expect(await cart()).to.deep.equal(['boots'])
      expect(await page.page.$eval('iframe', ({ clientHeight }) => clientHeight)).to.equal(0)
      expect(await page.page.evaluate(() => SessionHub.signOut())).to.equal(true)
      expect(await page.fetch('/whoami')).to.include({ session: 'none' })
      expect(page.scriptErrors).to.deep.equal([])
    })

  it('is told once what happens, though a client before it was closed before it had begun', async () => {
    await page.visit(travel)
    await page.fetch('/sign-in', { name: 'ada' })
    await page.page.evaluate(async (hub) => {
      SessionHub.close()
      SessionHub.createClient({ hub }).close()
      const client = SessionHub.createClient({ hub })
      await client.sync({ force: true })
      await client.signOut()
      // A message to another tab is told a moment later.
      await new Promise((resolve) => setTimeout(resolve, 200))
      client.close()
    }, world.hub.origin)
    expect(await page.eventsNamed('session-ended')).to.deep.equal([{ reason: 'signed-out' }])
  })

  it('that is sandboxed says so, and nothing rejects', async () => {
    const { listener, site } = world.siteOf('travel')
    listener.app.get('/page', (req, res) => {
      res.set('content-security-policy', 'sandbox allow-scripts').type('html').send(site.scriptTag(req))
    })
    await page.page.goto(`${travel}/page`)
    await page.until(() => 'SessionHub' in window)
    expect(await page.sync()).to.include({ outcome: null, reason: 'cookies_off' })
    expect(frames()).to.equal(0)
  })

  for (const [attribute, message] of [
    ['data-start="lazy"', 'no start "lazy" in auto,idle,manual'],
    ['type="module"', 'no classic script'],
    ['data-timeout="0"', 'no timeout "0" in 1 to 1e9'],
    ['data-timeout="-1"', 'no timeout "-1" in 1 to 1e9'],
    ['data-timeout="soon"', 'no timeout "soon" in 1 to 1e9'],
    // A browser's timer would take it for none.
    ['data-timeout="3000000000"', 'no timeout "3000000000" in 1 to 1e9'],
    ['data-interval="0"', 'no interval "0" in 1 to 1e9'],
    ['data-interval="-60"', 'no interval "-60" in 1 to 1e9'],
  ] as const)
    it(`whose tag has ${attribute} is told what is wrong`, async () => {
      serve('/page', (tag) => tag.replace('<script async', `<script async ${attribute}`))
      await page.page.goto(`${travel}/page`)
      await page.until(() => document.readyState === 'complete')
      expect(page.scriptErrors.join()).to.include(message)
      expect(frames()).to.equal(0)
    })

  it('whose tag has numbers within their limits syncs', async () => {
    const attributes = 'data-timeout="1e9" data-interval="1"'
    serve('/page', (tag) => tag.replace('<script async', `<script async ${attributes}`))
    expect((await page.visit(`${travel}/page`)).detail).to.include({ outcome: 'none' })
  })

  it('has no client with options that are out of their limits', async () => {
    await page.visit(travel)
    const messages = await page.page.evaluate((hub) => {
      SessionHub.close()
      const wrong = [{ timeout: 0 }, { timeout: NaN }, { timeout: Infinity }, { interval: -1 }]
      return wrong.map((options) => {
        try {
          return SessionHub.createClient({ hub, start: 'manual', ...options } as never)
        } catch (error) {
          return String(error)
        }
      })
    }, world.hub.origin)
    expect(messages).to.deep.equal([
      'TypeError: SessionHub: no timeout "0" in 1 to 1e9',
      'TypeError: SessionHub: no timeout "NaN" in 1 to 1e9',
      'TypeError: SessionHub: no timeout "Infinity" in 1 to 1e9',
      'TypeError: SessionHub: no interval "-1" in 1 to 1e9',
    ])
  })
})

describe('in Firefox, a page @all', () => {
  inBrowser('firefox')
  inBoth('firefox')

  for (const name of [
    'with nothing of its own',
    'with `var origin`',
    'with a form called cookie',
    'with `var URL`',
  ] as const)
    it(`${name} syncs, and its visitor signs out`, async () => {
      serve('/page', (tag) => PAGES[name] + tag)
      expect((await page.visit(`${travel}/page`)).detail).to.include({ reason: 'blocked' })
      await page.fetch('/cart', { item: 'boots' })
      expect(await page.page.evaluate(() => SessionHub.signOut())).to.equal(true)
      expect(await page.fetch('/whoami')).to.include({ session: 'none' })
      expect(page.scriptErrors).to.deep.equal([])
    })
})
