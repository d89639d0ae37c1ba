/** An administrator at work, in real Chromium: what the visitor sees of it, and what strangers' pages can do with it. */
import { expect } from 'chai'
import type { RequestHandler } from 'express'

import { newToken } from '../support/administrator.js'
import type { BrowserKind, TestPage } from '../support/browser.js'
import { examine, EXAMINING_MS } from '../support/examine.js'
import { listen } from '../support/listener.js'
import { inBrowser, type Stage } from '../support/stage.js'
import { send } from '../support/visitor.js'

const chief = newToken('chief', 'read', 'logout-all')
const options = {
  sites: ['shop', 'travel'],
  sisters: true,
  site: { live: true },
  hub: { admin: { tokens: [chief.known], isAdmin: ['root'] } },
}

/** A window of the administrator's own. Without script unless something is to be asked of the page. */
async function adminOf({ browser, hub }: Stage, isScripted = false): Promise<TestPage> {
  const { page: tab } = await browser.newVisitor()
  await tab.page.setJavaScriptEnabled(isScripted)
  await tab.open(`${hub}/admin`)
  await tab.page.type('#token', chief.token)
  await press(tab, 'main button')
  return tab
}

/** A click that leads to another page. */
async function press(tab: TestPage, selector: string): Promise<void> {
  await Promise.all([tab.page.waitForNavigation(), tab.page.click(selector)])
}

const pageAt =
  (path: string, text: string): RequestHandler =>
  (req, res, next) => {
    if (req.path === path) res.type('html').send(text)
    else next()
  }

const words = (tab: TestPage) => tab.page.$eval('main', (main) => main.textContent.replace(/\s+/g, ' '))

async function search(tab: TestPage, user: string): Promise<void> {
  await tab.page.type('#subject', user)
  await press(tab, '[role=search] button')
}

const visitors: readonly { kind: BrowserKind; cookies: string }[] = [
  { kind: 'allowed', cookies: 'allowed @all' },
  { kind: 'blocked', cookies: 'blocked' },
]

for (const { kind, cookies } of visitors) {
  describe(`an administrator, and a visitor in Chromium with third-party cookies ${cookies}`, () => {
    inBrowser(
      kind,
      (stage) => {
        beforeEach(async () => {
          await stage.tab.visit(stage.shop)
          await stage.tab.fetch('/sign-in', { name: 'ada' })
          await stage.tab.sync()
        })

        async function expectRevoked(): Promise<void> {
          expect((await stage.tab.event('session-ended')).detail).to.deep.equal({ reason: 'revoked' })
          expect(await stage.tab.fetch('/whoami')).to.include({ session: 'none', subject: null })
        }

        it('ends the one session: the visitor’s open page says so, and nothing was loaded again', async () => {
          const admin = await adminOf(stage)
          await search(admin, 'ada')
          expect(await words(admin))
            .to.include('Sessions of ada')
            .and.include('Chrome on Linux')

          await press(admin, 'button[name=one]')

          expect(await words(admin)).to.include('1 session ended.')
          await expectRevoked()
          await admin.open(`${stage.hub}/admin/audit?subject=ada`)
          expect(await words(admin)).to.match(/chief Ended a session ada .* 1 127\.0\.0\.1 Done/)
        })

        it('ends all of the user, after one more look', async () => {
          const admin = await adminOf(stage)
          await search(admin, 'ada')
          await press(admin, 'button[formaction="/admin/end-subject"]')
          expect(await words(admin)).to.include('End all sessions of ada?')
          expect(await stage.tab.fetch('/whoami')).to.include({ subject: 'ada' })

          await press(admin, 'button[name=sure]')

          expect(await words(admin))
            .to.include('1 session ended.')
            .and.include('No live session matches.')
          await expectRevoked()
        })

        it('ends a selection, and changes their mind before', async () => {
          const admin = await adminOf(stage)
          await admin.click('input[name=ref]')
          await press(admin, '.actions button')
          await press(admin, 'main form a')
          expect(await stage.tab.fetch('/whoami')).to.include({ subject: 'ada' })
          await admin.click('input[name=ref]')
          await press(admin, '.actions button')

          await press(admin, 'button[name=sure]')

          expect(await words(admin)).to.include('1 session ended.')
          await expectRevoked()
        })

        it('signs out, and a page out of the history does nothing any more', async () => {
          const admin = await adminOf(stage)
          const { page } = admin
          await press(admin, 'header form button')
          expect(await words(admin)).to.include('Your administrator’s token')
          await page.goBack()
          if ((await page.$('button[name=one]')) !== null) await press(admin, 'button[name=one]')

          expect(await stage.tab.fetch('/whoami')).to.include({ subject: 'ada' })
        })
      },
      options,
    )
  })
}

