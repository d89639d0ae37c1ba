/** The rung of storage access in real browsers, in pages with a strict policy: by the hub's frame in Chromium, by its window in Firefox. */
import { expect } from 'chai'
import type { Frame, Page } from 'puppeteer'

import type { BrowserKind, TestBrowser, TestPage } from '../support/browser.js'
import { pressFrameButton, untilFrameButton, VISIBLE_FRAME } from '../support/rungs.js'
import { useBrowser } from '../support/stage.js'
import { startWorld, type World } from '../support/world.js'

let world: World
let browser: TestBrowser
let page: TestPage
let hub: string
let shop: string

/** As good as fresh for each test, with nothing granted. */
function inBrowser(kind: BrowserKind): void {
  useBrowser(kind, (started) => (browser = started))
  beforeEach(async () => {
    world = await startWorld()
    hub = world.hub.origin
    shop = world.siteOf('shop').origin
    page = await browser.newPage()
  })
  afterEach(() => world.close())
}

/** Ada signs in on travel, and the hub learns of it in her own window. */
async function signInOnTravel(): Promise<void> {
  const travel = world.siteOf('travel').origin
  await page.open(`${travel}/plain`)
  await page.fetch('/sign-in', { name: 'ada' })
  await page.open(`${travel}/session-hub/redirect?return=/plain`)
}

/** The shop, with a button that asks for access, and one that asks nothing. */
async function openShop(): Promise<void> {
  await page.visit(shop)
  await page.event('access-needed')
  await page.page.evaluate(() => {
    const ask = document.createElement('button')
    ask.id = 'ask'
    ask.onclick = () => {
      void SessionHub.requestAccess().then((status) => Object.assign(window, { asked: { ...status } }))
    }
    document.body.append(ask)
  })
}

/** What `requestAccess()` has promised; a moment later the client's status says the same. */
async function answer(): Promise<Record<string, unknown>> {
  const handle = await page.page.waitForFunction(() => (window as unknown as { asked: object }).asked, {
    polling: 20,
  })
  const asked = (await handle.jsonValue()) as Record<string, unknown>
  const later = await page.page.evaluate(
    () => new Promise((resolve) => setTimeout(() => resolve({ ...SessionHub.status }))),
  )
  expect(later).to.deep.equal(asked)
  return asked
}

/** The hub's frame with the button, once it stands there and waits for a click. */
async function visibleFrame(show: () => Promise<void>): Promise<Frame> {
  await untilFrameButton(page, show)
  const element = await page.page.waitForSelector(VISIBLE_FRAME, { visible: true })
  return await element!.contentFrame()
}

const askByDialog = () => visibleFrame(() => page.click('#ask'))

const status = () => page.page.evaluate(() => ({ ...SessionHub.status }))

describe('storage access in Chromium with cookies blocked', () => {
  inBrowser('blocked')

  /** As the visitor would in the browser's own prompt, which a headless browser does not show. */
  async function allow(): Promise<void> {
    const session = await browser.browser.target().createCDPSession()
    await session.send('Browser.setPermission', {
      permission: { name: 'storage-access' },
      setting: 'granted',
      origin: shop,
      embeddedOrigin: hub,
    })
  }

  it('R17: a click in the dialog brings the session, and the dialog goes', async () => {
    await signInOnTravel()
    await openShop()
    await askByDialog()
    await allow()
    expect(await page.page.$eval('dialog', (dialog) => dialog.matches(':modal'))).to.equal(true)
    await pressFrameButton(page)
    expect(await answer()).to.include({
      outcome: 'replace',
      reason: null,
      rung: 'access',
      isBlocked: false,
    })
    expect(await page.eventsNamed('session-replaced')).to.deep.equal([
      { reason: 'empty', source: 'frame', signedIn: true },
    ])
    expect(await page.fetch('/whoami')).to.include({ subject: 'ada' })
    expect(await page.page.$('dialog, iframe')).to.equal(null)
    expect(await page.page.evaluate(() => document.activeElement?.id)).to.equal('ask')
    const late = await page.page.evaluate(() => {
      let told = 'nothing'
      SessionHub.on('access-needed', () => (told = 'access-needed'))
      return new Promise((resolve) => setTimeout(resolve)).then(() => told)
    })
    expect(late, 'said no more').to.equal('nothing')
  })

  it('shows the hub what the site has, when the click has brought access', async () => {
    await signInOnTravel()
    await page.open(`${shop}/plain`)
    await page.fetch('/cart', { item: 'boots' })
    await openShop()
    await askByDialog()
    await allow()
    await pressFrameButton(page)
    expect(await answer()).to.include({ outcome: 'replace', rung: 'access' })
    expect(await page.fetch('/whoami')).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
  })

  it('is told where the browser says no, and keeps what it has', async () => {
    await openShop()
    await askByDialog()
    await pressFrameButton(page)
    expect(await answer()).to.include({
      outcome: 'blocked',
      reason: 'access_denied',
      rung: null,
      isBlocked: true,
    })
    expect(await page.page.$('dialog')).to.equal(null)
  })

  for (const [name, close] of [
    ['Escape', () => page.page.keyboard.press('Escape')],
    ['its button', () => page.page.click('dialog button')],
  ] as const) {
    it(`goes by ${name}, and says so`, async () => {
      await openShop()
      await askByDialog()
      await close()
      expect(await answer()).to.include({ outcome: null, reason: 'dismissed', rung: null, isBlocked: true })
      expect(await page.page.$('dialog')).to.equal(null)
      expect(await page.page.evaluate(() => document.activeElement?.id)).to.equal('ask')
    })
  }

  it('does not show the dialog where the hub cannot be reached', async () => {
    await openShop()
    await world.hub.listener.stop()
    await page.click('#ask')
    expect(await answer()).to.include({ outcome: 'failed', reason: 'unreachable' })
    expect(await page.page.$('dialog')).to.equal(null)
  })

  it('can be had by a button in the page, which goes when it has done its work', async () => {
    await signInOnTravel()
    await openShop()
    const frame = await visibleFrame(() =>
      page.run(() => {
        const place = document.createElement('p')
        document.body.append(place)
        const theme = { label: 'Bring my cart', color: '#fff', background: '#036', radius: 4 }
        SessionHub.accessButton(place, theme)
        SessionHub.accessButton(place, theme)
      }),
    )
    await allow()
    expect(await page.page.$$('p iframe')).to.have.length(1)
    expect(await frame.$eval('button', ({ textContent }) => textContent)).to.equal('Bring my cart')
    const { width, height } = (await (await page.page.$('p iframe'))!.boundingBox())!
    expect(height).to.be.at.least(44)
    expect(width).to.equal(await page.page.$eval('p', ({ clientWidth }) => clientWidth))
    await pressFrameButton(page)
    await page.page.waitForFunction(() => !document.querySelector('iframe'), { polling: 20 })
    expect(await status()).to.include({ outcome: 'replace', rung: 'access', isBlocked: false })
  })

  it('tells of a no to the button, and stays until the page takes it away', async () => {
    await openShop()
    await visibleFrame(() =>
      page.run(() => {
        Object.assign(window, { remove: SessionHub.accessButton(document.body) })
      }),
    )
    await pressFrameButton(page)
    await page.page.waitForFunction(() => SessionHub.status.reason === 'access_denied', { polling: 20 })
    expect((await page.eventsNamed('access-needed')).at(-1)).to.deep.equal({
      reason: 'access_denied',
      rungs: ['link', 'redirect'],
    })
    expect(await page.page.$$('iframe')).to.have.length(1)
    await page.page.evaluate(() => {
      ;(window as unknown as { remove: () => void }).remove()
    })
    expect(await page.page.$('iframe')).to.equal(null)
  })
})

