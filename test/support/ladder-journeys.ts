/** The journeys of a visitor whose browser keeps the hub's cookie from the frame, on one rung of the ladder. */
import { expect } from 'chai'

import type { DrivenPage } from './driven-page.js'
import { type LadderRow, noteRung } from './ladder-table.js'
import { framesOf, requestsOf } from './requests.js'
import { until } from './until.js'
import type { Climb, Visitor } from './rungs.js'
import { expectNoTicketLeft } from './traces.js'
import { startWorld, type World, type WorldOptions } from './world.js'

export interface Entrance {
  readonly page: DrivenPage
  readonly leave: () => Promise<void>
}

export interface Journeys {
  readonly row: LadderRow
  /** A visitor whom nobody has seen before. */
  readonly enter: () => Promise<Entrance>
  readonly world?: WorldOptions
}

export function ladderJourneys({ row, enter, world: options }: Journeys, climb: Climb): void {
  const { rung, isAsked, greet } = climb
  // On another rung, and in another browser, the first journey stands for them all in `npm test`.
  const further = row === 'blocked' && rung === 'link' ? '' : ' @all'

  describe(`by ${rung}`, () => {
    let world: World
    let leave: Entrance['leave']
    let page: DrivenPage
    let visitor: Visitor
    let shop: string
    let travel: string
    let magazine: string

    beforeEach(async () => {
      world = await startWorld({ sisters: true, ...options })
      shop = world.siteOf('shop').origin
      travel = world.siteOf('travel').origin
      magazine = world.siteOf('magazine').origin
      ;({ page, leave } = await enter())
      visitor = { page, hub: world.hub.origin, site: shop }
      await greet?.(visitor)
    })
    afterEach(async () => {
      await leave()
      await world.close()
    })

    const bring = () => climb.bring(visitor)
    const go = async (to: string) => {
      await climb.approach(visitor, to)
      await climb.take(visitor)
      await expectNoTicketLeft(world, page)
    }
    const whoami = () => page.fetch('/whoami')
    const status = () => page.run(() => ({ ...SessionHub.status }))

    /** Fills the cart on shop and comes to travel with it. */
    const comeToTravel = async () => {
      await page.visit(shop)
      await page.fetch('/cart', { item: 'boots' })
      await bring()
      await go(travel)
    }

    it('shows on travel the cart that was filled on shop, and leaves no ticket behind (R24)', async () => {
      expect((await page.visit(shop)).detail).to.include({ outcome: 'blocked', isBlocked: true })
      noteRung(row, 'frame', { how: 'no' })
      await page.fetch('/cart', { item: 'boots' })
      await bring()
      await climb.approach(visitor, travel)
      const [before, framesBefore] = [requestsOf(world), framesOf(world)]
      await climb.take(visitor)
      // Whoever comes back from a redirect is on a page that asks the frame, too, at its own time.
      if (rung === 'redirect') await until(() => framesOf(world) > framesBefore)
      noteRung(row, rung, { how: isAsked ? 'prompt' : 'works', requests: requestsOf(world) - before })

      expect(await status()).to.include({ rung, outcome: 'replace', reason: null })
      expect(await whoami()).to.deep.include({ session: 'anonymous', data: { cart: ['boots'] } })
      expect(await page.run(() => location.href)).to.equal(`${travel}/`)
      await expectNoTicketLeft(world, page)
      await goBack(page)
      expect(await page.run(() => location.pathname + location.search), 'the step before it').to.equal('/')
      await expectNoTicketLeft(world, page)
    })

    it(`takes along to a third site what was added on the second${further}`, async () => {
      await comeToTravel()
      await page.fetch('/cart', { item: 'a map' })
      await bring()
      await go(magazine)
      expect(await whoami()).to.deep.include({ data: { cart: ['boots', 'a map'] } })
    })

    it(`merges the cart of the site that the visitor comes to${further}`, async () => {
      await page.visit(travel)
      await page.fetch('/cart', { item: 'a map' })
      await comeToTravel()
      expect(await page.run(told, 'session-replaced')).to.include({ reason: 'merged', signedIn: false })
    })

    it(`signs in on travel, and is signed in on magazine, with the cart${further}`, async () => {
      await comeToTravel()
      await page.fetch('/sign-in', { name: 'ada', claims: { name: 'Ada' } })
      await bring()
      await go(magazine)
      expect(await page.run(told, 'session-replaced')).to.include({ signedIn: true })
      expect(await whoami()).to.deep.equal({
        session: 'signed-in',
        subject: 'ada',
        claims: { name: 'Ada' },
        data: { cart: ['boots'] },
      })
    })

    it(`signs out on shop, is signed out on travel too (R28), and comes there as another user${further}`, async () => {
      await page.visit(shop)
      await page.fetch('/sign-in', { name: 'ada' })
      await bring()
      await go(travel)
      expect(await whoami()).to.include({ subject: 'ada' })

      await page.visit(shop)
      expect(await page.run(() => SessionHub.signOut())).to.equal(true)
      world.advance(301)
      await page.visit(travel)
      expect(await whoami()).to.include({ session: 'none' })

      await page.visit(shop)
      await page.fetch('/sign-in', { name: 'grace' })
      await bring()
      await go(travel)
      expect(await whoami()).to.include({ subject: 'grace' })
    })

    it(`asks nobody anything when the visitor comes back${further}`, async () => {
      await comeToTravel()
      const before = requestsOf(world)
      // By a page of the site's own: who types the address may come from anywhere, in a browser without the Navigation API.
      await page.run(() => {
        Object.assign(window, { isLeft: true })
        setTimeout(() => {
          location.assign('/')
        })
      })
      await page.until(() => !('isLeft' in window) && 'SessionHub' in window && SessionHub.status.atMs > 0)
      expect(await status()).to.include({ requests: 0 })
      expect(requestsOf(world)).to.equal(before)
      expect(await whoami()).to.deep.include({ data: { cart: ['boots'] } })
    })
  })
}

/** What the SDK has said last by this name. */
const told = (name: 'session-replaced'): Promise<unknown> =>
  new Promise((resolve) => {
    SessionHub.on(name, resolve)
  })

async function goBack(page: DrivenPage): Promise<void> {
  await page.run(() => {
    Object.assign(window, { isLast: true })
    // Not before this has returned: the page may be gone at once.
    setTimeout(() => {
      history.back()
    })
  })
  await page.until(() => !('isLast' in window) && document.readyState === 'complete')
}
