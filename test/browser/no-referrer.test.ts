/** A browser that hides which page a frame is in, from the hub too: what the page is told, and which ways are left. */
import { expect } from 'chai'

import { byLink } from '../support/rungs.js'
import { inBrowser } from '../support/stage.js'

describe('a page in a Firefox that sends no Referer', () => {
  inBrowser(
    'hardened',
    (stage) => {
      it('is blocked, hears why and what is left, and its link brings the cart', async () => {
        const { tab, hub, shop, travel } = stage
        expect((await tab.visit(shop)).detail).to.include({
          outcome: 'blocked',
          reason: 'referrer_missing',
          rung: null,
          isBlocked: true,
        })
        // Storage access is no way: its frame could not be told from a stranger's either.
        expect((await tab.event('access-needed')).detail).to.deep.equal({
          reason: 'referrer_missing',
          rungs: ['link', 'redirect'],
        })
        expect(await tab.run(() => SessionHub.explain())).to.include('The frame is blocked by this browser.')

        await tab.fetch('/cart', { item: 'boots' })
        await byLink.approach({ page: tab, hub, site: shop }, travel)
        await byLink.take({ page: tab, hub, site: travel })
        expect(await tab.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
      })
    },
    { sites: ['shop', 'travel'], sisters: true },
  )
})
