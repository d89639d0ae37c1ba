/** The ladder as a page sees it, in a real Chromium: when it is entered, what it is told, and how it is loaded. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import { startBrowser, type TestBrowser, type TestPage } from '../support/browser.js'
import { startWorld, type World } from '../support/world.js'

let world: World
let browser: TestBrowser
let page: TestPage
let shop: string
let travel: string

/** One browser for a group of tests; a world and a page for each. */
function inChromium(kind: 'allowed' | 'blocked'): void {
  before(async () => (browser = await startBrowser(kind)))
  beforeEach(async () => {
    world = await startWorld()
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    page = await browser.newPage()
  })
  afterEach(async () => {
    // Ports do not part cookies: the next world's shop would have this one's session.
    await browser.renew()
    await world.close()
  })
  after(() => browser.close())
}

const asked = (path: string) =>
  world.siteOf('shop').listener.seen.filter(({ url }) => url.startsWith(`/session-hub/${path}`))
const status = () => page.page.evaluate(() => ({ ...SessionHub.status }))

/** The shop, where nothing has been asked yet. */
async function openQuietly(address = `${shop}/?start=manual`): Promise<void> {
  await page.open(address)
  await page.page.waitForFunction(() => 'SessionHub' in window)
}

describe('a page whose frame is blocked', () => {
  inChromium('blocked')

  it('is told so, and what is left, when a click may begin', async () => {
    expect((await page.visit(shop)).detail).to.include({
      outcome: 'blocked',
      reason: 'blocked',
      rung: null,
      isBlocked: true,
    })
    const { detail } = await page.event('access-needed')
    expect(detail).to.deep.equal({ reason: 'blocked', rungs: ['access', 'link', 'redirect'] })
    expect(asked('ladder')).to.have.length(1)
    const late = await page.page.evaluate(
      () =>
        new Promise((resolve) => {
          SessionHub.on('access-needed', resolve)
        }),
    )
    expect(late).to.deep.equal(detail)
  })

  it('is told again on a page that did not have to ask', async () => {
    await page.visit(shop)
    await page.event('access-needed')
    expect((await page.visit(shop)).detail).to.include({ outcome: null, isBlocked: true, requests: 0 })
    expect((await page.event('access-needed')).detail).to.include({ reason: 'blocked' })
    expect(asked('ladder'), 'the browser keeps it').to.have.length(1)
  })

  it('hears only of what it allows, and of nothing if that is nothing', async () => {
    await openQuietly()
    /** What a client is told until its ladder has been loaded and asked. */
    const heard = (rungs: readonly string[]) =>
      page.page.evaluate(
        async (hub, allowed) => {
          localStorage.clear()
          // A document has one client.
          SessionHub.close()
          const client = SessionHub.createClient({ hub, start: 'manual', rungs: allowed as never })
          const told: unknown[] = []
          client.on('access-needed', (detail) => told.push(detail.rungs))
          await client.sync()
          await client.explain()
          client.close()
          return told
        },
        world.hub.origin,
        rungs,
      )
    expect(await heard(['frame', 'link'])).to.deep.equal([['link']])
    expect(await heard(['frame'])).to.deep.equal([])
  })

  it('ends with the client: its button goes, and none comes after', async () => {
    await openQuietly()
    await page.page.evaluate(() => SessionHub.sync())
    await page.page.evaluate(() => {
      document.body.insertAdjacentHTML('beforeend', '<div id=one></div><div id=two></div>')
      SessionHub.accessButton(document.getElementById('one')!)
    })
    await page.page.waitForSelector('#one iframe')
    await page.page.evaluate(async () => {
      SessionHub.close()
      SessionHub.accessButton(document.getElementById('two')!)
      // By the same file, and so after it.
      await SessionHub.explain()
    })
    expect(await page.page.$('#one > *, #two > *')).to.equal(null)
  })

  it('goes on without a ladder that cannot be loaded', async () => {
    await page.page.setRequestInterception(true)
    page.page.on('request', (request) => {
      void (request.url().includes('ladder') ? request.abort() : request.continue())
    })
    await page.visit(shop)
    const answer = await page.page.evaluate(async () => ({ ...(await SessionHub.requestAccess()) }))
    expect(answer).to.include({ outcome: null, reason: 'unreachable', isBlocked: true })
    expect(await page.eventsNamed('access-needed')).to.deep.equal([])
    expect(await page.sync()).to.include({ outcome: 'blocked' })
    expect(page.scriptErrors).to.deep.equal([])
  })

  it('explains itself', async () => {
    await openQuietly()
    expect(await page.page.evaluate(() => SessionHub.explain())).to.include('Next: call sync().')
    await page.page.evaluate(() => SessionHub.sync())
    const text = await page.page.evaluate(() => SessionHub.explain())
    expect(text).to.include(world.hub.origin).and.to.include('Last sync: blocked')
    for (const rung of ['frame', 'access', 'link', 'redirect']) expect(text).to.include(`${rung} needs`)
    expect(text).to.include('Next: use another rung.')
  })

  it('stays what it is while a redirect brings nothing', async () => {
    await page.visit(shop)
    // A document takes the arrival at its first sync, and so does each client.
    const arrived = await page.page.evaluate(async (hub) => {
      document.cookie = '__Host-session-arrival=redirect.none..0;path=/;secure'
      SessionHub.close()
      return { ...(await SessionHub.createClient({ hub, start: 'manual' }).sync()) }
    }, world.hub.origin)
    expect(arrived).to.include({ outcome: 'none', rung: 'redirect', isBlocked: true, requests: 0 })
  })
})

