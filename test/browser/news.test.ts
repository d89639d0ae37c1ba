/** What an open page hears of cookies that change, where `document.cookie` is behind the event that tells of it: in real browsers. */
import { expect } from 'chai'

import { inBrowser } from '../support/stage.js'

/** A browser may tell a document of a cookie's change a moment before `document.cookie` has it. Here it always does, by a fifth of a second. */
function keepCookiesBehind(): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the document below
  const read = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')?.get
  if (!read) return
  const current = () => String(read.call(document))
  let before = current()
  let isBehind = false
  Object.defineProperty(document, 'cookie', {
    configurable: true,
    get: () => (isBehind ? before : (before = current())),
  })
  // The first listener of all.
  cookieStore.addEventListener('change', () => {
    isBehind = true
    setTimeout(() => {
      isBehind = false
      before = current()
    }, 200)
  })
}

for (const kind of ['allowed', 'firefox'] as const)
  for (const isBehind of [true, false])
    describe(`a page hears of a cookie in ${kind === 'firefox' ? 'Firefox @all' : 'Chromium'}, ${isBehind ? 'where document.cookie is behind' : 'as it comes'}`, () => {
      inBrowser(
        kind,
        (stage) => {
          /** Signed in on shop, in a page that has synced and hears of changes. */
          beforeEach(async () => {
            const { tab, shop } = stage
            if (isBehind) await tab.page.evaluateOnNewDocument(keepCookiesBehind)
            await tab.visit(shop)
            await tab.fetch('/sign-in', { name: 'ada' })
            await tab.until(() => document.cookie.includes('session-state'))
            await tab.sync()
            await tab.until(() =>
              performance.getEntriesByType('resource').some(({ name }) => /\/live\.[^/]*js$/.test(name)),
            )
          })

          it('when its own site has ended the session', async () => {
            await stage.tab.fetch('/sign-out', {})
            await stage.tab.event('session-ended')
            expect(await stage.tab.eventsNamed('session-ended')).to.have.length(1)
          })

          it('when its own site has signed in another user: the hub is told', async () => {
            const { tab, world } = stage
            const before = world.hub.listener.seen.length
            const since = await tab.run(() => SessionHub.status.atMs)
            await tab.fetch('/sign-in', { name: 'bob' })
            await tab.until((atMs) => SessionHub.status.atMs > atMs, since)
            const asked = world.hub.listener.seen.slice(before).map(({ url }) => url.split('?')[0])
            // Where the frame is blocked, it has been asked all the same.
            expect(asked).to.include(kind === 'allowed' ? '/exchange' : '/frame')
          })

          it('once, when the visitor signs out by it', async () => {
            const { tab } = stage
            const before = await tab.run(() => SessionHub.status.atMs)
            expect(await tab.run(() => SessionHub.signOut())).to.equal(true)
            await tab.until((since) => SessionHub.status.atMs > since, before)
            expect(await tab.eventsNamed('session-ended')).to.deep.equal([{ reason: 'signed-out' }])
          })

          // Firefox keeps the hub's cookie from the frame, which so has none to watch.
          if (kind === 'allowed')
            it('when the visitor signs out on another site', async () => {
              const other = await stage.browser.newPage()
              await other.visit(stage.travel)
              await other.run(() => SessionHub.signOut())
              expect((await stage.tab.event('session-ended')).detail).to.deep.equal({ reason: 'signed-out' })
            })
        },
        { sites: ['shop', 'travel'] },
      )
    })

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** A test's own time limit would leave it waiting for ever. */
const until = async (isSo: () => boolean) => {
  for (let time = 0; time < 400 && !isSo(); time += 1) await pause(20)
  expect(isSo(), 'it came to pass').to.equal(true)
}

