/**
 * How many sessions a user has under each policy, with several real browsers on several sites: counted at the hub after every step,
 * and looked at in every browser.
 */
import { expect } from 'chai'
import type { HubOptions } from 'session-hub/hub'

import type { BrowserKind, TestPage } from '../support/browser.js'
import { byLink, type Climb } from '../support/rungs.js'
import { inBrowser, type Stage } from '../support/stage.js'
import { until } from '../support/until.js'

/** One user's browser, with the page that is open in it. */
type Device = TestPage

interface Scene extends Stage {
  readonly desktop: Device
  readonly phone: Device
  readonly work: Device
}

/** How a session comes from the shop to travel in this browser. */
const WORLDS: Readonly<Record<string, { kind: BrowserKind; climb?: Climb }>> = {
  'with third-party cookies allowed': { kind: 'allowed' },
  'with third-party cookies blocked, by links @all': { kind: 'blocked', climb: byLink },
}

for (const [where, { kind, climb }] of Object.entries(WORLDS)) {
  describe(`the sessions of one user, in Chromium ${where}`, function () {
    // Three browsers on two sites, looked at again and again.
    this.timeout(60_000)

    const policy = (options: Partial<HubOptions>, tests: (scene: Scene) => void) => {
      inBrowser(
        kind,
        (stage) => {
          const scene = stage as { -readonly [Part in keyof Scene]: Scene[Part] }
          beforeEach(async () => {
            for (const name of ['desktop', 'phone', 'work'] as const) {
              const { page } = await stage.browser.newVisitor()
              scene[name] = page
            }
          })
          tests(scene)
        },
        { sites: ['shop', 'travel'], sisters: true, hub: options, site: { live: true } },
      )
    }

    /** At the shop, and on to travel, whose page stays open. */
    async function signIn(scene: Scene, device: Device, name: string): Promise<void> {
      const { hub, shop, travel } = scene
      const before = listening(scene)
      await device.visit(shop)
      await device.fetch('/sign-in', { name })
      await device.sync()
      const visitor = { page: device, hub, site: shop }
      if (climb) {
        await climb.approach(visitor, `${travel}/`)
        await climb.take(visitor)
      } else {
        await device.visit(travel)
        await device.sync()
      }
      expect(await device.fetch('/whoami')).to.include({ subject: name })
      await until(() => listening(scene) > before)
    }

    /** How often a page of travel has begun to listen. */
    const listening = ({ world }: Scene) =>
      world.siteOf('travel').listener.seen.filter(({ url }) => url === '/session-hub/live').length

    /** On the page that is open, by the SDK. */
    const signOut = (device: Device) => device.run(() => SessionHub.signOut())

    /** Why the session is over, as the page that is open is told without asking. */
    const told = async (device: Device) => (await device.event('session-ended')).detail.reason

    const count = async ({ world }: Scene, subject = 'ada') =>
      (await world.hub.hub.sessions.list(subject, { limit: 1000 })).length

    /** Who is signed in on each site, for whoever opens its page now and lets it sync. */
    async function seenBy({ shop, travel }: Scene, ...devices: Device[]): Promise<string[]> {
      const seen = []
      for (const device of devices) {
        const subjects = new Set<string>()
        for (const site of [travel, shop]) {
          await device.visit(site)
          await device.sync()
          const { subject } = await device.fetch('/whoami')
          subjects.add(typeof subject === 'string' ? subject : 'nobody')
        }
        seen.push([...subjects].join(' and '))
      }
      return seen
    }

    describe('where each user has one', () => {
      policy({ singleSession: true }, (scene) => {
        it('is the latest sign-in’s; the others are told, and see nobody on any site', async () => {
          const { desktop, phone, work } = scene
          await signIn(scene, desktop, 'ada')
          expect(await count(scene)).to.equal(1)

          await signIn(scene, phone, 'ada')
          expect(await count(scene)).to.equal(1)
          expect(await told(desktop)).to.equal('replaced-elsewhere')
          expect(await seenBy(scene, desktop)).to.deep.equal(['nobody'])
          expect(await phone.eventsNamed('session-ended')).to.deep.equal([])

          await signIn(scene, work, 'ada')
          expect(await count(scene)).to.equal(1)
          expect(await told(phone)).to.equal('replaced-elsewhere')
          expect(await seenBy(scene, desktop, phone, work)).to.deep.equal(['nobody', 'nobody', 'ada'])

          await signOut(work)
          expect(await count(scene)).to.equal(0)
          expect(await seenBy(scene, desktop, phone, work)).to.deep.equal(['nobody', 'nobody', 'nobody'])

          await signIn(scene, desktop, 'ada')
          expect(await count(scene)).to.equal(1)
          expect(await seenBy(scene, desktop, phone, work)).to.deep.equal(['ada', 'nobody', 'nobody'])
        })

        it('leaves the sessions of others alone @all', async () => {
          const { desktop, phone } = scene
          await signIn(scene, desktop, 'bob')
          await signIn(scene, phone, 'ada')
          expect([await count(scene, 'bob'), await count(scene, 'ada')]).to.deep.equal([1, 1])
          expect(await seenBy(scene, desktop, phone)).to.deep.equal(['bob', 'ada'])
        })
      })
    })

    describe('where a rule says for whom @all', () => {
      policy({ singleSession: (subject) => subject === 'ada' }, (scene) => {
        it('is one for those, and any number for others', async () => {
          const { desktop, phone, work } = scene
          await signIn(scene, desktop, 'ada')
          expect(await count(scene)).to.equal(1)
          await signIn(scene, phone, 'ada')
          expect(await count(scene)).to.equal(1)
          expect(await told(desktop)).to.equal('replaced-elsewhere')

          await signIn(scene, desktop, 'bob')
          expect(await count(scene, 'bob')).to.equal(1)
          await signIn(scene, work, 'bob')
          expect(await count(scene, 'bob')).to.equal(2)
          expect(await count(scene)).to.equal(1)
          expect(await desktop.eventsNamed('session-ended')).to.deep.equal([])
          expect(await seenBy(scene, desktop, phone, work)).to.deep.equal(['bob', 'ada', 'bob'])
        })
      })
    })

    describe('where a sign-out ends all @all', () => {
      policy({ endAllOnSignOut: true }, (scene) => {
        it('are as many as browsers, and none after it', async () => {
          const devices = [scene.desktop, scene.phone, scene.work]
          for (const [index, device] of devices.entries()) {
            await signIn(scene, device, 'ada')
            expect(await count(scene)).to.equal(index + 1)
          }

          await signOut(scene.phone)
          expect(await count(scene)).to.equal(0)
          expect([await told(scene.desktop), await told(scene.work)]).to.deep.equal([
            'signed-out',
            'signed-out',
          ])
          expect(await seenBy(scene, ...devices)).to.deep.equal(['nobody', 'nobody', 'nobody'])
        })
      })
    })

    describe('where a sign-out ends its own @all', () => {
      policy({}, (scene) => {
        it('are as many as browsers, and one less after each', async () => {
          const { desktop, phone, work } = scene
          for (const [index, device] of [desktop, phone, work].entries()) {
            await signIn(scene, device, 'ada')
            expect(await count(scene)).to.equal(index + 1)
          }

          await signOut(phone)
          expect(await count(scene)).to.equal(2)
          expect(await desktop.eventsNamed('session-ended')).to.deep.equal([])
          expect(await seenBy(scene, desktop, phone, work)).to.deep.equal(['ada', 'nobody', 'ada'])

          await signOut(desktop)
          expect(await count(scene)).to.equal(1)
          await signOut(work)
          expect(await count(scene)).to.equal(0)
          expect(await seenBy(scene, desktop, phone, work)).to.deep.equal(['nobody', 'nobody', 'nobody'])
        })
      })
    })
  })
}

describe('a page that does not listen, in Chromium with third-party cookies allowed', () => {
  inBrowser(
    'allowed',
    (stage) => {
      it('is told that its user has signed in elsewhere when somebody looks at it again', async () => {
        const { tab, shop } = stage
        await tab.visit(shop)
        await tab.fetch('/sign-in', { name: 'ada' })
        await tab.sync()
        const other = await stage.browser.newPage()
        await tab.until(() => document.hidden)

        const { page: phone } = await stage.browser.newVisitor()
        await phone.visit(shop)
        await phone.fetch('/sign-in', { name: 'ada' })
        expect(await tab.eventsNamed('session-ended')).to.deep.equal([])

        // A look within two seconds of the last sync asks nobody.
        await tab.until((since) => Date.now() - since > 2000, (await tab.run(() => SessionHub.status)).atMs)
        await tab.page.bringToFront()
        expect((await tab.event('session-ended')).detail).to.deep.equal({ reason: 'replaced-elsewhere' })
        expect(await tab.fetch('/whoami')).to.include({ session: 'none' })
        await other.page.close()
      })
    },
    { sites: ['shop', 'travel'], hub: { singleSession: true } },
  )
})
