/**
 * The demo of `npm start`, in real Chromium: one cart on its three sites, whether the browser lets the hub into their pages or not; and
 * what its users see of their sessions.
 */
import { expect } from 'chai'
import type { Page } from 'puppeteer'

import { siteNames } from '../../demo/sites.js'
import { type Demo, startDemo } from '../../demo/world.js'
import type { BrowserKind, TestBrowser, TestPage } from '../support/browser.js'
import { pressFrameButton } from '../support/rungs.js'
import { useBrowser } from '../support/stage.js'

let demo: Demo
let browser: TestBrowser
let tab: TestPage
let page: Page
/** Of the hub and the sites; the browser keeps its own clock. */
let offsetMs: number

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'

function inBrowser(kind: BrowserKind): void {
  useBrowser(kind, (started) => (browser = started))
  beforeEach(async () => {
    offsetMs = 0
    demo = await startDemo({ portBase: 0, now: () => Date.now() + offsetMs })
    tab = await browser.newPage()
    ;({ page } = tab)
  })
  afterEach(() => demo.close())
}

const fillCart = async () => {
  await page.goto(demo.addresses.shop)
  await page.click('[data-add="Wool blanket"]')
  await page.waitForSelector('#cart [data-line]')
}
/** By the links at the top, looked at before they are clicked. */
const follow = async (name: (typeof siteNames)[number]) => {
  await page.focus(`.sisters a[href^="${demo.addresses[name]}"]`)
  if (await page.$('#share:not([hidden])'))
    await tab.until(() =>
      performance.getEntriesByType('resource').some(({ name: url }) => url.endsWith('/session-hub/link')),
    )
  await page.click(`.sisters a[href^="${demo.addresses[name]}"]`)
  await tab.until((to) => origin === to && document.readyState === 'complete', demo.addresses[name])
}
const cart = async () => {
  await page.waitForSelector('#cart [data-line]')
  return page.$$eval('#cart [data-item]', (items) => items.map(({ textContent }) => textContent))
}
const said = (id: string) => page.$eval(`#${id}`, ({ textContent }) => textContent)
const untilSaid = (id: string, words: string) =>
  tab.until((where, what) => document.getElementById(where)?.textContent.includes(what), id, words)

describe('the demo, where the frame has its cookies', () => {
  inBrowser('allowed')

  it('opens the panel for developers by a button', async () => {
    await page.goto(demo.addresses.shop)
    await page.waitForSelector('html[data-outcome="none"]')
    await page.click('#panel')
    await tab.until(() =>
      [...document.querySelectorAll('*')].some((one) => one.shadowRoot?.textContent.includes('Outcomenone')),
    )
    expect(tab.errors).to.deep.equal([])
  })

  it('stops sharing where the visitor wants that, and shares again @all', async () => {
    await fillCart()
    await page.click('#sharing')
    await untilSaid('sharing', 'Share again')
    expect(await said('words')).to.include('You share nothing in this browser')
    await follow('travel')
    await untilSaid('words', 'You share nothing in this browser')
    expect(await page.$$('#cart [data-line]')).to.deep.equal([])

    await follow('shop')
    expect(await said('sharing')).to.equal('Share again')
    expect(await cart()).to.deep.equal(['Wool blanket'])
    await page.click('#sharing')
    await untilSaid('sharing', 'Stop sharing')
    await follow('travel')
    await page.click('#sync-now')
    expect(await cart()).to.deep.equal(['Wool blanket'])
  })

  it('brings the cart along in silence, and offers nothing else', async () => {
    await fillCart()
    await untilSaid('outcome', 'adopt')
    expect(await page.$('#news:empty')).to.not.equal(null)
    await follow('travel')
    await page.waitForSelector('#news:not(:empty)')
    expect(await cart()).to.deep.equal(['Wool blanket'])
    await untilSaid('rung', 'frame')
    expect(await page.$('#share[hidden]')).to.not.equal(null)
    expect(tab.errors).to.deep.equal([])
  })
})

