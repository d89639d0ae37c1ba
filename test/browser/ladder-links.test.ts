/** The link rung in real browsers: a click on a link to a sister brings the session along, and every other click is the browser's own. */
import { expect } from 'chai'
import type { Page } from 'puppeteer'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { bePatient, untilDecorated } from '../support/sister-links.js'
import { startWorld, type World } from '../support/world.js'

/** What the shop's page at /links has on it. */
interface LinkPage {
  readonly body?: string
  readonly headers?: Record<string, string>
  readonly sisterLinks?: boolean
  /** Whether a click waits for its ticket on a busy machine too. @default true */
  readonly isPatient?: boolean
}

const TARGET = '/plain?day=1#night'

let world: World
let browser: TestBrowser
let page: TestPage
let shop: string
let travel: string
let onLink: ((next: () => void) => void) | undefined

async function startSites(): Promise<void> {
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
  page = await browser.newPage()
}

async function stopSites(): Promise<void> {
  for (const open of await browser.browser.pages()) if (open.url().includes('.localhost')) await open.close()
  await world.close()
}

const link = (attributes = '', address = travel + TARGET) =>
  `<a id=go href="${address}" ${attributes}>To travel</a>`

/** Puts a cart into the shop, and opens its page of links, where the SDK sees that the frame is blocked. */
async function openLinks(what: LinkPage = {}): Promise<void> {
  await serveLinks(what)
  await isReady(what)
}

async function openAgain(): Promise<void> {
  await page.visit(`${shop}/links`)
  await isReady()
}

async function serveLinks({ body = link(), headers = {}, sisterLinks = true }: LinkPage): Promise<void> {
  const { listener, site } = world.siteOf('shop')
  listener.app.get('/links', (req, res) => {
    res.set(headers).type('html')
    res.send(`<!doctype html><title>links</title>${site.scriptTag(req, { sisterLinks })}${body}`)
  })
  await page.open(`${shop}/plain`)
  await page.fetch('/cart', { item: 'boots' })
  await page.visit(`${shop}/links`)
}

const asked = (name: string, path: string) =>
  world.siteOf(name).listener.seen.filter(({ url }) => url.startsWith(`/session-hub/${path}`))
const entered = () => asked('travel', 'enter').filter(({ method }) => method === 'POST')
const isAt = (address = travel + TARGET, where: Page = page.page) =>
  where.waitForFunction((there) => location.href === there, { polling: 20 }, address)
/** The ladder is there, and the sisters are known: before that, a link is the browser's own. */
async function isReady({ isPatient = true }: Pick<LinkPage, 'isPatient'> = {}): Promise<void> {
  await untilDecorated(page)
  if (isPatient) await bePatient(page)
}

/** Another tab than the page's. */
async function tabAt(address = travel + TARGET): Promise<Page> {
  const target = await browser.browser.waitForTarget((one) => one.url() === address)
  return (await target.page())!
}

async function cartAt(site = travel): Promise<unknown> {
  if (!page.page.url().startsWith(site)) await page.open(`${site}/plain`)
  return (await page.fetch('/whoami')).data
}

for (const kind of ['blocked', 'firefox'] as const) {
  describe(`a link to a sister site, in ${kind === 'blocked' ? 'Chromium with cookies blocked' : 'Firefox @all'}`, () => {
    before(async () => (browser = await startBrowser(kind)))
    beforeEach(startSites)
    afterEach(stopSites)
    after(() => browser.close())

    it('R10, R24: brings the cart along, to the very address of the link, and leaves nothing in it', async () => {
      await openLinks()
      await page.click('#go')
      await isAt()
      expect(await page.page.evaluate(() => document.referrer)).to.equal('')
      expect(entered()).to.have.length(1)
      // Where the link leads, and nothing of the session.
      const [to = ''] = (travel + TARGET).split('#')
      expect(entered()[0]!.url).to.equal(`/session-hub/enter?to=${encodeURIComponent(to)}`)
      expect(await cartAt()).to.deep.equal({ cart: ['boots'] })
    })

    it('R10: says which site it comes from, also from a page that hides its referrer', async () => {
      await openLinks({ headers: { 'referrer-policy': 'no-referrer' } })
      await page.click('#go')
      await isAt()
      expect(entered()[0]!.headers.origin).to.equal(shop)
      expect(await cartAt()).to.deep.equal({ cart: ['boots'] })
    })

    it('tells the page where it leads, without another sync', async () => {
      await openLinks({ body: link('', `${travel}/`) })
      await page.click('#go')
      await isAt(`${travel}/`)
      const { detail } = await page.event('synced')
      expect(detail).to.include({
        outcome: 'replace',
        reason: null,
        rung: 'link',
        isBlocked: true,
        requests: 0,
      })
      expect(await page.eventsNamed('session-replaced')).to.deep.equal([
        { reason: 'empty', source: 'link', signedIn: false },
      ])
      expect(await page.page.evaluate(() => document.cookie)).to.not.include('arrival')
      const frames = world.hub.listener.seen.filter(({ url }) => url.startsWith('/frame'))
      expect(frames.map(({ url }) => url.includes(travel))).to.deep.equal([false])

      await page.page.reload()
      expect((await page.event('synced')).detail).to.include({ outcome: null, isBlocked: true, requests: 0 })
      expect(await page.eventsNamed('session-replaced')).to.deep.equal([])
    })

    it('is followed plainly where the page lets no form go there, and from then on left alone', async () => {
      await openLinks({ headers: { 'content-security-policy': "form-action 'self'" } })
      for (const times of [1, 2]) {
        await page.click('#go')
        await isAt()
        expect(asked('shop', 'link'), `${times}`).to.have.length(1)
        await openAgain()
      }
      expect(entered()).to.have.length(0)
    })

    it('is followed plainly where the page lets no form go on from there, to another origin', async () => {
      const magazine = `${world.siteOf('magazine').origin}/plain`
      world.siteOf('travel').listener.app.get('/moved', (_req, res) => {
        res.redirect(302, magazine)
      })
      const policy = `form-action 'self' ${travel}`
      await openLinks({
        body: link('', `${travel}/moved`),
        headers: { 'content-security-policy': policy },
      })
      await page.click('#go')
      await isAt(magazine)
    })

    it('opens a new tab where it says so, which knows nothing of this one', async () => {
      await openLinks({ body: link('target=_blank') })
      await page.click('#go')
      const tab = await tabAt()
      expect(await tab.evaluate(() => window.opener === null)).to.equal(true)
      expect(page.page.url()).to.equal(`${shop}/links`)
      expect(entered()).to.have.length(1)
    })

    it('opens a tab that knows this one, where it says so', async () => {
      await openLinks({ body: link('target=partner') })
      await page.click('#go')
      const tab = await tabAt()
      expect(await tab.evaluate(() => (window.opener as Window | null)?.length)).to.equal(
        await page.page.evaluate(() => window.length),
      )
      expect(entered()).to.have.length(1)
    })
  })
}

