/** The visitor's own page at the hub, in browsers: a link leads there, it can be used by everybody, and what it ends is ended. */
import { expect } from 'chai'

import { examine, EXAMINING_MS } from '../support/examine.js'
import { inBrowser, type Stage } from '../support/stage.js'
import { send } from '../support/visitor.js'

for (const kind of ['allowed', 'blocked', 'firefox'] as const) {
  describe(`the visitor’s own page, in the browser "${kind}"${kind === 'blocked' ? '' : ' @all'}`, () => {
    inBrowser(kind, (stage) => {
      const page = () => stage.tab.page
      const text = () => page().evaluate(() => document.body.innerText)
      const press = (words: string) => leave(stage, `button ::-p-text(${words})`)

      /** Signs in at the shop, takes the session to the hub by a redirect, and follows a link of the shop's to the hub. */
      async function come(): Promise<void> {
        await stage.tab.visit(stage.shop)
        await stage.tab.fetch('/sign-in', { name: 'ada', claims: { name: 'Ada' } })
        await page().evaluate(() => {
          Object.assign(window, { isLeft: true })
          SessionHub.redirect()
        })
        await stage.tab.until(
          () => !('isLeft' in window) && 'SessionHub' in window && SessionHub.status.rung === 'redirect',
        )
        await page().evaluate((hub) => {
          const link = document.createElement('a')
          Object.assign(link, { id: 'you', href: `${hub}/you`, textContent: 'Your sites' })
          document.body.replaceChildren(link)
        }, stage.hub)
        await leave(stage, '#you')
      }

      it('is one click away from a site’s link, and signs out of all sites', async () => {
        await come()
        expect(await text())
          .to.include('Show my sites')
          .and.to.not.include('Ada')
        await leave(stage, 'a')
        expect(await text())
          .to.include('You are signed in as Ada.')
          .and.to.include(new URL(stage.shop).host)
        await press('Sign out in all browsers')
        expect(await text()).to.include('You are signed out in all browsers.')
        expect(stage.tab.errors).to.deep.equal([])
        stage.world.advance(301)
        await stage.tab.visit(stage.shop)
        expect(await stage.tab.fetch('/whoami')).to.include({ session: 'none' })
      })

      it('shares nothing, and again', async () => {
        await come()
        await leave(stage, 'a')
        await press('Share nothing in this browser')
        expect(await text()).to.include('This browser shares nothing from now on.')
        await press('Share my session again')
        expect(await text()).to.include('This browser shares your session again.')
      })

      if (kind === 'allowed')
        it('gives axe nothing to find, and fits the screen: light and dark, phone and desk, without a script', async () => {
          const found: string[] = []
          const look = async (where: string) => found.push(...(await examine(page(), where, 320)))
          await come()
          await look('the start')
          await leave(stage, 'a')
          await send(`${stage.shop}/sign-in`, {
            method: 'POST',
            headers: {
              'content-type': 'application/json',
              origin: stage.shop,
              'user-agent': 'x'.repeat(200),
            },
            body: { name: 'ada' },
          })
          await page().reload()
          await look('the sessions')
          await press('Sign out x')
          await look('with news')
          await press('Share nothing')
          await look('opted out')
          expect(found).to.deep.equal([])
        }).timeout(EXAMINING_MS)
    })
  })
}

/** Clicks, and waits for the next page. */
async function leave({ tab }: Stage, selector: string): Promise<void> {
  await Promise.all([tab.page.waitForNavigation(), tab.page.click(selector)])
}