describe('a page whose frame works', () => {
  inChromium('allowed')

  it('loads nothing of the ladder, whatever it may use', async () => {
    await page.visit(shop)
    await page.page.evaluate(() => {
      SessionHub.decorate()
      SessionHub.accessButton(document.body)
    })
    await page.fetch('/cart', { item: 'boots' })
    expect(await page.sync()).to.include({ outcome: 'adopt', rung: 'frame', isBlocked: false })
    expect(asked('ladder')).to.deep.equal([])
    expect(await page.eventsNamed('access-needed')).to.deep.equal([])
  })

  it('comes back from a redirect to where it was, with the session', async () => {
    await page.visit(travel)
    await page.fetch('/sign-in', { name: 'ada' })
    await page.sync()
    const address = `${shop}/?start=manual&x=%C3%A9#part`
    await openQuietly(address)
    await Promise.all([
      page.page.waitForNavigation(),
      page.page.evaluate(() => {
        SessionHub.redirect()
      }),
    ])
    expect(page.page.url()).to.equal(address)
    await page.page.waitForFunction(() => 'SessionHub' in window)
    await page.page.evaluate(() => SessionHub.sync())
    expect(await status()).to.include({ outcome: 'replace', reason: null, rung: 'redirect', requests: 0 })
    expect(await page.eventsNamed('session-replaced')).to.deep.equal([
      { reason: 'empty', source: 'redirect', signedIn: true },
    ])
    expect(await page.eventsNamed('synced')).to.have.length(1)
    expect(await page.page.evaluate(() => document.cookie)).to.not.include('arrival')
    expect(await page.fetch('/whoami')).to.include({ subject: 'ada' })

    await page.page.evaluate(() => {
      SessionHub.redirect({ returnTo: '/plain' })
    })
    await page.page.waitForFunction((there) => location.href === there, {}, `${shop}/plain`)
  })

  it('goes nowhere where it may not', async () => {
    await openQuietly()
    const [redirected, requested] = await page.page.evaluate(async (hub) => {
      SessionHub.close()
      const client = SessionHub.createClient({ hub, start: 'manual', rungs: ['frame'] })
      client.redirect()
      // By the same file, and so after it.
      await client.explain()
      return [{ ...client.status }, { ...(await client.requestAccess()) }]
    }, world.hub.origin)
    const forbidden = { outcome: null, reason: 'rung_forbidden', rung: null }
    expect(redirected).to.include(forbidden)
    expect(requested).to.include(forbidden)
    expect(page.page.url()).to.equal(`${shop}/?start=manual`)
    expect(await page.page.$('dialog, iframe')).to.equal(null)
  })

  it('opens no frame where that is forbidden, and arrives all the same', async () => {
    await openQuietly()
    const [first, arrived] = await page.page.evaluate(async (hub) => {
      SessionHub.close()
      const create = () => SessionHub.createClient({ hub, start: 'manual', rungs: ['redirect'] })
      const first = create()
      const before = { ...(await first.sync({ force: true })) }
      first.close()
      document.cookie = '__Host-session-arrival=redirect.failed.redirect_loop.0;path=/;secure'
      return [before, { ...(await create().sync()) }]
    }, world.hub.origin)
    expect(first).to.include({ outcome: null, reason: 'rung_forbidden', requests: 0 })
    expect(arrived).to.include({ outcome: 'failed', reason: 'redirect_loop', rung: 'redirect' })
    expect(await page.eventsNamed('sync-failed')).to.have.length(1)
    expect(world.hub.listener.seen).to.deep.equal([])
  })

  for (const value of ['nonsense', 'redirect.bogus.x.1', 'frame.none..0']) {
    it(`removes an arrival that says "${value}", and syncs`, async () => {
      await openQuietly()
      await page.page.evaluate((text) => {
        document.cookie = `__Host-session-arrival=${text};path=/;secure`
      }, value)
      await page.page.evaluate(() => SessionHub.sync())
      expect(await status()).to.include({ outcome: 'none', rung: 'frame', requests: 1 })
      expect(await page.page.evaluate(() => document.cookie)).to.equal('')
    })
  }

  it('is not put off by what others have stored under its names', async () => {
    await openQuietly()
    for (const value of ['null', '7', '[]', '"x"', '{', '{"state":7,"atMs":"never"}']) {
      await page.page.evaluate((text) => {
        localStorage.setItem('session-hub', text)
      }, value)
      const result = await page.page.evaluate(async () => ({ ...(await SessionHub.sync()) }))
      expect(result, value).to.include({ outcome: 'none', requests: 1 })
    }
  })

  it('refuses a rung that it does not know, and names those that it does', async () => {
    await openQuietly()
    const message = await page.page.evaluate((hub) => {
      try {
        SessionHub.createClient({ hub, rungs: ['frame', 'lift' as never] })
        return ''
      } catch (error) {
        return (error as Error).message
      }
    }, world.hub.origin)
    expect(message).to.include('"lift"').and.include('frame,access,link,redirect')
  })
})

