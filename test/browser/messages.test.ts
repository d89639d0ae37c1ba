/** Who may embed the hub's frame, and who may speak to it and to the SDK: in a real Chromium, each attack beside its allowed twin. */
import { expect } from 'chai'
import type { Frame, Page } from 'puppeteer'

import { startBrowser, type TestBrowser } from '../support/browser.js'
import { binding } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

interface Heard {
  readonly origin: string
  readonly data: { readonly outcome?: string; readonly nonce?: string }
}

describe('the frame among strangers, in Chromium', () => {
  let world: World
  let browser: TestBrowser
  let page: Page
  let shop: string
  let evil: string

  before(async () => {
    browser = await startBrowser('allowed')
  })
  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel', 'evil'] })
    shop = world.siteOf('shop').origin
    evil = world.siteOf('evil').origin
    world.unregister(evil)
    ;({ page } = await browser.newPage())
  })
  afterEach(async () => {
    await page.close()
    await world.close()
  })
  after(() => browser.close())

  const frameUrl = (site: string, nonce = binding().nonce) =>
    `${world.hub.origin}/frame?site=${encodeURIComponent(site)}&nonce=${nonce}`

  /** Embeds an address in a page or frame and notes what is said to that window, until the embedded one has loaded. */
  const embed = (where: Page | Frame, url: string, sandbox?: string) =>
    where.evaluate(
      (src, flags) =>
        new Promise<void>((loaded) => {
          const heard: { origin: string; data: unknown }[] = []
          Object.assign(window, { heard })
          addEventListener('message', ({ origin, data }) => heard.push({ origin, data: data as unknown }))
          const frame = document.createElement('iframe')
          frame.referrerPolicy = 'origin'
          if (flags !== undefined) frame.setAttribute('sandbox', flags)
          frame.src = src
          // A message that was posted before the load is delivered before this.
          frame.onload = () => setTimeout(loaded, 50)
          document.body.append(frame)
        }),
      url,
      sandbox,
    )
  const heardBy = (where: Page | Frame) =>
    where.evaluate(() => (window as unknown as { heard: Heard[] }).heard)
  const childOf = (where: Page, origin: string) => {
    const found = where.frames().find((frame) => frame.url().startsWith(origin))
    if (!found) throw new Error(`No frame of ${origin}`)
    return found
  }

  it('R14, R15: speaks to a page of its own site, and names that origin', async () => {
    await page.goto(`${shop}/plain`)
    await embed(page, frameUrl(shop))
    expect(await heardBy(page)).to.have.length(1)
    expect((await heardBy(page))[0]).to.deep.include({ origin: world.hub.origin })
  })

  it('R14: says nothing in a page that is not registered', async () => {
    await page.goto(`${evil}/plain`)
    await embed(page, frameUrl(evil))
    await embed(page, frameUrl(shop))
    expect(await heardBy(page)).to.deep.equal([])
  })

  it('R14, R16: says nothing about one site in a page of another registered one', async () => {
    await page.goto(`${world.siteOf('travel').origin}/plain`)
    await embed(page, frameUrl(shop))
    expect(await heardBy(page)).to.deep.equal([])
  })

  it('R14: says nothing where a stranger has framed the site itself', async () => {
    await page.goto(`${evil}/plain`)
    await embed(page, `${shop}/plain`)
    const inner = childOf(page, shop)
    await embed(inner, frameUrl(shop))
    expect(await heardBy(inner)).to.deep.equal([])
  })

  it('R15: says nothing in a sandboxed page, whose origin is null', async () => {
    await page.goto(`${shop}/plain`)
    await embed(page, `${shop}/plain`, 'allow-scripts')
    const inner = page.frames().find((frame) => frame.parentFrame() !== null)
    await embed(inner as Frame, frameUrl(shop))
    expect(await heardBy(inner as Frame)).to.deep.equal([])
  })

  describe('R15: takes an offer', () => {
    let nonce: string
    const exchanges = () => world.hub.listener.seen.filter(({ url }) => url === '/exchange').length
    /** The page's own message, and the answer to it: by then every earlier message has been looked at. */
    const askAsPage = () =>
      page.evaluate((bound) => {
        const answered = new Promise((resolve) => addEventListener('message', resolve, { once: true }))
        window.frames[0]?.postMessage({ sessionHub: 1, nonce: bound, offer: null }, '*')
        return answered.then(() => undefined)
      }, nonce)

    beforeEach(async () => {
      ;({ nonce } = binding())
      await page.goto(`${shop}/plain`)
      await embed(page, frameUrl(shop, nonce))
    })

    it('from its page', async () => {
      await askAsPage()
      expect(exchanges()).to.equal(1)
    })

    for (const whose of ['a stranger', 'the site itself']) {
      it(`not from another window in the page, of ${whose}`, async () => {
        const other = `${whose === 'a stranger' ? evil : shop}/plain`
        await embed(page, other)
        const sibling = page.frames().find((frame) => frame.parentFrame() !== null && frame.url() === other)
        await (sibling as Frame).evaluate((bound) => {
          window.parent.frames[0]?.postMessage({ sessionHub: 1, nonce: bound, offer: null }, '*')
        }, nonce)
        await askAsPage()
        expect(exchanges()).to.equal(1)
      })
    }

    for (const [name, message] of Object.entries({
      'of another nonce': { sessionHub: 1, nonce: binding().nonce, offer: null },
      'of another form': { sessionHub: 1, nonce: 'NONCE', offer: 7 },
      'of a megabyte': { sessionHub: 1, nonce: 'NONCE', offer: 'x'.repeat(1_000_000) },
      'that is null': null,
    })) {
      it(`not ${name}`, async () => {
        const sent = message?.nonce === 'NONCE' ? { ...message, nonce } : message
        await page.evaluate((data) => window.frames[0]?.postMessage(data, '*'), sent)
        await askAsPage()
        expect(exchanges()).to.equal(1)
      })
    }
  })

  describe('R15: the SDK believes an answer', () => {
    it('from the hub, and neither from another frame nor from the page itself', async () => {
      await page.goto(shop)
      await page.waitForFunction(() => SessionHub.status.atMs > 0)
      await page.evaluate(() => {
        const frame = document.createElement('iframe')
        frame.src = '/plain'
        document.body.append(frame)
        return new Promise((loaded) => (frame.onload = loaded))
      })
      world.hub.listener.hang(1)
      await page.evaluate(() => {
        void SessionHub.sync({ force: true })
      })
      await page.waitForSelector('iframe[src*="/frame?"]')
      const sibling = page.frames().find((frame) => frame.url() === `${shop}/plain`)
      const nonce = await page.evaluate(() =>
        new URL(
          document.querySelector<HTMLIFrameElement>('iframe[src*="/frame?"]')?.src ?? '',
        ).searchParams.get('nonce'),
      )
      for (const forger of [sibling as Frame, page]) {
        await forger.evaluate((bound) => {
          window.parent.postMessage({ sessionHub: 1, nonce: bound, outcome: 'none', reason: 'forged' }, '*')
        }, nonce)
      }
      const status = await page.evaluate(async () => ({ ...(await SessionHub.sync()) }))
      expect(status).to.include({ outcome: 'failed', reason: 'timeout' })
    })

    /** Each half of the check alone: the other one is fulfilled. */
    for (const [half, forge] of Object.entries({
      'not from another window of the very hub': async () => {
        const address = frameUrl(shop)
        await page.evaluate((src) => {
          const other = Object.assign(document.createElement('iframe'), { referrerPolicy: 'origin', src })
          document.body.append(other)
          return new Promise((loaded) => (other.onload = loaded))
        }, address)
        return page.frames().find((frame) => frame.url() === address)
      },
      'not from its own frame while another site is in it': async () => {
        const address = `${world.siteOf('travel').origin}/plain`
        await page.evaluate((there) => {
          const own = document.querySelector<HTMLIFrameElement>('iframe[src*="/frame?"]')
          own?.contentWindow?.location.replace(there)
          return new Promise((loaded) => own?.addEventListener('load', loaded))
        }, address)
        return page.frames().find((frame) => frame.url() === address)
      },
    }))
      it(half, async () => {
        const { listener, site } = world.siteOf('shop')
        listener.app.get('/open', (req, res) => {
          res
            .type('html')
            .send(`<!doctype html><title>shop</title><body>${site.scriptTag(req, { start: 'manual' })}`)
        })
        await page.goto(`${shop}/open`)
        await page.waitForFunction(() => 'SessionHub' in window)
        world.hub.listener.hang(1)
        await page.evaluate(() => {
          void SessionHub.sync()
        })
        const element = await page.waitForSelector('iframe[src*="/frame?"]')
        const nonce = await element?.evaluate(({ src }) => new URL(src).searchParams.get('nonce'))
        const forger = await forge()
        await (forger as Frame).evaluate((bound) => {
          window.parent.postMessage({ sessionHub: 1, nonce: bound, outcome: 'none', reason: 'forged' }, '*')
        }, nonce)
        const status = await page.evaluate(async () => ({ ...(await SessionHub.sync()) }))
        expect(status).to.include({ outcome: 'failed' }).and.not.include({ reason: 'forged' })
      })
  })
})
