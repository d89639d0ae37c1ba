/** Sites are added, changed and turned off at the hub's own pages, in real Chromium, without a script; and a new site's visitors share the session. */
import { expect } from 'chai'
import { createSite, type SiteKeys } from 'session-hub/site'

import { newToken } from '../support/administrator.js'
import type { TestPage } from '../support/browser.js'
import { examine, EXAMINING_MS } from '../support/examine.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { inBrowser, type Stage } from '../support/stage.js'
import { Visitor } from '../support/visitor.js'

const keeper = newToken('keeper', 'sites', 'read')
const options = { sites: ['shop', 'travel'], hub: { storedSites: true, admin: { tokens: [keeper.known] } } }

async function adminOf({ browser, hub }: Stage, isScripted = false): Promise<TestPage> {
  const { page: tab } = await browser.newVisitor()
  await tab.page.setJavaScriptEnabled(isScripted)
  await tab.open(`${hub}/admin`)
  await tab.page.type('#token', keeper.token)
  await press(tab, 'main button')
  await tab.open(`${hub}/admin/sites`)
  return tab
}

async function press(tab: TestPage, selector: string): Promise<void> {
  await Promise.all([tab.page.waitForNavigation(), tab.page.click(selector)])
}

const words = (tab: TestPage) => tab.page.$eval('main', (main) => main.textContent.replace(/\s+/g, ' '))
const news = (tab: TestPage) => tab.page.$eval('[role=status]', (said) => said.textContent)

describe('an administrator of sites, in Chromium', () => {
  inBrowser(
    'allowed',
    (stage) => {
      let late: Listener
      beforeEach(async () => (late = await listen('late.localhost')))
      afterEach(() => late.close())

      /** By the form of the list. @returns the keys that the page shows */
      async function add(tab: TestPage, origin: string, isProven = true): Promise<SiteKeys> {
        await tab.page.type('#origin', origin)
        if (isProven) await tab.page.click('#prove')
        await press(tab, 'form.narrow button')
        return JSON.parse(await tab.page.$eval('pre', (pre) => pre.textContent)) as SiteKeys
      }

      it('adds a site whose visitors share the session at once, turns it off, and removes it', async () => {
        const tab = await adminOf(stage)
        const keys = await add(tab, late.origin)
        const site = await createSite({ origin: late.origin, hub: stage.hub, keys })
        late.use(siteApp('late', site))
        try {
          const visitor = new Visitor(stage.hub)
          await visitor.post(stage.shop, '/cart', { item: 'boots' })
          await visitor.sync(stage.shop)
          expect(await visitor.sync(late.origin)).to.include({ outcome: 'replace' })
          expect(await visitor.whoami(late.origin)).to.deep.include({ data: { cart: ['boots'] } })

          await press(tab, 'main a')
          await press(tab, 'form[action$="turn"] button')
          expect(await news(tab)).to.equal('The site has been turned off.')
          const { status } = await visitor.frame(late.origin, 'A'.repeat(43))
          expect(status).to.equal(404)

          await press(tab, 'form[action$="remove"] button')
          expect(await words(tab)).to.include('forgets the site and its keys at once')
          await press(tab, 'main button')
          expect(await news(tab)).to.equal('The site has been removed.')
          expect(await words(tab)).to.include('There are none yet')
        } finally {
          site.close()
        }
      })

      it('changes what a site may do and its keys, and reads all of it in the audit @all', async () => {
        const tab = await adminOf(stage)
        await add(tab, 'https://news.example')
        await press(tab, 'main a')
        await tab.page.type('#group', 'red')
        await tab.page.click('#pairwise')
        await press(tab, 'form[action$="change"] button')
        expect(await news(tab)).to.equal('The site has been changed.')
        expect(await tab.page.$eval('#group', (field) => (field as HTMLInputElement).value)).to.equal('red')

        await press(tab, 'form[action$="rotate-keys"] button')
        expect(await words(tab)).to.include('keep its “session” key')
        await press(tab, 'main a')
        await press(tab, 'form[action$="rotate-keys"] button')
        expect(await news(tab)).to.equal('The hub has forgotten the old keys.')

        await tab.open(`${stage.hub}/admin/audit`)
        const audit = await words(tab)
        for (const act of ['Added a site', 'Changed a site', 'Changed a site’s keys'])
          expect(audit).to.include(act)
      })

      it('gives axe nothing to find on any of the pages, and they fit the screen @all', async () => {
        const tab = await adminOf(stage, true)
        const { page } = tab
        const found: string[] = []
        const look = async (where: string) => found.push(...(await examine(page, where)))

        await look('no sites')
        await add(tab, 'https://shop.invalid', false)
        await look('keys')
        await press(tab, 'main > p a')
        await look('a site that waits for its proof')
        await press(tab, 'form[action$="prove"] button')
        await look('a proof that is not there')
        await press(tab, 'form[action$="remove"] button')
        await look('a removal')
        await tab.open(`${stage.hub}/admin/sites`)
        await look('the list')
        expect(found).to.deep.equal([])
      }).timeout(EXAMINING_MS)
    },
    options,
  )
})