describe('a link to a sister site, in Chromium', () => {
  before(async () => (browser = await startBrowser('blocked')))
  beforeEach(startSites)
  afterEach(stopSites)
  after(() => browser.close())

  it('works by the keyboard', async () => {
    await openLinks()
    await page.page.focus('#go')
    await page.page.keyboard.press('Enter')
    await isAt()
    expect(await cartAt()).to.deep.equal({ cart: ['boots'] })
  })

  it('works in an image map, in a shadow root, and where a script has added it', async () => {
    const there = travel + TARGET
    const bodies = [
      `<map name=m><area id=go href="${there}" shape=default></map><img id=see usemap="#m" width=99 height=99 src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">`,
      `<div id=see><template shadowrootmode=open><a href="${there}"><b>go</b></a></template></div>`,
      `<p id=see></p>`,
    ]
    await openLinks({ body: bodies.join('') })
    for (const [index, act] of [
      () => page.page.click('#see'),
      () => page.page.click('div >>> b'),
      async () => {
        await page.page.evaluate((to) => {
          document.querySelector('p')!.innerHTML = `<a href="${to}">later</a>`
        }, there)
        await page.click('p a')
      },
    ].entries()) {
      await openAgain()
      await act()
      await isAt()
      expect(entered(), bodies[index]).to.have.length(index + 1)
    }
  })

  it('takes a new ticket for each click, also in a page that comes back', async () => {
    await openLinks()
    await page.click('#go')
    await isAt()
    await page.page.goBack()
    await isAt(`${shop}/links`)
    await isReady()
    await page.click('#go')
    await isAt()
    expect(entered()).to.have.length(2)
    expect(world.log.filter(({ event }) => event === 'request_refused')).to.deep.equal([])
    expect(await cartAt()).to.deep.equal({ cart: ['boots'] })
  })

  it('asks for the sisters once in a tab, and only if there is a link to somewhere else', async () => {
    await serveLinks({ body: '<a id=go href="/plain">Here</a>' })
    await page.click('#go')
    await isAt(`${shop}/plain`)
    expect(asked('shop', 'sisters')).to.have.length(0)
    for (const times of [1, 2]) {
      await page.visit(`${shop}/links`)
      await page.page.evaluate((to) => (document.querySelector('a')!.href = to), travel + TARGET)
      await page.page.focus('#go')
      await isReady()
      await page.click('#go')
      await isAt()
      expect(entered()).to.have.length(times)
    }
    // Once more by each `isReady`: explain() asks for them itself.
    expect(asked('shop', 'sisters')).to.have.length(1 + 2)
  })

  it('is not held up by a hub that is slow with its ticket', async () => {
    await openLinks({ isPatient: false })
    onLink = () => undefined
    await page.click('#go')
    await isAt()
    expect(entered()).to.have.length(0)
    expect(asked('shop', 'link')).to.have.length(1)
  })

  it('is told to listeners of the page once, also when it was late', async () => {
    await openLinks({ isPatient: false })
    onLink = () => undefined
    await page.page.evaluate(() => {
      for (const target of [window, document])
        target.addEventListener('click', () => {
          sessionStorage.setItem('clicks', `${sessionStorage.getItem('clicks') ?? ''}x`)
        })
    })
    await page.click('#go')
    await isAt()
    await page.open(`${shop}/plain`)
    expect(await page.page.evaluate(() => sessionStorage.getItem('clicks'))).to.equal('xx')
  })

  it('asks for no ticket where there is no session to bring', async () => {
    await openLinks()
    await page.fetch('/sign-out', {})
    await page.click('#go')
    await isAt()
    expect(asked('shop', 'link')).to.have.length(0)
  })

  it('is left alone where a site has other sisters', async () => {
    const stranger = await world.addSite('stranger')
    await openLinks({ body: link('', `${stranger.origin}/plain`) })
    await page.click('#go')
    await isAt(`${stranger.origin}/plain`)
    expect(asked('shop', 'link')).to.have.length(0)
  })

  for (const [name, attributes, address] of [
    ['that downloads', 'download', undefined],
    ['that hides where it comes from', 'rel=noreferrer', undefined],
    ['that the page follows itself', `onclick="event.preventDefault();location.href=this.href"`, undefined],
    ['that is too long', '', 'x'.repeat(2000)],
  ] as const) {
    it(`is left alone: one ${name}`, async () => {
      const to = travel + TARGET + (address ?? '')
      await openLinks({ body: link(attributes, to) })
      const arrived = world.siteOf('travel').listener.next(({ url }) => url.startsWith('/plain'))
      await page.click('#go')
      await arrived
      expect(entered()).to.have.length(0)
    })
  }

  for (const key of ['Control', 'Shift', 'Meta', 'Alt'] as const) {
    it(`is left alone: a click with ${key}`, async () => {
      await openLinks()
      // What the browser would do then is its own affair, and opens windows: seen is whether it may.
      await page.page.evaluate(() => {
        addEventListener('click', (event) => {
          Object.assign(window, { isLeft: !event.defaultPrevented })
          event.preventDefault()
        })
      })
      await page.page.keyboard.down(key)
      await page.click('#go')
      await page.page.keyboard.up(key)
      expect(await page.page.evaluate(() => (window as unknown as { isLeft: boolean }).isLeft)).to.equal(true)
      expect(entered()).to.have.length(0)
    })
  }

  it('is left alone: a click with the middle button', async () => {
    await openLinks()
    const arrived = world.siteOf('travel').listener.next(({ url }) => url.startsWith('/plain'))
    await page.page.click('#go', { button: 'middle' })
    await arrived
    expect(entered()).to.have.length(0)
  })

  it('is left alone where nobody has asked for it, until somebody does, and when they have stopped it', async () => {
    await serveLinks({ sisterLinks: false })
    await page.click('#go')
    await isAt()
    expect(entered()).to.have.length(0)

    await page.visit(`${shop}/links`)
    await page.page.evaluate(() => {
      SessionHub.decorate()
    })
    await isReady()
    await page.click('#go')
    await isAt()
    expect(entered()).to.have.length(1)

    await page.visit(`${shop}/links`)
    await page.page.evaluate(() => SessionHub.explain().then(() => SessionHub.decorate()()))
    await page.click('#go')
    await isAt()
    expect(entered()).to.have.length(1)
  })

  it('is left alone where the rung is forbidden', async () => {
    const { listener, site } = world.siteOf('shop')
    listener.app.get('/forbidden', (req, res) => {
      const tag = site.scriptTag(req, { sisterLinks: true, rungs: ['frame', 'access'] })
      res.type('html').send(`<!doctype html><title>links</title>${tag}${link()}`)
    })
    await openLinks()
    await page.visit(`${shop}/forbidden`)
    await page.page.evaluate(() => SessionHub.explain())
    await page.click('#go')
    await isAt()
    expect(entered()).to.have.length(0)
  })
})

