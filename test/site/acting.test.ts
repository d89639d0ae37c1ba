/** `site.actAs()`: an administrator sees one site as one of its users does, and comes back. */
import { expect } from 'chai'
import type { RequestHandler } from 'express'
import type { SiteOptions } from 'session-hub/site'
import { verifySession } from 'session-hub/verify'

import { keyPair } from '../support/key-pairs.js'
import { startUsers, type Users } from '../support/users.js'
import type { Reply, Visitor } from '../support/visitor.js'
import type { WorldOptions } from '../support/world.js'

const MINUTES = 60
const API = 'https://api.example'
const pair = keyPair('ES256')
const REASON = 'Ticket 4711: the cart is empty'

describe('acting as a user', () => {
  let users: Users
  let shop: string
  let travel: string
  /** The administrator's browser, and the customer's. */
  let root: Visitor
  let ada: Visitor

  async function start(
    site: Partial<SiteOptions> = {},
    hub: WorldOptions['hub'] = {},
    inFrontOfHub: RequestHandler = (_req, _res, next) => {
      next()
    },
  ): Promise<void> {
    users = await startUsers({
      site,
      hub,
      inFrontOfHub,
      sessionKey: () => pair.jwk,
      registration: (name) => ({ mayImpersonate: name === 'shop' }),
    })
    ;({ shop, travel } = users)
    ;[root, ada] = [users.browser(), users.browser()]
    await users.signIn(root, 'root', { claims: { name: 'Root' } })
    await users.signIn(ada, 'ada', { claims: { name: 'Ada' } })
    await root.post(shop, '/account/data', { cart: ['tools'] })
    await ada.post(shop, '/account/data', { cart: ['boots'] })
  }
  afterEach(() => users.world.close())

  const act = (more: object = {}): Promise<Reply> =>
    root.post(shop, '/account/act-as', { subject: 'ada', claims: { name: 'Ada' }, reason: REASON, ...more })
  const stop = (): Promise<Reply> => root.post(shop, '/account/stop-acting', {})
  const who = async (visitor = root, site = shop) => (await visitor.ask(`${site}/account/who`)).json
  const audit = () => users.world.hub.store.audit({ limit: 100 })
  const cookie = () => root.cookies(shop).get('__Host-session')!

  it('shows the user and who is really there, and nothing of anybody’s data', async () => {
    await start()
    expect((await act()).json).to.deep.equal({ subject: 'ada' })

    const until = Math.floor(users.world.now() / 1000) + 30 * MINUTES
    const { actor, ...shown } = await who()
    expect(shown).to.deep.equal({
      status: 'signed-in',
      subject: 'ada',
      claims: { name: 'Ada' },
      authTime: null,
      endReason: null,
      data: {},
    })
    expect(actor).to.have.property('subject', 'root')
    expect((actor as { until: number }).until).to.be.within(until - 30, until)
  })

  it('goes on past the renewal of the token', async () => {
    await start()
    await act()
    const before = cookie()
    users.world.advance(301)
    expect(await who()).to.deep.include({ subject: 'ada', data: {} })
    expect(cookie()).to.not.equal(before)
    expect((await who()).actor).to.deep.include({ subject: 'root' })
  })

  it('changes nothing on other sites, nor for the user', async () => {
    await start()
    const before = cookie()
    await act()
    expect(cookie()).to.not.equal(before)

    expect(await who(root, travel)).to.deep.include({
      subject: 'root',
      actor: null,
      data: { cart: ['tools'] },
    })
    users.world.advance(301)
    expect(await who(root, travel)).to.deep.include({ subject: 'root', data: { cart: ['tools'] } })
    expect(await who(ada)).to.deep.include({ subject: 'ada', actor: null, data: { cart: ['boots'] } })
    expect(await users.count('ada')).to.equal(1)
    const { sessions } = (await ada.ask(`${shop}/account/sessions`)).json as { sessions: unknown[] }
    expect(sessions).to.have.length(1)
  })

  it('takes no place among the user’s sessions, and ends none of them', async () => {
    await start({}, { maxSessions: 1, evict: 'refuse' })
    await act()
    expect(await who()).to.include({ subject: 'ada' })
    expect(await who(ada)).to.include({ subject: 'ada' })
    expect(await users.count('ada')).to.equal(1)
  })

  it('ends by stopActing: the administrator is back, with data and the time of the sign-in', async () => {
    await start()
    const { authTime } = await who()
    await act()
    const asAda = cookie()
    const { acted, subject } = (await stop()).json
    expect({ acted, subject }).to.deep.equal({ acted: true, subject: 'root' })
    expect(cookie()).to.not.equal(asAda)
    expect(await who()).to.deep.include({
      subject: 'root',
      actor: null,
      claims: { name: 'Root' },
      authTime,
      data: { cart: ['tools'] },
    })
    expect((await stop()).json).to.deep.equal({ acted: false, subject: 'root' })
  })

  it('ends by itself when the time is over, and the next sync brings the administrator back', async () => {
    await start()
    await act({ minutes: 10 })
    users.world.advance(10 * MINUTES - 5)
    expect(await who()).to.include({ subject: 'ada' })
    users.world.advance(5)
    expect(await who()).to.deep.include({ status: 'none', subject: null, actor: null, endReason: 'expired' })
    expect(root.cookies(shop).has('__Host-session')).to.equal(false)
    expect((await stop()).json).to.deep.equal({ acted: false, subject: null })

    expect((await root.sync(shop)).outcome).to.equal('replace')
    expect(await who()).to.deep.include({ subject: 'root', data: { cart: ['tools'] } })
  })

  it('stays where the page syncs', async () => {
    await start()
    await act()
    expect((await root.sync(shop)).outcome).to.equal('keep')
    expect((await root.redirect(shop)).arrival).to.not.equal(undefined)
    expect(await who()).to.include({ subject: 'ada' })
    expect(await who(root, travel)).to.include({ subject: 'root' })
  })

  it('ends with a sign-out of the administrator, here or elsewhere, wholly', async () => {
    await start()
    await act()
    expect((await users.signOut(root)).status).to.equal(200)
    for (const site of [shop, travel])
      expect(await who(root, site)).to.deep.include({ subject: null, data: {} })

    await users.signIn(root, 'root')
    await act()
    await root.post(travel, '/account/sign-out', {})
    users.world.advance(301)
    expect(await who()).to.deep.include({ status: 'none', subject: null })
    expect(await users.count('root')).to.equal(0)
    expect(await who(ada)).to.include({ subject: 'ada' })
  })

  it('ends with all of the administrator’s sessions, also those that are counted', async () => {
    await start()
    await act()
    expect(await users.world.hub.hub.sessions.endAll('root')).to.equal(1)
    users.world.advance(301)
    expect(await who()).to.deep.include({ status: 'none', endReason: 'revoked' })
  })

  it('goes on where the user signs out, for it is no session of theirs', async () => {
    await start()
    await act()
    await users.signOut(ada, { everywhere: true })
    users.world.advance(301)
    expect(await who()).to.include({ subject: 'ada' })
  })

  it('ends when the user is erased', async () => {
    await start()
    await act()
    await users.world.hub.hub.sessions.erase('ada')
    users.world.advance(301)
    expect(await who()).to.include({ subject: null })
    const rows = (await audit()).filter(({ act }) => act === 'act-as')
    expect(rows).to.have.length(1)
    expect(rows[0]!.subject).to.match(/^erased:/)
    expect(rows[0]).to.not.have.property('reason')
  })

  it('stands in the audit, its beginning with why and until when, and its end', async () => {
    await start()
    await act({ minutes: 5 })
    await stop()
    await act({ subject: 'bob' })
    await users.signOut(root)
    const rows = (await audit()).map(({ atMs, untilMs, seq: _seq, from: _from, ...row }) => ({
      ...row,
      ...(untilMs !== undefined && { minutes: Math.round((untilMs - atMs) / 60_000) }),
    }))
    const common = { who: 'root', site: shop, sessions: 0, outcome: 'done' }
    expect(rows.reverse()).to.deep.equal([
      { ...common, act: 'act-as', subject: 'ada', reason: REASON, minutes: 5 },
      { ...common, act: 'stop-acting', subject: 'ada' },
      { ...common, act: 'act-as', subject: 'bob', reason: REASON, minutes: 30 },
      { ...common, act: 'stop-acting', subject: 'bob' },
    ])
    const logged = users.world.log.filter(({ event }) => event.startsWith('acting_'))
    expect(logged.map(({ event }) => event)).to.deep.equal([
      'acting_started',
      'acting_stopped',
      'acting_started',
    ])
    expect(JSON.stringify(users.world.log)).to.not.include('4711')
  })

  it('is in the cookie’s token and in those for services, as RFC 8693 spells it', async () => {
    await start({ audiences: [API] })
    const verified = (token: string, audience = shop) =>
      verifySession(token, { key: pair.publicJwk, issuer: shop, audience, now: () => users.world.now() })
    expect((await verified(cookie())).actor).to.equal(null)
    await act()
    const payload = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>
    const forApi = String((await root.post(shop, '/session-hub/token', { audience: API })).json.token)
    for (const [token, audience] of [
      [cookie(), shop],
      [forApi, API],
    ] as const) {
      expect(payload(token)).to.deep.include({ sub: 'ada', act: { sub: 'root' } })
      expect(payload(token)).to.not.have.property('auth_time')
      expect(await verified(token, audience)).to.deep.include({
        subject: 'ada',
        actor: { subject: 'root' },
        authTime: null,
      })
    }
  })

  it('tells tokenClaims who acts', async () => {
    await start({
      fields: ['name'],
      tokenClaims: ({ actor }) => ({ by: actor?.subject ?? 'nobody' }),
    })
    await act()
    expect(await who()).to.deep.include({ subject: 'ada', claims: { name: 'Ada' } })
    const payload = Buffer.from(cookie().split('.')[1]!, 'base64url').toString()
    expect(JSON.parse(payload)).to.deep.include({ by: 'root', name: 'Ada' })
  })

  it('fires none of the hooks for the user, and onEnded for the administrator’s own session alone', async () => {
    const told: unknown[] = []
    await start({
      onSignedIn: ({ subject }) => void told.push(['signed in', subject]),
      onReplaced: () => void told.push('replaced'),
      onEnded: ({ subject, reason }) => void told.push([subject, reason]),
    })
    told.length = 0
    await act({ minutes: 1 })
    users.world.advance(61)
    await who()
    expect(told).to.deep.equal([])
    await root.sync(shop)
    told.length = 0
    await act()
    await users.signOut(root)
    expect(told).to.deep.include(['root', 'signed-out'])
    expect(JSON.stringify(told)).to.not.include('ada')
  })

  it('is not begun and not ended while the hub is down; what there is goes on while its token is fresh, and no longer', async () => {
    await start()
    await act()
    const { listener } = users.world.hub
    await listener.close()
    expect(await stop()).to.include({ status: 503 })
    expect((await root.ask(`${shop}/who`)).json).to.include({ subject: 'ada' })
    users.world.advance(301)
    expect((await root.ask(`${shop}/who`)).json).to.include({ subject: null, isStale: true })
    expect((await ada.ask(`${shop}/who`)).json, 'the twin: a session of one’s own has its grace').to.include({
      subject: 'ada',
      isStale: true,
    })
    expect(await act()).to.include({ status: 503 })
  })

  it('holds up no sign-in: one of while the hub was down is registered when it is back', async () => {
    let isDown = false
    await start({}, {}, (_req, res, next) => {
      if (isDown) res.status(503).end()
      else next()
    })
    await act()
    isDown = true
    users.world.advance(301)
    expect((await root.ask(`${shop}/who`)).json).to.include({ subject: null, isStale: true })
    expect((await root.post(shop, '/account/sign-in', { subject: 'eve' })).status).to.equal(200)
    isDown = false
    expect(await who()).to.deep.include({ subject: 'eve', actor: null, data: {} })
    expect(await users.count('eve')).to.equal(1)
  })
})