describe('a page that takes the script from the hub', () => {
  inChromium('blocked')

  const digest = createHash('sha384').update(readFileSync('dist/sdk.js')).digest('base64')

  /** @param pin what its tag says of the script's bytes */
  async function openWith(pin: string): Promise<void> {
    const hub = world.hub.origin
    const policy = `default-src 'none'; script-src 'self' ${hub}; frame-src ${hub}; connect-src 'self'`
    world.siteOf('shop').listener.app.get('/from-hub', (_req, res) => {
      res.set('content-security-policy', policy).type('html')
      res.send(`<!doctype html><title>shop</title><script async src="${hub}/sdk.js" ${pin}></script>`)
    })
    await page.visit(`${shop}/from-hub`)
    await page.event('access-needed')
  }
  const askedOfHub = () => world.hub.listener.seen.filter(({ url }) => url.includes('ladder'))

  it('takes the ladder from there too', async () => {
    await openWith('')
    expect(askedOfHub()).to.have.length(1)
    expect(asked('ladder')).to.have.length(0)
  })

  it('that it has pinned takes it from its own backend: no other bytes of the hub’s run in it', async () => {
    await openWith(`integrity="sha384-${digest}" crossorigin=anonymous`)
    expect(askedOfHub()).to.have.length(0)
    expect(asked('ladder')).to.have.length(1)
  })
})
