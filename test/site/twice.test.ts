/** A sign-in that is sent twice, by a double click: one session, the cart in it once, whichever answer the browser keeps (R20). */
import { join } from 'node:path'

import { expect } from 'chai'
import type { RequestHandler } from 'express'
import { createHub, type HubOptions, type JsonObject, type MergeQuestion, sqliteStore } from 'session-hub/hub'

import { createGate } from '../support/gate.js'
import { type SecondProcess, startSecondProcess } from '../support/second-process.js'
import { DECISIONS } from '../support/store-of-worlds.js'
import { newFolder } from '../support/stores.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

const SIGN_IN = '/backchannel/sign-in'
const FRESH = 300
/** Longer than a site ever leaves a hub alone that did not answer. */
const PAUSE = 11
/** For so long a second form counts as sent together with the first. */
const TOGETHER = 60

describe('a sign-in that is sent twice', () => {
  const gate = createGate()
  let users: Users
  let visitor: Visitor
  let other: SecondProcess
  let merges: MergeQuestion[]
  let behind: RequestHandler

  const merge = (question: MergeQuestion): JsonObject => {
    merges.push(question)
    const { from, into } = question
    const [before, more] = [into, from].map(({ cart = [] }) => cart as string[])
    return { ...from, ...into, cart: [...before!, ...more!] }
  }

  async function start(hub: Partial<HubOptions> = {}): Promise<void> {
    merges = []
    behind = (_req, _res, next) => {
      next()
    }
    const inFrontOfHub: RequestHandler = (req, res, next) => {
      gate.handler(req, res, () => {
        behind(req, res, next)
      })
    }
    users = await startUsers({ inFrontOfHub, hub: { merge, ...hub } })
    other = await startSecondProcess(users.world, 'shop')
    visitor = users.browser()
    other.share(visitor)
    await visitor.post(users.shop, '/cart', { item: 'boots' })
  }
  afterEach(async () => {
    await other.close()
    await users.world.close()
  })

  /** The same browser at the moment of the click: the cookies of before, and none of the answers. */
  const clicking = () => {
    const copy = visitor.copy()
    other.share(copy)
    return copy
  }
  const signIn = (browser: Visitor, at: string, form: object = { name: 'ada' }) =>
    browser.post(at, '/sign-in', form)

  async function expectOneSession(browser: Visitor, claims: object = {}): Promise<void> {
    const seen = { session: 'signed-in', subject: 'ada', claims, data: { cart: ['boots'] } }
    expect(await browser.whoami(users.shop)).to.deep.equal(seen)
    expect(await users.count('ada'), 'sessions of hers').to.equal(1)
    expect(merges, 'merges').to.have.length(DECISIONS)
  }

  for (const [where, secondAt] of [
    ['one process of the site', () => users.shop],
    ['two processes of the site', () => other.address],
  ] as const) {
    it(`at once, to ${where}, leads to one session, whichever answer comes last`, async () => {
      await start()
      gate.holdUntil(2, SIGN_IN)
      const [first, second] = [clicking(), clicking()]
      const replies = await Promise.all([signIn(first, users.shop), signIn(second, secondAt())])
      for (const { status } of replies) expect(status).to.equal(200)
      for (const browser of [first, second]) await expectOneSession(browser)
    })

    it(`one after the other, to ${where}, leads to one session`, async () => {
      await start()
      const late = clicking()
      await signIn(visitor, users.shop)
      users.world.advance(2)
      await signIn(late, secondAt())
      for (const browser of [visitor, late]) await expectOneSession(browser)
    })
  }

  it('at once, to two processes of the hub, leads to one session', async () => {
    const path = join(newFolder(), 'hub.sqlite')
    await start({ store: sqliteStore(path) })
    const { origin, keys } = users.world.hub
    const { registration } = users.world.siteOf('shop')
    const hub = await createHub({ origin, keys, sites: [registration], store: sqliteStore(path), merge })
    let turn = 0
    behind = (req, res, next) => {
      if (req.url === SIGN_IN && turn++ === 1) hub.router(req, res, next)
      else next()
    }
    gate.holdUntil(2, SIGN_IN)
    const [first, second] = [clicking(), clicking()]
    await Promise.all([signIn(first, users.shop), signIn(second, users.shop)])
    expect(turn).to.equal(2)
    for (const browser of [first, second]) await expectOneSession(browser)
    await hub.close()
  })

  it('by a user whose sessions are limited is not one session too many', async () => {
    await start({ maxSessions: 1, evict: 'refuse' })
    const late = clicking()
    for (const browser of [visitor, late]) expect((await signIn(browser, users.shop)).status).to.equal(200)
    await expectOneSession(late)
  })

  it('by a user who may have one session does not end it', async () => {
    await start({ singleSession: true })
    const late = clicking()
    for (const browser of [visitor, late]) await signIn(browser, users.shop)
    for (const browser of [visitor, late]) await expectOneSession(browser)
  })

  it('over a session of the same user leads to one that has all of its data', async () => {
    await start()
    await signIn(visitor, users.shop)
    const late = clicking()
    for (const browser of [visitor, late]) await signIn(browser, users.shop)
    expect(await late.whoami(users.shop)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
    expect(await users.count('ada')).to.equal(1)
  })

  it('is the second form’s word in what it says of the user, and of being remembered', async () => {
    await start()
    const late = clicking()
    await visitor.post(users.shop, '/account/sign-in', { subject: 'ada', claims: { step: 1 } })
    await late.post(users.shop, '/account/sign-in', { subject: 'ada', claims: { step: 2 }, remember: false })
    await expectOneSession(late, { step: 2 })
    users.world.advance(FRESH)
    const renewed = (await late.ask(`${users.shop}/who`)).headers['set-cookie'] ?? []
    expect(renewed).to.have.length(2)
    for (const cookie of renewed) expect(cookie).to.not.match(/max-age/i)
  })

  it('while the hub is down is registered once', async () => {
    await start()
    await users.world.hub.listener.stop()
    const late = clicking()
    for (const browser of [visitor, late]) await signIn(browser, users.shop)
    await users.world.hub.listener.start()
    users.world.advance(PAUSE)
    for (const browser of [visitor, late]) await browser.whoami(users.shop)
    for (const browser of [visitor, late]) await expectOneSession(browser)
  })

  it('is a session of its own where it comes much later', async () => {
    await start()
    const late = clicking()
    await signIn(visitor, users.shop)
    users.world.advance(TOGETHER + 1)
    await signIn(late, users.shop)
    expect(await late.whoami(users.shop)).to.deep.include({ subject: 'ada', data: {} })
    expect(await users.count('ada')).to.equal(2)
  })

  it('is one of its own where the user has signed out in between', async () => {
    await start()
    const late = clicking()
    await signIn(visitor, users.shop)
    await visitor.post(users.shop, '/sign-out', {})
    await signIn(late, users.shop)
    expect(await late.whoami(users.shop)).to.deep.include({ subject: 'ada', data: {} })
    expect(await users.count('ada')).to.equal(1)
  })

  it('gives somebody else who has the old cookie nothing of hers, and takes nothing from her', async () => {
    await start()
    const thief = clicking()
    await signIn(visitor, users.shop)
    await signIn(thief, users.shop, { name: 'mallory' })
    expect(await thief.whoami(users.shop)).to.deep.include({ subject: 'mallory', data: {} })
    await expectOneSession(visitor)
  })

  it('gives another site of hers, with its own cookie of the same session, no way to this one', async () => {
    await start()
    await visitor.sync(users.shop)
    await visitor.sync(users.travel)
    const late = clicking()
    await signIn(visitor, users.shop)
    const claims = { of: 'travel' }
    await late.post(users.travel, '/account/sign-in', { subject: 'ada', claims })
    expect(await visitor.whoami(users.shop)).to.deep.include({ claims: {}, data: { cart: ['boots'] } })
  })

  describe('and a sign-out that was sent beside it, with the same cookie', () => {
    it('leaves no session behind that nobody holds', async () => {
      await start()
      const late = clicking()
      await signIn(visitor, users.shop)
      await late.post(users.shop, '/sign-out', {})
      expect(await users.count('ada')).to.equal(0)
      expect(await visitor.whoami(users.shop)).to.include({ session: 'none' })
    })

    it('ends all of the user’s where it is a sign-out everywhere', async () => {
      await start()
      const elsewhere = users.browser()
      await signIn(elsewhere, users.shop)
      const late = clicking()
      await signIn(visitor, users.shop)
      await late.post(users.shop, '/account/sign-out', { everywhere: true })
      expect(await users.count('ada')).to.equal(0)
    })

    it('ends nothing at another site, whose cookie of before it is', async () => {
      await start()
      await visitor.sync(users.shop)
      await visitor.sync(users.travel)
      const late = clicking()
      await signIn(visitor, users.shop)
      await late.post(users.travel, '/sign-out', {})
      expect(await users.count('ada')).to.equal(1)
    })

    it('ends nothing where it comes much later', async () => {
      await start()
      const late = clicking()
      await signIn(visitor, users.shop)
      users.world.advance(TOGETHER + 1)
      await late.post(users.shop, '/sign-out', {})
      expect(await users.count('ada')).to.equal(1)
    })
  })
})
