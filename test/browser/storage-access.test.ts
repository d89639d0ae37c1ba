/** The hub's cookies in frames where the browser blocks them: by a remembered grant, by a click, and by nothing else (R17). */
import { expect } from 'chai'
import type { RequestHandler } from 'express'

import {
  clickUntilAnswered,
  clickWhenSeen,
  embed,
  type Embedded,
  heardBy,
  listenIn,
  openPopup,
} from '../support/embedded.js'
import { inBrowser, type Stage } from '../support/stage.js'
import { until } from '../support/until.js'

const HUB = '__Host-session-hub'
/** Readable: by it the frames of one browser notice each other. */
const TURN = '__Host-session-hub-turn'
const SEEN = '__Host-session-hub-seen'
const PLANTED = '__Host-planted'

/** What the hub was asked there, and what the browser said of its cookies. */
const asked = ({ world }: Stage, path: string) =>
  world.hub.listener.seen
    .filter(({ url }) => url.split('?')[0] === path)
    .map(({ headers }) => ({
      access: headers['sec-fetch-storage-access'],
      cookies: (headers.cookie?.split('; ') ?? []).map((cookie) => cookie.split('=')[0]),
    }))

/** Signs in on shop, and has the hub adopt that in the visitor's own window. */
async function signInByWindow({ tab, shop }: Stage): Promise<void> {
  await tab.open(`${shop}/plain`)
  await tab.fetch('/sign-in', { name: 'ada' })
  await tab.open(`${shop}/session-hub/redirect?return=/plain`)
}

const denied = { outcome: 'blocked', reason: 'access_denied' }

