/**
 * What browsers purge as a bounce tracker's, and what then happens to the visitor: docs/bounce-tracking.md has it in words. Each purge is forced,
 * and where nothing may be purged, the hub of another company is, which the visitor was led through later.
 */
import { expect } from 'chai'

import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { byLink, byRedirect } from '../support/rungs.js'
import { until } from '../support/until.js'
import { startWorld, type World } from '../support/world.js'

const HUB = '__Host-session-hub'

interface Way {
  readonly kind: BrowserKind
  readonly args?: readonly string[]
}

/**
 * A chain of redirects ends with the visitor's next step, or after a time; an hour later the browser may purge, and it looks once an hour. All of that is a
 * second here. (Chromium 156 has no command of the DevTools protocol for it any more.)
 */
const SOON = ['client_bounce_detection_timeout', 'grace_period', 'timer_delay']
  .map((name) => `${name}/1s`)
  .join('/')

/** Each of them purges by itself. */
const WAYS: Record<string, Way> = {
  'Chromium with third-party cookies blocked': { kind: 'blocked', args: [`--enable-features=DIPS:${SOON}`] },
  Firefox: { kind: 'purging' },
  'Firefox in its stateless mode': { kind: 'purging, stateless' },
}

describe('bounce tracking', () => {
  for (const [name, way] of Object.entries(WAYS)) {
    describe(`in ${name}`, () => {
      let browser: TestBrowser
      let page: TestPage
      let world: World
      let other: World

      const start = async (hubName: string) => {
        world = await startWorld({ hubName, sisters: true })
        other = await startWorld({ hubName: 'else', sites: ['elsewhere'] })
        browser = await startBrowser(way.kind, way.args)
        page = await browser.newPage()
      }
      afterEach(async () => {
        await browser.close()
        await world.close()
        await other.close()
      })

      const visitor = () => ({ page, hub: world.hub.origin, site: world.siteOf('shop').origin })
      const whoami = () => page.fetch('/whoami')

      /** As visitors do: browsers purge nothing of a site that was clicked in. */
      async function visit(site: string, on = world): Promise<void> {
        await page.visit(on.siteOf(site).origin)
        await page.click('body')
      }
      /** To the hub and back. @returns the outcome */
      async function beLed(site: string, on = world): Promise<string | null> {
        await visit(site, on)
        await byRedirect.bring(visitor())
        return page.run(() => SessionHub.status.outcome)
      }
      async function signIn(site: string, on = world): Promise<void> {
        await visit(site, on)
        await page.fetch('/cart', { item: 'boots' })
        await page.fetch('/sign-in', { name: 'ada' })
      }
      const holds = async (on: World) => {
        const { hostname } = new URL(on.hub.origin)
        return (await browser.cookies()).some((cookie) => cookie.name === HUB && cookie.domain === hostname)
      }
      const untilPurged = (on: World) => until(async () => !(await holds(on)))
      /** A purge has run after the visitor was led through the hub: it took the other company's. */
      async function untilPurgedElsewhere(): Promise<void> {
        await signIn('elsewhere', other)
        await beLed('elsewhere', other)
        await untilPurged(other)
      }

      it('purges the cookie of a hub on a domain of its own, and nothing of the sites; links go on, and so does the sign-out', async () => {
        await start('hub')
        await visit('travel')
        await page.fetch('/cart', { item: 'a map' })
        await signIn('shop')
        expect(await beLed('shop')).to.equal('adopt')
        await untilPurged(world)

        await visit('shop')
        const ada = { session: 'signed-in', subject: 'ada', data: { cart: ['boots'] } }
        expect(await whoami()).to.deep.include(ada)
        await visit('travel')
        expect(await whoami()).to.deep.include({ session: 'anonymous', data: { cart: ['a map'] } })
        expect(await beLed('magazine'), 'a site that nobody has been to').to.equal('none')
        expect(await beLed('shop'), 'from a site that has the session').to.equal('adopt')

        await visit('shop')
        await byLink.approach(visitor(), world.siteOf('travel').origin)
        await byLink.take(visitor())
        expect(await whoami()).to.deep.include(ada)
        await page.run(() => SessionHub.signOut())
        world.advance(301)
        await visit('shop')
        expect(await whoami()).to.deep.include({ session: 'none' })
      }).timeout(180_000)

      it('leaves the cookie of a hub in whose page the visitor has clicked', async () => {
        await start('hub')
        await page.open(`${world.hub.origin}/you`)
        await page.click('p')
        await signIn('shop')
        expect(await beLed('shop')).to.equal('adopt')
        await untilPurgedElsewhere()
        expect(await holds(world)).to.equal(true)
        expect(await beLed('travel')).to.equal('replace')
        expect(await whoami()).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
      }).timeout(180_000)

      it('leaves the cookie of a hub on the domain of a site in which the visitor clicks', async () => {
        await start('hub.shop')
        await signIn('travel')
        await visit('shop')
        expect(await beLed('travel')).to.equal('adopt')
        await untilPurgedElsewhere()
        expect(await holds(world)).to.equal(true)
        expect(await beLed('magazine')).to.equal('replace')
        expect(await whoami()).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
      }).timeout(180_000)
    })
  }
})
