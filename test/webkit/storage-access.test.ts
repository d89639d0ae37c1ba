/** WebKit with tracking prevention: a click in the hub's popup gives the hub's frame its cookies, on the page that opened it. */
import { expect } from 'chai'

import { trustedCertificate } from '../support/certificate.js'
import { startWebKit, type WebKit } from '../support/webkit.js'
import { startWorld, type World } from '../support/world.js'

describe('the hub’s popup in WebKit', () => {
  let world: World
  let browser: WebKit
  let hub: string
  let shop: string
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ certificate: trustedCertificate() })
    browser = await startWebKit()
    hub = world.hub.origin
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
  })
  afterEach(async () => {
    await browser.close()
    await world.close()
  })

  /** The visitor clicks in the page, and then in the window that opens; it closes itself. */
  async function unlock(site: string): Promise<void> {
    const { page, session } = browser
    const windows = async () => (await session.get('/window/handles')) as string[]
    const main = (await session.get('/window')) as string
    await page.run(
      (to: string) => {
        const button = document.createElement('button')
        button.id = 'open'
        button.textContent = 'Open'
        button.onclick = () => void open(to, 'unlock', 'width=400,height=400')
        document.body.prepend(button)
      },
      `${hub}/unlock?${new URLSearchParams({ site }).toString()}`,
    )
    const isOpen = world.hub.listener.next(({ url }) => url.startsWith('/unlock?'))
    await page.click('#open')
    await isOpen
    const other = (await windows()).find((handle) => handle !== main)
    await session.post('/window', { handle: other })
    await page.until(() => document.querySelector('button') !== null)
    await page.click('button')
    while ((await windows()).length > 1);
    await session.post('/window', { handle: main })
    await page.run(() => {
      document.querySelector('#open')?.remove()
    })
  }

  it('R17: adopts a cart from then on, in silence', async () => {
    const { page } = browser
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    expect(await page.sync()).to.include({ outcome: 'blocked' })
    await unlock(shop)
    expect(await page.sync()).to.include({ outcome: 'adopt' })
    await page.open(`${shop}/plain`)
    await page.visit(shop)
    expect(await page.sync(), 'the cookie of the exchange has arrived').to.include({ outcome: 'keep' })
  })

  it('R17: shows a session from elsewhere, on the page that opened it and on no other', async () => {
    const { page } = browser
    await page.open(`${shop}/plain`)
    await page.fetch('/sign-in', { name: 'ada' })
    await page.open(`${shop}/session-hub/redirect?return=/plain`)
    expect((await page.visit(travel)).detail).to.include({ outcome: 'blocked' })
    await unlock(travel)
    expect(await page.sync()).to.include({ outcome: 'replace' })
    expect(await page.fetch('/whoami')).to.include({ subject: 'ada' })
    expect((await page.visit(world.siteOf('magazine').origin)).detail).to.include({ outcome: 'blocked' })
  })

  it('R17: a visit to it without a click changes nothing', async () => {
    const { page } = browser
    await page.open(`${hub}/unlock?${new URLSearchParams({ site: shop }).toString()}`)
    expect((await page.visit(shop)).detail).to.include({ outcome: 'blocked' })
  })
})
