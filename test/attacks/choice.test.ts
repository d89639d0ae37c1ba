/** The visitor's choice between two users, as somebody else would make it. Each attack has its twin, which is allowed (R20, R34). */
import { expect } from 'chai'
import type { SiteRegistration } from 'session-hub/hub'

import { type Claims, openTicket, without } from '../support/forge.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { binding, type FrameData, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('R34: the visitor’s choice, attacked', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string
  let magazine: string

  /** Ada is signed in at the shop and so at the hub, Bob at travel. */
  async function begin(registration: Record<string, Partial<SiteRegistration>> = {}): Promise<void> {
    world = await startWorld({ sisters: true, registration: (name) => registration[name] ?? {} })
    ;[shop, travel, magazine] = ['shop', 'travel', 'magazine'].map((name) => world.siteOf(name).origin) as [
      string,
      string,
      string,
    ]
    visitor = new Visitor(world.hub.origin)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    await visitor.post(travel, '/sign-in', { name: 'bob' })
  }
  afterEach(() => world.close())

  const subjectAt = async (site: string, by = visitor) => (await by.whoami(site)).subject
  const expectNothingChanged = async () => {
    expect([await subjectAt(shop), await subjectAt(travel)]).to.deep.equal(['ada', 'bob'])
  }

  interface Asked {
    readonly data: FrameData
    readonly offer: string
    readonly verifier: string
  }
  /** A frame and the offer for it, as the page has them before it chooses. */
  async function asked(site = travel, by = visitor): Promise<Asked> {
    const { verifier, nonce } = binding()
    const { data } = await by.frame(site, nonce)
    const { json } = await by.post(site, '/session-hub/offer', { nonce })
    return { data, offer: json.offer as string, verifier }
  }
  const choose = ({ data, offer }: Asked, choice: string, by = visitor) =>
    by.exchange(data, offer, {}, choice)
  const redeem = (ticket: unknown, verifier: string, by = visitor) =>
    by.post(travel, '/session-hub/redeem', { ticket, verifier })

  describe('by a page of another site', () => {
    beforeEach(() => begin())

    it('with its own frame in the name of the conflict’s site is refused; that site’s is not', async () => {
      const [own, theirs] = [await asked(travel), await asked(magazine)]
      const forged = { ...own, data: { ...theirs.data, site: travel } }
      expectRefusalWithoutCookies(await choose(forged, 'site'), 400, 'request_invalid')
      const renonced = { ...own, data: { ...own.data, message: theirs.data.message } }
      expectRefusalWithoutCookies(await choose(renonced, 'site'), 400, 'request_invalid')
      await expectNothingChanged()
      expect((await choose(own, 'site')).json.outcome).to.equal('adopt')
    })

    it('with the conflict’s offer in its own frame is refused', async () => {
      const [own, theirs] = [await asked(travel), await asked(magazine)]
      for (const choice of ['hub', 'site'])
        expectRefusalWithoutCookies(
          await choose({ ...theirs, offer: own.offer }, choice),
          401,
          'offer_invalid',
        )
      await expectNothingChanged()
      expect((await choose(own, 'hub')).json.outcome).to.equal('replace')
    })

    it('where nobody is signed in changes nothing that it could not change without', async () => {
      const [{ data }, plain] = [await asked(magazine), await asked(magazine)]
      const chosen = await visitor.exchange(data, null, {}, 'site')
      const unchosen = await visitor.exchange(plain.data, null)
      expect(chosen.json.outcome).to.equal('replace').and.to.equal(unchosen.json.outcome)
      await expectNothingChanged()
    })

    it('by another origin, or without the frame’s own header, is refused', async () => {
      const own = await asked()
      for (const headers of [
        { origin: travel },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        { 'x-session-hub': undefined },
      ])
        expectRefusal(await visitor.exchange(own.data, own.offer, headers, 'site'), 403, 'origin_denied')
      await expectNothingChanged()
      expect((await choose(own, 'site')).status).to.equal(200)
    })
  })

  describe('made again', () => {
    beforeEach(() => begin())

    it('in the same exchange is refused, with the same word or the other', async () => {
      const own = await asked()
      expect((await visitor.exchange(own.data, own.offer)).json).to.include({
        outcome: 'conflict',
        subject: 'ada',
      })
      for (const choice of ['hub', 'site'])
        expectRefusalWithoutCookies(await choose(own, choice), 401, 'offer_spent')
      await expectNothingChanged()
      expect((await choose(await asked(), 'hub')).json.outcome).to.equal('replace')
    })

    it('at the same moment counts once', async () => {
      const own = await asked()
      const replies = await Promise.all(['hub', 'site', 'hub', 'site'].map((choice) => choose(own, choice)))
      expect(replies.map(({ status }) => status).sort()).to.deep.equal([200, 401, 401, 401])
    })

    it('by its ticket is refused', async () => {
      const own = await asked()
      const { ticket } = (await choose(own, 'hub')).json
      expect((await redeem(ticket, own.verifier)).status).to.equal(200)
      await visitor.post(travel, '/sign-in', { name: 'bob' })
      expectRefusal(await redeem(ticket, own.verifier), 401, 'ticket_spent')
      expect(await subjectAt(travel)).to.equal('bob')
    })
  })

  for (const word of ['keep-both', '', 'HUB', 'hub ', '__proto__']) {
    it(`by the word ${JSON.stringify(word)} is none`, async () => {
      await begin()
      expectRefusal(await choose(await asked(), word), 400, 'request_invalid')
      await expectNothingChanged()
    })
  }

  describe('by its ticket', () => {
    const chosenTicket = async (): Promise<{ ticket: string; verifier: string }> => {
      const own = await asked()
      return { ticket: (await choose(own, 'hub')).json.ticket as string, verifier: own.verifier }
    }
    const open = (ticket: string) => openTicket(world.siteOf('travel'), ticket)

    it('is over the user who was asked, and over nobody who has signed in since', async () => {
      await begin()
      const { ticket, verifier } = await chosenTicket()
      await visitor.post(travel, '/sign-in', { name: 'carol' })
      expectRefusal(await redeem(ticket, verifier), 409, 'session_conflict')
      expect(await subjectAt(travel)).to.equal('carol')
    })
    it('is over the user who was asked, in a session of later too', async () => {
      await begin()
      const { ticket, verifier } = await chosenTicket()
      await visitor.post(travel, '/sign-in', { name: 'bob' })
      expect((await redeem(ticket, verifier)).json).to.include({ subject: 'ada', reason: 'overruled' })
    })

    it('is over nobody whom the hub does not know of yet', async () => {
      await begin()
      const { ticket, verifier } = await chosenTicket()
      await visitor.post(travel, '/sign-out', {})
      await world.hub.listener.stop()
      await visitor.post(travel, '/sign-in', { name: 'carol' })
      await world.hub.listener.start()
      // The site may still think that the hub is down.
      expect((await redeem(ticket, verifier)).status).to.be.oneOf([409, 503])
      expect(await subjectAt(travel)).to.equal('carol')
    })

    it('needs the verifier of the page that has chosen', async () => {
      await begin()
      const { ticket, verifier } = await chosenTicket()
      expectRefusal(await redeem(ticket, binding().verifier), 401, 'verifier_invalid')
      expect(await subjectAt(travel)).to.equal('bob')
      expect((await redeem(ticket, verifier)).status).to.equal(200)
    })

    it('is the hub’s alone: the same ticket without the word is none', async () => {
      await begin()
      const [one, other] = [await chosenTicket(), await chosenTicket()]
      const plain = open(one.ticket)
      const unchosen = plain.again({ claims: without(plain.claims, 'chosen') })
      expectRefusal(await redeem(unchosen, one.verifier), 401, 'ticket_invalid')
      expect((await redeem(open(other.ticket).again(), other.verifier)).status).to.equal(200)
    })

    const words: Record<string, (claims: Claims) => unknown> = {
      true: () => true,
      'the user’s name': () => 'bob',
      'another user’s tag': () => 'A'.repeat(22),
      'a list': ({ chosen }) => [chosen],
    }
    for (const [what, word] of Object.entries(words)) {
      it(`is not over anybody with ${what} for the tag`, async () => {
        await begin()
        const { ticket, verifier } = await chosenTicket()
        const opened = open(ticket)
        const forged = opened.again({ claims: { ...opened.claims, chosen: word(opened.claims) } })
        const reply = await redeem(forged, verifier)
        expect(reply.status, reply.text).to.be.oneOf([401, 409])
        expect(reply.headers['set-cookie']).to.equal(undefined)
        expect(await subjectAt(travel)).to.equal('bob')
      })
    }

    it('is none on a link or a redirect, whoever has signed it; a frame’s is one', async () => {
      await begin()
      const { ticket, verifier } = await chosenTicket()
      const opened = open(ticket)
      const { claims } = opened
      const { chosen } = claims
      const link = open((await visitor.linkTicket(shop, travel))!)
      expect(link.claims).to.not.have.property('chosen')
      const withWord = link.again({ claims: { ...link.claims, chosen } })
      await visitor.submit(
        `${travel}/session-hub/enter`,
        { ticket: withWord, to: `${travel}/plain` },
        { origin: shop },
      )
      expect(visitor.arrival(travel)).to.equal(undefined)
      for (const mode of ['link', 'redirect'])
        expectRefusal(
          await redeem(opened.again({ claims: { ...claims, mode } }), verifier),
          401,
          'ticket_invalid',
        )
      expect(await subjectAt(travel)).to.equal('bob')
      expect((await redeem(ticket, verifier)).json).to.include({ subject: 'ada' })
    })

    it('is the same for a pairwise site, and names nobody', async () => {
      await begin({ travel: { pairwise: true } })
      const { ticket, verifier } = await chosenTicket()
      const text = JSON.stringify(open(ticket).claims)
      expect(text).to.not.match(/"(ada|bob)/)
      expect((await redeem(ticket, verifier)).json.subject).to.match(/^pairwise:/)
    })
  })

  describe('at a site that only receives', () => {
    beforeEach(() => begin({ travel: { mayOffer: false } }))

    it('is refused, and the hub keeps its user; a site that may offer is heard', async () => {
      for (const choice of ['site', 'hub'])
        expectRefusalWithoutCookies(await choose(await asked(), choice), 403, 'offer_denied')
      expect(await subjectAt(shop)).to.equal('ada')
      await visitor.post(magazine, '/sign-in', { name: 'bob' })
      expect((await choose(await asked(magazine), 'site')).json.outcome).to.equal('adopt')
    })

    it('without an offer gives a ticket that overrules nobody', async () => {
      const { data, verifier } = await asked()
      for (const choice of ['hub', 'site']) {
        const { ticket } = (await visitor.exchange(data, null, {}, choice)).json
        const { claims } = openTicket(world.siteOf('travel'), String(ticket))
        expect(claims).to.not.have.property('chosen')
        expectRefusal(await redeem(ticket, verifier), 409, 'session_conflict')
      }
      await expectNothingChanged()
    })
  })

  describe('and who is signed in at the hub', () => {
    beforeEach(() => begin())

    it('is told to the page of a conflict, after its offer, and in no frame’s document', async () => {
      const own = await asked()
      expect(JSON.stringify(own.data)).to.not.include('ada')
      const { data } = await visitor.frame(travel, binding().nonce, { referer: 'https://stranger.example/' })
      expect(JSON.stringify(data)).to.not.include('ada')
      expect((await visitor.exchange(own.data, own.offer)).json.subject).to.equal('ada')
    })

    it('is in no address and no cookie of a redirect that meets a conflict', async () => {
      const { replies, arrival } = await visitor.redirect(travel)
      expect(arrival).to.equal('redirect.conflict..1')
      expect(replies.map(({ headers }) => String(headers.location)).join()).to.not.include('ada')
      await expectNothingChanged()
    })
  })
})
