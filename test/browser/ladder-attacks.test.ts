/**
 * A stranger's session, carried into a visitor's real browser by a link, a form or a redirect: what Chromium and Firefox send then, and
 * what comes of it (R10, R13, R16, R24). The browsers keep the hub's cookie from frames. Each attack is beside its allowed twin.
 */
import { expect } from 'chai'
import type { Frame, Page } from 'puppeteer'

import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { listen, type Listener } from '../support/listener.js'
import { binding, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

interface Form {
  readonly action: string
  readonly ticket: string
  readonly to: string
  readonly target?: string
}

const browsers: readonly [BrowserKind, string][] = [
  ['blocked', 'Chromium'],
  ['firefox', 'Firefox @all'],
]

for (const [kind, name] of browsers) {
  describe(`a stranger, in ${name}`, () => {
    let world: World
    let stranger: Listener
    let browser: TestBrowser
    let visitor: TestPage
    let page: Page
    let eve: Visitor
    let shop: string
    let travel: string
    let enter: string
    /** A page of travel's without the SDK. */
    let to: string

    before(async () => {
      world = await startWorld({ sites: ['shop', 'travel'], sisters: true })
      ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
      enter = `${travel}/session-hub/enter`
      to = `${travel}/plain`
      stranger = await listen('stranger.localhost')
      for (const { app } of [stranger, world.siteOf('shop').listener]) {
        app.all('/away', (req, res) => {
          res.redirect(307, new URL(req.url, shop).searchParams.get('to') ?? '/')
        })
        for (const policy of ['no-referrer', 'same-origin', 'strict-origin', 'unsafe-url'])
          app.get(`/${policy}`, (_req, res) => {
            res.set('referrer-policy', policy).type('html').send('<!doctype html><title>page</title>')
          })
      }
      browser = await startBrowser(kind)
      eve = new Visitor(world.hub.origin)
      await eve.post(shop, '/sign-in', { name: 'eve' })
      await eve.redirect(shop)
    })
    beforeEach(async () => {
      visitor = await browser.newPage()
      ;({ page } = visitor)
      world.advance(61)
    })
    afterEach(() => browser.renew())
    after(async () => {
      await browser.close()
      await stranger.close()
      await world.close()
    })

    const ticketOf = async (): Promise<string> => (await eve.linkTicket(shop, travel))!

    const submit = (where: Page | Frame, form: Form) =>
      where.evaluate(({ action, target, ...fields }) => {
        const made = document.createElement('form')
        Object.assign(made, { method: 'post', action, target: target ?? '' })
        for (const [field, value] of Object.entries(fields)) {
          const input = document.createElement('input')
          Object.assign(input, { name: field, value })
          made.append(input)
        }
        document.body.append(made)
        made.submit()
      }, form)

    /** The browser's window has come to travel's page. */
    const arrived = () => page.waitForFunction((address) => location.href.startsWith(address), {}, to)

    async function expectNothing(): Promise<void> {
      expect(await page.evaluate(() => document.cookie)).to.equal('')
      expect(await visitor.fetch('/whoami')).to.include({ session: 'none' })
    }
    async function expectSignedIn(subject: string, arrival: string): Promise<void> {
      expect(await page.evaluate(() => document.cookie)).to.include(`__Host-session-arrival=${arrival}`)
      expect(await visitor.fetch('/whoami')).to.include({ subject })
    }

    /** What the browser said of the last form that it posted to enter. */
    const posted = () => {
      const { headers } = world
        .siteOf('travel')
        .listener.seen.findLast(({ method, url }) => method === 'POST' && url === '/session-hub/enter')!
      return [headers.origin, headers['sec-fetch-dest'], headers['sec-fetch-mode']].join(' ')
    }

    /** The same ticket, from a page of the sister that it was made for. */
    async function expectTrue(ticket: string): Promise<void> {
      await page.goto(`${shop}/plain`)
      await submit(page, { action: enter, ticket, to })
      await arrived()
      expect(posted()).to.equal(`${shop} document navigate`)
      await expectSignedIn('eve', 'link.replace.empty.1')
    }

    describe('R10: posts her link ticket', () => {
      interface Way {
        readonly from: () => string
        readonly action?: () => string
        readonly origin: () => string
      }
      const away = (site: string) => `${site}/away?to=${encodeURIComponent(enter)}`
      const ways: Record<string, Way> = {
        'from a page of her own': {
          from: () => `${stranger.origin}/unsafe-url`,
          origin: () => stranger.origin,
        },
        'from a page that hides its address': {
          from: () => `${stranger.origin}/no-referrer`,
          origin: () => 'null',
        },
        'through a redirector of her own': {
          from: () => `${stranger.origin}/unsafe-url`,
          action: () => away(stranger.origin),
          // Chromium hides it already when the second step is to another origin than the first.
          origin: () => (kind === 'firefox' ? stranger.origin : 'null'),
        },
        'through an open redirector of the sister (307)': {
          from: () => `${stranger.origin}/unsafe-url`,
          action: () => away(shop),
          origin: () => 'null',
        },
        'through both redirectors': {
          from: () => `${stranger.origin}/unsafe-url`,
          action: () => `${stranger.origin}/away?to=${encodeURIComponent(away(shop))}`,
          origin: () => 'null',
        },
      }
      for (const [way, { from, action = () => enter, origin }] of Object.entries(ways)) {
        it(`${way}: the visitor arrives, and is nobody`, async () => {
          const ticket = await ticketOf()
          await page.goto(from())
          await submit(page, { action: action(), ticket, to })
          await arrived()
          expect(posted()).to.equal(`${origin()} document navigate`)
          await expectNothing()
          await expectTrue(ticket)
        })
      }

      it('from a sandboxed frame in a page of the sister: the visitor arrives, and is nobody', async () => {
        const ticket = await ticketOf()
        for (const [sandbox, isAllowed] of [
          ['allow-scripts allow-forms allow-top-navigation', false],
          ['allow-scripts allow-forms allow-top-navigation allow-same-origin', true],
        ] as const) {
          await page.goto(`${shop}/plain`)
          await page.evaluate(
            (flags) =>
              new Promise((loaded) => {
                const frame = document.createElement('iframe')
                frame.setAttribute('sandbox', flags)
                frame.srcdoc = '<!doctype html><title>user content</title>'
                frame.onload = loaded
                document.body.append(frame)
              }).then(() => undefined),
            sandbox,
          )
          const frame = page.frames().find((one) => one.parentFrame() !== null)
          await submit(frame!, { action: enter, ticket, to, target: '_top' })
          await arrived()
          expect(posted()).to.equal(`${isAllowed ? shop : 'null'} document navigate`)
          if (isAllowed) await expectSignedIn('eve', 'link.replace.empty.1')
          else await expectNothing()
        }
      })

      it('into a frame, from whatever page: nothing happens', async () => {
        const ticket = await ticketOf()
        for (const from of [`${stranger.origin}/unsafe-url`, `${shop}/plain`]) {
          await page.goto(from)
          await page.evaluate(() => {
            const frame = document.createElement('iframe')
            frame.name = 'inner'
            document.body.append(frame)
          })
          const ended = world.siteOf('travel').listener.next(({ url }) => url === '/plain')
          await submit(page, { action: enter, ticket, to, target: 'inner' })
          await ended
          expect(posted()).to.equal(`${new URL(from).origin} iframe navigate`)
          await page.goto(to)
          await expectNothing()
        }
        await expectTrue(ticket)
      })

      it('by fetch, from whatever page: nothing happens', async () => {
        const ticket = await ticketOf()
        for (const from of [`${stranger.origin}/unsafe-url`, `${shop}/plain`]) {
          await page.goto(from)
          await page.evaluate(
            (action, fields) =>
              fetch(action, {
                method: 'POST',
                mode: 'no-cors',
                credentials: 'include',
                body: new URLSearchParams(fields),
              }).then(() => undefined),
            enter,
            { ticket, to },
          )
          expect(posted()).to.equal(`${new URL(from).origin} empty no-cors`)
          await page.goto(to)
          await expectNothing()
        }
        await expectTrue(ticket)
      })

      it('as a link in user content, in the query or the fragment: nothing happens', async () => {
        const ticket = await ticketOf()
        const query = new URLSearchParams({ ticket, to })
        for (const address of [
          `${enter}?${query}`,
          `${enter}?to=${to}#ticket=${ticket}`,
          `${to}#${ticket}`,
        ]) {
          for (const from of [`${stranger.origin}/unsafe-url`, `${shop}/plain`]) {
            await page.goto(from)
            await page.evaluate((href) => {
              const link = document.createElement('a')
              link.href = href
              document.body.append(link)
              link.click()
            }, address)
            await arrived()
            await expectNothing()
          }
        }
        await expectTrue(ticket)
      })

      it('R10: over the sign-in of another: he stays who he is', async () => {
        await page.goto(to)
        await visitor.fetch('/sign-in', { name: 'bob' })
        await page.goto(`${shop}/plain`)
        await submit(page, { action: enter, ticket: await ticketOf(), to })
        await arrived()
        await expectSignedIn('bob', 'link.conflict..1')
      })
    })

    it('a sister whose pages hide their address still leads there, without the session', async () => {
      for (const [policy, origin] of [
        ['no-referrer', 'null'],
        ['same-origin', 'null'],
        ['strict-origin', shop],
      ] as const) {
        const ticket = await ticketOf()
        await page.goto(`${shop}/${policy}`)
        await submit(page, { action: enter, ticket, to })
        await arrived()
        expect(posted(), policy).to.equal(`${origin} document navigate`)
        if (origin === 'null') await expectNothing()
        else await expectSignedIn('eve', 'link.replace.empty.1')
      }
    })

    describe('leads the window by the hub', () => {
      const go = (address: string) =>
        page.evaluate((href) => {
          location.href = href
        }, address)

      it('R24: to the callback, with her own ticket: the visitor is nobody, and the address clean', async () => {
        const planted = await eve.walk(
          `${travel}/session-hub/redirect?return=/plain`,
          '/session-hub/callback',
        )
        await page.goto(`${stranger.origin}/unsafe-url`)
        await go(planted)
        await arrived()
        expect(page.url()).to.equal(`${to}?session-hub=off`)
        expect(await page.evaluate(() => document.referrer), 'no more than an origin').to.equal(
          `${stranger.origin}/`,
        )
        await expectNothing()

        await page.goto(`${shop}/plain`)
        await visitor.fetch('/sign-in', { name: 'ada' })
        await page.goto(`${shop}/session-hub/redirect?return=/plain`)
        await page.goto(`${stranger.origin}/unsafe-url`)
        await go(`${travel}/session-hub/redirect?return=/plain`)
        await arrived()
        expect(page.url(), 'the twin').to.equal(to)
        expect(await page.evaluate(() => document.referrer), 'no more than an origin').to.equal(
          `${stranger.origin}/`,
        )
        await expectSignedIn('ada', 'redirect.replace.empty.1')
      })

      it('R13: with her own offer: the hub takes it from no other browser', async () => {
        await eve.post(shop, '/sign-in', { name: 'eve' })
        const asked = await eve.walk(`${shop}/session-hub/redirect?return=/plain`, '/session-hub/callback')
        const offered = await eve.walk(asked, '/redirect')
        await page.goto(`${stranger.origin}/unsafe-url`)
        await go(offered)
        await page.waitForFunction((address) => location.href.startsWith(address), {}, `${shop}/plain`)
        await page.goto(`${travel}/session-hub/redirect?return=/plain`)
        expect(await visitor.fetch('/whoami')).to.include({ session: 'none' })
        await eve.navigate(offered)
        expect(eve.arrival(shop), 'the twin').to.equal('redirect.adopt..1')
      })

      it('R16: in a frame of her page: nobody is led anywhere', async () => {
        await page.goto(`${shop}/plain`)
        await visitor.fetch('/sign-in', { name: 'ada' })
        await page.goto(`${shop}/session-hub/redirect?return=/plain`)
        const hub = `${world.hub.origin}/redirect?${new URLSearchParams({
          site: travel,
          nonce: binding().nonce,
          return: '/plain',
        })}`
        const { seen } = world.siteOf('travel').listener
        const callbacks = () => seen.filter(({ url }) => url.startsWith('/session-hub/callback')).length
        const before = callbacks()
        for (const from of [`${stranger.origin}/unsafe-url`, `${shop}/plain`]) {
          await page.goto(from)
          const refused = world.hub.listener.next(({ url }) => url.startsWith('/redirect'))
          await page.evaluate((src) => {
            const frame = document.createElement('iframe')
            frame.src = src
            document.body.append(frame)
          }, hub)
          await refused
          const { url, headers } = world.hub.listener.seen.at(-1)!
          expect([url.slice(0, 9), headers['sec-fetch-dest']]).to.deep.equal(['/redirect', 'iframe'])
        }
        expect(callbacks()).to.equal(before)
        await page.goto(hub)
        expect(callbacks(), 'the twin').to.equal(before + 1)
      })
    })
  })
}
