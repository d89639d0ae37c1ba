/** What open pages hear of a session that changes elsewhere, in real browsers. */
import { expect } from 'chai'

import type { TestPage } from '../support/browser.js'
import { inBrowser } from '../support/stage.js'

/** In milliseconds; a machine that is busy with other tests may be slower than the second that a visitor is promised. */
const AT_ONCE = 5000

/** Within the page's own clock: how long after `sinceMs` it heard. */
const heardAfter = (page: TestPage, name: string, sinceMs: number): Promise<number> =>
  page.page
    .waitForFunction(
      (wanted) => (window as unknown as { heard: Record<string, number> }).heard[wanted],
      { polling: 20, timeout: AT_ONCE },
      name,
    )
    .then(async (handle) => Number(await handle.jsonValue()) - sinceMs)

/** Notes when each event came, and forgets those before. */
const noteTimes = (page: TestPage): Promise<void> =>
  page.run(() => {
    const heard: Record<string, number> = {}
    Object.assign(window, { heard })
    for (const name of ['session-replaced', 'session-ended'])
      addEventListener(name, () => (heard[name] = Date.now()))
  })

const isWatching = (page: TestPage): Promise<void> =>
  page.until(() => performance.getEntriesByType('resource').some(({ name }) => /\/live[^/]*\.js$/.test(name)))

describe('an open tab on another site, in Chromium with third-party cookies allowed', () => {
  inBrowser('allowed', (stage) => {
    let other: TestPage

    beforeEach(async () => {
      other = await stage.browser.newPage()
      await other.visit(stage.travel)
      await isWatching(other)
      await stage.tab.page.bringToFront()
      await other.until(() => document.hidden)
    })

    it('hears of a sign-in within a second, though nobody looks at it', async () => {
      await stage.tab.visit(stage.shop)
      await noteTimes(other)
      await stage.tab.fetch('/sign-in', { name: 'ada' })
      const since = Date.now()
      expect(await stage.tab.sync()).to.include({ outcome: 'adopt' })
      const ms = await heardAfter(other, 'session-replaced', since)
      console.log('sign-in', ms)
      expect(await other.fetch('/whoami')).to.include({ subject: 'ada' })
    })

    it('hears of a sign-out within a second', async () => {
      await stage.tab.visit(stage.shop)
      await stage.tab.fetch('/sign-in', { name: 'ada' })
      await stage.tab.sync()
      await other.event('session-replaced')
      await noteTimes(other)
      const since = Date.now()
      await stage.tab.run(() => SessionHub.signOut())
      console.log('sign-out', await heardAfter(other, 'session-ended', since))
      expect(await other.eventsNamed('session-ended')).to.deep.equal([{ reason: 'signed-out' }])
    })

    it('hears nothing where nothing has changed', async () => {
      await stage.tab.visit(stage.shop)
      await stage.tab.sync()
      await stage.tab.sync()
      const seen = () =>
        stage.world.hub.listener.seen.filter(({ url }) => url.includes(encodeURIComponent(stage.travel)))
          .length
      expect(seen()).to.equal(1)
    })
  })
})