describe('storage access in Chromium, third-party cookies blocked, without a grant', () => {
  inBrowser('blocked', (stage) => {
    /** As the visitor would in the browser's own prompt, which a headless browser does not show. */
    async function allow(): Promise<void> {
      const session = await stage.browser.browser.target().createCDPSession()
      await session.send('Browser.setPermission', {
        permission: { name: 'storage-access' },
        setting: 'granted',
        origin: stage.travel,
        embeddedOrigin: stage.hub,
      })
    }
    const openTravel = () => listenIn(stage.tab.page, `${stage.travel}/plain`)
    const embedIn = (path: '/frame' | '/access', query?: Record<string, string>) =>
      embed(stage.tab.page, stage.hub, path, query)

    beforeEach(() => signInByWindow(stage))

    it('the silent frame is told so, and nobody is asked anything', async () => {
      await openTravel()
      const silent = await embedIn('/frame')
      expect(await silent.next()).to.include({ outcome: 'blocked' })
      expect(await heardBy(stage.tab.page), 'one message').to.have.length(1)
      const state = await silent.frame.evaluate(
        async () => (await navigator.permissions.query({ name: 'storage-access' })).state,
      )
      expect(state).to.equal('prompt')
      expect(asked(stage, '/frame')).to.deep.equal([{ access: 'none', cookies: [] }])
      expect(asked(stage, '/look')).to.deep.equal([])
    })

    it('a click on the button leads to what the hub then sees', async () => {
      await openTravel()
      const button = await embedIn('/access')
      expect(await button.next()).to.include({ outcome: 'blocked' })
      await allow()
      const { outcome, ticket } = await clickWhenSeen(button)
      expect(outcome).to.equal('replace')
      expect(asked(stage, '/look')).to.deep.equal([{ access: 'active', cookies: [HUB, TURN] }])

      const { verifier } = button
      await stage.tab.fetch('/session-hub/redeem', { ticket, verifier })
      expect(await stage.tab.fetch('/whoami')).to.include({ subject: 'ada' })
    })

    it('after the click an offer goes through the same frame', async () => {
      await openTravel()
      await stage.tab.fetch('/cart', { item: 'hat' })
      const state = await stage.tab.run(() => /session-state=([^;]+)/.exec(document.cookie)?.[1] ?? '')
      const button = await embedIn('/access', { state })
      await button.next()
      await allow()
      expect(await clickWhenSeen(button)).to.include({ outcome: 'offer' })
      const { offer } = await stage.tab.fetch('/session-hub/offer', { nonce: button.nonce })
      await button.send(offer as string)
      expect(await button.next()).to.include({ outcome: 'replace' })
      expect(asked(stage, '/exchange')).to.deep.equal([{ access: 'active', cookies: [HUB, TURN] }])
    })

    it('without a permission the click is answered so, as often as the visitor tries', async () => {
      await openTravel()
      const button = await embedIn('/access')
      await button.next()
      expect(await clickWhenSeen(button)).to.include(denied)
      expect(await clickUntilAnswered(button)).to.include(denied)
      expect(asked(stage, '/look')).to.deep.equal([])
    })

    it("a script's click is none; the visitor's is", async () => {
      await openTravel()
      const button = await embedIn('/access')
      await button.next()
      expect(await clickWhenSeen(button), 'it has been in sight for long enough').to.include(denied)
      await allow()
      await button.frame.evaluate(() => document.querySelector('button')?.click())
      // On a busy machine a second click was made before the first was answered: that one's answer is still to come.
      await until(async () => (await clickWhenSeen(button)).outcome === 'replace')
      expect(asked(stage, '/look')).to.have.length(1)
    })

    const wishesOf = async ({ nonce }: Embedded) =>
      (await heardBy(stage.tab.page)).filter(
        ({ data }) => data.nonce === nonce && data.reason === denied.reason,
      ).length
    const hidings: Record<string, (element: HTMLIFrameElement) => void> = {
      'under something of the page’s': (element) => {
        const { left, top, width, height } = element.getBoundingClientRect()
        const cover = document.createElement('div')
        cover.style.cssText = `position: absolute; pointer-events: none; background: #fff; left: ${left}px; top: ${top}px; width: ${width}px; height: ${height}px`
        element.after(cover)
      },
      'under a corner of something': (element) => {
        const { left, top } = element.getBoundingClientRect()
        const cover = document.createElement('div')
        cover.style.cssText = `position: absolute; pointer-events: none; background: #fff; left: ${left}px; top: ${top}px; width: 60px; height: 60px`
        element.after(cover)
      },
      'that can hardly be seen': (element) => void (element.style.opacity = '0.01'),
      'that was made small': (element) => void (element.style.transform = 'scale(0.5)'),
      'that was cut off': (element) => void (element.style.clipPath = 'inset(20px 100px)'),
      'without its colours': (element) => void (element.style.filter = 'contrast(0)'),
    }
    for (const [index, [name, hide]] of Object.entries(hidings).entries()) {
      it(`a click on a button ${name} is none; when it has been in sight for half a second, it is${index < 2 ? '' : ' @all'}`, async () => {
        await openTravel()
        const hidden = await embedIn('/access')
        await hidden.next()
        await hidden.change(hide)
        const other = await embedIn('/access')
        await other.next()
        expect(await clickWhenSeen(other), 'as old as the first, and in sight').to.include(denied)

        // Some of them the browser itself leaves unanswered, or answers late. What must not come is an answer to a wish.
        await hidden.click()
        expect(await clickUntilAnswered(other)).to.include(denied)
        expect(await wishesOf(hidden)).to.equal(0)
        const shownMs = Date.now()
        await hidden.change((element) => {
          if (element.nextSibling instanceof HTMLDivElement) element.nextSibling.remove()
          for (const property of ['opacity', 'transform', 'clip-path', 'filter'])
            element.style.removeProperty(property)
        })
        expect(await clickWhenSeen(hidden)).to.include(denied)
        expect(Date.now() - shownMs).to.be.at.least(500)
      })
    }

    it('through transparent colours nothing of the page shows', async () => {
      await openTravel()
      const button = await embedIn('/access', { background: '00000000', color: '00000000', label: 'Next' })
      await stage.tab.run(() => {
        document.body.style.background = '#f00'
      })
      const style = await button.frame.$eval('button', (element) => {
        const { backgroundColor, opacity } = getComputedStyle(element)
        return { backgroundColor, opacity }
      })
      expect(style).to.deep.equal({ backgroundColor: 'rgb(255, 255, 255)', opacity: '1' })
    })
  })
})

