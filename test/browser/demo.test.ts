/** The demo of `npm start`, in real Chromium: one cart on its three sites, whether the browser lets the hub into their pages or not. */
import { expect } from 'chai'
import type { Page } from 'puppeteer'

import { siteNames } from '../../demo/sites.js'
import { type Demo, startDemo } from '../../demo/world.js'
import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { pressFrameButton } from '../support/rungs.js'

let demo: Demo
let browser: TestBrowser
let tab: TestPage
let page: Page

function inBrowser(kind: BrowserKind): void {
  beforeEach(async () => {
    demo = await startDemo({ portBase: 0 })
    browser = await startBrowser(kind)
    tab = await browser.newPage()
    ;({ page } = tab)
  })
  afterEach(async () => {
    await browser.close()
    await demo.close()
  })
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

  it('brings the cart along in silence, and offers nothing else', async () => {
    await fillCart()
    await untilSaid('outcome', 'adopt')
    await follow('travel')
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
    await untilSaid('words', 'The way over the hub')
    expect(await cart()).to.deep.equal(['Wool blanket'])
    expect(page.url()).to.equal(`${demo.addresses.travel}/`)
  })

  it('says kindly that the browser said no, and what is left', async () => {
    await page.waitForSelector('#share-button iframe')
    await pressFrameButton(tab)
    await untilSaid('share-said', 'The browser said no')
    expect(await page.$('#share-button iframe')).to.equal(null)
  })

  it('explains itself to who wants to know', async () => {
    await page.click('.explained summary')
    await untilSaid('explained', 'The frame is blocked by this browser')
    expect(await said('explained')).to.include(demo.addresses.hub)
  })
})