describe('storage access in Firefox as it comes @all', () => {
  inBrowser('firefox')

  const popup = async (): Promise<Page> => {
    const target = await browser.browser.waitForTarget((one) => one.url().startsWith(`${hub}/unlock`))
    return (await target.page())!
  }
  /** Until the hub's button is there for a second click, or the browser asks for none. */
  const clickInWindow = () => untilFrameButton(page, async () => (await popup()).click('button'))

  it('R17, R25: a click in the hub’s window, and one in its frame where the browser wants it, bring the session', async () => {
    await signInOnTravel()
    await openShop()
    await page.click('#ask')
    await clickInWindow()
    await pressFrameButton(page)
    expect(await answer()).to.include({ outcome: 'replace', rung: 'access', isBlocked: false })
    expect(await page.eventsNamed('session-replaced')).to.deep.equal([
      { reason: 'empty', source: 'frame', signedIn: true },
    ])
    expect(await page.fetch('/whoami')).to.include({ subject: 'ada' })

    expect(await page.sync(), 'and from then on in silence').to.include({ outcome: 'keep', rung: 'frame' })
  })

  it('a window that the visitor closes has changed nothing', async () => {
    await openShop()
    await page.click('#ask')
    const opened = await popup()
    await opened.waitForSelector('button')
    await opened.close()
    await page.page.bringToFront()
    expect(await answer()).to.include({ outcome: null, reason: 'dismissed', isBlocked: true })
    expect(await page.page.$('dialog')).to.equal(null)
  })

  it('a window that the browser does not open is none', async () => {
    await openShop()
    await page.page.evaluate(() => {
      window.open = () => null
    })
    await page.click('#ask')
    expect(await answer()).to.include({ outcome: null, reason: 'popup_blocked', isBlocked: true })
  })

  it('can be had by a button of the page’s own, which opens that window', async () => {
    await openShop()
    await page.page.evaluate(() => {
      const place = document.createElement('p')
      document.body.append(place)
      SessionHub.accessButton(place, { label: 'Bring my cart', color: '#fff', background: '#036', radius: 4 })
    })
    const button = await page.page.waitForSelector('p button')
    const look = await button!.evaluate((element) => {
      const { color, backgroundColor, borderRadius } = getComputedStyle(element)
      return [element.textContent, color, backgroundColor, borderRadius, element.clientHeight >= 44]
    })
    expect(look).to.deep.equal(['Bring my cart', 'rgb(255, 255, 255)', 'rgb(0, 51, 102)', '4px', true])
    await button!.click()
    await clickInWindow()
    await pressFrameButton(page)
    await page.page.waitForFunction(() => !document.querySelector('p button'), { polling: 20 })
    const synced = await page.eventsNamed('synced')
    expect(synced.filter(({ rung }) => rung === 'access')).to.have.length(1)
  })

  it('R15: neither the page itself nor another’s page in that window can say that it has been unlocked', async () => {
    const stranger = await world.addSite('stranger')
    await openShop()
    await page.click('#ask')
    const opened = await popup()
    await opened.waitForSelector('button')
    world.hub.listener.seen.length = 0
    const heard = page.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let messages = 0
          addEventListener('message', () => {
            messages += 1
            if (messages === 2) setTimeout(resolve, 0, messages)
          })
        }),
    )
    const forged = { sessionHub: 1, unlocked: true }
    await page.page.evaluate((data) => {
      window.postMessage(data, '*')
    }, forged)
    await opened.goto(`${stranger.origin}/plain`)
    await opened.evaluate((data) => {
      ;(window.opener as Window).postMessage(data, '*')
    }, forged)
    expect(await heard).to.equal(2)
    expect(world.hub.listener.seen).to.deep.equal([])
  })
})
