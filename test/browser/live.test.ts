/** What open pages hear of a session that changes elsewhere, in real browsers. */
import { expect } from 'chai'
import { verifySession } from 'session-hub/verify'

import type { TestPage } from '../support/browser.js'
import { keyPair } from '../support/key-pairs.js'
import { byRedirect } from '../support/rungs.js'
import { inBrowser, type Stage } from '../support/stage.js'
import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'

const API = 'https://api.example'
const pair = keyPair('EdDSA')
const WITH_TOKENS = { sessionKey: () => pair.jwk, site: { audiences: [API] } }

/** How long a test waits for news. The figures are the bench's; a busy machine may take longer than a visitor's. */
const PATIENCE_MS = 5000

const heard = async (page: TestPage, name: string, since: number): Promise<object> => {
  const handle = await page.page.waitForFunction(
    (wanted, from) =>
      (window as unknown as { said: { name: string; detail: object }[] }).said
        .slice(from)
        .find((said) => said.name === wanted),
    { polling: 20, timeout: PATIENCE_MS },
    name,
    since,
  )
  return ((await handle.jsonValue()) as { detail: object }).detail
}
/** How many events there were so far. */
const soFar = (page: TestPage) => page.run(() => (window as unknown as { said: unknown[] }).said.length)

const isWatching = (page: TestPage): Promise<void> =>
  page.until(() => performance.getEntriesByType('resource').some(({ name }) => /\/live\.[^/]*js$/.test(name)))

const framesOf = ({ world, travel }: Stage) =>
  world.hub.listener.seen.filter(({ url }) => url.startsWith('/frame') && url.includes(travel)).length

const listening = ({ world }: Stage, name: string) =>
  world.siteOf(name).listener.seen.filter(({ url }) => url === '/session-hub/live').length

describe('an open tab on another site, in Chromium with third-party cookies allowed', () => {
  inBrowser('allowed', (stage) => {
    let other: TestPage

    /** Opens travel in a tab, and leaves it for the one on shop. */
    beforeEach(async () => {
      other = await stage.browser.newPage()
      await other.visit(stage.travel)
      await isWatching(other)
      await stage.tab.page.bringToFront()
      await other.until(() => document.hidden)
      await stage.tab.visit(stage.shop)
    })

    async function signIn(): Promise<void> {
      await stage.tab.fetch('/sign-in', { name: 'ada' })
      expect(await stage.tab.sync()).to.include({ outcome: 'adopt' })
    }

    it('hears of a sign-in at once, though nobody looks at it', async () => {
      await signIn()
      expect(await heard(other, 'session-replaced', 0)).to.include({ source: 'frame', signedIn: true })
      expect(await other.fetch('/whoami')).to.include({ subject: 'ada' })
      expect(await other.run(() => document.hidden)).to.equal(true)
    })

    it('hears of a sign-out at once', async () => {
      await signIn()
      await heard(other, 'session-replaced', 0)
      await stage.tab.run(() => SessionHub.signOut())
      expect(await heard(other, 'session-ended', 0)).to.deep.equal({ reason: 'signed-out' })
      expect(await other.fetch('/whoami')).to.include({ session: 'none' })
    })

    it('hears of the next user too: it goes on watching', async () => {
      await signIn()
      await heard(other, 'session-replaced', 0)
      const since = await soFar(other)
      await stage.tab.fetch('/sign-in', { name: 'bob' })
      await stage.tab.sync()
      await heard(other, 'session-replaced', since)
      expect(await other.fetch('/whoami')).to.include({ subject: 'bob' })
    })

    it('asks the hub nothing while nothing changes, and keeps one frame', async () => {
      await signIn()
      await heard(other, 'session-replaced', 0)
      const before = framesOf(stage)
      for (let time = 0; time < 3; time += 1) await stage.tab.sync()
      expect(framesOf(stage)).to.equal(before)
      expect(await stage.tab.run(() => frames.length)).to.equal(1)
    })

    it('whose last sync needed no frame hears it at its next look', async () => {
      await other.page.reload()
      await isWatching(other)
      expect(await other.run(() => frames.length)).to.equal(0)
      await stage.tab.page.bringToFront()
      await signIn()
      await new Promise((resolve) => setTimeout(resolve, 2100))
      expect(await other.eventsNamed('session-replaced')).to.deep.equal([])
      await other.page.bringToFront()
      expect(await heard(other, 'session-replaced', 0)).to.include({ signedIn: true })
    })

    it('has its cookie of the hub in no page’s reach', async () => {
      await signIn()
      await heard(other, 'session-replaced', 0)
      const frame = other.page.frames().find((one) => one.url().startsWith(stage.hub))
      const readable = await frame?.evaluate(() => document.cookie)
      expect(readable).to.match(/^__Host-session-hub-turn=[\w-]{22}$/)
      expect(await other.run(() => document.cookie)).to.not.include('hub')
    })
  })
})

