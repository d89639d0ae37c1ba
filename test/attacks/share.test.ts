/** A site that may see and change little of a session, as it would get at the rest. Each attack has its twin, which is allowed (R33). */
import { expect } from 'chai'
import type { HubOptions, SiteRegistration } from 'session-hub/hub'

import { accountApp } from '../support/account-app.js'
import { listenTo } from '../support/event-source.js'
import { openTicket, readJws, redemptionOf, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const HUB = '__Host-session-hub'
/** Whoever may not see these must not find them in any byte. */
const SECRETS = ['canary-mail', 'canary-notes', 'canary-list'] as const

describe('R33: what a site may see and change, attacked', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string
  let magazine: string

  /** The shop may do everything, and so may the magazine, the twin of travel. */
  async function begin(
    registration: Record<string, Partial<SiteRegistration>>,
    hub: Partial<HubOptions> = {},
  ): Promise<void> {
    world = await startWorld({ sisters: true, hub, registration: (name) => registration[name] ?? {} })
    for (const { listener, site } of Object.values(world.sites)) listener.use(accountApp(site))
    ;[shop, travel, magazine] = ['shop', 'travel', 'magazine'].map((name) => world.siteOf(name).origin) as [
      string,
      string,
      string,
    ]
    visitor = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  const nameOf = (site: string) => /\/\/(\w+)\./.exec(site)![1]!
  const heldAt = (site: string, by = visitor) => String(handleIn(by.cookies(site).get('__Host-session')!))
  const outcome = async (site: string, by = visitor) => (await by.sync(site)).outcome
  const whoami = (site: string, by = visitor) => by.whoami(site)

  /** What the site's own backend can do, by whoever has its keys. */
  const act = (site: string, name: string, body: Ask['body']): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body: body!,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf(nameOf(site)))}`,
      },
    })

  describe('reading', () => {
    beforeEach(async () => {
      await begin({ travel: { share: { claims: ['plan'], read: ['cart', 'wish'] } } })
      await visitor.post(shop, '/sign-in', { name: 'ada', claims: { plan: 'gold', mail: 'canary-mail' } })
      await visitor.post(shop, '/patch', {
        cart: ['boots'],
        notes: { of: 'canary-notes' },
        list: ['canary-list'],
      })
      await outcome(shop)
    })

    /** Everything that a site can be told, by the way that it is told. */
    const ways: Record<string, (site: string) => Promise<string>> = {
      'the answer to redeem': async (site) => {
        const { ticket } = await visitor.ticket(site)
        const { claims } = openTicket(world.siteOf(nameOf(site)), ticket)
        return (await act(site, 'redeem', redemptionOf(claims))).text
      },
      'the answer to read': async (site) => {
        await outcome(site)
        return (await act(site, 'read', { handle: heldAt(site) })).text
      },
      'the answer to update': async (site) => {
        await outcome(site)
        return (await act(site, 'update', { handle: heldAt(site), patch: { wish: 'rain' } })).text
      },
      'its pages': async (site) => {
        await outcome(site)
        return (await visitor.ask(`${site}/whoami`)).text
      },
    }
    for (const [way, tell] of Object.entries(ways)) {
      it(`by ${way} shows nothing of it; to a site without lists it shows all`, async () => {
        const [narrow, wide] = [await tell(travel), await tell(magazine)]
        for (const secret of SECRETS) {
          expect(narrow, secret).to.not.include(secret)
          expect(wide, secret).to.include(secret)
        }
        for (const name of ['mail', 'notes', 'list']) expect(narrow).to.not.include(name)
        expect(narrow).to.include('boots')
        expect(narrow).to.include('gold')
      })
    }

    it('by a ticket shows nothing of the session but the user’s name, on any rung', async () => {
      const byFrame = openTicket(world.siteOf('travel'), (await visitor.ticket(travel)).ticket)
      const link = await visitor.linkTicket(shop, travel)
      const byLink = openTicket(world.siteOf('travel'), link!)
      const address = await visitor.walk(`${travel}/session-hub/redirect?return=/`, '/session-hub/callback')
      const ticket = new URL(address).searchParams.get('ticket')!
      const byRedirect = openTicket(world.siteOf('travel'), ticket)
      for (const { claims } of [byFrame, byLink, byRedirect]) {
        expect(claims).to.include({ sub: 'ada' })
        expect(JSON.stringify(claims)).to.not.match(/canary|gold|boots/)
      }
      expect(await whoami(travel)).to.include({ session: 'none' })
    })

    it('by the list of sessions and by the event stream shows neither claims nor data', async () => {
      await outcome(travel)
      const stream = await listenTo(`${world.hub.origin}/backchannel/events`, {
        authorization: `Bearer ${siteToken(world, world.siteOf('travel'))}`,
      })
      try {
        const { text } = await act(travel, 'list', { handle: heldAt(travel) })
        expect(text).to.include('"ref"')
        await visitor.post(shop, '/sign-out', {})
        await stream.heard('ended')
        for (const told of [text, stream.text()]) expect(told).to.not.match(/canary|mail|notes|ada/)
      } finally {
        stream.close()
      }
    })

    it('by a conflict shows no claim that it may not see', async () => {
      for (const site of [travel, magazine]) await visitor.post(site, '/sign-in', { name: 'bob' })
      const told = async (site: string) => {
        const { nonce } = binding()
        const { data } = await visitor.frame(site, nonce)
        const { offer } = (await visitor.post(site, '/session-hub/offer', { nonce })).json
        return (await visitor.exchange(data, String(offer))).json
      }
      expect(await told(travel)).to.deep.include({ outcome: 'conflict', claims: { plan: 'gold' } })
      expect(await told(magazine)).to.deep.include({
        outcome: 'conflict',
        claims: { plan: 'gold', mail: 'canary-mail' },
      })
    })

    it('by signing somebody in over it shows none of it', async () => {
      const guest = new Visitor(world.hub.origin)
      await guest.post(shop, '/patch', { cart: ['hat'], notes: 'canary-notes' })
      await outcome(shop, guest)
      await outcome(travel, guest)
      const { text } = await act(travel, 'sign-in', {
        handle: heldAt(travel, guest),
        subject: 'eve',
        claims: { plan: 'gold' },
      })
      expect(text).to.include('hat')
      expect(text).to.not.include('canary')
    })

    it('names that every object has are no keys, listed or not', async () => {
      await outcome(travel)
      const { data } = (await act(travel, 'read', { handle: heldAt(travel) })).json
      expect(data).to.have.all.keys('cart')
    })
  })

  describe('writing', () => {
    const partner = { share: { claims: ['plan'], read: ['cart', 'wish'], write: ['wish'] } }
    const before = { cart: ['boots'], notes: 'private' }

    async function share(hub: Partial<HubOptions> = {}): Promise<void> {
      await begin({ travel: partner }, hub)
      await visitor.post(shop, '/patch', before)
      await outcome(shop)
      await outcome(travel)
    }

    const patches: Record<string, string> = {
      'a key that it may only read': '{"cart":[]}',
      'a key that it does not see': '{"notes":"trap"}',
      'a new key': '{"trap":1}',
      'a key beside one that it may': '{"wish":"rain","notes":"trap"}',
      'a key in other letters': '{"Wish":1}',
      'a key that begins alike': '{"wish.notes":1}',
      'the empty key': '{"":1}',
      'the removal of a key that it may only read': '{"cart":null}',
      'the removal of a key that it does not see': '{"notes":null}',
      'the removal of a key that is not there': '{"trap":null}',
      'a name that every object has': '{"constructor":{"prototype":{"notes":"trap"}}}',
      'another such name': '{"toString":null}',
    }
    for (const [what, patch] of Object.entries(patches)) {
      it(`${what} is refused as a whole; a key that it may is written`, async () => {
        await share()
        const update = (text: string) =>
          act(travel, 'update', Buffer.from(`{"handle":"${heldAt(travel)}","patch":${text}}`))
        expectRefusalWithoutCookies(await update(patch), 403, 'data_denied')
        expect((await whoami(shop)).data).to.deep.equal(before)
        expect((await update('{"wish":"rain"}')).status).to.equal(200)
        expect((await whoami(shop)).data).to.deep.equal({ ...before, wish: 'rain' })
      })
    }

    it('a prototype is refused before anything is read', async () => {
      await share()
      for (const patch of ['{"__proto__":{"notes":"trap"}}', '{"wish":{"__proto__":{"notes":"trap"}}}']) {
        const text = `{"handle":"${heldAt(travel)}","patch":${patch}}`
        expectRefusal(await act(travel, 'update', Buffer.from(text)), 400, 'request_invalid')
      }
      expect((await whoami(shop)).data).to.deep.equal(before)
    })

    it('a session cannot begin with a key that it may not write; with one that it may, it does', async () => {
      await begin({ travel: partner })
      expectRefusal(await act(travel, 'update', { handle: null, patch: before }), 403, 'data_denied')
      expect((await act(travel, 'update', { handle: null, patch: { wish: 1 } })).status).to.equal(200)
    })

    for (const merge of ['fill', 'winner', 'loser', { keys: { cart: 'union' } }] as const) {
      it(`a merge (${JSON.stringify(merge)}) brings in what it may write, and nothing else, at whichever end`, async () => {
        await begin({ travel: partner }, { merge: merge as NonNullable<HubOptions['merge']> })
        await visitor.post(shop, '/patch', before)
        await outcome(shop)
        // Its own session, with all that it could get into one, meets the hub's.
        const refused = await visitor.post(travel, '/patch', { wish: 'rain', cart: ['trap'], notes: 'trap' })
        expect(refused.json.error).to.equal('data_denied')
        await visitor.post(travel, '/patch', { wish: 'rain' })
        expect(await outcome(travel)).to.equal('replace')
        const { wish, ...rest } = (await whoami(shop)).data as Record<string, unknown>
        expect(rest).to.deep.equal(before)
        expect(wish).to.equal(merge === 'winner' ? undefined : 'rain')
      })
    }

    it('an adoption of its own user leaves the cart that it takes in as it was', async () => {
      await share({ merge: 'loser' })
      await visitor.post(travel, '/sign-in', { name: 'eve', claims: { plan: 'gold' } })
      expect(await outcome(travel)).to.equal('adopt')
      await outcome(shop)
      expect(await whoami(shop)).to.deep.include({ subject: 'eve', data: before })
    })

    it('a sign-in with a claim that it may not set is refused, at once and late; with one that it may, it is not', async () => {
      await share()
      const late = () => ({
        jti: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'),
        exp: Math.floor(world.now() / 1000) + 60,
      })
      for (const more of [{}, late()]) {
        const who = { handle: null, subject: 'ada', ...more }
        for (const claims of [{ role: 'admin' }, { plan: 'gold', role: null }])
          expectRefusal(await act(travel, 'sign-in', { ...who, claims }), 403, 'data_denied')
        expect(await world.hub.hub.sessions.list('ada')).to.deep.equal([])
      }
      expect(
        (await act(travel, 'sign-in', { handle: null, subject: 'ada', claims: { plan: 'gold' } })).status,
      ).to.equal(200)
    })
  })

  describe('another group', () => {
    const groups = { shop: { group: 'red' }, travel: { group: 'red' }, magazine: { group: 'blue' } }
    const jar = () => visitor.cookies(world.hub.origin)

    beforeEach(async () => {
      await begin(groups)
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await outcome(shop)
    })

    it('is not reached by the cookie of one, under whatever name; its own site is', async () => {
      const handle = jar().get(`${HUB}.red`)!
      const thief = new Visitor(world.hub.origin)
      for (const name of [HUB, `${HUB}.blue`, `${HUB}.red`, `${HUB}.red.blue`])
        thief.cookies(world.hub.origin).set(name, handle)
      expect(await outcome(magazine, thief)).to.equal('none')
      expect((await thief.redirect(magazine)).arrival).to.equal('redirect.none..0')
      expect(await outcome(travel, thief)).to.equal('replace')
    })

    it('is not reached by a site that names no group, nor does it reach that one', async () => {
      const { origin: plain } = await world.addSite('plain')
      const thief = new Visitor(world.hub.origin)
      thief.cookies(world.hub.origin).set(HUB, jar().get(`${HUB}.red`)!)
      expect(await outcome(plain, thief)).to.equal('none')
      await visitor.post(plain, '/cart', { item: 'hat' })
      expect(await outcome(plain)).to.equal('adopt')
      jar().set(`${HUB}.blue`, jar().get(HUB)!)
      expect(await outcome(magazine)).to.equal('none')
      expect(await outcome(plain)).to.equal('keep')
    })

    it('has an adoption leave the session of the other alone', async () => {
      const kept = jar().get(`${HUB}.red`)
      await visitor.post(magazine, '/sign-in', { name: 'bob' })
      expect(await outcome(magazine)).to.equal('adopt')
      expect(jar().get(`${HUB}.red`)).to.equal(kept)
      expect(await outcome(travel)).to.equal('replace')
      expect(await whoami(travel)).to.include({ subject: 'ada' })
    })

    it('is not reached by a handle, a ticket or a link; the sites of one group are', async () => {
      expectRefusal(await act(magazine, 'read', { handle: heldAt(shop) }), 410, 'session_ended')
      const refused = await act(shop, 'link', { handle: heldAt(shop), to: magazine })
      expectRefusal(refused, 403, 'sister_unknown')
      expect((await act(shop, 'link', { handle: heldAt(shop), to: travel })).json.ticket).to.be.a('string')
    })

    it('R37: cannot take back what a visitor said on a site of this one: that nothing is shared; its own can', async () => {
      const say = async (site: string, forget: boolean) => {
        const { data } = await visitor.frame(site, binding().nonce)
        const { status } = await visitor.ask(`${world.hub.origin}/forget`, {
          method: 'POST',
          body: { site, nonce: data.message.nonce, proof: data.proof, forget },
          headers: {
            'content-type': 'application/json',
            'x-session-hub': '1',
            origin: world.hub.origin,
            'sec-fetch-site': 'same-origin',
          },
        })
        expect(status).to.equal(200)
      }
      const isOff = async (site: string) =>
        (await visitor.frame(site, binding().nonce)).data.message.reason === 'opted_out'
      const areOff = async () => [await isOff(shop), await isOff(travel), await isOff(magazine)]
      const off = `${HUB}-off`

      await say(shop, true)
      expect(await areOff()).to.deep.equal([true, true, true])
      await say(magazine, false)
      expect(await areOff()).to.deep.equal([true, true, false])
      await say(magazine, true)
      await say(travel, false)
      expect(await areOff()).to.deep.equal([false, false, true])
      await say(shop, true)
      await say(magazine, false)
      expect(await areOff()).to.deep.equal([true, true, false])
      await say(travel, false)
      expect(await areOff()).to.deep.equal([false, false, false])
      expect(jar().has(off)).to.equal(false)

      // One that says nothing that can be read was no word for sharing.
      for (const value of ['', 'x', '2', '0', '1.0red', 'toString']) {
        jar().set(off, value)
        expect([value, await isOff(magazine)]).to.deep.equal([value, value !== '0'])
      }
    })

    it('is not in the list of a user’s sessions, and nothing in it can be ended by name; all can be ended at once', async () => {
      await visitor.post(magazine, '/account/sign-in', { subject: 'ada' })
      const tablet = new Visitor(world.hub.origin)
      await tablet.post(travel, '/account/sign-in', { subject: 'ada' })
      const listed = async (site: string) => (await visitor.ask(`${site}/account/sessions`)).json
      const { sessions } = (await listed(shop)) as { sessions: { site: string }[] }
      expect(sessions.map(({ site }) => site)).to.have.members([shop, travel])
      const alone = (await listed(magazine)) as { sessions: { site: string; isCurrent: boolean }[] }
      expect(alone.sessions.map(({ site, isCurrent }) => [site, isCurrent])).to.deep.equal([[magazine, true]])

      // Not even by a name that the site might have kept: from before it was of this group.
      const states = async () => {
        const { registration } = world.siteOf('magazine')
        world.register({ ...registration, group: 'red' })
        const { json } = await act(magazine, 'list', { handle: heldAt(magazine) })
        world.register(registration)
        return (json.sessions as { ref: string; site: string }[]).filter(({ site }) => site === travel)
      }
      const [{ ref } = { ref: '' }] = await states()
      const ended = (more: object) => act(magazine, 'end-other', { handle: heldAt(magazine), ...more })
      expect((await ended({ ref })).json).to.deep.equal({ ended: 0 })
      expect(await whoami(travel, tablet)).to.include({ subject: 'ada' })
      expect((await ended({})).json).to.deep.equal({ ended: 2 })
    })

    it('is no place where a session is said to be in use; a site of the same group is', async () => {
      await outcome(travel)
      const placesAt = async (site: string) => {
        const { json } = await act(site, 'list', { handle: heldAt(site) })
        return (json.sessions as { sites: string[] }[]).map(({ sites }) => sites)
      }
      expect(await placesAt(shop)).to.deep.equal([[shop, travel].sort()])
      // The handle that stands there is still good, and the site is of another group by now.
      world.register({ ...world.siteOf('travel').registration, group: 'blue' })
      expect(await placesAt(shop)).to.deep.equal([[shop]])
      expect(await placesAt(travel)).to.deep.equal([[travel]])
    })
  })

  describe('a name of another site’s', () => {
    const USER = 'canary-ada'
    const pairwise = { travel: { pairwise: true }, magazine: { pairwise: true } }

    beforeEach(async () => {
      await begin(pairwise)
      await visitor.post(shop, '/account/sign-in', { subject: USER })
      for (const site of [shop, travel, magazine]) await outcome(site)
    })

    const subjectAt = async (site: string, by = visitor) => String((await whoami(site, by)).subject)
    const signInAt = (site: string, subject: string) =>
      act(site, 'sign-in', { handle: null, subject, claims: {} })

    it('is in nothing that a pairwise site is told: views, tickets, lists, its own cookie', async () => {
      const others = { [travel]: await subjectAt(magazine), [magazine]: await subjectAt(travel) }
      for (const site of [travel, magazine]) {
        const handle = heldAt(site)
        const tab = visitor.copy()
        tab.cookies(site).clear()
        const { claims } = openTicket(world.siteOf(nameOf(site)), (await tab.ticket(site)).ticket)
        const cookie = readJws(visitor.cookies(site).get('__Host-session')!)
        const told = [
          (await act(site, 'read', { handle })).text,
          (await act(site, 'list', { handle })).text,
          (await act(site, 'update', { handle, patch: {} })).text,
          JSON.stringify([claims, cookie]),
        ].join()
        expect(told).to.include(await subjectAt(site))
        expect(told).to.not.include(USER)
        expect(told).to.not.include(others[site])
      }
      expect((await act(shop, 'read', { handle: heldAt(shop) })).text, 'the twin').to.include(USER)
    })

    it('cannot be taken on by a user who chooses it, by day or while the hub is down', async () => {
      const name = await subjectAt(travel)
      for (const site of [travel, magazine, shop]) {
        expectRefusal(await signInAt(site, name), 400, 'request_invalid')
        const eve = new Visitor(world.hub.origin)
        expect((await eve.post(site, '/account/sign-in', { subject: name })).status).to.equal(400)
      }
      await world.hub.listener.stop()
      const eve = new Visitor(world.hub.origin)
      expect((await eve.post(travel, '/account/sign-in', { subject: name })).status).to.equal(400)
      expect(await whoami(travel, eve)).to.include({ session: 'none' })
    })

    it('is another user’s where two sites give the same one', async () => {
      const [one, other] = [new Visitor(world.hub.origin), new Visitor(world.hub.origin)]
      await one.post(travel, '/account/sign-in', { subject: 'bob' })
      await other.post(magazine, '/account/sign-in', { subject: 'bob' })
      for (const [by, from] of [
        [one, travel],
        [other, magazine],
      ] as const) {
        expect(await outcome(from, by)).to.equal('adopt')
        expect(await outcome(shop, by)).to.equal('replace')
        expect(await subjectAt(shop, by)).to.equal(`bob@${from}`)
      }
      await one.post(travel, '/account/sign-out', { everywhere: true })
      expect(await subjectAt(magazine, other)).to.equal('bob')
      expect(await world.hub.hub.sessions.list('bob')).to.deep.equal([])
    })

    it('that a pairwise site has signed in cannot be signed in by any other; its own can', async () => {
      for (const site of [shop, magazine]) {
        const refused = await signInAt(site, `bob@${travel}`)
        if (site === shop) expectRefusal(refused, 400, 'request_invalid')
        else expect(await world.hub.hub.sessions.list(`bob@${travel}`)).to.deep.equal([])
      }
      for (const subject of ['bob@mail.example', `bob@${shop}`, `bob@https:`, `bob@https://mail.example/x`])
        expect((await signInAt(shop, subject)).status, subject).to.equal(200)
      expect((await signInAt(travel, 'bob')).status).to.equal(200)
      expect(await world.hub.hub.sessions.list(`bob@${travel}`)).to.have.length(1)
    })

    it('cannot be computed without the hub’s secret, and differs where the secret differs', async () => {
      const first = await subjectAt(travel)
      await world.close()
      await begin(pairwise)
      await visitor.post(shop, '/account/sign-in', { subject: USER })
      await outcome(shop)
      await outcome(travel)
      expect(await subjectAt(travel)).to.match(/^pairwise:[\w-]{43}$/)
      expect(await subjectAt(travel)).to.not.equal(first)
    })
  })
})