describe('the admin pages in Chromium', () => {
  inBrowser(
    'allowed',
    (stage) => {
      const evil = `<img src=x onerror=alert(1)>${'long'.repeat(40)}`

      const signIn = (subject: string, agent: string) =>
        send(`${stage.shop}/sign-in`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: stage.shop, 'user-agent': agent },
          body: { name: subject },
        })

      beforeEach(async () => {
        await signIn('ada', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0')
        await signIn('root', 'curl/8')
        await signIn(evil, `"'><script>alert(2)</script>${'agent'.repeat(30)}`)
      })

      it('give axe nothing to find, and fit the screen: light and dark, phone and desk @all', async () => {
        const admin = await adminOf(stage, true)
        const { page } = admin
        const dialogs: string[] = []
        page.on('dialog', (dialog) => {
          dialogs.push(dialog.message())
          void dialog.dismiss()
        })
        const found: string[] = []
        const look = async (where: string) => found.push(...(await examine(page, where)))

        await look('sessions')
        await page.$$eval('details', (all) => {
          for (const one of all) one.open = true
        })
        await look('sessions with what browsers say')
        await page.click('input[name=ref]')
        await press(admin, '.actions button')
        await look('the question')
        await press(admin, 'button[name=sure]')
        await look('sessions with news')
        await admin.open(`${stage.hub}/admin?site=nowhere`)
        await look('a wrong search')
        await admin.open(`${stage.hub}/admin/audit`)
        await look('audit')
        await admin.open(`${stage.hub}/admin/nothing`)
        await look('a fault')
        await admin.open(`${stage.hub}/admin`)
        await press(admin, 'header form button')
        await look('sign-in')
        await page.type('#token', 'wrong')
        await press(admin, 'main button')
        await look('sign-in with a wrong token')

        expect(found).to.deep.equal([])
        expect(dialogs).to.deep.equal([])
        expect(admin.scriptErrors).to.deep.equal([])
      }).timeout(EXAMINING_MS)

      it('end nothing by Enter alone: it asks first', async () => {
        const admin = await adminOf(stage)
        await admin.page.focus('input[name=ref]')

        await Promise.all([admin.page.waitForNavigation(), admin.page.keyboard.press('Enter')])

        expect(await words(admin)).to.include('Select 1 to 50 sessions first')
        expect(await stage.world.hub.hub.sessions.list('ada')).to.have.length(1)
      })

      it('do nothing for a form that another origin’s page sends, not even one of the same host', async () => {
        const stranger = await listen('hub.localhost')
        try {
          const form = `<!doctype html><form method=post action="${stage.hub}/admin/end-subject"><input name=subject value=ada><input name=sure value=yes><button>Win</button></form>`
          for (const listener of [stranger, stage.world.siteOf('shop').listener])
            listener.use(pageAt('/trap', form))
          const admin = await adminOf(stage)

          for (const origin of [stranger.origin, stage.shop]) {
            await admin.open(`${origin}/trap`)
            await press(admin, 'button')
            expect(admin.page.url(), origin).to.equal(`${stage.hub}/admin/end-subject`)
            expect(await words(admin), origin).to.include('That did not work')
          }
          expect(await stage.world.hub.hub.sessions.list('ada')).to.have.length(1)

          await admin.open(`${stage.hub}/admin?subject=ada`)
          await press(admin, 'button[formaction="/admin/end-subject"]')
          await press(admin, 'button[name=sure]')
          expect(await stage.world.hub.hub.sessions.list('ada')).to.have.length(0)
        } finally {
          await stranger.close()
        }
      })

      it('open at their start from a link in a chat, with the sign-in that is there, and leave the forms of other windows alone', async () => {
        const link = `<!doctype html><a href="${stage.hub}/admin?subject=ada">incident</a>`
        stage.world.siteOf('shop').listener.use(pageAt('/chat', link))
        const admin = await adminOf(stage)
        const other = await admin.page.browserContext().newPage()
        await other.goto(`${stage.shop}/chat`)

        await other.click('a')
        await (await other.waitForSelector('main a[href="/admin"]'))!.click()
        await other.waitForSelector('button[name=one]')
        await admin.page.bringToFront()
        await search(admin, 'ada')
        await press(admin, 'button[name=one]')

        expect(other.url()).to.equal(`${stage.hub}/admin`)
        expect(await words(admin)).to.include('1 session ended.')
      })

      it('ask whoever is not signed in and follows such a link to sign in', async () => {
        const link = `<!doctype html><a href="${stage.hub}/admin?subject=ada">incident</a>`
        stage.world.siteOf('shop').listener.use(pageAt('/chat', link))
        const { page: tab } = await stage.browser.newVisitor()
        await tab.open(`${stage.shop}/chat`)

        await tab.page.click('a')
        await (await tab.page.waitForSelector('main a[href="/admin"]'))!.click()
        await tab.page.waitForSelector('#token')
        await tab.page.type('#token', chief.token)
        await press(tab, 'main button')

        expect(await words(tab)).to.include('Sessions')
      })

      it('are in no frame, not even in one of the hub’s own', async () => {
        const admin = await adminOf(stage)
        stage.world.hub.listener.use(pageAt('/own', '<!doctype html><iframe src="/admin"></iframe>'))
        await admin.open(`${stage.hub}/own`)

        const frame = await admin.page.waitForFrame((one) => one.parentFrame() !== null)
        expect(frame.url()).not.to.equal(`${stage.hub}/admin`)
        expect(await frame.$('main')).to.equal(null)
      })
    },
    options,
  )
})