describe('what changes before anybody listens, in Chromium', () => {
  /** Holds back the hub's answers to a redemption. */
  let isHolding = false
  let held: (() => void)[] = []
  const release = () => {
    isHolding = false
    for (const answer of held) answer()
    held = []
  }

  inBrowser(
    'allowed',
    (stage) => {
      afterEach(release)
      const framesOf = (site: string) =>
        stage.world.hub.listener.seen.filter(({ url }) => url.startsWith('/frame') && url.includes(site))
          .length

      for (const isChanged of [true, false])
        it(
          isChanged
            ? 'the turn between the frame’s answer and its listener: the page asks once more'
            : 'nothing: the page asks once',
          async () => {
            const { tab, shop } = stage
            await tab.visit(shop)
            await tab.fetch('/sign-in', { name: 'ada' })
            await tab.sync()
            await tab.page.evaluateOnNewDocument((change) => {
              if (location.pathname !== '/frame' || !change || sessionStorage.getItem('changed')) return
              sessionStorage.setItem('changed', 'yes')
              // As another page's sign-out does. The document has come by now, and its script has not run.
              document.cookie = '__Host-session-hub-turn=; path=/; secure; samesite=none; max-age=0'
            }, isChanged)
            const before = framesOf(shop)
            await tab.run(() => {
              localStorage.clear()
            })
            await tab.visit(shop)
            await until(() => framesOf(shop) - before >= (isChanged ? 2 : 1))
            await pause(1500)
            expect(framesOf(shop) - before).to.equal(isChanged ? 2 : 1)
            expect(await tab.fetch('/whoami')).to.include({ subject: 'ada' })
          },
        )

      it('nothing, in a browser that keeps no such cookie: the page does not ask on and on @all', async () => {
        const { tab, shop } = stage
        await tab.visit(shop)
        await tab.fetch('/sign-in', { name: 'ada' })
        await tab.sync()
        await tab.page.evaluateOnNewDocument(() => {
          if (location.pathname === '/frame')
            document.cookie = '__Host-session-hub-turn=; path=/; secure; samesite=none; max-age=0'
        })
        // The frame that was there hears of it first.
        await tab.visit(shop)
        await pause(500)
        for (let visits = 0; visits < 2; visits += 1) {
          await tab.run(() => {
            localStorage.clear()
          })
          await tab.visit(shop)
          // A frame that is told of a change says so at once, and each second.
          await pause(500)
          const before = framesOf(shop)
          await pause(1500)
          expect(framesOf(shop)).to.equal(before)
        }
      })

      it('the session, while a page redeems its ticket: the page hears it after that', async () => {
        const { tab, shop, travel, browser } = stage
        await tab.visit(shop)
        await tab.fetch('/sign-in', { name: 'ada' })
        await tab.sync()
        const other = await browser.newPage()
        isHolding = true
        await other.open(travel)
        await until(() => held.length > 0)
        await tab.page.bringToFront()
        await tab.run(() => SessionHub.signOut())
        await tab.until(() => SessionHub.status.outcome === 'none')
        release()
        expect((await other.event('session-replaced')).detail).to.include({ signedIn: true })
        expect((await other.event('session-ended')).detail).to.deep.equal({ reason: 'signed-out' })
      })
    },
    {
      sites: ['shop', 'travel'],
      inFrontOfHub(req, res, next) {
        if (isHolding && req.url === '/backchannel/redeem') {
          const end = res.end.bind(res) as (...given: unknown[]) => typeof res
          res.end = (...given: unknown[]) => {
            held.push(() => end(...given))
            return res
          }
        }
        next()
      },
    },
  )
})

for (const kind of ['allowed', 'firefox'] as const)
  describe(`what another tab of its site changes before live.js is there, in ${kind === 'firefox' ? 'Firefox @all' : 'Chromium'}`, () => {
    inBrowser(
      kind,
      (stage) => {
        it('the page hears', async () => {
          const { tab, shop, browser } = stage
          await tab.open(`${shop}/plain`)
          await tab.fetch('/sign-in', { name: 'ada' })
          let load: (() => unknown) | undefined
          await tab.page.setRequestInterception(true)
          tab.page.on('request', (request) => {
            if (/\/live\.[^/]*js$/.test(request.url())) load = () => request.continue()
            else void request.continue()
          })
          // In Firefox a module that is on its way holds the load event.
          await tab.page.goto(shop, { waitUntil: 'domcontentloaded' })
          await tab.until(() => 'SessionHub' in window && SessionHub.status.atMs > 0)
          await until(() => load !== undefined)
          const other = await browser.newPage()
          await other.open(`${shop}/plain`)
          await other.fetch('/sign-out', {})
          await tab.until(() => !document.cookie.includes('session-state'))
          // What is hidden looks when it is seen; this page has been seen before anything listens for that.
          await tab.page.bringToFront()
          await tab.until(() => !document.hidden)
          expect(await tab.eventsNamed('session-ended')).to.deep.equal([])
          load?.()
          expect((await tab.event('session-ended')).detail).to.have.keys('reason')
        })
      },
      { sites: ['shop', 'travel'] },
    )
  })
