/**
 * Acting as a user, as somebody would misuse it: to become that user, to touch what is theirs, or to get at an administrator's session by it (R43). Each
 * attack has its twin, which is allowed: what is refused while somebody acts is done before or after.
 */
import { createHash, randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { openTicket, redemptionOf, siteToken, signEs256 } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal } from '../support/refusal.js'
import { startUsers, type Users } from '../support/users.js'
import { binding, type Reply, send, type Visitor } from '../support/visitor.js'
import type { WorldOptions } from '../support/world.js'

const REASON = 'Ticket 4711'
const HOUR = 3600
const SESSION = '__Host-session'

describe('R43: acting as a user, attacked', () => {
  let users: Users
  let shop: string
  let travel: string
  let root: Visitor

  async function start(options: WorldOptions = {}): Promise<void> {
    users = await startUsers({
      sisters: true,
      registration: (name) => ({ mayImpersonate: name === 'shop' }),
      ...options,
      hub: {
        admin: { tokens: [], isAdmin: (subject) => subject === 'root' || subject === 'chief' },
        ...options.hub,
      },
    })
    ;({ shop, travel } = users)
    root = users.browser()
    await users.signIn(root, 'root', { claims: { name: 'Root' } })
  }
  afterEach(() => users.world.close())

  const act = (more: object = {}, site = shop, by = root): Promise<Reply> =>
    by.post(site, '/account/act-as', { subject: 'ada', reason: REASON, ...more })
  const stop = (by = root): Promise<Reply> => by.post(shop, '/account/stop-acting', {})
  const who = async (by = root, site = shop) => (await by.ask(`${site}/account/who`)).json
  const heldAt = (site = shop, by = root) => String(handleIn(by.cookies(site).get(SESSION)!))
  const audit = async () =>
    (await users.world.hub.store.audit({ limit: 100 })).map(({ act: what, who: by, subject, outcome }) =>
      [what, by, subject, outcome].join(' '),
    )
  const expectCode = (reply: Reply, status: number, error: string) => {
    expect({ status: reply.status, error: reply.json.error }, reply.text).to.deep.equal({ status, error })
  }

  /** What a site's backend, or whoever has its keys, asks of the hub. */
  const ask = (what: string, body: object, name = 'shop'): Promise<Reply> =>
    send(`${users.world.hub.origin}/backchannel/${what}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(users.world, users.world.siteOf(name))}`,
      },
    })
  const asked = (more: object = {}) => ({
    handle: heldAt(),
    subject: 'ada',
    claims: {},
    reason: REASON,
    seconds: 600,
    ...more,
  })

  describe('is not begun', () => {
    it('at a site whose registration does not say so; at one that does it is', async () => {
      await start()
      expectCode(await act({}, travel), 403, 'acting_denied')
      expect(await who(root, travel)).to.deep.include({ subject: 'root', actor: null })
      expectRefusal(await ask('act-as', asked({ handle: heldAt(travel) }), 'travel'), 403, 'acting_denied')
      expect((await act()).status).to.equal(200)
    })

    it('as an administrator, nor as oneself, and the first is written down; as a user it is', async () => {
      await start()
      expectCode(await act({ subject: 'chief' }), 403, 'acting_denied')
      expectCode(await act({ subject: 'root' }), 403, 'acting_denied')
      expect(await audit()).to.deep.equal(['act-as root chief refused'])
      expect(await who()).to.deep.include({ subject: 'root', actor: null })
      expect((await act()).status).to.equal(200)
    })

    it('while nobody can say whether it is an administrator', async () => {
      let isDown = true
      const isAdmin = () => {
        if (isDown) throw new Error('The database is gone')
        return false
      }
      await start({ hub: { admin: { tokens: [], isAdmin } } })
      expectCode(await act(), 503, 'unavailable')
      expect(await who()).to.deep.include({ subject: 'root', actor: null })
      isDown = false
      expect((await act()).status, 'the twin').to.equal(200)
    })

    it('by nobody, an anonymous visitor, or one who has signed in more than an hour ago; just before that it is', async () => {
      await start()
      const nobody = users.browser()
      expectCode(await act({}, shop, nobody), 401, 'sign_in_required')
      await nobody.post(shop, '/account/data', { cart: ['boots'] })
      expectCode(await act({}, shop, nobody), 401, 'sign_in_required')

      users.world.advance(HOUR - 60)
      expect((await act()).status, 'the twin').to.equal(200)
      expect((await stop()).json).to.deep.include({ subject: 'root' })
      users.world.advance(61)
      expectCode(await act(), 401, 'sign_in_required')
      expect(await who()).to.deep.include({ subject: 'root' })
    })

    it('by one whose sign-in lies in the future, because the hub’s clock was set back; after a new one it is', async () => {
      await start()
      users.world.advance(-2 * HOUR)
      expectCode(await act(), 401, 'sign_in_required')
      await users.signIn(root, 'root')
      expect((await act()).status, 'the twin').to.equal(200)
    })

    it('by whoever acts already; after the end of that it is', async () => {
      await start()
      await act()
      expectCode(await act({ subject: 'bob' }), 403, 'while_acting')
      expectRefusal(await ask('act-as', asked({ subject: 'bob' })), 403, 'while_acting')
      expect(await who()).to.include({ subject: 'ada' })
      await stop()
      expect((await act({ subject: 'bob' })).status).to.equal(200)
    })

    const wrong: Record<string, object> = {
      'without a reason': { reason: undefined },
      'with an empty reason': { reason: ' ' },
      'with a reason of two lines': { reason: 'one\ntwo' },
      'with a reason that is too long': { reason: 'x'.repeat(201) },
      'for no time': { minutes: 0 },
      'for longer than eight hours': { minutes: 481 },
      'for half a minute more': { minutes: 1.5 },
      'as nobody': { subject: '' },
      'as a user whom the hub has named': { subject: 'pairwise:abc' },
      'with a misspelt option': { minuets: 5 },
    }
    for (const [what, more] of Object.entries(wrong)) {
      it(`${what}; as it should be it is`, async () => {
        await start()
        expectCode(await act(more), 400, 'request_invalid')
        expect(await who()).to.include({ subject: 'root' })
        expect((await act({ reason: 'x'.repeat(200), minutes: 480 })).status).to.equal(200)
      })
    }

    it('by a site that asks the hub for more than its own code would; with the same in its bounds it is', async () => {
      await start()
      for (const more of [{ seconds: 59 }, { seconds: 28_801 }, { reason: '' }, { reason: 'a\u0000' }])
        expectRefusal(await ask('act-as', asked(more)), 400, 'request_invalid')
      expectRefusal(await ask('act-as', asked({ claims: { text: 'x'.repeat(1024) } })), 413, 'data_too_large')
      expect((await ask('act-as', asked({ seconds: 28_800 }))).status).to.equal(200)
    })

    it('with claims that the site may not set; with its own it is', async () => {
      await start({ registration: () => ({ mayImpersonate: true, share: { claims: ['plan'] } }) })
      await users.signIn(root, 'root')
      expectCode(await act({ claims: { role: 'owner' } }), 403, 'data_denied')
      expect((await act({ claims: { plan: 'gold' } })).status).to.equal(200)
    })
  })

  describe('touches nothing', () => {
    const refused: Record<string, (by: Visitor) => Promise<Reply>> = {
      'the session’s data': (by) => by.post(shop, '/account/data', { cart: [] }),
      'the claims': (by) => by.post(shop, '/account/claims', { name: 'Eve' }),
      'the list of sessions': (by) => by.ask(`${shop}/account/sessions`),
      'all other sessions': (by) => by.post(shop, '/account/end-others', {}),
      'what needs a recent sign-in': (by) => by.ask(`${shop}/account/secret`),
      'who is signed in': (by) => by.post(shop, '/account/sign-in', { subject: 'ada' }),
      'the visitor’s sharing': (by) => by.post(shop, '/session-hub/forget', { off: true }),
    }
    for (const [what, touch] of Object.entries(refused)) {
      it(`of ${what}; before it, that is allowed`, async () => {
        await start()
        const ada = users.browser()
        await users.signIn(ada, 'ada')
        const allowed = await touch(root)
        expect(allowed.status, allowed.text).to.equal(200)
        root.cookies(shop).delete('__Host-session-off')
        await users.signIn(root, 'root')
        await act()
        expectCode(await touch(root), 403, 'while_acting')
        expect(await who()).to.deep.include({ subject: 'ada', data: {} })
        expect(root.cookies(shop).has('__Host-session-off')).to.equal(false)
        expect(await who(ada)).to.include({ subject: 'ada' })
      })
    }

    it('by the site’s own keys either: each act at the hub but reading is refused; by a session of one’s own it is not', async () => {
      await start()
      const acts: Record<string, object> = {
        update: { patch: { cart: [] } },
        claims: { patch: { name: 'Eve' } },
        list: {},
        'end-other': {},
        part: {},
        'sign-in': { subject: 'ada', claims: {} },
      }
      await act()
      const handle = heldAt()
      for (const [what, body] of Object.entries(acts))
        expectRefusal(await ask(what, { handle, ...body }), 403, 'while_acting')
      expect((await ask('read', { handle })).json).to.deep.include({
        subject: 'ada',
        actor: 'root',
        data: {},
        claims: {},
        auth_time: null,
      })
      await stop()
      for (const [what, body] of Object.entries(acts))
        expect((await ask(what, { handle: heldAt(), ...body })).status, what).to.equal(200)
    })

    it('of the administrator’s own session but its life: neither its data nor its claims are shown', async () => {
      await start()
      await root.post(shop, '/account/data', { secret: 'tools' })
      await act()
      const seen = await ask('read', { handle: heldAt() })
      expect(seen.text).to.not.match(/tools|Root/)
      await stop()
      expect((await ask('read', { handle: heldAt() })).text).to.match(/tools/)
    })
  })

  describe('does not travel', () => {
    it('by an offer: the hub’s cookie stays the administrator’s, or nobody’s; an offer of one’s own is taken', async () => {
      await start()
      await act()
      const stolen = users.browser()
      // The site itself offers nothing.
      expect((await root.post(shop, '/session-hub/offer', { nonce: binding().nonce })).json.offer).to.equal(
        null,
      )
      // A browser without the hub's cookie, and a site that has been made to sign an offer for it.
      stolen.cookies(shop).set('__Host-session-state', root.cookies(shop).get('__Host-session-state')!)
      const outcome = async (handle: string) => {
        const { nonce } = binding()
        const { data } = await stolen.frame(shop, nonce)
        expect(data.message.outcome).to.equal('offer')
        return (await stolen.exchange(data, offerOf(handle, nonce))).json.outcome
      }
      expect(await outcome(heldAt())).to.equal('none')
      expect(stolen.cookies(users.world.hub.origin).has('__Host-session-hub')).to.equal(false)
      await stop()
      expect(await outcome(heldAt())).to.equal('adopt')
    })

    it('by a link to a sister; back from it, a link carries the administrator', async () => {
      await start()
      await act()
      expect(await root.linkTicket(shop, travel)).to.equal(null)
      expect((await ask('link', { handle: heldAt(), to: travel })).json).to.deep.equal({ ticket: null })
      await stop()
      expect(await root.linkTicket(shop, travel)).to.be.a('string')
    })

    it('into another browser: a stolen copy ends with it, and is nobody’s way to the administrator', async () => {
      await start()
      await act({ minutes: 5 })
      const copy = root.copy()
      copy.cookies(users.world.hub.origin).clear()
      expect(await who(copy)).to.include({ subject: 'ada' })
      await stop()
      users.world.advance(301)
      expect(await who(copy)).to.include({ subject: null })
      expect((await stop(copy)).json).to.deep.equal({ acted: false, subject: null })
      expect(await who()).to.include({ subject: 'root' })
    })

    it('to another site: its handle is worth nothing there, though that site may do the same', async () => {
      await start({ registration: () => ({ mayImpersonate: true }) })
      await act()
      const handle = heldAt()
      for (const what of ['read', 'stop-acting'])
        expectRefusal(await ask(what, { handle }, 'travel'), 410, 'session_ended')
      expect((await ask('read', { handle })).status).to.equal(200)
    })
  })

  describe('gives nobody the administrator’s session', () => {
    it('by the handle of before: it is worth nothing from then on, and so is that of acting after it', async () => {
      await start()
      const own = heldAt()
      await act()
      const acting = heldAt()
      for (const what of ['read', 'act-as', 'stop-acting'])
        expectRefusal(
          await ask(what, what === 'act-as' ? asked({ handle: own }) : { handle: own }),
          410,
          'session_ended',
        )
      await stop()
      for (const what of ['read', 'stop-acting'])
        expectRefusal(await ask(what, { handle: acting }), 410, 'session_ended')
      expect((await ask('read', { handle: heldAt() })).json).to.deep.include({ subject: 'root' })
    })

    it('when the time is over: no stop brings it back; in time it does', async () => {
      await start()
      await act({ minutes: 1 })
      const handle = heldAt()
      const late = root.copy()
      users.world.advance(60)
      expectRefusal(await ask('stop-acting', { handle }), 410, 'session_ended')
      expect((await stop(late)).json).to.deep.equal({ acted: false, subject: null })

      await root.ask(`${shop}/account/who`)
      await root.sync(shop)
      await act({ minutes: 1 })
      expect((await ask('stop-acting', { handle: heldAt() })).json).to.deep.include({ subject: 'root' })
    })

    it('where the site may not do it any more: the view is over, and the administrator is back with a sync', async () => {
      await start()
      await act()
      const { registration } = users.world.siteOf('shop')
      users.world.register({ ...registration, mayImpersonate: false })
      expectRefusal(await ask('read', { handle: heldAt() }), 410, 'session_ended')
      users.world.advance(301)
      expect(await who()).to.include({ subject: null })
      await root.sync(shop)
      expect(await who()).to.include({ subject: 'root' })
    })

    it('by an act that is sent again: its answer is lost, and the second one’s handle is the only one', async () => {
      await start()
      const jti = 'A'.repeat(22)
      const body = asked({ jti })
      const first = await ask('act-as', body)
      const again = await ask('act-as', body)
      expect(again.json).to.deep.include({ subject: 'ada', actor: 'root' })
      expect(again.json.handle).to.not.equal(first.json.handle)
      expectRefusal(await ask('read', { handle: first.json.handle }), 410, 'session_ended')

      // The same name for the other act gives no handle of the administrator's.
      expectRefusal(await ask('stop-acting', { handle: again.json.handle, jti }), 403, 'acting_denied')
      const stopped = { handle: again.json.handle, jti: 'B'.repeat(22) }
      const back = await ask('stop-acting', stopped)
      expect(back.json).to.deep.include({ subject: 'root' })
      expect(back.json).to.not.have.property('actor')
      const mixed = asked({ handle: back.json.handle, jti: stopped.jti })
      expectRefusal(await ask('act-as', mixed), 403, 'acting_denied')
      expect((await ask('stop-acting', stopped)).json).to.deep.include({ subject: 'root' })
      users.world.advance(61)
      expectRefusal(await ask('stop-acting', stopped), 403, 'acting_denied')
      expect((await audit()).reverse()).to.deep.equal(['act-as root ada done', 'stop-acting root ada done'])
    })
  })

  describe('is not taken over', () => {
    it('by a ticket of another user, nor of the administrator’s own; after the end it is', async () => {
      await start({ site: { alwaysReplace: true } })
      const eve = users.browser()
      await users.signIn(eve, 'eve')
      await act()
      // Eve's session at the hub, in the administrator's browser.
      const hub = users.world.hub.origin
      const own = new Map(root.cookies(hub))
      for (const [name, value] of eve.cookies(hub)) root.cookies(hub).set(name, value)
      const synced = await root.sync(shop)
      expect(synced.redeemed?.json.error).to.equal('session_conflict')
      expect(await who()).to.include({ subject: 'ada' })
      expect((await root.redirect(shop)).arrival).to.equal('redirect.conflict..1')
      expect(await who()).to.include({ subject: 'ada' })

      for (const [name, value] of own) root.cookies(hub).set(name, value)
      root.cookies(shop).delete('__Host-session-state')
      expect((await root.sync(shop)).redeemed?.json.error).to.equal('session_conflict')
      expect(await who()).to.include({ subject: 'ada' })

      await stop()
      root.cookies(shop).delete('__Host-session-state')
      expect((await root.sync(shop)).redeemed?.status).to.equal(200)
    })

    it('by a ticket that the site’s backend redeems all the same: the hub refuses it, and the site does not even ask; after the end it is', async () => {
      await start()
      root.cookies(shop).delete('__Host-session-state')
      const [first, second] = [await root.ticket(shop), await root.ticket(shop)]
      await act()
      const { claims } = openTicket(users.world.siteOf('shop'), first.ticket)
      const redemption = { ...redemptionOf(claims), previous: heldAt() }
      expectRefusal(await ask('redeem', redemption), 409, 'session_conflict')
      const redeem = () =>
        root.post(shop, '/session-hub/redeem', { ticket: second.ticket, verifier: second.verifier })
      expectCode(await redeem(), 409, 'session_conflict')
      expect(await who()).to.include({ subject: 'ada' })
      await stop()
      expect((await redeem()).status, 'the ticket is not spent').to.equal(200)
      expect(await who()).to.include({ subject: 'root' })
    })

    it('by a sign-in that another site’s page posts; after the end it is', async () => {
      await start()
      const post = () =>
        root.ask(`${shop}/account/sign-in`, {
          method: 'POST',
          body: { subject: 'eve' },
          headers: {
            'content-type': 'application/json',
            origin: 'https://idp.example',
            'sec-fetch-site': 'cross-site',
            cookie: undefined,
          },
        })
      await act()
      await post()
      expect(await who()).to.include({ subject: 'ada' })
      expect(root.cookies(shop).has('__Host-session-posted')).to.equal(false)
      await stop()
      await post()
      expect(await who()).to.include({ subject: 'eve' })
    })
  })

  it('a sign-out signs out whoever is really there, also when the time is over; of a user who acts for nobody, it ends their own', async () => {
    await start()
    await act({ minutes: 1 })
    users.world.advance(61)
    await users.signOut(root)
    expect(await users.count('root')).to.equal(0)

    const ada = users.browser()
    await users.signIn(ada, 'ada')
    await users.signOut(ada)
    expect(await users.count('ada')).to.equal(0)
  })

  /** As the shop would sign it, for whichever handle. */
  function offerOf(handle: string, nonce: string): string {
    const { signing } = users.world.siteOf('shop').keys
    const iat = Math.floor(users.world.now() / 1000)
    return signEs256(
      {
        header: { alg: 'ES256', typ: 'offer+jwt', kid: signing.kid },
        payload: {
          iss: shop,
          aud: users.world.hub.origin,
          sid: createHash('sha256').update(handle).digest('base64url'),
          jti: randomBytes(16).toString('base64url'),
          iat,
          exp: iat + 30,
          nonce,
        },
      },
      signing,
    )
  }
})
