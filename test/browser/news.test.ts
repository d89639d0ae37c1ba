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
    describe(`a page hears of a cookie in ${kind === 'firefox' ? 'Firefox' : 'Chromium'}, ${isBehind ? 'where document.cookie is behind' : 'as it comes'}`, () => {
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
