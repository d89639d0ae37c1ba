/**
 * Each guard of the browser's half alone, in real browsers: who may speak to the frame and to the page, who hears the hub's pages, and whose
 * click counts (R15, R17). An event that only one guard tells from a true one is made by script; beside each stands the true one.
 */
import { expect } from 'chai'
import type { Frame, Page } from 'puppeteer'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { binding } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

/** What script may put into the place of a window. */
type Source = 'parent' | 'self'

describe('guards, in Chromium', () => {
  let world: World
  let browser: TestBrowser
  let page: TestPage
  let hub: string
  let shop: string
  let evil: string
  /** Whether a proxy in front of the hub takes its policy away, so that everybody may embed its frame. */
  let isBare = false

  before(async () => {
    world = await startWorld({
      sites: ['shop', 'evil'],
      inFrontOfHub(_req, res, next) {
        if (isBare) {
          const writeHead = res.writeHead.bind(res) as (...given: unknown[]) => typeof res
          res.writeHead = (...given: unknown[]) => {
            const rest = given.map((part) =>
              typeof part === 'object' && part !== null
                ? Object.fromEntries(Object.entries(part).filter(([name]) => !name.endsWith('-policy')))
                : part,
            )
            return writeHead(...rest)
          }
        }
        next()
      },
    })
    hub = world.hub.origin
    shop = world.siteOf('shop').origin
    evil = world.siteOf('evil').origin
    browser = await startBrowser('blocked')
  })
  after(async () => {
    await browser.close()
    await world.close()
  })
  beforeEach(async () => {
    isBare = false
    page = await browser.newPage()
  })
  afterEach(() => page.page.close())

  const asked = (path: string) => world.hub.listener.seen.filter(({ url }) => url.startsWith(path)).length

  /** Puts a frame of the hub's into the page, and notes what that hears until a moment after it has loaded. */
  const embed = async (where: Page, url: string): Promise<string[]> =>
    where.evaluate(
      (src) =>
        new Promise<string[]>((done) => {
          const heard: string[] = []
          addEventListener('message', ({ data }: MessageEvent<{ outcome: string }>) =>
            heard.push(data.outcome),
          )
          const frame = document.createElement('iframe')
          frame.referrerPolicy = 'origin'
          frame.src = src
          frame.onload = () => setTimeout(() => done(heard), 300)
          document.body.append(frame)
        }),
      url,
    )
  const frameUrl = (nonce: string, path = '/frame') =>
    `${hub}${path}?site=${encodeURIComponent(shop)}&nonce=${nonce}`

  describe('R15: the frame', () => {
    it('hears its parent alone, and only of its site’s origin: each of the two is looked at', async () => {
      const { nonce } = binding()
      await page.open(`${shop}/plain`)
      await embed(page.page, frameUrl(nonce))
      const frame = page.page.frames().find((one) => one.url().startsWith(hub)) as Frame
      const tell = (source: Source, origin: string) =>
        frame.evaluate(
          (whose, from, bound) => {
            const data = { sessionHub: 1, nonce: bound, offer: null }
            dispatchEvent(
              new MessageEvent('message', {
                source: whose === 'parent' ? parent : self,
                origin: from,
                data,
              }),
            )
            // What it asks the hub is under way by then.
            return fetch('/healthz').then((reply) => reply.status)
          },
          source,
          origin,
          nonce,
        )
      const before = asked('/exchange')
      await tell('parent', evil)
      await tell('self', shop)
      expect(asked('/exchange')).to.equal(before)
      await tell('parent', shop)
      expect(asked('/exchange'), 'the twin').to.equal(before + 1)
    })

    for (const [which, path, messages] of [
      ['unseen', '/frame', 1],
      ['with the button, its height too', '/access', 2],
    ] as const)
      it(`(${which}) speaks to its site’s origin alone, were it in another page after all`, async () => {
        isBare = true
        await page.open(`${evil}/plain`)
        expect(await embed(page.page, frameUrl(binding().nonce, path))).to.deep.equal([])
        await page.open(`${shop}/plain`)
        expect(await embed(page.page, frameUrl(binding().nonce, path)), 'the twin').to.have.length(messages)
      })
  })

  describe('R15: the page', () => {
    it('believes its own frame alone, and only of the hub’s origin: each of the two is looked at', async () => {
      await page.visit(shop)
      world.hub.listener.hang(1)
      const outcome = await page.run(async (from) => {
        const sync = SessionHub.sync({ force: true })
        let frame: HTMLIFrameElement | null
        while (!(frame = document.querySelector<HTMLIFrameElement>('iframe[src*="/frame?"]:last-of-type')))
          await new Promise((soon) => setTimeout(soon, 10))
        const nonce = new URL(frame.src).searchParams.get('nonce')
        const tell = (source: Window | null, origin: string, reason: string) =>
          dispatchEvent(
            new MessageEvent('message', {
              source,
              origin,
              data: { sessionHub: 1, nonce, outcome: 'none', reason },
            }),
          )
        tell(window, from, 'another window')
        tell(frame.contentWindow, location.origin, 'another origin')
        tell(frame.contentWindow, from, 'the twin')
        return (await sync).reason
      }, hub)
      expect(outcome).to.equal('the twin')
    })

    it('says to the hub’s origin alone what its session is, whatever is in its frame', async () => {
      await page.visit(shop)
      await page.sync()
      world.hub.listener.hang(1)
      const heard = await page.run(async (from) => {
        void SessionHub.sync({ force: true })
        let frame: HTMLIFrameElement | null
        while (!(frame = document.querySelector<HTMLIFrameElement>('iframe[src*="/frame?"]:last-of-type')))
          await new Promise((soon) => setTimeout(soon, 10))
        const nonce = new URL(frame.src).searchParams.get('nonce')
        // Until the hub answers, an empty document of the page's own origin is in there.
        const inside = frame.contentWindow!
        const all: unknown[] = []
        inside.addEventListener('message', ({ data }) => all.push(data))
        const offered = new Promise<void>((seen) => {
          new PerformanceObserver((list) => {
            if (list.getEntries().some(({ name }) => name.endsWith('/offer'))) seen()
          }).observe({ type: 'resource' })
        })
        const data = { sessionHub: 1, nonce, outcome: 'offer' }
        dispatchEvent(new MessageEvent('message', { source: inside, origin: from, data }))
        await offered
        await new Promise((soon) => setTimeout(soon, 300))
        inside.postMessage('the twin', location.origin)
        await new Promise((soon) => setTimeout(soon, 100))
        return all
      }, hub)
      expect(heard).to.deep.equal(['the twin'])
    })

    it('believes the window that it has opened alone, and only of the hub’s origin', async () => {
      await page.page.evaluateOnNewDocument(() => {
        // Where a click has to be in a window of the hub's: everywhere but in Chromium.
        Reflect.deleteProperty(Navigator.prototype, 'userAgentData')
      })
      await page.visit(shop)
      // Whatever the page before it remembers.
      await page.sync()
      await page.event('access-needed')
      const told = await page.run(async (from) => {
        const popup = document.createElement('iframe')
        document.body.append(popup)
        window.open = () => popup.contentWindow
        void SessionHub.requestAccess()
        const tell = async (source: Window | null, origin: string) => {
          const { atMs } = SessionHub.status
          dispatchEvent(
            new MessageEvent('message', { source, origin, data: { sessionHub: 1, unlocked: true } }),
          )
          await new Promise((soon) => setTimeout(soon, 700))
          return SessionHub.status.atMs !== atMs
        }
        await new Promise((soon) => setTimeout(soon, 100))
        return [
          await tell(window, from),
          await tell(popup.contentWindow, location.origin),
          await tell(popup.contentWindow, from),
        ]
      }, hub)
      expect(told).to.deep.equal([false, false, true])
    })
  })

  it('R15: the page follows the height that its own frame says, and only of the hub’s origin', async () => {
    await page.visit(shop)
    // Whatever the page before it remembers.
    await page.sync()
    await page.event('access-needed')
    await page.run(() => void SessionHub.accessButton(document.body))
    await page.page.waitForSelector('body > iframe')
    const heights = await page.run((from) => {
      const frame = document.querySelector<HTMLIFrameElement>('body > iframe')!
      const nonce = new URL(frame.src).searchParams.get('nonce')
      const tell = (source: Window | null, origin: string, height: number) => {
        const data = { sessionHub: 1, nonce, height }
        dispatchEvent(new MessageEvent('message', { source, origin, data }))
        return frame.style.height
      }
      return [
        tell(window, from, 101),
        tell(frame.contentWindow, location.origin, 102),
        tell(frame.contentWindow, from, 103),
      ]
    }, hub)
    expect(heights.slice(0, 2)).to.not.include('101px').and.to.not.include('102px')
    expect(heights[2], 'the twin').to.equal('103px')
  })

  describe('R17: a click', () => {
    it('in the popup’s page counts if the visitor has made it', async () => {
      await page.open(`${hub}/unlock?site=${encodeURIComponent(shop)}`)
      const posts = () =>
        world.hub.listener.seen.filter(({ method, url }) => method === 'POST' && url === '/unlock').length
      const before = posts()
      await page.run(async () => {
        document.querySelector('button')?.click()
        await fetch('/healthz')
      })
      expect(posts()).to.equal(before)
      await page.click('button')
      await page.until(() => document.querySelector('[role=status]')?.textContent !== '')
      expect(posts(), 'the twin').to.equal(before + 1)
    })

    it('in the frame’s button counts if the visitor has made it', async () => {
      await page.page.evaluateOnNewDocument(() => Object.assign(navigator, { userAgentData: {} }))
      await page.visit(shop)
      // Whatever the page before it remembers.
      await page.sync()
      await page.event('access-needed')
      await page.run(() => void SessionHub.accessButton(document.body))
      const element = await page.page.waitForSelector('body > iframe')
      const frame = (await element?.contentFrame()) as Frame
      await frame.waitForSelector('button')
      // So long it has to be in sight.
      await frame.evaluate(() => new Promise((seen) => setTimeout(seen, 1200)))
      await frame.evaluate(async () => {
        document.querySelector('button')?.click()
        await new Promise((soon) => setTimeout(soon, 300))
      })
      expect(await page.run(() => SessionHub.status.reason)).to.equal('blocked')
      await element?.click()
      await page.until(() => SessionHub.status.reason === 'access_denied')
    })
  })
})