describe('an open tab on another site, in Chromium with cookies blocked where the visitor has allowed the hub', () => {
  inBrowser('granted', (stage) => {
    it('hears of a sign-in and of a sign-out at once', async () => {
      const other = await stage.browser.newPage()
      await other.visit(stage.travel)
      await stage.tab.page.bringToFront()
      await other.until(() => document.hidden)
      await stage.tab.visit(stage.shop)
      await stage.tab.fetch('/sign-in', { name: 'ada' })
      expect(await stage.tab.sync()).to.include({ outcome: 'adopt' })
      expect(await heard(other, 'session-replaced', 0)).to.include({ source: 'frame', signedIn: true })
      await stage.tab.run(() => SessionHub.signOut())
      expect(await heard(other, 'session-ended', 0)).to.deep.equal({ reason: 'signed-out' })
    })
  })
})

describe('tabs of one site, in Chromium with third-party cookies allowed', () => {
  inBrowser(
    'allowed',
    (stage) => {
      it('hear of a sign-out in another of them', async () => {
        await stage.tab.visit(stage.shop)
        await stage.tab.fetch('/sign-in', { name: 'ada' })
        await stage.tab.sync()
        const second = await stage.browser.newPage()
        await second.visit(stage.shop)
        await isWatching(second)
        await isWatching(stage.tab)
        await second.run(() => SessionHub.signOut())
        expect(await heard(stage.tab, 'session-ended', 0)).to.deep.equal({ reason: 'signed-out' })
        await new Promise((resolve) => setTimeout(resolve, 300))
        for (const tab of [stage.tab, second])
          expect(await tab.eventsNamed('session-ended')).to.deep.equal([{ reason: 'signed-out' }])
      })

      it('has tokens for services on other hosts: one at a time for each, and none of a session that is over', async () => {
        const { tab, shop, world } = stage
        await tab.visit(shop)
        const tokenFor = (audience: string) => tab.run((of) => SessionHub.tokenFor(of), audience)
        const asked = () =>
          world.siteOf('shop').listener.seen.filter(({ url }) => url === '/session-hub/token').length
        expect(await tokenFor(API)).to.equal(undefined)
        await tab.fetch('/sign-in', { name: 'ada' })
        const token = await tokenFor(API)
        const options = { key: pair.publicJwk, issuer: shop, audience: API }
        expect(await verifySession(token!, options)).to.include({ subject: 'ada' })
        expect([await tokenFor(API), asked()]).to.deep.equal([token, 2])
        expect(await tokenFor('https://stranger.example')).to.equal(undefined)

        await tab.fetch('/sign-in', { name: 'bob' })
        expect(await verifySession((await tokenFor(API))!, options)).to.include({ subject: 'bob' })
        await tab.run(() => SessionHub.signOut())
        expect(await tokenFor(API)).to.equal(undefined)
      })
    },
    WITH_TOKENS,
  )
})

describe('a page that comes out of the back/forward cache, in Chromium', () => {
  inBrowser('allowed', (stage) => {
    it('hears that the session ended in another page of its site', async () => {
      const { tab, shop } = stage
      await tab.visit(shop)
      await tab.fetch('/sign-in', { name: 'ada' })
      await tab.sync()
      await isWatching(tab)
      await tab.run(() => Object.assign(window, { isTheSame: true }))
      await tab.open(`${shop}/plain`)
      await tab.fetch('/sign-out', {})
      await tab.page.goBack()
      expect(await tab.run(() => 'isTheSame' in window), 'the very page').to.equal(true)
      expect(await heard(tab, 'session-ended', 0)).to.deep.equal({ reason: 'unknown' })
    })
  })
})

/** As another tab of this browser would. */
async function signInOnShop({ browser, hub, shop, world }: Stage, name: string): Promise<void> {
  const visitor = new Visitor(hub)
  const host = new URL(world.siteOf('shop').origin).hostname
  for (const cookie of await browser.cookies())
    if (cookie.domain === host) visitor.cookies(shop).set(cookie.name, cookie.value)
  expect((await visitor.post(shop, '/sign-in', { name })).status).to.equal(200)
}

for (const kind of ['blocked', 'firefox'] as const)
  describe(`a page whose site does not listen, in ${kind === 'firefox' ? 'Firefox @all' : 'Chromium with cookies blocked'}`, () => {
    inBrowser(kind, (stage) => {
      it('hears at its next look that somebody else signed in on another site', async () => {
        const { tab, shop, travel, hub } = stage
        await tab.visit(shop)
        await tab.fetch('/sign-in', { name: 'ada' })
        await tab.sync()
        await byRedirect.take({ page: tab, hub, site: shop })
        await tab.visit(travel)
        await byRedirect.take({ page: tab, hub, site: travel })
        await tab.sync()
        await isWatching(tab)
        await signInOnShop(stage, 'bob')
        expect(await tab.eventsNamed('session-ended')).to.deep.equal([])
        await tab.run(() => document.dispatchEvent(new Event('visibilitychange')))
        expect(await heard(tab, 'session-ended', 0)).to.deep.equal({ reason: 'signed-in' })
        expect(await tab.fetch('/whoami')).to.include({ session: 'none' })
      })
    })
  })

