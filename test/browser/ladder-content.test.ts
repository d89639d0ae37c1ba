/**
 * What stands in a page beside a link to a sister, and what becomes of the page while a ticket is under way: it may lead no ticket to
 * another place, and no click to nowhere (R10, R24). Each has its twin.
 */
import { expect } from 'chai'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { listen, type Listener } from '../support/listener.js'
import { bePatient, untilDecorated } from '../support/sister-links.js'
import { startWorld, type World } from '../support/world.js'

let world: World
let stranger: Listener
/** The bodies of what anybody has sent to the stranger. */
let told: string[]
let browser: TestBrowser
let page: TestPage
let shop: string
let travel: string
let there: string
let pages = 0
let onLink: ((next: () => void) => void) | undefined
let isPatient: boolean

async function startSites(): Promise<void> {
  isPatient = true
  onLink = undefined
  world = await startWorld({
    sisters: true,
    inFrontOfHub: (req, _res, next) => {
      if (onLink && req.url === '/backchannel/link') onLink(next)
      else next()
    },
  })
  shop = world.siteOf('shop').origin
  travel = world.siteOf('travel').origin
  there = `${travel}/plain`
  stranger = await listen('stranger.localhost')
  told = []
  stranger.use((req, res) => {
    req.on('data', (part: Buffer) => told.push(part.toString()))
    req.on('end', () => res.type('html').send('<!doctype html><title>stranger</title>'))
  })
  page = await browser.newPage()
}

async function stopSites(): Promise<void> {
  for (const open of await browser.browser.pages()) if (open.url().includes('.localhost')) await open.close()
  await stranger.close()
  await world.close()
}

/** A page of the shop's. @returns its address */
function servePage(body: string, policy: string): string {
  const { listener, site } = world.siteOf('shop')
  const path = `/links/${(pages += 1)}`
  listener.app.get(path, (req, res) => {
    res.set('content-security-policy', policy).type('html')
    res.send(`<!doctype html><title>links</title>${site.scriptTag(req, { sisterLinks: true })}${body}`)
  })
  return shop + path
}

/** Puts a cart into the shop, and opens a page of it, where the SDK sees that the frame is blocked and who is a sister. */
async function openShop(body: string, policy = ''): Promise<string> {
  const address = servePage(body, policy)
  await page.open(`${shop}/plain`)
  await page.fetch('/cart', { item: 'boots' })
  await openAgain(address)
  return address
}
async function openAgain(address: string): Promise<void> {
  await page.visit(address)
  await untilDecorated(page)
  if (isPatient) await bePatient(page)
}

/** To the sister; the page's own part of it, beside which other things may stand, has the id `go`. */
const link = (inner = '<b id=go>To travel</b>', attributes = '') =>
  `<a href="${there}" ${attributes}>${inner}</a>`

/** A click as a script of the page's makes it, wherever the link is by then. */
const clickByScript = () =>
  page.run(() => {
    document.querySelector('a')?.click()
  })

/** The SDK has let the click alone: what the browser does then is its own affair. */
async function isLeftAlone(selector: string): Promise<boolean> {
  await page.run(() => {
    Object.assign(window, { isLeft: undefined })
    addEventListener(
      'click',
      (event) => {
        Object.assign(window, { isLeft: !event.defaultPrevented })
        event.preventDefault()
      },
      { once: true },
    )
  })
  await page.click(selector)
  await page.until(() => (window as unknown as { isLeft?: boolean }).isLeft !== undefined)
  return page.run(() => (window as unknown as { isLeft: boolean }).isLeft)
}

const entered = () =>
  world.siteOf('travel').listener.seen.filter(({ url }) => url.startsWith('/session-hub/enter'))
const posted = () => entered().filter(({ method }) => method === 'POST')
const isAt = (address = there) => page.until((to) => location.href === to, address)

/** Where what is in it begins, in its own document. */
const cornerOf = (element: Element) => {
  const { left, top } = element.getBoundingClientRect()
  return { x: left + element.clientLeft, y: top + element.clientTop }
}