describe('the demo, where third-party cookies are blocked', () => {
  inBrowser('blocked')

  beforeEach(async () => {
    await fillCart()
    await page.waitForSelector('#share:not([hidden])')
  })

  it('brings the cart along by the links at the top, on and on', async () => {
    await follow('travel')
    await untilSaid('words', 'The link that you followed')
    expect(await cart()).to.deep.equal(['Wool blanket'])
    await page.click('[data-add="Canal by bicycle"]')
    await tab.until(() => document.querySelectorAll('#cart [data-line]').length === 2)
    await follow('magazine')
    expect(await cart()).to.deep.equal(['Wool blanket', 'Canal by bicycle'])
    expect(tab.errors).to.deep.equal([])
  })

  it('fetches it from the hub by a redirect', async () => {
    await page.click('#share a')
    await untilSaid('rung', 'redirect')
    await page.goto(demo.addresses.travel)
    await page.waitForSelector('#share:not([hidden])')
    await page.click('#share a')
    await untilSaid('words', 'The redirect through the hub')
    expect(await cart()).to.deep.equal(['Wool blanket'])
    expect(page.url()).to.equal(`${demo.addresses.travel}/`)
  })

  it('says kindly that the browser refused, and what is left', async () => {
    await page.waitForSelector('#share-button iframe')
    await pressFrameButton(tab)
    await untilSaid('share-said', 'The browser refused')
    expect(await page.$('#share-button iframe')).to.equal(null)
  })

  it('explains itself to who wants to know', async () => {
    await page.click('.explained summary')
    await untilSaid('explained', 'The frame is blocked by this browser')
    expect(await said('explained')).to.include(demo.addresses.hub)
  })
})

const newsIn = ({ page: where }: TestPage) => where.$eval('#news', ({ textContent }) => textContent)
const untilNews = (where: TestPage, words: string) =>
  where.until((what) => document.getElementById('news')?.textContent.includes(what), words)
const signInByForm = async ({ page: where }: TestPage, site: string, name: string) => {
  await where.goto(`${site}/devices`)
  await where.type('#account #name', name)
  await Promise.all([where.waitForNavigation(), where.click('#account form button')])
}
const press = async ({ page: where }: TestPage, selector: string) => {
  await Promise.all([where.waitForNavigation(), where.click(selector)])
}
const listed = ({ page: where }: TestPage) =>
  where.$$eval('.device', (devices) =>
    devices.map((device) =>
      ['h3', '.from'].map((part) => device.querySelector(part)?.textContent.trim().replace(/\s+/g, ' ')),
    ),
  )
/** A request as the page's own script would send it. */
const fetched = (path: string, body: object) => tab.fetch(path, body)
const sites = () => demo.addresses

describe('the demo’s page of devices @all', () => {
  inBrowser('allowed')
  let phone: TestPage

  beforeEach(async () => {
    phone = (await browser.newVisitor()).page
    await phone.page.setUserAgent({ userAgent: PHONE })
  })

  it('lists where the user is signed in, and as what, this one marked', async () => {
    await signInByForm(phone, sites().travel, 'Ada')
    await signInByForm(tab, sites().shop, 'Ada')
    expect(await listed(tab)).to.deep.equal([
      ['Chrome on Linux This one', 'Kettle & Thread'],
      ['Safari on iPhone', 'Northbound'],
    ])
    expect(tab.errors).to.deep.equal([])
  })

  it('shows a browser’s description of itself as the text that it is', async () => {
    await phone.page.setUserAgent({ userAgent: '<img src=x onerror="document.title=1">' })
    await signInByForm(phone, sites().travel, 'Ada')
    expect(await listed(phone)).to.deep.equal([
      ['<img src=x onerror="document.title=1"> This one', 'Northbound'],
    ])
    expect(await phone.page.$('.device img')).to.equal(null)
  })

  it('ends one, and the page that is open there says so at once', async () => {
    await signInByForm(phone, sites().travel, 'Ada')
    await phone.event('synced')
    await signInByForm(tab, sites().shop, 'Ada')
    await press(tab, '.device [name=ref] + button')

    expect(await listed(tab)).to.have.length(1)
    expect(await newsIn(tab)).to.include('That session has ended')
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal('news')
    await untilNews(phone, 'signed out from another device')
    await phone.page.waitForSelector('#account #name')
    expect(await listed(phone)).to.deep.equal([])
    expect(await phone.page.$eval('#chip', ({ textContent }) => textContent)).to.include('Guest')
  })

  it('ends all others, or all of them', async () => {
    await signInByForm(phone, sites().travel, 'Ada')
    await signInByForm(tab, sites().shop, 'Ada')
    await press(tab, '[action$=end-others] button')
    expect(await listed(tab)).to.deep.equal([['Chrome on Linux This one', 'Kettle & Thread']])
    await untilNews(phone, 'signed out from another device')

    await signInByForm(phone, sites().travel, 'Ada')
    await press(phone, '[action$=everywhere] button')
    expect(await newsIn(phone)).to.include('You are signed out here, and everywhere else')
    await untilNews(tab, 'You signed out on another site')
    expect(await tab.fetch('/whoami')).to.include({ subject: null })
  })

  it('works without script', async () => {
    await signInByForm(phone, sites().travel, 'Ada')
    await page.setJavaScriptEnabled(false)
    await signInByForm(tab, sites().shop, 'Ada')
    expect(await listed(tab)).to.have.length(2)
    await press(tab, '.device [name=ref] + button')
    expect(await listed(tab)).to.have.length(1)
    await press(tab, '[action$=everywhere] button')
    expect(await page.$('#account #name')).to.not.equal(null)
  })

  for (const [from, status, subject] of [
    ['travel', 403, 'Ada'],
    ['shop', 200, null],
  ] as const)
    it(
      subject ? 'does nothing that a page of another site asks for' : 'does it for its own page: the twin',
      async () => {
        await signInByForm(tab, sites().shop, 'Ada')
        await page.goto(`${sites()[from]}/password`)
        const answered = page.waitForNavigation()
        await page.evaluate((action) => {
          const form = document.createElement('form')
          Object.assign(form, { method: 'post', action })
          document.body.append(form)
          form.submit()
        }, `${sites().shop}/devices/sign-out-everywhere`)
        expect((await answered)?.status()).to.equal(status)
        await page.goto(`${sites().shop}/devices`)
        expect(await tab.fetch('/whoami')).to.include({ subject })
      },
    )

  it('says what cannot be done while the hub is away', async () => {
    await signInByForm(phone, sites().travel, 'Ada')
    await signInByForm(tab, sites().shop, 'Ada')
    await demo.stopHub()
    await press(tab, '[action$=end-others] button')
    expect(await newsIn(tab)).to.include('That is not possible right now')
    expect(await said('account')).to.include('This list is not available right now')
  })
})

