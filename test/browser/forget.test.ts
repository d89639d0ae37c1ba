/** A visitor who opts out: what still comes along, and what does not. */
import { expect } from 'chai'

import { inBrowser } from '../support/stage.js'

describe('a visitor who opts out, in Chromium with third-party cookies allowed', () => {
  inBrowser('allowed', (stage) => {
    /** A cart on shop that travel has too, and a page of shop. */
    beforeEach(async () => {
      const { tab, shop, travel } = stage
      await tab.visit(shop)
      await tab.fetch('/cart', { item: 'boots' })
      await tab.sync()
      await tab.visit(travel)
      await tab.visit(shop)
    })
    const cartOn = async (site: string) => {
      await stage.tab.open(`${site}/plain`)
      return (await stage.tab.fetch('/whoami')).data
    }

    it('loses nothing on any site, and shares nothing any more', async () => {
      const { tab, shop, travel, world } = stage
      expect(await tab.run(() => SessionHub.forget())).to.include({ outcome: null, reason: 'opted_out' })
      expect(await tab.eventsNamed('session-ended')).to.deep.equal([])
      await tab.fetch('/cart', { item: 'laces' })
      expect(await tab.sync()).to.include({ outcome: null, reason: 'opted_out' })
      expect(await cartOn(shop)).to.deep.equal({ cart: ['boots', 'laces'] })

      await tab.open(travel)
      await tab.until(() => SessionHub.status.atMs > 0)
      expect(await tab.sync()).to.include({ outcome: 'none', reason: 'opted_out' })
      await tab.until(() => localStorage.getItem('session-hub-parted') !== null)
      await tab.fetch('/cart', { item: 'tent' })
      expect(await cartOn(travel)).to.deep.equal({ cart: ['boots', 'tent'] })
      expect(await cartOn(shop)).to.deep.equal({ cart: ['boots', 'laces'] })

      // A site that was not visited before gets nothing.
      expect((await tab.visit(world.siteOf('magazine').origin)).detail).to.include({ reason: 'opted_out' })
      expect(await tab.fetch('/whoami')).to.include({ session: 'none' })
    })

    it('asks the hub nothing more on the site where that was said', async () => {
      const { tab, shop, hub, world } = stage
      await tab.run(() => SessionHub.forget())
      const before = world.hub.listener.seen.filter(({ url }) => !url.startsWith('/backchannel')).length
      await tab.open(shop)
      await tab.until(() => SessionHub.status.reason === 'opted_out')
      await tab.sync()
      const after = world.hub.listener.seen.filter(({ url }) => !url.startsWith('/backchannel')).length
      expect(after).to.equal(before)
      const cookies = await stage.browser.cookies()
      expect(
        cookies.filter(({ name }) => name === '__Host-session-hub'),
        hub,
      ).to.deep.equal([])
    })

    it('shares again after taking it back', async () => {
      const { tab, travel } = stage
      await tab.run(() => SessionHub.forget())
      await tab.fetch('/cart', { item: 'laces' })
      expect(await tab.run(() => SessionHub.forget({ undo: true }))).to.include({ outcome: 'adopt' })
      expect((await tab.visit(travel)).detail).to.include({ outcome: 'replace' })
      expect((await tab.fetch('/whoami')).data).to.deep.equal({ cart: ['boots', 'laces'] })
    })

    it('is told where it came to nothing', async () => {
      const { tab, world } = stage
      await world.siteOf('shop').listener.stop()
      expect(await tab.run(() => SessionHub.forget())).to.include({
        outcome: 'failed',
        reason: 'unreachable',
      })
      await world.siteOf('shop').listener.start()
    })

    it('opts out of this site while the hub is down', async () => {
      const { tab, world } = stage
      world.hub.listener.hang(true)
      const { outcome, reason } = await tab.run(() => SessionHub.forget())
      expect([outcome, reason]).to.deep.equal(['failed', 'unavailable'])
      world.hub.listener.hang(false)
      expect(await tab.sync()).to.include({ outcome: null, reason: 'opted_out' })
    })
  })
})