for (const kind of ['blocked', 'firefox'] as const)
  describe(`a site whose pages listen, in ${kind === 'firefox' ? 'Firefox' : 'Chromium with cookies blocked'}`, () => {
    inBrowser(
      kind,
      (stage) => {
        const visitor = (tab: TestPage) => ({ page: tab, hub: stage.hub, site: stage.travel })

        /** Ada, signed in on shop, comes to travel by a redirect; there a tab stays open. */
        beforeEach(async () => {
          const { tab, shop, travel } = stage
          await tab.visit(shop)
          await tab.fetch('/sign-in', { name: 'ada' })
          await tab.sync()
          await byRedirect.take(visitor(tab))
          await tab.visit(travel)
          await byRedirect.take(visitor(tab))
          expect(await tab.fetch('/whoami')).to.include({ subject: 'ada' })
          await tab.until(() => SessionHub.status.atMs > 0)
          await isListening()
        })
        const isListening = () => until(() => listening(stage, 'travel') > 0)

        it('tells them at once that the session was ended', async () => {
          await stage.world.hub.hub.sessions.endAll('ada')
          expect(await heard(stage.tab, 'session-ended', 0)).to.deep.equal({ reason: 'revoked' })
          expect(await stage.tab.fetch('/whoami')).to.include({ session: 'none' })
        })

        it('tells them at once that somebody else signed in on another site of this browser', async () => {
          await signInOnShop(stage, 'bob')
          expect(await heard(stage.tab, 'session-ended', 0)).to.deep.equal({ reason: 'signed-in' })
          expect(await stage.tab.fetch('/whoami')).to.include({ session: 'none' })
        })

        it('tells them of nobody else’s end', async () => {
          await stage.world.hub.hub.sessions.endAll('bob')
          await new Promise((resolve) => setTimeout(resolve, 300))
          expect(await stage.tab.eventsNamed('session-ended')).to.deep.equal([])
          expect(await stage.tab.fetch('/whoami')).to.include({ subject: 'ada' })
        })
      },
      { site: { live: true } },
    )
  })

describe('two open pages of two users, where each site’s user wins, in Chromium', () => {
  inBrowser(
    'allowed',
    (stage) => {
      it('do not take the hub from each other for ever; a sync of their own takes it', async () => {
        const { tab, shop, travel, world } = stage
        await tab.visit(shop)
        await tab.fetch('/sign-in', { name: 'ada' })
        await tab.sync()
        const other = await stage.browser.newPage()
        await other.open(`${travel}/plain`)
        await other.fetch('/sign-in', { name: 'bob' })
        const exchanges = () => world.hub.listener.seen.filter(({ url }) => url === '/exchange').length
        const before = exchanges()
        await other.visit(travel)
        await new Promise((resolve) => setTimeout(resolve, 1500))
        expect(exchanges() - before, 'bob’s, and the news to ada’s page').to.equal(2)
        expect(await tab.fetch('/whoami')).to.include({ subject: 'ada' })
        expect(await tab.sync()).to.include({ outcome: 'adopt' })
      })
    },
    { hub: { conflict: 'site' } },
  )
})

describe('a conflict of two users, in Chromium with third-party cookies allowed', () => {
  inBrowser('allowed', (stage) => {
    beforeEach(async () => {
      const { tab, shop } = stage
      await tab.visit(shop)
      await tab.fetch('/sign-in', { name: 'ada', claims: { name: 'Ada' } })
      await tab.sync()
    })

    for (const [choice, subject] of [
      ['hub', 'ada'],
      ['site', 'bob'],
    ] as const)
      it(`is the visitor’s to resolve: "${choice}"`, async () => {
        const { tab, travel } = stage
        await tab.open(`${travel}/plain`)
        await tab.fetch('/sign-in', { name: 'bob' })
        await tab.visit(travel)
        expect(await heard(tab, 'session-conflict', 0)).to.deep.include({
          subject: 'ada',
          claims: { name: 'Ada' },
        })
        expect(await tab.fetch('/whoami')).to.include({ subject: 'bob' })
        const { outcome } = await tab.run((said) => SessionHub.resolve(said), choice)
        expect(outcome).to.equal(choice === 'hub' ? 'replace' : 'adopt')
        expect(await tab.fetch('/whoami')).to.include({ subject })
      })
  })
})
