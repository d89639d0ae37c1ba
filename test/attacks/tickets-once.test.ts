/** A ticket works once, for the page that asked for it: R8, R10, R26, R27. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { sqliteStore } from 'session-hub/hub'

import { openTicket, respell, seal } from '../support/forge.js'
import { inSiteProcesses } from '../support/redeem-worker.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { restartHub } from '../support/restart.js'
import { binding, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a ticket works once, for the page that asked', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  async function begin(options: Parameters<typeof startWorld>[0] = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], ...options })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
  }
  afterEach(() => world.close())

  const redeem = (body: object, by = visitor) => by.post(travel, '/session-hub/redeem', body)

  describe('R8: the same ticket again', () => {
    beforeEach(() => begin())

    it('is refused in sequence, in the same browser and in another', async () => {
      const { ticket, verifier } = await visitor.ticket(travel)
      expect((await redeem({ ticket, verifier })).status).to.equal(200)
      expectRefusalWithoutCookies(await redeem({ ticket, verifier }), 401, 'ticket_spent')
      const thief = new Visitor(world.hub.origin)
      expectRefusalWithoutCookies(await redeem({ ticket, verifier }, thief), 401, 'ticket_spent')
    })

    it('is refused to all but one of ten that race', async () => {
      const body = await visitor.ticket(travel)
      const { ticket, verifier } = body
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => redeem({ ticket, verifier }, new Visitor(world.hub.origin))),
      )
      const statuses = replies.map(({ status }) => status).sort()
      expect(statuses).to.deep.equal([200, ...Array.from({ length: 9 }, () => 401)])
    })

    it('is refused to all but one of three processes of the site that race', async () => {
      const { ticket, verifier } = await visitor.ticket(travel)
      const { keys, origin } = world.siteOf('travel')
      const task = { origin, hub: world.hub.origin, keys, body: { ticket, verifier } }
      expect((await inSiteProcesses(3, task)).sort()).to.deep.equal([200, 401, 401])
    })

    it('is refused when it is sealed again, and in another spelling of the same bytes', async () => {
      const { ticket, verifier } = await visitor.ticket(travel)
      const { jws, siteKeys } = openTicket(world.siteOf('travel'), ticket)
      expect((await redeem({ ticket, verifier })).status).to.equal(200)
      const sealedAgain = seal(jws, siteKeys.ticket)
      expect(sealedAgain).to.not.equal(ticket)
      expectRefusalWithoutCookies(await redeem({ ticket: sealedAgain, verifier }), 401, 'ticket_spent')
      for (const again of [respell(ticket), seal(respell(jws), siteKeys.ticket)])
        expectRefusalWithoutCookies(await redeem({ ticket: again, verifier }), 401, 'ticket_invalid')
    })

    it('is refused under the jti of another ticket: two tickets are two passes, one handle is one', async () => {
      const { ticket, verifier } = await visitor.ticket(travel)
      const opened = openTicket(world.siteOf('travel'), ticket)
      expect((await redeem({ ticket, verifier })).status).to.equal(200)
      const renamed = opened.again({ claims: { ...opened.claims, jti: 'A'.repeat(22) } })
      expectRefusalWithoutCookies(await redeem({ ticket: renamed, verifier }), 401, 'ticket_invalid')
    })
  })

  it('R8: a spent ticket stays spent over a restart of the hub, an unspent one still works', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'session-hub-'))
    const path = join(folder, 'hub.sqlite')
    try {
      await begin({ hub: { store: sqliteStore(path) } })
      const spent = await visitor.ticket(travel)
      const unspent = await visitor.ticket(travel)
      expect((await redeem({ ticket: spent.ticket, verifier: spent.verifier })).status).to.equal(200)

      const close = await restartHub(world, { store: sqliteStore(path) })
      try {
        expectRefusalWithoutCookies(
          await redeem({ ticket: spent.ticket, verifier: spent.verifier }, new Visitor(world.hub.origin)),
          401,
          'ticket_spent',
        )
        const twin = await redeem({ ticket: unspent.ticket, verifier: unspent.verifier })
        expect(twin.status, twin.text).to.equal(200)
      } finally {
        await close()
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  describe('R10: a ticket without its verifier', () => {
    beforeEach(() => begin())

    for (const [name, body, code, status] of [
      ['none', () => ({}), 'verifier_invalid', 401],
      ["another page's", () => ({ verifier: binding().verifier }), 'verifier_invalid', 401],
      ['the nonce itself', ({ nonce }: { nonce: string }) => ({ verifier: nonce }), 'verifier_invalid', 401],
      ['null', () => ({ verifier: null }), 'request_invalid', 400],
      ['an empty one', () => ({ verifier: '' }), 'request_invalid', 400],
      [
        'a list of the right one',
        (right: { verifier: string }) => ({ verifier: [right.verifier] }),
        'request_invalid',
        400,
      ],
    ] as const) {
      it(`(${name}) is refused and stays unspent`, async () => {
        const made = await visitor.ticket(travel)
        const { ticket, verifier } = made
        const thief = new Visitor(world.hub.origin)
        expectRefusalWithoutCookies(await redeem({ ticket, ...body(made) }, thief), status, code)
        expect((await redeem({ ticket, verifier })).status).to.equal(200)
      })
    }

    it('is refused in the browser of a victim: nobody plants a session of his own', async () => {
      const { ticket } = await visitor.ticket(travel)
      const victim = new Visitor(world.hub.origin)
      expectRefusalWithoutCookies(
        await redeem({ ticket, verifier: binding().verifier }, victim),
        401,
        'verifier_invalid',
      )
      expect(await victim.whoami(travel)).to.include({ session: 'none' })
    })
  })

  describe('R27: a ticket that was used before', () => {
    beforeEach(() => begin())

    it('ends the session that it gave when it comes with its verifier, later', async () => {
      const { ticket, verifier } = await visitor.ticket(travel)
      await redeem({ ticket, verifier })
      world.advance(3)
      expectRefusalWithoutCookies(await redeem({ ticket, verifier }, new Visitor('x')), 401, 'ticket_spent')

      expect(world.log.map(({ event }) => event)).to.include('ticket_replayed')
      world.advance(301)
      expect(await visitor.whoami(travel)).to.include({ session: 'none' })
    })

    it('ends nothing when it comes again at once: a double submit', async () => {
      const { ticket, verifier } = await visitor.ticket(travel)
      await redeem({ ticket, verifier })
      world.advance(1)
      expectRefusalWithoutCookies(await redeem({ ticket, verifier }), 401, 'ticket_spent')
      world.advance(301)
      expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
    })

    it('R27: is a double submit for two whole seconds, and a replay from then on', async () => {
      for (const [afterMs, subject] of [
        [2000, 'ada'],
        [2001, null],
      ] as const) {
        await world.close()
        let clockMs = Date.now()
        const now = () => clockMs
        await begin({ hub: { now }, site: { now } })
        const { ticket, verifier } = await visitor.ticket(travel)
        await redeem({ ticket, verifier })
        clockMs += afterMs
        expectRefusalWithoutCookies(await redeem({ ticket, verifier }), 401, 'ticket_spent')
        clockMs += 301_000
        expect(await visitor.whoami(travel), `${afterMs} ms`).to.include({ subject })
      }
    })

    it('ends nothing when it comes without its verifier: seeing a ticket signs nobody out', async () => {
      const { ticket, verifier } = await visitor.ticket(travel)
      await redeem({ ticket, verifier })
      world.advance(3)
      const thief = new Visitor(world.hub.origin)
      expectRefusalWithoutCookies(await redeem({ ticket }, thief), 401, 'verifier_invalid')
      const guess = { ticket, verifier: binding().verifier }
      expectRefusalWithoutCookies(await redeem(guess, thief), 401, 'verifier_invalid')
      world.advance(301)
      expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
    })

    it('ends nothing when its first use gave nothing', async () => {
      // Bob is signed in at travel, so Ada's ticket is refused there; to try it again must not sign Ada out elsewhere.
      const { ticket, verifier } = await visitor.ticket(travel)
      await visitor.post(travel, '/sign-in', { name: 'bob' })
      expectRefusalWithoutCookies(await redeem({ ticket, verifier }), 409, 'session_conflict')
      world.advance(3)
      expectRefusalWithoutCookies(await redeem({ ticket, verifier }), 401, 'ticket_spent')
      world.advance(301)
      expect(await visitor.whoami(shop)).to.include({ subject: 'ada' })
    })
  })
})