describe('storage access in Chromium, third-party cookies blocked, with a grant that the browser remembers', () => {
  inBrowser('granted', (stage) => {
    it('a whole sync works in silence, by Storage Access Headers: adopt and replace, each cookie in the one jar', async () => {
      const { tab, shop, travel, world, browser } = stage
      await tab.visit(shop)
      await tab.fetch('/cart', { item: 'boots' })
      expect(await tab.sync()).to.include({ outcome: 'adopt', rung: 'frame' })
      expect(await tab.sync(), 'the cookie of the exchange has arrived').to.include({ outcome: 'keep' })
      const cookies = await browser.cookies()
      const ofHub = cookies.filter(({ name }) => name === HUB)
      expect(ofHub).to.have.length(1)
      expect(ofHub[0]).to.include({
        domain: new URL(world.hub.origin).hostname,
        secure: true,
        httpOnly: true,
      })
      expect(ofHub[0]!.partitionKey).to.equal(undefined)

      world.hub.listener.seen.length = 0
      expect(await tab.visitLoaded(travel)).to.include({ outcome: 'replace', requests: 2 })
      expect(await tab.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
      expect(asked(stage, '/frame')).to.deep.equal([
        { access: 'inactive', cookies: [] },
        { access: 'active', cookies: [HUB, TURN] },
      ])
      expect(asked(stage, '/look'), 'no script had to ask').to.deep.equal([])
    })
  })

  /** A proxy before the hub that takes the header away, or a browser that has none. */
  const withoutHeader: RequestHandler = (req, _res, next) => {
    if (req.url.startsWith('/frame')) delete req.headers['sec-fetch-storage-access']
    next()
  }
  inBrowser(
    'granted',
    (stage) => {
      it('without those headers the frame’s script asks, in silence too', async () => {
        await signInByWindow(stage)
        expect(await stage.tab.visitLoaded(stage.travel)).to.include({ outcome: 'replace', requests: 2 })
        expect(await stage.tab.fetch('/whoami')).to.include({ subject: 'ada' })
        expect(asked(stage, '/look')).to.deep.equal([{ access: 'active', cookies: [HUB, TURN] }])
      })
    },
    { inFrontOfHub: withoutHeader },
  )

  inBrowser('granted', (stage) => {
    it('in another site’s page the same grant brings nothing', async () => {
      await signInByWindow(stage)
      const { origin } = await stage.world.addSite('garden')
      stage.world.hub.listener.seen.length = 0
      expect((await stage.tab.visit(origin)).detail).to.include({ outcome: 'blocked' })
      expect(asked(stage, '/frame')).to.deep.equal([{ access: 'none', cookies: [] }])
      expect((await stage.tab.visit(stage.travel)).detail).to.include({ outcome: 'replace' })
    })
  })
})

describe('the hub’s own pages among strangers, in Chromium', () => {
  inBrowser('allowed', (stage) => {
    for (const path of ['/access', '/unlock'] as const) {
      it(`R14: a page that is not registered cannot embed ${path}`, async () => {
        const { tab, hub, shop, world } = stage
        const { origin } = await world.addSite('stranger')
        world.unregister(origin)
        await listenIn(tab.page, `${origin}/plain`)
        for (const site of [origin, shop]) {
          const { frame } = await embed(tab.page, hub, path, { site })
          expect(await frame.$('button')).to.equal(null)
        }
        expect(await heardBy(tab.page)).to.deep.equal([])
      })
    }

    it('R14: a site can embed /access for itself, neither for another site nor /unlock', async () => {
      const { tab, hub, shop, travel } = stage
      await listenIn(tab.page, `${travel}/plain`)
      const foreign = await embed(tab.page, hub, '/access', { site: shop })
      const popup = await embed(tab.page, hub, '/unlock')
      expect([await foreign.frame.$('button'), await popup.frame.$('button')]).to.deep.equal([null, null])
      expect(await heardBy(tab.page)).to.deep.equal([])
      const own = await embed(tab.page, hub, '/access')
      expect(await own.next()).to.include({ outcome: 'none' })
      expect(await own.frame.$('button')).to.not.equal(null)
    })

    it('R14: nor where a stranger has framed the site', async () => {
      const { tab, hub, shop, world } = stage
      const { origin } = await world.addSite('stranger')
      world.unregister(origin)
      await tab.open(`${origin}/plain`)
      const framed = await tab.page.evaluateHandle((src) => {
        const frame = document.createElement('iframe')
        frame.src = src
        const loaded = new Promise((resolve) => (frame.onload = resolve))
        document.body.append(frame)
        return loaded.then(() => frame)
      }, `${shop}/plain`)
      const inner = await framed.contentFrame()
      const heard = await inner.evaluate(
        (src) => {
          const said: unknown[] = []
          addEventListener('message', ({ data }) => said.push(data))
          const frame = document.createElement('iframe')
          frame.referrerPolicy = 'origin'
          frame.src = src
          const loaded = new Promise((resolve) => (frame.onload = resolve))
          document.body.append(frame)
          return loaded.then(() => said)
        },
        `${hub}/access?${new URLSearchParams({ site: shop, nonce: 'A'.repeat(43) })}`,
      )
      expect(heard).to.deep.equal([])
    })

    it('R15: the popup speaks to a page of its own site only', async () => {
      const { tab, hub, shop, travel } = stage
      const clickIn = async (site: string) => {
        const popup = await openPopup(tab.page, `${hub}/unlock?${new URLSearchParams({ site })}`)
        const closed = new Promise((resolve) => popup.once('close', resolve))
        await popup.click('button')
        await closed
      }
      await listenIn(tab.page, `${travel}/plain`)
      await clickIn(shop)
      expect(await heardBy(tab.page)).to.deep.equal([])
      await clickIn(travel)
      expect(await heardBy(tab.page)).to.deep.equal([
        { origin: hub, data: { sessionHub: 1, unlocked: true } },
      ])
      const cookies = await stage.browser.cookies()
      expect(cookies.map(({ name }) => name)).to.deep.equal([SEEN])
    })
  })
})

describe('storage access in Firefox as it comes @all', () => {
  /** What the browser says of the hub's cookies. Firefox 140 says nothing, and then a cookie of the hub's own is the witness. */
  type Said = 'none' | undefined

  /** A frame there has no access: what the browser says of it. */
  async function openShop(stage: Stage): Promise<Said> {
    await listenIn(stage.tab.page, `${stage.shop}/plain`)
    const silent = await embed(stage.tab.page, stage.hub, '/frame')
    expect(await silent.next()).to.include({ outcome: 'blocked' })
    const { seen } = stage.world.hub.listener
    const [first] = asked(stage, '/frame')
    seen.length = 0
    await listenIn(stage.tab.page, `${stage.shop}/plain`)
    return first!.access as Said
  }

  /** A click in a page of the hub's own. It closes itself then, being all that was in its tab. */
  async function visitHub({ browser, hub, shop }: Stage): Promise<void> {
    const { page } = await browser.newPage()
    await page.goto(`${hub}/unlock?${new URLSearchParams({ site: shop })}`)
    const closed = new Promise((resolve) => page.once('close', resolve))
    await page.click('button')
    await closed
  }
  /**
   * Cookies that a frame on this page got: they lie in this site's partition. The hub sets its own in its one jar only; the browser's word is
   * held against cookies by their names, where it gives it.
   *
   * @returns their names
   */
  async function plant({ tab, world, hub }: Stage, said: Said): Promise<readonly string[]> {
    const names = said === undefined ? [PLANTED] : [HUB, SEEN, PLANTED]
    world.hub.listener.use((_req, res) => {
      const cookies = names.map((name) => `${name}=${name === HUB ? 'A'.repeat(43) : '1'}`)
      res.set(
        'set-cookie',
        cookies.map((cookie) => `${cookie}; Path=/; Secure; HttpOnly; SameSite=None`),
      )
      res.end()
    })
    await tab.run(async (to: string) => {
      await fetch(to, { mode: 'no-cors', credentials: 'include' })
    }, `${hub}/plant`)
    return names
  }

  inBrowser('firefox', (stage) => {
    it('a silent frame sees its partition only, and the hub does not take that for the one jar', async () => {
      const { tab, hub } = stage
      await visitHub(stage)
      const access = await openShop(stage)
      const cookies = await plant(stage, access)
      const silent = await embed(tab.page, hub, '/frame')
      expect(await silent.next()).to.include({ outcome: 'blocked' })
      expect(asked(stage, '/frame')).to.deep.equal([{ access, cookies }])
      expect(asked(stage, '/look'), 'without a click the browser says no').to.deep.equal([])
    })

    it('who has clicked at the hub before is given access by a click on the button, and from then on in silence', async () => {
      const { tab, hub, shop, world } = stage
      await visitHub(stage)
      const access = await openShop(stage)
      const isTold = access !== undefined
      const cookies = await plant(stage, access)
      const active = isTold ? 'active' : undefined
      const button = await embed(tab.page, hub, '/access')
      expect(await button.next()).to.include({ outcome: 'blocked' })
      expect(await clickWhenSeen(button)).to.include({ outcome: 'none' })
      expect(asked(stage, '/look')).to.deep.equal([{ access: active, cookies: [SEEN] }])

      world.hub.listener.seen.length = 0
      await tab.open(`${shop}/plain`)
      await tab.fetch('/cart', { item: 'boots' })
      expect((await tab.visit(shop)).detail).to.include({ outcome: 'adopt' })
      expect(await tab.sync(), 'the cookie of the exchange has arrived').to.include({ outcome: 'keep' })
      // Where the document has no access yet, its script asks.
      expect(asked(stage, '/frame')).to.deep.equal([
        { access: isTold ? 'inactive' : undefined, cookies },
        ...(isTold ? [{ access: active, cookies: [SEEN] }] : []),
        { access: isTold ? 'inactive' : undefined, cookies },
        ...(isTold ? [{ access: active, cookies: [SEEN, HUB, TURN] }] : []),
      ])
    })

    // A frame that looks at its own `sessionStorage` there, and is removed, takes from the page what the page writes from then on.
    for (const isGranted of [false, true])
      it(`the page keeps all that it writes to its own sessionStorage, ${isGranted ? 'with access' : 'as it comes'}`, async () => {
        const { tab, hub, shop, travel } = stage
        await visitHub(stage)
        if (isGranted) {
          await listenIn(tab.page, `${shop}/plain`)
          const button = await embed(tab.page, hub, '/access')
          await button.next()
          await clickWhenSeen(button)
        }
        await tab.open(`${shop}/plain`)
        await tab.fetch('/cart', { item: 'boots' })
        for (const outcome of isGranted ? ['keep', 'keep'] : ['blocked', 'blocked']) {
          await tab.visit(shop)
          expect(await tab.sync()).to.include(isGranted ? { outcome } : { isBlocked: true })
          await tab.run(() => {
            sessionStorage.setItem('draft', `${sessionStorage.getItem('draft') ?? ''}x`)
          })
          await tab.open(`${travel}/plain`)
          await tab.open(`${shop}/plain`)
        }
        expect(await tab.run(() => sessionStorage.getItem('draft'))).to.equal('xx')
      })

    it('a click in the popup brings access: in Firefox 140 alone, later with a click on the button after it; nobody is asked', async () => {
      const { tab, hub, shop } = stage
      const access = await openShop(stage)
      const cookies = await plant(stage, access)
      const popup = await openPopup(tab.page, `${hub}/unlock?${new URLSearchParams({ site: shop })}`)
      const closed = new Promise((resolve) => popup.once('close', resolve))
      await popup.click('button')
      await closed
      expect(await heardBy(tab.page)).to.deep.equal([
        { origin: hub, data: { sessionHub: 1, unlocked: true } },
      ])

      const silent = await embed(tab.page, hub, '/frame')
      if (access === undefined) {
        expect(await silent.next()).to.include({ outcome: 'none' })
        expect(asked(stage, '/frame')).to.deep.equal([{ access, cookies: [SEEN] }])
        return
      }
      expect(await silent.next()).to.include({ outcome: 'blocked' })
      expect(asked(stage, '/frame')).to.deep.equal([{ access, cookies }])

      const button = await embed(tab.page, hub, '/access')
      await button.next()
      expect(await clickWhenSeen(button)).to.include({ outcome: 'none' })
      expect(asked(stage, '/look')).to.deep.equal([{ access: 'active', cookies: [SEEN] }])
    })
  })
})