for (const kind of ['blocked', 'firefox'] as const) {
  describe(`a link to a sister among other things, in ${kind === 'blocked' ? 'Chromium' : 'Firefox @all'}`, () => {
    before(async () => (browser = await startBrowser(kind)))
    beforeEach(startSites)
    afterEach(stopSites)
    after(() => browser.close())

    it('R10: leads where it led when it was clicked, and its ticket nowhere else', async () => {
      const address = await openShop(link())
      onLink = (next) => setTimeout(next, 50)
      for (const [times, later] of [there, `${stranger.origin}/`].entries()) {
        await openAgain(address)
        // As a list does that shows other things in the same elements.
        await page.run((href) => {
          const shown = document.querySelector('a')!
          shown.addEventListener('click', () => setTimeout(() => (shown.href = href)))
        }, later)
        await clickByScript()
        await isAt()
        expect(told).to.deep.equal([])
        expect(posted()).to.have.length(times + 1)
      }
    })

    it('keeps its fragment in the browser', async () => {
      there += '?day=1#key'
      await openShop(link())
      await page.click('#go')
      await isAt()
      const step = `/session-hub/enter?to=${there.replace('#key', '')}`
      expect(entered().map(({ url }) => decodeURIComponent(url))).to.deep.equal([step, step])
    })

    it('is only a word in a text that is being edited', async () => {
      await openShop(`<p contenteditable>See ${link()} for more</p>`)
      expect(await isLeftAlone('#go')).to.equal(true)
      await page.run(() => {
        document.querySelector('p')!.removeAttribute('contenteditable')
      })
      await page.click('#go')
      await isAt()
      expect(posted()).to.have.length(1)
    })

    for (const [name, inner] of [
      ['a button that sends a form', '<form action=/plain><button id=own>Like</button></form>'],
      ['a box to tick', '<input type=checkbox id=own>'],
      [
        'a link in a drawing',
        '<svg width=99 height=99><a href="/plain"><rect id=own width=99 height=99 /></a></svg>',
      ],
    ] as const) {
      it(`lets ${name} that stands in it have its own click`, async () => {
        await openShop(link(`<b id=go>To travel</b> ${inner}`))
        expect(await isLeftAlone('#own')).to.equal(true)
        await page.click('#go')
        await isAt()
        expect(posted(), 'the twin').to.have.length(1)
      })
    }

    for (const [name, attributes, path] of [
      ['that reports its clicks', 'ping=/plain', ''],
      ['that hides where it comes from', 'referrerpolicy=no-referrer', ''],
      ['to an endpoint', '', '/../session-hub/redirect?return=/plain'],
    ] as const) {
      it(`is left alone: one ${name}`, async () => {
        there += path
        await openShop(link(undefined, attributes))
        await page.click('#go')
        await isAt(`${travel}/plain`)
        expect(posted()).to.deep.equal([])
      })
    }

    it('is followed where the sister takes her time and then leads on to an origin that no form may go to @all', async () => {
      const magazine = `${world.siteOf('magazine').origin}/plain`
      let waitMs = 0
      there = `${travel}/moved`
      world.siteOf('travel').listener.app.get('/moved', (_req, res) => {
        setTimeout(() => {
          res.redirect(302, magazine)
        }, waitMs)
      })
      const address = await openShop(link(), `form-action 'self' ${travel}`)
      for (waitMs of [0, 1500]) {
        // A refusal is kept for this tab.
        await page.run(() => {
          sessionStorage.clear()
        })
        await openAgain(address)
        await page.click('#go')
        await isAt(magazine)
        await page.open(`${shop}/plain`)
      }
      expect(posted()).to.have.length(2)
    })

    it('is followed in a frame, also in one that may send no form', async () => {
      const address = await openShop(link())
      world.siteOf('shop').listener.app.get('/outer', ({ query }, res) => {
        const sandbox = `allow-scripts allow-same-origin ${(query as { more: string }).more}`
        res
          .type('html')
          .send(`<!doctype html><title>outer</title><iframe src="${address}" sandbox="${sandbox}"></iframe>`)
      })
      for (const more of ['allow-forms', '']) {
        await page.open(`${shop}/outer?more=${more}`)
        const frame = page.page.frames().find((one) => one.url() === address)!
        await frame.waitForFunction(() => 'SessionHub' in window && SessionHub.status.isBlocked)
        await frame.evaluate(() => SessionHub.explain())
        const arrived = world.siteOf('travel').listener.next(({ url }) => url === '/plain')
        // Puppeteer's click in a frame asks Firefox 140 what only later ones know.
        const [outer, inner] = await Promise.all([
          page.page.$eval('iframe', cornerOf),
          frame.$eval('#go', cornerOf),
        ])
        await page.page.mouse.click(outer.x + inner.x + 5, outer.y + inner.y + 5)
        await arrived
      }
    })

    it('that a script of the page’s clicks is followed, also where no form may go there', async () => {
      for (const policy of [`form-action ${travel}`, "form-action 'none'"]) {
        await openShop(link('<b>To travel</b>', 'id=go'), policy)
        const ticket = world.siteOf('shop').listener.next(({ url }) => url === '/session-hub/link')
        await page.page.focus('#go')
        await ticket
        await clickByScript()
        await isAt()
      }
      expect(posted()).to.have.length(1)
    })

    it('is told once to who listens before all others, also when its ticket was late', async () => {
      isPatient = false
      await openShop(link())
      onLink = () => undefined
      await page.run(() => {
        window.addEventListener(
          'click',
          () => {
            sessionStorage.setItem('clicks', `${sessionStorage.getItem('clicks') ?? ''}x`)
          },
          true,
        )
      })
      await page.click('#go')
      await isAt()
      await page.open(`${shop}/plain`)
      expect(await page.run(() => sessionStorage.getItem('clicks'))).to.equal('x')
    })

    for (const name of ['querySelector', 'createElement']) {
      it(`is followed in a page that calls a part of itself "${name}"`, async () => {
        await openShop(link())
        await page.run((called) => {
          document.body.insertAdjacentHTML('beforeend', `<img name=${called}><form name=${called}></form>`)
        }, name)
        await page.click('#go')
        await isAt()
      })
    }
  })
}
