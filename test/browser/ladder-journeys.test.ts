/** The ladder in browsers that keep the hub's cookie from the frame, and how little of it there is in those that do not. */
import { expect } from 'chai'

import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { type Entrance, ladderJourneys } from '../support/ladder-journeys.js'
import { compareTable, type LadderRow, noteRung, unseenCells } from '../support/ladder-table.js'
import { requestsOf } from '../support/requests.js'
import {
  byFrame,
  byLink,
  byPopup,
  byRedirect,
  pressFrameButton,
  showAccessButton,
  showFrameButton,
  type Visitor,
} from '../support/rungs.js'
import { useBrowser } from '../support/stage.js'
import { startWorld, type World } from '../support/world.js'

/** Those of the test that runs. */
let browser: TestBrowser
let page: TestPage

const enter = (kind: BrowserKind) => async (): Promise<Entrance> => {
  browser = await startBrowser(kind)
  page = await browser.newPage()
  return { page, leave: () => browser.close() }
}

/** What a visitor would say to the browser's question, which a headless one does not show. */
async function allow({ hub }: Visitor): Promise<void> {
  // As long as this session lasts, so does the answer.
  const session = await browser.browser.target().createCDPSession()
  await session.send('Browser.setPermission', {
    permission: { name: 'storage-access' },
    setting: 'granted',
    origin: await page.run(() => origin),
    embeddedOrigin: hub,
  })
}

/** A click at the hub itself, in a tab that closes itself then: before it, Firefox gives the hub's frames nothing. */
async function greetHub({ hub, site }: Visitor): Promise<void> {
  const tab = await page.page.browserContext().newPage()
  await tab.goto(`${hub}/unlock?site=${encodeURIComponent(site)}`)
  const isGone = new Promise((resolve) => tab.once('close', resolve))
  await tab.click('button')
  await isGone
}

describe('the ladder, in Chromium with third-party cookies blocked', () => {
  before(async () => {
    browser = await startBrowser('blocked')
  })
  after(() => browser.close())

  const enterShared = async () => {
    page = await browser.newPage()
    return { page, leave: () => browser.renew() }
  }

  for (const climb of [byFrame(allow), byLink, byRedirect])
    ladderJourneys({ row: 'blocked', enter: enterShared }, climb)
})

describe('the ladder, in a private window of Chromium @all', () => {
  // No test can give this window storage access: what the driver allows holds for ordinary windows.
  for (const climb of [byLink, byRedirect])
    ladderJourneys({ row: 'incognito', enter: enter('incognito') }, climb)
})

describe('the ladder, in Firefox as it comes', () => {
  before(async () => {
    browser = await startBrowser('firefox')
  })
  after(() => browser.close())

  const enterFirefox = async () => {
    const visitor = await browser.newVisitor()
    page = visitor.page
    return visitor
  }

  for (const climb of [byPopup({ greet: greetHub }), byLink, byRedirect])
    ladderJourneys({ row: 'firefox', enter: enterFirefox }, climb)
})

describe('a visitor who says no @all', () => {
  const ways = { blocked: 'Chromium', incognito: 'a private window of Chromium' } as const
  for (const kind of ['blocked', 'incognito'] as const) {
    it(`is asked by the browser, and goes on with the session of the site, in ${ways[kind]}`, async () => {
      const world = await startWorld()
      const { leave } = await enter(kind)()
      try {
        await page.visit(world.siteOf('shop').origin)
        await page.fetch('/cart', { item: 'boots' })
        // The sync that the new session begins by itself would have the last word.
        await page.sync()
        await showFrameButton(page)
        const frame = page.page.frames().find((one) => one.url().includes('/access?'))
        const permission = await frame?.evaluate(
          async () => (await navigator.permissions.query({ name: 'storage-access' })).state,
        )
        expect(permission).to.equal('prompt')
        if (kind === 'incognito') noteRung(kind, 'access', { how: 'prompt' })
        await pressFrameButton(page)
        expect(await page.run(() => ({ ...SessionHub.status }))).to.include({
          outcome: 'blocked',
          reason: 'access_denied',
          isBlocked: true,
        })
        expect(await page.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
      } finally {
        await leave()
        await world.close()
      }
    })
  }
})

describe('the ladder where the frame has its cookies', () => {
  const ways = [
    { kind: 'allowed', requests: 2, who: 'third-party cookies allowed' },
    { kind: 'granted', requests: 3, who: 'access granted before' },
  ] as const
  for (const { kind, requests, who } of ways) {
    describe(`in Chromium, ${who}`, () => {
      let world: World
      let shop: string
      let travel: string

      useBrowser(kind, (started) => (browser = started))
      beforeEach(async () => {
        world = await startWorld({ sisters: true })
        page = await browser.newPage()
        shop = world.siteOf('shop').origin
        travel = world.siteOf('travel').origin
      })
      afterEach(() => world.close())

      it('is never entered: a cart, a sign-in and a sign-out come by the frame alone', async () => {
        await page.visit(shop)
        await page.fetch('/cart', { item: 'boots' })
        await page.sync()
        const before = requestsOf(world)
        expect(await page.visitLoaded(travel)).to.include({ outcome: 'replace', rung: 'frame' })
        expect(requestsOf(world) - before).to.equal(requests)
        noteRung(kind, 'frame', { how: 'works', requests })

        await page.fetch('/sign-in', { name: 'ada' })
        await page.sync()
        // A page that is ready for the ladder does not climb it either.
        await page.visit(shop)
        await page.sync()
        await showAccessButton(page)
        await page.run((to) => {
          SessionHub.decorate()
          const link = document.createElement('a')
          Object.assign(link, { id: 'link', href: to, textContent: to })
          document.body.append(link)
        }, travel)
        expect(await page.fetch('/whoami')).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
        await page.click('#link')
        await page.until((to) => location.href === to && 'SessionHub' in window, `${travel}/`)
        expect(await page.run(() => SessionHub.signOut())).to.equal(true)
        await page.visit(shop)
        await page.sync()
        expect(await page.fetch('/whoami')).to.include({ session: 'none' })

        const asked = [world.hub, ...Object.values(world.sites)].flatMap(({ listener }) =>
          listener.seen.map(({ url }) => url.replace(/\?.*/, '')),
        )
        expect(
          asked.filter((path) => /ladder|link|sisters|enter|redirect|callback|look|access|unlock/.test(path)),
        ).to.deep.equal([])
        for (const rung of ['access', 'link', 'redirect'] as const)
          noteRung(kind, rung, { how: 'not needed' })
      })
    })
  }
})

describe('the table of docs/browsers.md @all', () => {
  const rows: LadderRow[] = ['allowed', 'blocked', 'incognito', 'granted', 'firefox']

  it('says what the journeys have seen', () => {
    expect(unseenCells(rows)).to.deep.equal([])
    const { written, measured } = compareTable()
    expect(written).to.equal(measured)
  })
})
