/**
 * Session fixation in a real browser: a stranger's session cookie lies in the visitor's browser before the sign-in. Every attack stands
 * beside its twin, in which the cookie is worth what it says.
 */
import { expect } from 'chai'

import type { TestPage } from '../support/browser.js'
import { inBrowser, type Stage } from '../support/stage.js'

/** Copies the cookies that one browser has of a site into another one. */
async function plant(from: TestPage, site: string, into: TestPage): Promise<void> {
  const { hostname } = new URL(site)
  const cookies = await from.page.browserContext().cookies()
  const cdp = await into.page.createCDPSession()
  const planted = cookies.filter(({ domain }) => domain === hostname)
  for (const { name, value, httpOnly = false } of planted) {
    // Without a domain: a `__Host-` cookie has none.
    const cookie = { name, value, httpOnly, url: site, path: '/', secure: true, sameSite: 'Lax' } as const
    expect(await cdp.send('Network.setCookie', cookie)).to.deep.equal({ success: true })
  }
  expect(planted.map(({ name }) => name)).to.include('__Host-session')
  await cdp.detach()
}

describe('a session cookie that a stranger has planted, in Chromium with third-party cookies allowed', () => {
  inBrowser('allowed', (stage) => {
    let ada: TestPage
    let stranger: TestPage

    beforeEach(async () => {
      ada = stage.tab
      stranger = (await stage.browser.newVisitor()).page
    })

    const sitesOf = ({ world }: Stage) => Object.values(world.sites).map(({ origin }) => origin)

    /** What somebody has on each site, after a sync. */
    async function everywhere(page: TestPage): Promise<unknown[]> {
      const seen = []
      for (const site of sitesOf(stage)) {
        await page.visit(site)
        await page.sync()
        const { session = 'none', subject = null } = await page.fetch('/whoami')
        seen.push(`${String(session)}: ${String(subject)}`)
      }
      return seen
    }
    const all = (what: string) => [what, what, what]

    async function begin(at: string, as?: string): Promise<void> {
      await stranger.visit(at)
      await stranger.fetch('/cart', { item: 'trap' })
      if (as) await stranger.fetch('/sign-in', { name: as })
      await stranger.sync()
      await plant(stranger, at, ada)
    }

    /** On a page without the SDK: the sign-in itself has to be what ends the planted session, and no sync. */
    async function signIn(): Promise<void> {
      await ada.open(`${stage.shop}/plain`)
      await ada.fetch('/sign-in', { name: 'ada' })
    }

    describe('and that nobody signs in over: the twin', () => {
      it('is one session in two browsers, on every site', async () => {
        await begin(stage.shop)
        await ada.visit(stage.shop)
        await ada.fetch('/cart', { item: 'boots' })
        await ada.sync()
        for (const page of [ada, stranger]) {
          expect(await everywhere(page)).to.deep.equal(all('anonymous: null'))
          expect(await page.fetch('/whoami')).to.deep.include({ data: { cart: ['trap', 'boots'] } })
        }
      })

      it('is the stranger’s user, where the stranger was signed in @all', async () => {
        await begin(stage.shop, 'mallory')
        await ada.visit(stage.shop)
        await ada.sync()
        for (const page of [ada, stranger])
          expect(await everywhere(page)).to.deep.equal(all('signed-in: mallory'))
      })
    })

    for (const [whose, name] of [
      ['an anonymous one', undefined],
      ['one of the stranger’s own user @all', 'mallory'],
    ] as const)
      it(`is worth nothing on any site once the visitor has signed in over it: ${whose}`, async () => {
        await begin(stage.shop, name)
        expect(await everywhere(stranger)).to.deep.equal(all(name ? `signed-in: ${name}` : 'anonymous: null'))
        await signIn()
        expect(await everywhere(stranger)).to.deep.equal(all('none: null'))
        expect(await everywhere(ada)).to.deep.equal(all('signed-in: ada'))
        // Nor once the stranger has looked around.
        expect(await everywhere(stranger)).to.deep.equal(all('none: null'))
      })

    it('is worth nothing at a site to which the sign-in has come from another @all', async () => {
      await begin(stage.travel)
      await signIn()
      expect(await everywhere(ada)).to.deep.equal(all('signed-in: ada'))
      expect(await everywhere(stranger)).to.deep.equal(all('none: null'))
    })

    it('is worth nothing when it is planted again after the sign-in @all', async () => {
      await begin(stage.shop)
      const { page: copy } = await stage.browser.newVisitor()
      await plant(stranger, stage.shop, copy)
      await signIn()
      expect(await everywhere(ada)).to.deep.equal(all('signed-in: ada'))
      await plant(copy, stage.shop, ada)
      await ada.visit(stage.shop)
      await ada.sync()
      expect(await everywhere(stranger)).to.deep.equal(all('none: null'))
      expect(await everywhere(ada)).to.deep.equal(all('signed-in: ada'))
    })
  })
})
