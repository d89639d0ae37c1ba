/** One journey and one guard of each kind, behind every adapter. All tests of sites and of attacks behind each: `npm run test:adapters`. */
import { expect } from 'chai'

import { adapters } from '../support/site-app.js'
import { expectGuards } from '../support/travel.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

for (const adapter of adapters) {
  describe(`a site behind the adapter "${adapter}"`, () => {
    let world: World
    let visitor: Visitor
    let shop: string
    let travel: string

    before(async () => {
      world = await startWorld({ sites: ['shop', 'travel'], sisters: true, adapter })
      shop = world.siteOf('shop').origin
      travel = world.siteOf('travel').origin
    })
    beforeEach(() => {
      visitor = new Visitor(world.hub.origin)
    })
    after(() => world.close())

    const seenAt = async (site: string) => {
      const { session, subject, data } = await visitor.whoami(site)
      return { session, subject, data }
    }

    it('shares a cart and a sign-in, and ends everywhere', async () => {
      expect((await visitor.ask(`${shop}/`)).text).to.include(`data-hub="${world.hub.origin}"`)
      expect((await visitor.post(shop, '/cart', { item: 'boots' })).json).to.deep.equal({ cart: ['boots'] })
      expect(await visitor.sync(shop)).to.include({ outcome: 'adopt' })
      expect(await visitor.sync(travel)).to.include({ outcome: 'replace' })
      const signedIn = await visitor.post(travel, '/sign-in', { name: 'ada' })
      expect(signedIn.headers['cache-control'], 'no shared cache keeps it').to.equal('private, no-cache')
      await visitor.sync(travel)
      await visitor.sync(shop)
      expect(await seenAt(shop)).to.deep.equal({
        session: 'signed-in',
        subject: 'ada',
        data: { cart: ['boots'] },
      })
      await visitor.post(shop, '/sign-out', {})
      await visitor.sync(travel)
      expect(await seenAt(travel)).to.deep.equal({ session: 'none', subject: null, data: {} })
    })

    it('carries the cart over a redirect, and along a link', async () => {
      await visitor.post(shop, '/cart', { item: 'boots' })
      expect((await visitor.redirect(shop)).replies.at(-1)?.json).to.include({ session: 'anonymous' })
      expect((await visitor.redirect(travel)).replies.at(-1)?.json).to.deep.include({
        data: { cart: ['boots'] },
      })
      const other = new Visitor(world.hub.origin)
      await other.post(shop, '/cart', { item: 'hat' })
      const { replies } = await other.follow(shop, `${travel}/whoami`)
      expect(replies.at(-1)?.json).to.deep.include({ data: { cart: ['hat'] } })
    })

    it('R18, R31, R39: refuses what the core refuses, and takes the twin', () =>
      expectGuards({ hub: world.hub.origin, shop, travel }))

    it('answers with the status of an error', async () => {
      const reply = await visitor.post(shop, '/patch', { cart: 'x'.repeat(20_000) })
      expect([reply.status, reply.json]).to.deep.equal([413, { error: 'data_too_large' }])
    })
  })
}