describe('a link to a sister site, in Chromium with cookies allowed', () => {
  before(async () => (browser = await startBrowser('allowed')))
  beforeEach(startSites)
  afterEach(stopSites)
  after(() => browser.close())

  it('is the browser’s own, and nothing of the ladder is ever loaded', async () => {
    await serveLinks({})
    await page.click('#go')
    await isAt()
    expect(entered()).to.have.length(0)
    for (const path of ['link', 'sisters', 'ladder']) expect(asked('shop', path), path).to.deep.equal([])
  })

  it('brings the session where the page does without the frame', async () => {
    const { listener, site } = world.siteOf('shop')
    listener.app.get('/frameless', (req, res) => {
      const tag = site.scriptTag(req, { sisterLinks: true, rungs: ['link'] })
      res.type('html').send(`<!doctype html><title>links</title>${tag}${link()}`)
    })
    await page.open(`${shop}/plain`)
    await page.fetch('/cart', { item: 'boots' })
    await page.open(`${shop}/frameless`)
    await isReady()
    expect(await page.page.evaluate(() => ({ ...SessionHub.status }))).to.include({
      outcome: null,
      reason: 'rung_forbidden',
      rung: null,
    })
    await page.click('#go')
    await isAt()
    expect(await cartAt()).to.deep.equal({ cart: ['boots'] })
    expect(world.hub.listener.seen.filter(({ url }) => url.startsWith('/frame'))).to.deep.equal([])
  })
})
