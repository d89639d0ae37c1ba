/** Attacks on how sessions begin, are counted, listed and ended. Each has its twin, which differs in one thing and is allowed. */
import { expect } from 'chai'
import type { HubOptions } from 'session-hub/hub'

import {
  type Claims,
  openTicket,
  readJws,
  signEs256,
  signHs256,
  siteToken,
  without,
} from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { startUsers, type Users } from '../support/users.js'
import { binding, type Reply, send, Visitor } from '../support/visitor.js'
import type { WorldOptions } from '../support/world.js'

const SESSION = '__Host-session'
const HUB = '__Host-session-hub'
const HOUR = 3600
const DAY = 86_400

describe('the life of a session, attacked', () => {
  let users: Users
  let ada: Visitor
  let mallory: Visitor
  let shop: string
  let travel: string

  async function start(hub: Partial<HubOptions> = {}, more: WorldOptions = {}): Promise<void> {
    users = await startUsers({ hub, sisters: true, ...more })
    ;({ shop, travel } = users)
    ;[ada, mallory] = [users.browser(), users.browser()]
  }
  afterEach(() => users.world.close())

  const claimsAt = (visitor: Visitor, site: string): Claims =>
    readJws(visitor.cookies(site).get(SESSION)!).claims
  const heldAt = (visitor: Visitor, site: string) => String(handleIn(visitor.cookies(site).get(SESSION)!))
  const nameOf = (site: string) => (site === shop ? 'shop' : 'travel')

  /** What the site's own backend can do, by whoever has its keys. */
  const act = (site: string, name: string, body: object): Promise<Reply> =>
    send(`${users.world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(users.world, users.world.siteOf(nameOf(site)))}`,
      },
    })
  const listAt = async (visitor: Visitor, site: string) =>
    (await visitor.ask(`${site}/account/sessions`)).json.sessions as { ref: string; agent: string | null }[]

  function copy(from: Visitor): Visitor {
    const copied = users.browser()
    for (const [host, cookies] of from.jar) copied.jar.set(host, new Map(cookies))
    return copied
  }

  describe('R20: what was planted before a sign-in', () => {
    let kept: Visitor
    let ticket: Awaited<ReturnType<Visitor['ticket']>>
    let link: string

    /** Mallory begins a session, keeps all there is of it, and puts it into Ada's browser. */
    beforeEach(async () => {
      await start({}, { sites: ['shop', 'travel', 'magazine'] })
      await mallory.post(shop, '/cart', { item: 'trap' })
      for (const site of [shop, travel, magazine()]) await mallory.sync(site)
      mallory.cookies(travel).delete('__Host-session-state')
      ticket = await mallory.ticket(travel)
      link = (await mallory.linkTicket(shop, travel))!
      kept = copy(mallory)
      ada = copy(mallory)
    })

    const magazine = () => users.world.siteOf('magazine').origin
    const signsIn = () => users.signIn(ada, 'ada')
    const links = (visitor: Visitor) =>
      visitor.submit(`${travel}/session-hub/enter`, { ticket: link, to: `${travel}/plain` }, { origin: shop })

    it('opens nothing after it by a handle, on any site; before it did', async () => {
      const asked = () =>
        Promise.all([shop, travel].map((site) => act(site, 'read', { handle: heldAt(kept, site) })))
      for (const { json } of await asked()) expect(json).to.deep.include({ subject: null })
      await signsIn()
      for (const reply of await asked()) expectRefusalWithoutCookies(reply, 410, 'session_ended')
    })

    it('opens nothing after it by a cookie, on any site or the hub; before it did', async () => {
      const sites = [shop, travel, magazine()]
      for (const site of sites)
        expect(await copy(kept).whoami(site)).to.deep.include({ data: { cart: ['trap'] } })
      expect((await copy(kept).sync(shop)).outcome).to.equal('keep')
      await signsIn()
      for (const site of sites) {
        const reply = await copy(kept).ask(`${site}/whoami`)
        // Where the event stream has told already, the visitor is nobody; otherwise the data are refused.
        expect(reply.status === 200 ? reply.json.session : reply.status, site).to.be.oneOf(['none', 410])
        expect(reply.text).to.not.match(/ada|trap/)
      }
      expect((await copy(kept).sync(magazine())).outcome).to.equal('none')
      users.world.advance(301)
      for (const site of sites) expect((await copy(kept).whoami(site)).session, site).to.equal('none')
    })

    it('opens nothing after it by a ticket, in Mallory’s browser or in Ada’s', async () => {
      await signsIn()
      const bob = copy(kept)
      const reply = await bob.post(travel, '/session-hub/redeem', ticket2())
      expectRefusalWithoutCookies(reply, 410, 'session_ended')
      const again = await ada.post(travel, '/session-hub/redeem', ticket2())
      expect(again.status).to.not.equal(200)
      expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
    })
    it('is redeemed by its ticket where nobody has signed in', async () => {
      expect((await copy(kept).post(travel, '/session-hub/redeem', ticket2())).status).to.equal(200)
    })
    const ticket2 = () => ({ ticket: ticket.ticket, verifier: ticket.verifier })

    it('opens nothing after it by a link, in Mallory’s browser or in Ada’s', async () => {
      await signsIn()
      const nobody = users.browser()
      await links(nobody)
      expect(nobody.arrival(travel)).to.equal('link.failed.session_ended.0')
      expect(await nobody.whoami(travel)).to.include({ session: 'none' })
      await links(ada)
      expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
    })
    it('is carried by its link where nobody has signed in', async () => {
      const nobody = users.browser()
      await links(nobody)
      expect(nobody.arrival(travel)).to.equal('link.replace.empty.0')
    })

    it('sees nothing of what Ada does then', async () => {
      await signsIn()
      await ada.post(shop, '/cart', { item: 'secret' })
      for (const site of [shop, travel]) {
        expect((await copy(kept).ask(`${site}/whoami`)).text).to.not.include('secret')
        expectRefusal(await act(site, 'list', { handle: heldAt(kept, site) }), 410, 'session_ended')
      }
      // All that Mallory gains is that his goods are in her cart, as they were before.
      expect((await ada.whoami(travel)).data).to.deep.equal({ cart: ['trap', 'secret'] })
    })
  })

  describe('ending another’s session', () => {
    beforeEach(async () => {
      await start()
      await users.signIn(ada, 'ada')
      await users.signIn(mallory, 'mallory')
    })
    const bothThere = async () => {
      users.world.advance(301)
      expect(await users.everywhere(ada, mallory)).to.deep.equal(['ada,ada', 'mallory,mallory'])
    }

    it('is not done by her ref, of whichever site; her own handle does it', async () => {
      const [atShop, atTravel] = [(await listAt(ada, shop))[0]!.ref, (await listAt(ada, travel))[0]!.ref]
      for (const site of [shop, travel]) {
        for (const ref of [atShop, atTravel]) {
          const { json } = await act(site, 'end-other', { handle: heldAt(mallory, site), ref })
          expect(json).to.deep.equal({ ended: 0 })
        }
      }
      await bothThere()
      const foreign = await act(shop, 'end-other', { handle: heldAt(ada, shop), ref: atTravel })
      expect(foreign.json, 'a ref of another site').to.deep.equal({ ended: 0 })
      await bothThere()
      const twin = await act(shop, 'end-other', { handle: heldAt(ada, shop), ref: atShop })
      expect(twin.json).to.deep.equal({ ended: 1 })
    })

    it('is not done by her handle of another site; that site does it', async () => {
      const body = { handle: heldAt(ada, shop), ref: (await listAt(ada, shop))[0]!.ref }
      for (const asked of [body, { handle: body.handle }])
        expectRefusal(await act(travel, 'end-other', asked), 410, 'session_ended')
      expectRefusal(await act(travel, 'list', { handle: body.handle }), 410, 'session_ended')
      await act(travel, 'end', { handle: body.handle, everywhere: true })
      await bothThere()
      expect((await act(shop, 'end-other', body)).json).to.deep.equal({ ended: 1 })
    })

    it('is not done by a session that has ended, nor by an anonymous one', async () => {
      const second = users.browser()
      await users.signIn(second, 'ada')
      const over = heldAt(second, shop)
      await users.signOut(second)
      const nobody = users.browser()
      await nobody.post(shop, '/cart', { item: 'x' })
      for (const [handle, status, code] of [
        [over, 410, 'session_ended'],
        [heldAt(nobody, shop), 401, 'sign_in_required'],
        ['A'.repeat(43), 410, 'session_ended'],
      ] as const) {
        expectRefusal(await act(shop, 'end-other', { handle }), status, code)
        expectRefusal(await act(shop, 'list', { handle }), status, code)
      }
      await bothThere()
      expect((await act(shop, 'list', { handle: heldAt(ada, shop) })).status).to.equal(200)
    })

    it('is not done everywhere by an anonymous handle, or by another’s', async () => {
      const nobody = users.browser()
      await nobody.post(shop, '/cart', { item: 'x' })
      await act(shop, 'end', { handle: heldAt(nobody, shop), everywhere: true })
      const second = users.browser()
      await users.signIn(second, 'mallory')
      await act(shop, 'end', { handle: heldAt(second, shop), everywhere: true })
      users.world.advance(301)
      expect(await users.everywhere(ada, mallory)).to.deep.equal(['ada,ada', ','])
    })

    for (const ref of [null, 7, '', 'A'.repeat(21), `${'A'.repeat(22)}\n`, {}, []]) {
      it(`is refused with the ref ${JSON.stringify(ref)}, and ends nothing`, async () => {
        const reply = await act(shop, 'end-other', { handle: heldAt(mallory, shop), ref })
        expectRefusal(reply, 400, 'request_invalid')
        await bothThere()
      })
    }
  })

  describe('a limit on sessions', () => {
    it('does not keep a user out whose sessions another has used up: her own sign-in ends the oldest', async () => {
      await start({ maxSessions: 3 })
      for (let time = 0; time < 12; time += 1) await users.signIn(users.browser(), 'ada')
      expect((await users.signIn(ada, 'ada')).status).to.equal(200)
      expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
      expect((await ada.post(shop, '/account/end-others', {})).json).to.deep.equal({ ended: 2 })
      expect(await users.count('ada')).to.equal(1)
    })
    it('keeps her out where the owner wants it so', async () => {
      await start({ maxSessions: 3, evict: 'refuse' })
      for (let time = 0; time < 3; time += 1) await users.signIn(users.browser(), 'ada')
      expect((await users.signIn(ada, 'ada')).json.error).to.equal('session_limit')
    })

    it('is not got around while the hub is down: what it refuses later is over, and asked about once', async () => {
      await start({ maxSessions: 1, evict: 'refuse' })
      await users.signIn(ada, 'ada')
      await users.world.hub.listener.stop()
      await mallory.post(shop, '/account/sign-in', { subject: 'ada' })
      const twin = users.browser()
      await twin.post(shop, '/account/sign-in', { subject: 'bob' })
      await users.world.hub.listener.start()
      users.world.advance(11)

      const asked = () =>
        users.world.hub.listener.seen.filter(({ url }) => url === '/backchannel/sign-in').length
      const before = asked()
      for (let time = 0; time < 3; time += 1)
        expect(await mallory.whoami(shop)).to.include({ session: 'none', subject: null })
      expect(asked() - before).to.equal(1)
      expect(await users.count('ada')).to.equal(1)
      expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
      expect(await twin.whoami(shop)).to.include({ subject: 'bob' })
    })
  })

  describe('R31: a browser’s description of itself', () => {
    beforeEach(() => start())

    const agents: Record<string, [sent: string, kept: string]> = {
      'as browsers write it': [
        'Mozilla/5.0 (X11; Linux x86_64) Test/1.0',
        'Mozilla/5.0 (X11; Linux x86_64) Test/1.0',
      ],
      'of 8,000 characters': ['A'.repeat(8000), 'A'.repeat(256)],
      'of 256 that JSON doubles': ['"'.repeat(256), '"'.repeat(256)],
      'with a tab and controls': ['a\tb\u0080\u009fc', 'a b c'],
      'in Latin': ['ÿ'.repeat(300), 'ÿ'.repeat(256)],
      'that is a script': ['<script>alert(1)</script>', '<script>alert(1)</script>'],
      'that is JSON': ['","subject":"root', '","subject":"root'],
    }
    for (const [what, [sent, keptAs]] of Object.entries(agents)) {
      it(`${what} is cut and cleaned, and signs in and lists as any other`, async () => {
        const reply = await users.signIn(ada, 'ada', { headers: { 'user-agent': sent } })
        expect(reply.json).to.deep.equal({ subject: 'ada' })
        expect(heldAt(ada, shop), 'the hub knows of it').to.have.length(43)
        expect((await listAt(ada, travel)).map(({ agent }) => agent)).to.deep.equal([keptAs])
        const [one] = await users.world.hub.hub.sessions.list('ada')
        expect(one?.agent).to.equal(keptAs)
      })
    }

    for (const agent of ['', 'a'.repeat(257), 'a\u0000', 'a\n', '\ud800', 7, null, {}]) {
      it(`from a hostile site is refused as ${JSON.stringify(agent).slice(0, 20)}`, async () => {
        const body = { handle: null, subject: 'ada', claims: {} }
        expectRefusal(await act(travel, 'sign-in', { ...body, agent }), 400, 'request_invalid')
        expect((await act(travel, 'sign-in', { ...body, agent: 'a' })).status).to.equal(200)
      })
    }

    it('cannot make a list that no site can read', async () => {
      await users.signIn(ada, 'ada')
      for (let at = 0; at < 100; at += 1)
        await act(travel, 'sign-in', {
          handle: null,
          subject: 'ada',
          claims: {},
          agent: '\u2028'.repeat(256),
        })
      expect(await listAt(ada, shop)).to.have.length(100)
      expect(await users.everywhere(ada), 'the hub is still there for the site').to.deep.equal(['ada,ada'])
    })
  })

  describe('what the hub says of a user to a site', () => {
    beforeEach(() => start())

    const viewAt = async (visitor: Visitor, site: string) =>
      (await act(site, 'read', { handle: heldAt(visitor, site) })).json
    const tagAt = async (visitor: Visitor, site: string) => String((await viewAt(visitor, site)).subject_tag)

    it('names the same user differently to each site, and alike in all the user’s sessions there', async () => {
      const second = users.browser()
      await users.signIn(ada, 'ada')
      await users.signIn(second, 'ada')
      await users.signIn(mallory, 'mallory')
      const [here, there] = [await tagAt(ada, shop), await tagAt(ada, travel)]

      expect(here).to.match(/^[\w-]{22}$/)
      expect(here).to.not.equal(there)
      expect(await tagAt(second, shop)).to.equal(here)
      expect(await tagAt(mallory, shop)).to.not.equal(here)
      expect(await tagAt(mallory, travel)).to.not.equal(there)
    })

    it('tells neither tag nor count to a page', async () => {
      await users.signIn(ada, 'ada')
      const { nonce } = binding()
      const { data, text } = await ada.frame(shop, nonce)
      const offered = await ada.post(shop, '/session-hub/offer', { nonce })
      const exchanged = await ada.exchange(data, offered.json.offer as string)
      ada.cookies(travel).delete('__Host-session-state')
      const redeemed = (await ada.sync(travel)).redeemed!
      expect(Object.keys(redeemed.json).sort()).to.deep.equal(['reason', 'state', 'subject'])
      const readable = [
        text,
        JSON.stringify(readJws(offered.json.offer as string)),
        exchanged.text,
        redeemed.text,
        ...[shop, travel].map((site) => ada.cookies(site).get('__Host-session-state')),
      ].join()
      for (const site of [shop, travel]) expect(readable).to.not.include(await tagAt(ada, site))
      expect(readable).to.not.match(/generation|subject_tag|"gen"|"sg"/)
    })

    it('has nothing to count or to name in an anonymous session', async () => {
      await ada.post(shop, '/cart', { item: 'x' })
      expect(await viewAt(ada, shop)).to.include({ generation: 0, subject_tag: null })
      expect(claimsAt(ada, shop)).to.not.have.any.keys('sg', 'gen', 'sub')
    })
  })

  describe('being remembered', () => {
    beforeEach(() => start())
    const isLasting = ({ headers }: Reply) => String(headers['set-cookie']).includes('Max-Age')
    const signIn = () => ada.post(shop, '/account/sign-in', { subject: 'ada', remember: false })

    it('is not asked for by a page that redeems; without the word it redeems', async () => {
      await signIn()
      await ada.sync(shop)
      const { ticket, verifier } = await ada.ticket(travel)
      const forged = await ada.post(travel, '/session-hub/redeem', { ticket, verifier, remember: true })
      expectRefusalWithoutCookies(forged, 400, 'request_invalid')
      const twin = await ada.post(travel, '/session-hub/redeem', { ticket, verifier })
      expect([twin.status, isLasting(twin)]).to.deep.equal([200, false])
    })

    it('is not said by a ticket, nor by an offer or an exchange', async () => {
      await signIn()
      const { nonce } = binding()
      const { data } = await ada.frame(shop, nonce)
      const { header, claims } = readJws(
        (await ada.post(shop, '/session-hub/offer', { nonce })).json.offer as string,
      )
      const offer = (payload: object) =>
        signEs256({ header, payload }, users.world.siteOf('shop').keys.signing)
      expectRefusalWithoutCookies(
        await ada.exchange(data, offer({ ...claims, remember: true })),
        401,
        'offer_invalid',
      )
      const exchanged = await ada.exchange(data, offer(claims))
      expect(exchanged.json.outcome).to.equal('adopt')
      expect(isLasting(exchanged)).to.equal(false)

      const { ticket, verifier } = await ada.ticket(travel)
      const opened = openTicket(users.world.siteOf('travel'), ticket)
      const forged = opened.again({ claims: { ...opened.claims, remember: true } })
      expectRefusalWithoutCookies(
        await ada.post(travel, '/session-hub/redeem', { ticket: forged, verifier }),
        401,
        'ticket_invalid',
      )
      const twin = await ada.post(travel, '/session-hub/redeem', { ticket: opened.again(), verifier })
      expect([twin.status, isLasting(twin)]).to.deep.equal([200, false])
    })

    it('is not written into a provisional cookie by its holder', async () => {
      await users.world.hub.listener.stop()
      await signIn()
      const token = ada.cookies(shop).get(SESSION)!
      const { header, claims } = readJws(token)
      expect(claims.remember).to.equal(false)
      await users.world.hub.listener.start()
      users.world.advance(11)
      const payload = without(claims, 'remember')
      const forged = copy(ada)
      forged.cookies(shop).set(SESSION, signHs256({ header, payload }, Buffer.alloc(32)))
      expect((await forged.whoami(shop)).session).to.equal('none')
      const twin = await ada.ask(`${shop}/who`)
      expect(twin.json).to.include({ subject: 'ada' })
      expect(isLasting(twin)).to.equal(false)
    })
  })

  describe('the end of a session at its latest', () => {
    const rules = { lifetimes: { signedIn: { idleSeconds: 10 * DAY, absoluteSeconds: DAY } } }
    /** On the clock of this machine, which goes on while a test works: a minute was left, and no more can be. */
    const left = async () => {
      const [one] = await users.world.hub.hub.sessions.list('ada')
      return one ? Math.round((Number(one.expiresAt) - users.world.now()) / 1000) : null
    }
    /** Signed in at the shop, and all but a minute of the time is over. */
    async function nearlyOver(hub: Partial<HubOptions> = {}): Promise<void> {
      await start({ ...rules, ...hub })
      await users.signIn(ada, 'ada')
      users.world.advance(DAY - 60)
      expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
    }
    async function expectOver(...visitors: Visitor[]): Promise<void> {
      users.world.advance(60)
      for (const visitor of visitors) {
        for (const site of [shop, travel]) {
          expect((await visitor.ask(`${site}/who`)).json, site).to.include({ session: 'none', subject: null })
        }
        expect((await visitor.sync(travel)).outcome).to.equal('none')
      }
      expect(await users.count('ada')).to.equal(0)
    }

    it('is not put off by using it', async () => {
      await nearlyOver()
      for (const site of [shop, travel]) await ada.post(site, '/cart', { item: 'x' })
      await ada.whoami(shop)
      expect(await left()).to.be.within(1, 60)
      await expectOver(ada)
    })

    it('is not put off by the hub’s adopting it, nor by merging into it', async () => {
      await nearlyOver()
      const hub = ada.cookies(users.world.hub.origin)
      hub.delete(HUB)
      expect((await ada.sync(shop)).outcome).to.equal('adopt')
      await mallory.post(travel, '/cart', { item: 'x' })
      await mallory.sync(travel)
      hub.set(HUB, mallory.cookies(users.world.hub.origin).get(HUB)!)
      ada.cookies(shop).set('__Host-session-state', 'A'.repeat(22))
      expect((await ada.sync(shop)).outcome).to.equal('adopt')
      expect(await ada.whoami(shop)).to.deep.include({ data: { cart: ['x'] } })
      expect(await left()).to.be.within(1, 60)
      await expectOver(ada)
    })

    it('is not put off by tickets, of any kind', async () => {
      await nearlyOver()
      for (const bring of [
        () => ada.sync(travel),
        () => ada.redirect(travel),
        () => ada.follow(shop, `${travel}/plain`),
      ]) {
        ada.cookies(travel).clear()
        await bring()
        expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
      }
      expect(await left()).to.be.within(1, 60)
      await expectOver(ada)
    })

    it('is not survived by a ticket that was issued before it', async () => {
      await nearlyOver()
      users.world.advance(50)
      ada.cookies(travel).clear()
      const [early, late] = [await ada.ticket(travel), await ada.ticket(travel)]
      const redeem = ({ ticket, verifier }: typeof late) =>
        copy(ada).post(travel, '/session-hub/redeem', { ticket, verifier })
      expect((await redeem(early)).status, 'the twin').to.equal(200)
      users.world.advance(11)
      expectRefusalWithoutCookies(await redeem(late), 410, 'session_ended')
    })

    it('is not put off by being the one that stays', async () => {
      await nearlyOver()
      const [own] = await users.world.hub.hub.sessions.list('ada')
      await users.world.hub.hub.sessions.endAll('ada', { except: own!.id })
      await ada.post(shop, '/account/end-others', {})
      expect(await left()).to.be.within(1, 60)
      await expectOver(ada)
    })

    it('begins with the sign-in itself where the hub was told of it late', async () => {
      await start(rules)
      await users.world.hub.listener.stop()
      await ada.post(shop, '/account/sign-in', { subject: 'ada' })
      users.world.advance(HOUR)
      await users.world.hub.listener.start()
      users.world.advance(15)
      expect(await ada.whoami(shop)).to.include({ subject: 'ada' })
      expect(await left()).to.be.within(DAY - HOUR - 20, DAY - HOUR - 10)
      users.world.advance(DAY - HOUR)
      expect((await ada.ask(`${shop}/who`)).json).to.include({ session: 'none' })
    })

    it('is not survived by a sign-in that the hub is told of after it; in time it is', async () => {
      for (const [absoluteSeconds, expected] of [
        [HOUR / 2, 'none'],
        [HOUR, 'signed-in'],
      ] as const) {
        await start({ lifetimes: { signedIn: { absoluteSeconds } } })
        await users.world.hub.listener.stop()
        await ada.post(shop, '/account/sign-in', { subject: 'ada' })
        users.world.advance(HOUR / 2)
        await users.world.hub.listener.start()
        users.world.advance(15)
        expect((await ada.whoami(shop)).session).to.equal(expected)
        if (expected === 'none') await users.world.close()
      }
    })

    it('is not put off by a site that says the sign-in is yet to come', async () => {
      await start(rules)
      const now = Math.floor(users.world.now() / 1000)
      const signIn = (auth_time: number) =>
        act(shop, 'sign-in', { handle: null, subject: 'ada', claims: {}, auth_time })
      expect((await signIn(now + 10 * DAY)).json.expires_at).to.be.within(now + DAY - 1, now + DAY + 5)
      expectRefusal(await signIn(now - DAY), 410, 'session_ended')
      expectRefusal(await signIn(0), 410, 'session_ended')
      expect((await signIn(now - DAY + 60)).json.expires_at).to.be.within(now + 59, now + 61)
    })

    it('begins anew with a new sign-in', async () => {
      await nearlyOver()
      await users.signIn(ada, 'ada')
      expect(await left()).to.be.within(DAY - 2, DAY)
      users.world.advance(60)
      expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
    })
  })
})
