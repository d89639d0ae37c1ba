/** The journeys of a visitor in a real Chromium, third-party cookies allowed. */
import { expect } from 'chai'
import { createSite } from 'session-hub/site'
import { generateSite } from 'session-hub/hub'

import type { TestBrowser, TestPage } from '../support/browser.js'
import { siteApp } from '../support/site-app.js'
import { useBrowser } from '../support/stage.js'
import { startWorld, type World } from '../support/world.js'

describe('a session on several sites, in Chromium with third-party cookies allowed', () => {
  let world: World
  let browser: TestBrowser
  let page: TestPage
  let shop: string
  let travel: string
  let magazine: string
  /** Takes the next frame's request into a test's hands. */
  let onFrame: ((next: () => void) => void) | undefined

  useBrowser('allowed', (given) => (browser = given))
  beforeEach(async () => {
    onFrame = undefined
    world = await startWorld({
      inFrontOfHub: (req, _res, next) => {
        if (onFrame && req.url.startsWith('/frame')) onFrame(next)
        else next()
      },
    })
    page = await browser.newPage()
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    magazine = world.siteOf('magazine').origin
  })
  afterEach(() => world.close())

  it('shows on travel the cart that was filled on shop, without a reload', async () => {
    expect((await page.visit(shop)).detail).to.include({ outcome: 'none' })
    await page.fetch('/cart', { item: 'boots' })
    expect(await page.sync()).to.include({ outcome: 'adopt', rung: 'frame' })

    expect(await page.visitLoaded(travel)).to.include({ outcome: 'replace', requests: 2, reason: null })
    expect(await page.eventsNamed('session-replaced')).to.deep.equal([
      { reason: 'empty', source: 'frame', signedIn: false },
    ])
    expect(await page.fetch('/whoami')).to.deep.include({ session: 'anonymous', data: { cart: ['boots'] } })
    expect(page.errors).to.deep.equal([])
  })

  it('adopts a session that began on travel and shows it on shop', async () => {
    await page.open(`${travel}/plain`)
    await page.fetch('/cart', { item: 'a night in Porto' })
    expect((await page.visit(travel)).detail).to.include({ outcome: 'adopt' })

    expect((await page.visit(shop)).detail).to.include({ outcome: 'replace' })
    expect(await page.fetch('/whoami')).to.deep.include({ data: { cart: ['a night in Porto'] } })
  })

  it('signs in on magazine and is signed in on shop, with the cart', async () => {
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()
    await page.visit(magazine)
    await page.fetch('/sign-in', { name: 'ada', claims: { name: 'Ada' } })
    expect(await page.sync()).to.include({ outcome: 'adopt' })

    await page.visit(shop)
    await page.sync()
    expect(await page.fetch('/whoami')).to.deep.equal({
      session: 'signed-in',
      subject: 'ada',
      claims: { name: 'Ada' },
      data: { cart: ['boots'] },
    })
  })

  it('signs out on shop and is signed out on magazine at its next sync', async () => {
    await page.visit(magazine)
    await page.fetch('/sign-in', { name: 'ada' })
    await page.sync()
    await page.visit(shop)
    expect(await page.fetch('/whoami')).to.include({ subject: 'ada' })
    await page.page.evaluate(() => SessionHub.signOut())

    await page.visit(magazine)
    await page.sync()
    const [ended, ...more] = await page.eventsNamed('session-ended')
    // Magazine's backend may have heard of it first, and have answered the page accordingly.
    expect(ended?.reason).to.be.oneOf(['signed-out', 'unknown'])
    expect(more).to.deep.equal([])
    expect(await page.fetch('/whoami')).to.include({ session: 'none', subject: null })
  })

  it('tells a page that its own backend has signed the visitor out', async () => {
    await page.visit(magazine)
    await page.fetch('/sign-in', { name: 'ada' })
    await page.sync()
    await page.fetch('/sign-out', {})
    expect((await page.event('session-ended')).detail).to.deep.equal({ reason: 'unknown' })
  })

  it('tells a listener that comes too late, and one that throws harms nobody', async () => {
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()
    await page.visit(travel)
    const told = await page.page.evaluate(
      () =>
        new Promise((resolve) => {
          SessionHub.on('session-replaced', () => {
            throw new Error('a listener of the page')
          })
          SessionHub.on('session-replaced', resolve)
        }),
    )
    expect(told).to.deep.equal({ reason: 'empty', source: 'frame', signedIn: false })
    expect(await page.sync()).to.include({ outcome: 'keep' })
  })

  it('asks nobody anything when an unchanged visitor comes back, and keeps the session over a reload', async () => {
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()
    await page.visit(shop)
    const before = world.hub.listener.seen.filter(({ url }) => url.startsWith('/frame')).length

    expect((await page.visit(shop)).detail).to.include({ requests: 0 })
    await page.page.reload()
    expect((await page.event('synced')).detail).to.include({ requests: 0 })
    expect(await page.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
    expect(world.hub.listener.seen.filter(({ url }) => url.startsWith('/frame'))).to.have.length(before)
  })

  it('takes one request for a visitor with nothing to share, and none in the time that it is good for', async () => {
    expect(await page.visitLoaded(shop)).to.include({ outcome: 'none', requests: 1 })
    expect((await page.visit(shop)).detail).to.include({ requests: 0 })
    expect(await browser.cookies()).to.deep.equal([])
  })

  it('looks again when the visitor comes from another site', async () => {
    await page.visit(travel)
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()

    await page.page.evaluate((to) => location.assign(to), travel)
    await page.page.waitForFunction((there) => location.href.startsWith(there), {}, travel)
    expect((await page.event('synced')).detail).to.include({ outcome: 'replace' })
  })

  it('syncs by itself when the site changes the session', async () => {
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.page.waitForFunction(() => SessionHub.status.outcome === 'adopt')
  })

  it('shares a sign-in that happened while a sync was under way', async () => {
    await page.visit(shop)
    let release: (() => void) | undefined
    const arrived = new Promise<void>((resolve) => {
      onFrame = (next) => {
        release = next
        onFrame = undefined
        resolve()
      }
    })
    await page.page.evaluate(() => {
      void SessionHub.sync({ force: true })
    })
    await arrived
    await page.fetch('/sign-in', { name: 'ada' })
    release?.()
    await page.page.waitForFunction(() => SessionHub.status.outcome === 'adopt')
  })

  it('shares with the primary domain itself, where hub and site are one origin', async () => {
    const { origin, listener } = world.hub
    const { keys, registration } = await generateSite(origin)
    world.register(registration)
    const site = await createSite({ origin, hub: origin, keys })
    listener.use(siteApp('primary', site))
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()

    expect((await page.visit(origin)).detail).to.include({ outcome: 'replace' })
    expect(await page.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
    site.close()
  })

  it('shares with a fourth site that was registered while everything ran', async () => {
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()

    const { origin } = await world.addSite('garden')
    expect((await page.visit(origin)).detail).to.include({ outcome: 'replace' })
    expect(await page.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
  })

  it('gives no session to a page that is not registered, and throws nothing there', async () => {
    await page.visit(shop)
    await page.fetch('/cart', { item: 'boots' })
    await page.sync()
    const { origin } = await world.addSite('stranger')
    world.unregister(origin)

    expect((await page.visit(origin)).name).to.equal('sync-failed')
    expect(await page.fetch('/whoami')).to.include({ session: 'none' })
  })
})
