/** How high and in which colours the hub's button stands in a page, in real browsers. */
import { expect } from 'chai'
import type { ElementHandle } from 'puppeteer'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { startWorld, type World } from '../support/world.js'

const LABEL = 'WWWWWWW '.repeat(10)

for (const kind of ['blocked', 'firefox'] as const)
  describe(`the hub’s button, in ${kind === 'firefox' ? 'Firefox @all' : 'Chromium'}`, () => {
    let world: World
    let browser: TestBrowser
    let page: TestPage
    let element: ElementHandle<HTMLIFrameElement>

    before(async () => {
      world = await startWorld({ sites: ['shop'] })
      const { listener, site } = world.siteOf('shop')
      listener.use((req, res, next) => {
        if (req.path !== '/button') next()
        else
          res
            .type('html')
            .send(
              `<!doctype html><title>shop</title><style>:root{color-scheme:${(req.query as Record<string, string>).scheme ?? ''}}body{background:#fff}</style><div id=place></div>${site.scriptTag(req)}`,
            )
      })
      browser = await startBrowser(kind)
    })
    after(async () => {
      await browser.close()
      await world.close()
    })
    beforeEach(async () => {
      page = await browser.newPage()
      // Firefox wants a click in a window of the hub's first, and would show a button of the page's own.
      await page.page.evaluateOnNewDocument(() => Object.assign(navigator, { userAgentData: {} }))
    })
    afterEach(() => page.page.close())

    async function show(label: string, width: number, scheme = 'normal'): Promise<void> {
      await page.open(`${world.siteOf('shop').origin}/button?scheme=${encodeURIComponent(scheme)}`)
      await page.event('access-needed')
      await page.run(
        (words, px) => {
          const place = document.querySelector<HTMLElement>('#place')
          if (!place) return
          place.style.width = `${px}px`
          SessionHub.accessButton(place, { label: words, radius: 24 })
        },
        label,
        width,
      )
      element = (await page.page.waitForSelector('#place iframe')) as ElementHandle<HTMLIFrameElement>
      await fits()
    }

    /** Waits until the frame is exactly as high as its button. */
    async function fits(): Promise<number> {
      const frame = await element.contentFrame()
      await frame.waitForFunction(
        () => {
          const { height = 0 } = document.querySelector('button')?.getBoundingClientRect() ?? {}
          return height >= 48 && innerHeight === Math.ceil(height)
        },
        { polling: 50, timeout: 5000 },
      )
      return frame.evaluate(() => innerHeight)
    }

    it('is as high as its words need, and its frame with it', async () => {
      await show('Go', 240)
      expect(await fits()).to.equal(48)
      await show(LABEL, 240)
      expect(await fits()).to.be.greaterThan(128)
    })

    it('grows and shrinks with its place, as where a phone is turned', async () => {
      await show(LABEL, 700)
      const before = await fits()
      await page.run(() => document.querySelector('#place')?.setAttribute('style', 'width:200px'))
      await (await element.contentFrame()).waitForFunction(() => innerWidth === 200)
      expect(await fits()).to.be.greaterThan(before)
      await page.run(() => document.querySelector('#place')?.setAttribute('style', 'width:700px'))
      await (await element.contentFrame()).waitForFunction(() => innerWidth === 700)
      expect(await fits()).to.equal(before)
    })

    it('grows with the visitor’s font', async () => {
      await show('Share my cart here', 240)
      const frame = await element.contentFrame()
      // As a browser's own setting would.
      await frame.evaluate(() => (document.documentElement.style.fontSize = '40px'))
      expect(await fits()).to.be.greaterThan(100)
    })

    // Firefox makes no such event of another origin's window.
    if (kind === 'blocked')
      it('R15: takes its height from its own frame, for its own sync, and within bounds', async () => {
        await show('Go', 240)
        const nonce = await element.evaluate(({ src }) => new URL(src).searchParams.get('nonce'))
        const hub = world.hub.origin
        const heights = await page.run(
          (bound, from) => {
            const frame = document.querySelector<HTMLIFrameElement>('#place iframe')
            const right = {
              source: frame?.contentWindow ?? null,
              origin: from,
              nonce: bound,
              height: 300 as unknown,
            }
            const heard = []
            for (const wrong of [
              { source: window },
              { source: null },
              { origin: location.origin },
              { nonce: 'A'.repeat(43) },
              { height: 5000 },
              { height: -5 },
              { height: '200px;position:fixed' },
              {},
            ]) {
              const { source, origin, ...said } = { ...right, ...wrong }
              dispatchEvent(new MessageEvent('message', { source, origin, data: { sessionHub: 1, ...said } }))
              heard.push(frame?.style.height)
            }
            return heard
          },
          nonce,
          hub,
        )
        expect(heights).to.deep.equal([...Array<string>(7).fill('48px'), '300px'])
      })

    if (kind === 'blocked') {
      it('counts a click on all of its words', async () => {
        await show(LABEL, 240)
        await page.page.bringToFront()
        await (await element.contentFrame()).evaluate(() => new Promise((seen) => setTimeout(seen, 900)))
        await element.click()
        await page.until(() => SessionHub.status.reason === 'access_denied')
      })

      for (const system of ['light', 'dark'])
        for (const scheme of ['normal', 'light', 'dark', 'light dark'])
          it(`has the page’s corners: a ${system} system, a page of "${scheme}"${scheme === 'light dark' ? '' : ' @all'}`, async () => {
            await page.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: system }])
            await show('Go', 240, scheme)
            const { x = 0, y = 0 } = (await element.boundingBox()) ?? {}
            const clip = { x, y, width: 2, height: 2 }
            const shot = await page.page.screenshot({ clip, encoding: 'base64' })
            await page.open('about:blank')
            const corner = await page.run(async (png) => {
              const image = new Image()
              image.src = `data:image/png;base64,${png}`
              await image.decode()
              const context = document.createElement('canvas').getContext('2d')
              context?.drawImage(image, 0, 0)
              return [...(context?.getImageData(0, 0, 1, 1).data ?? [])]
            }, shot)
            expect(corner).to.deep.equal([255, 255, 255, 255])
          })
    }
  })