describe('the demo’s page that asks for a fresh sign-in @all', () => {
  inBrowser('allowed')

  it('is open a moment after a sign-in, on another site too', async () => {
    await signInByForm(tab, sites().shop, 'Ada')
    await page.goto(sites().travel)
    await untilSaid('you', 'Ada')
    await page.goto(`${sites().travel}/password`)
    expect(await said('account')).to.include('Pretend to change it')
  })

  it('asks again later, and signs out all other devices at the change', async () => {
    const { page: other } = await browser.newVisitor()
    await signInByForm(other, sites().travel, 'Ada')
    await signInByForm(tab, sites().shop, 'Ada')
    offsetMs = 61_000
    await page.goto(`${sites().shop}/password`)
    expect(await said('account')).to.not.include('Pretend')
    await press(tab, '[action$=sign-in] button')
    await press(tab, '#account form button')
    expect(await newsIn(tab)).to.include('All your other devices are signed out')
    await untilNews(other, 'signed out from another device')
  })
})

describe('the demo, where the session changes elsewhere', () => {
  inBrowser('allowed')

  it('says on an open page that the user has come from another site', async () => {
    const travel = await browser.newPage()
    await travel.visit(sites().travel)
    await page.bringToFront()
    await tab.visit(sites().shop)
    await fetched('/sign-in', { name: 'Ada' })
    await untilNews(travel, 'What you did on our other sites is here now')
    await travel.until(() => document.querySelector('#you [data-name]')?.textContent === 'Ada')
  })

  describe('to another user', () => {
    beforeEach(async () => {
      // Two users in one browser, neither of whom the hub could know of.
      await demo.stopHub()
      for (const [site, name] of [
        ['shop', 'Ada'],
        ['travel', 'Bob'],
      ] as const) {
        await page.goto(`${sites()[site]}/whoami`)
        await fetched('/sign-in', { name })
      }
      await demo.startHub()
      // The sites leave a hub alone that was away a moment ago.
      offsetMs = 15_000
      await page.goto(sites().shop)
      await untilSaid('outcome', 'adopt')
      await page.goto(sites().travel)
      await page.waitForSelector('#conflict:not([hidden])')
    })

    it('asks who goes on, and leaves both until then', async () => {
      expect(await newsIn(tab)).to.equal('Ada is signed in on the other sites, and Bob on this one.')
      const choices = await page.$$eval('#conflict button', (buttons) =>
        buttons.map(({ textContent }) => textContent),
      )
      expect(choices).to.deep.equal(['Stay as Bob', 'Continue as Ada'])
      expect(await tab.fetch('/whoami')).to.include({ subject: 'Bob' })
    })

    it('goes on as the one of the other sites', async () => {
      await page.click('[data-choice=hub]')
      await untilNews(tab, 'You are now signed in here as you are on our other sites')
      await tab.until(() => document.querySelector('#you [data-name]')?.textContent === 'Ada')
      expect(await page.$('#conflict[hidden]')).to.not.equal(null)
    })

    it('stays, and is asked on the site of the other one too', async () => {
      await page.click('[data-choice=site]')
      await untilNews(tab, 'Bob stays')
      await follow('shop')
      await untilNews(tab, 'Bob is signed in on the other sites, and Ada on this one')
      await page.click('[data-choice=hub]')
      await tab.until(() => document.querySelector('#you [data-name]')?.textContent === 'Bob')
    })
  })
})
