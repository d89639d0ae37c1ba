/**
 * A `<base>` in a page says where its relative addresses lead. Whoever can put markup into a page, though no script, can put one there:
 * nothing of a session may follow it (R10, R23). Each attack is beside the same page without it.
 */
import { expect } from 'chai'

import { type BrowserKind, startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { listen, type Listener } from '../support/listener.js'
import { bePatient, untilDecorated } from '../support/sister-links.js'
import { send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

let world: World
let stranger: Listener
/** The bodies of what anybody has sent to the stranger. */
let told: string[]
let browser: TestBrowser
let page: TestPage
let shop: string
let travel: string
/** The two pages, by what a visitor has written into the second. */
let pages: readonly [clean: string, based: string]

const POLICY = "script-src 'nonce-shop'"

function inBrowser(kind: BrowserKind): void {
  before(async () => (browser = await startBrowser(kind)))
  beforeEach(async () => {
    world = await startWorld({ sisters: true })
    travel = world.siteOf('travel').origin
    shop = world.siteOf('shop').origin
    await startStranger()
    const comments = { '/clean': 'Nice!', '/based': `<base href="${stranger.origin}/">Nice!` }
    for (const [path, comment] of Object.entries(comments)) servePage(path, comment)
    pages = [`${shop}/clean`, `${shop}/based`]
    page = await browser.newPage()
  })
  afterEach(async () => {
    await page.page.close()
    await stranger.close()
    await world.close()
  })
  after(() => browser.close())
}

/** Answers whatever a page asks, and has a script of its own where the SDK's others would be. */
async function startStranger(): Promise<void> {
  stranger = await listen('stranger.localhost')
  told = []
  stranger.use((req, res) => {
    req.on('data', (part: Buffer) => told.push(part.toString()))
    req.on('end', () => {
      res.set('access-control-allow-origin', req.headers.origin ?? '*')
      res.set('access-control-allow-headers', 'content-type').type('js')
      res.send('globalThis.isOwned = true; export const create = () => {}')
    })
  })
}

function servePage(path: string, comment: string): void {
  const { listener, site } = world.siteOf('shop')
  listener.app.get(path, (req, res) => {
    const tag = site.scriptTag(req, { sisterLinks: true, nonce: 'shop' })
    res.set('content-security-policy', POLICY).type('html')
    res.send(`<!doctype html><title>shop</title>${tag}<p>${comment}<a id=go href="${travel}/plain">Go</a>`)
  })
}

const isAt = (address: string) => page.until((there) => location.href === there, address)

for (const kind of ['blocked', 'firefox'] as const) {
  describe(`a page with somebody’s base, in ${kind === 'blocked' ? 'Chromium with cookies blocked' : 'Firefox @all'}`, () => {
    inBrowser(kind)

    it('R10: takes the ladder and its link tickets from its own backend', async () => {
      await page.open(`${shop}/plain`)
      await page.fetch('/cart', { item: 'boots' })
      for (const [times, address] of pages.entries()) {
        await page.visit(address)
        await untilDecorated(page)
        expect(await page.run(() => 'isOwned' in window)).to.equal(false)
        await bePatient(page)
        await page.click('#go')
        await isAt(`${travel}/plain`)
        const entered = world.siteOf('travel').listener.seen.filter(({ method }) => method === 'POST')
        expect(entered).to.have.length(times + 1)
      }
      expect(stranger.seen).to.deep.equal([])
    })
  })
}

describe('a page with somebody’s base, in Chromium with cookies allowed @all', () => {
  inBrowser('allowed')

  for (const based of [0, 1] as const) {
    it(`R10: tells its ticket and its verifier to its own backend (${based ? 'attack' : 'twin'})`, async () => {
      await page.visit(travel)
      await page.fetch('/sign-in', { name: 'ada' })
      await page.sync()
      const { detail } = await page.visit(pages[based])
      for (const body of told) {
        const headers = { origin: shop, 'content-type': 'application/json' }
        const reply = await send(`${shop}/session-hub/redeem`, { method: 'POST', body, headers })
        expect(reply.json.subject, 'the stranger is').to.not.equal('ada')
      }
      expect(stranger.seen).to.deep.equal([])
      expect(detail).to.include({ outcome: 'replace' })
      await page.open(`${shop}/plain`)
      expect(await page.fetch('/whoami')).to.include({ subject: 'ada' })
    })
  }

  it('R23: goes to its own redirect', async () => {
    for (const address of pages) {
      await page.visit(address)
      await page.run(() => {
        SessionHub.redirect({ returnTo: '/plain' })
      })
      await page.until((before) => location.href !== before, address)
      await isAt(`${shop}/plain`)
    }
    expect(stranger.seen).to.deep.equal([])
  })
})
