/** Pages in which a part of the browser, or of the SDK, is missing, switched off or throws: the rest works. In real browsers. */
import { expect } from 'chai'

import { inBrowser, type Stage } from '../support/stage.js'
import { until } from '../support/until.js'

const nameOf = (kind: string) => (/firefox/i.test(kind) ? 'Firefox @all' : 'Chromium')

/** What a privacy setting, or a page of its own making, does with the channel between tabs. */
const CHANNELS: Record<string, () => void> = {
  'that works': () => undefined,
  'that is not there': () => {
    Reflect.deleteProperty(window, 'BroadcastChannel')
  },
  'that cannot be opened': () => {
    window.BroadcastChannel = class extends BroadcastChannel {
      constructor(name: string) {
        super(name)
        throw new DOMException('The operation is insecure.', 'SecurityError')
      }
    }
  },
  'that sends nothing': () => {
    BroadcastChannel.prototype.postMessage = () => {
      throw new DOMException('The channel is closed.', 'InvalidStateError')
    }
  },
}

for (const kind of ['allowed', 'firefox'] as const)
  describe(`in ${nameOf(kind)}, a page whose tabs have a channel`, () => {
    inBrowser(
      kind,
      (stage) => {
        for (const [name, damage] of Object.entries(CHANNELS))
          it(`${name} hears of its session’s end all the same, once`, async () => {
            const { tab, shop } = stage
            await tab.page.evaluateOnNewDocument(damage)
            await tab.visit(shop)
            await tab.fetch('/sign-in', { name: 'ada' })
            await tab.sync()
            await tab.until(() => SessionHub.explain().then(() => true))
            // The cookie goes, and `watch.ts` sees it: it begins after the channel.
            await tab.fetch('/sign-out', {})
            await tab.event('session-ended')
            // What it would throw, it throws by then.
            await tab.sync()
            expect(await tab.eventsNamed('session-ended')).to.have.length(1)
            expect(tab.scriptErrors).to.deep.equal([])
          })
      },
      { sites: ['shop', 'travel'] },
    )
  })

for (const kind of ['cookieless', 'cookieless Firefox'] as const)
  describe(`in ${nameOf(kind)} with cookies switched off, a page`, () => {
    inBrowser(
      kind,
      (stage) => {
        it('says so, asks for no access, and nothing is asked of the hub', async () => {
          const { tab, shop, world } = stage
          await tab.open(shop)
          await tab.until(() => 'SessionHub' in window && SessionHub.status.reason === 'cookies_off')
          expect(await tab.sync()).to.include({ outcome: null, reason: 'cookies_off', isBlocked: false })
          expect(await tab.run(() => SessionHub.explain())).to.include('cookies_off')
          expect(await tab.eventsNamed('access-needed')).to.deep.equal([])
          expect(await tab.eventsNamed('synced')).to.deep.equal([])
          expect(world.hub.listener.seen).to.deep.equal([])
          expect(tab.scriptErrors).to.deep.equal([])
        })
      },
      { sites: ['shop', 'travel'] },
    )
  })

describe('in Chromium, a page of a site that has `live`', () => {
  inBrowser(
    'blocked',
    (stage) => {
      for (const [live, requests, error] of [
        ['true', 1, ''],
        ['false', 0, ''],
        ['yes', 0, 'TypeError: SessionHub: no live "yes" in true, false'],
      ] as const)
        it(`${live === 'true' ? 'listens' : 'does not listen'} where the tag has data-live="${live}"`, async () => {
          const { tab, shop, world } = stage
          const { listener, site } = world.siteOf('shop')
          listener.app.get('/page', (req, res) => {
            const tag = site.scriptTag(req)
            expect(tag).to.include('data-live="true"')
            res.send(
              `<!doctype html><title>shop</title>${tag.replace('data-live="true"', `data-live="${live}"`)}`,
            )
          })
          await tab.open(`${shop}/plain`)
          await tab.fetch('/sign-in', { name: 'ada' })
          await tab.visit(`${shop}/page`)
          // It opens with the end of a sync.
          await tab.sync()
          await tab.run(() => fetch('/who').then(() => undefined))
          expect(listener.seen.filter(({ url }) => url === '/session-hub/live')).to.have.length(requests)
          expect(tab.scriptErrors.join()).to.equal(error)
        })
    },
    { sites: ['shop', 'travel'], site: { live: true } },
  )
})

for (const kind of ['allowed', 'firefox'] as const)
  describe(`in ${nameOf(kind)}, a page that begins in a tab behind another one`, () => {
    inBrowser(
      kind,
      (stage) => {
        const framesOf = ({ world }: Stage) =>
          world.hub.listener.seen.filter(({ url }) => url.startsWith('/frame')).length

        for (const isLost of [false, true])
          it(`looks once when it is seen, ${isLost ? 'though live.js could not be loaded' : 'with live.js'}`, async () => {
            const { tab, shop, browser } = stage
            if (isLost) {
              await tab.page.setRequestInterception(true)
              tab.page.on('request', (request) => {
                void (/\/live\.[^/]*js$/.test(request.url()) ? request.abort() : request.continue())
              })
            }
            const asked: string[] = []
            tab.page.on(isLost ? 'requestfailed' : 'requestfinished', (request) => asked.push(request.url()))
            const front = await browser.newPage()
            await front.page.bringToFront()
            await tab.until(() => document.hidden)
            await tab.open(shop)
            expect(await tab.run(() => document.hidden)).to.equal(true)
            await until(() => asked.some((url) => /\/live\.[^/]*js$/.test(url)))
            expect(framesOf(stage)).to.equal(0)

            await tab.page.bringToFront()
            const { detail } = await tab.event('synced')
            expect(detail).to.include({ outcome: kind === 'allowed' ? 'none' : 'blocked' })
            // Whatever else its being seen has begun.
            await tab.until(() => SessionHub.sync().then(() => true))
            expect(framesOf(stage)).to.equal(1)
          })
      },
      { sites: ['shop', 'travel'] },
    )
  })
