/** WebKit with tracking prevention, as Safari has it: the frame gets no cookie, and the page lives on. */
import { expect } from 'chai'

import { trustedCertificate } from '../support/certificate.js'
import { startWebKit, type WebKit } from '../support/webkit.js'
import { startWorld, type World } from '../support/world.js'

describe('a page in WebKit', () => {
  let world: World
  let browser: WebKit
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ certificate: trustedCertificate() })
    browser = await startWebKit()
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
  })
  afterEach(async () => {
    await browser.close()
    await world.close()
  })

  it('keeps its cart to itself while the frame is blocked, and says so', async () => {
    const { page } = browser
    expect(await page.visit(shop)).to.deep.include({ name: 'synced' })
    await page.fetch('/cart', { item: 'boots' })
    expect(await page.sync()).to.include({ outcome: 'blocked', reason: 'blocked' })
    expect(await page.fetch('/whoami')).to.deep.include({ session: 'anonymous', data: { cart: ['boots'] } })

    expect((await page.visit(travel)).detail).to.include({ outcome: 'blocked' })
    expect(await page.fetch('/whoami')).to.deep.include({ session: 'none', data: {} })
  })

  it('signs its visitor in and out at this site', async () => {
    const { page } = browser
    await page.visit(shop)
    expect(await page.fetch('/sign-in', { name: 'ada' })).to.include({ subject: 'ada' })
    await page.visit(shop)
    expect(await page.fetch('/who')).to.include({ session: 'signed-in', subject: 'ada' })
    expect(await page.run(() => SessionHub.signOut())).to.equal(true)
    expect(await page.fetch('/who')).to.include({ session: 'none' })
  })
})
