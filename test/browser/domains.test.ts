/** One application on eight domains, in a real Chromium: one visitor, one session, one event stream. */
import { expect } from 'chai'

import { type AppWorld, EIGHT, startAppWorld } from '../support/app-world.js'
import { startBrowser, type TestBrowser } from '../support/browser.js'
import { until } from '../support/until.js'

describe('one application on eight domains, in Chromium', () => {
  let world: AppWorld
  let browser: TestBrowser

  beforeEach(async () => {
    world = await startAppWorld({ origins: 'ask' })
    browser = await startBrowser('allowed')
  })
  afterEach(async () => {
    await browser.close()
    await world.close()
  })

  it('shows the cart of one and the sign-in of another on all of them, signs out on all, and holds one stream', async () => {
    const [de, fr, it, ...others] = EIGHT.map((name) => world.at(name))
    const page = await browser.newPage()
    await page.visit(de!)
    await page.fetch('/cart', { item: 'boots' })
    expect(await page.sync()).to.include({ outcome: 'adopt', rung: 'frame' })
    expect((await page.visit(fr!)).detail).to.include({ outcome: 'replace' })
    await page.fetch('/sign-in', { name: 'ada' })
    expect(await page.sync()).to.include({ outcome: 'adopt' })

    for (const domain of [de!, it!, ...others]) {
      await page.visit(domain)
      await until(async () => ((await page.fetch('/whoami')) as { subject: unknown }).subject === 'ada')
      expect(await page.fetch('/whoami'), domain).to.deep.include({ data: { cart: ['boots'] } })
    }

    await page.page.evaluate(() => SessionHub.signOut())
    for (const domain of [de!, fr!, it!, ...others]) {
      await page.open(`${domain}/plain`)
      await until(async () => ((await page.fetch('/who')) as { subject: unknown }).subject === null)
    }
    expect(world.streams()).to.equal(1)
    expect(page.errors).to.deep.equal([])

    // A domain that is added now is one more of them.
    await page.visit(de!)
    await page.fetch('/cart', { item: 'a hat' })
    await page.sync()
    await page.visit(await world.add('customer'))
    await until(async () => JSON.stringify(await page.fetch('/whoami')).includes('a hat'))
    expect(world.streams()).to.equal(1)
  })
})
