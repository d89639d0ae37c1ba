/** A registered site that has come by the handle of another site's session: worth nothing to it, and no weapon (R19, R27). */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { openTicket, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe("R27: another site's handle", () => {
  let world: World
  let ada: Visitor
  let shop: string
  let handle: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel', 'evil'] })
    ada = new Visitor(world.hub.origin)
    shop = world.siteOf('shop').origin
    await ada.post(shop, '/sign-in', { name: 'ada' })
    handle = heldAt(shop)
  })
  afterEach(() => world.close())

  const heldAt = (site: string) => String(handleIn(ada.cookies(site).get('__Host-session')!))

  const act = (site: string, name: string, body: object): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf(site))}`,
      },
    })

  /** A redemption as the site would send it for a ticket, but the site has made up its `jti`. */
  function redemption(of: string, jti: unknown = randomBytes(16).toString('base64url')) {
    const exp = Math.floor(world.now() / 1000) + 30
    return { jti, exp, handle: of, previous: null, overrule: false, bound: true }
  }

  async function expectAdaAt(site: string): Promise<void> {
    world.advance(301)
    expect(await ada.whoami(site)).to.include({ session: 'signed-in', subject: 'ada' })
  }

  it('is not ended by a redemption with a jti of its own that comes twice', async () => {
    const body = redemption(handle)
    expectRefusalWithoutCookies(await act('evil', 'redeem', body), 401, 'ticket_invalid')
    world.advance(3)
    expect((await act('evil', 'redeem', body)).status).to.equal(401)
    expect(world.log.map(({ event }) => event)).to.not.include('ticket_replayed')
    await expectAdaAt(shop)
  })

  it('is not ended when a redemption of another session had that jti before', async () => {
    const eve = new Visitor(world.hub.origin)
    const evil = world.siteOf('evil').origin
    await eve.post(evil, '/sign-in', { name: 'eve' })
    const own = String(handleIn(eve.cookies(evil).get('__Host-session')!))
    const body = redemption(own)
    await act('evil', 'redeem', body)
    world.advance(3)
    expect((await act('evil', 'redeem', { ...body, handle })).status).to.equal(401)
    await expectAdaAt(shop)
  })

  it('that a ticket gave is not ended by it either, nor is the session on the site that it came from', async () => {
    const travel = world.siteOf('travel').origin
    await ada.sync(shop)
    expect((await ada.sync(travel)).redeemed?.status).to.equal(200)
    const body = redemption(heldAt(travel))
    await act('evil', 'redeem', body)
    world.advance(3)
    await act('evil', 'redeem', body)
    await expectAdaAt(travel)
    expect(await ada.whoami(shop)).to.include({ session: 'signed-in', subject: 'ada' })
  })

  /** What is in a ticket for travel, before it is redeemed. */
  async function pending(): Promise<{ jti: unknown; sid: string }> {
    await ada.sync(shop)
    const travel = world.siteOf('travel')
    const { jti, sid } = openTicket(world, travel, (await ada.ticket(travel.origin)).ticket).claims
    return { jti, sid: String(sid) }
  }

  it('that waits in a ticket is as unknown as any other, and still works at its own site', async () => {
    const { sid } = await pending()
    const unknown = await act('evil', 'redeem', redemption(randomBytes(32).toString('base64url')))
    expectRefusalWithoutCookies(unknown, 401, 'ticket_invalid')
    expect((await act('evil', 'redeem', redemption(sid))).json).to.deep.equal(unknown.json)
    expect((await act('travel', 'redeem', redemption(sid))).json).to.include({ subject: 'ada' })
  })

  it('is not ended by the jti that gave it, from another site; its own site’s second use ends it', async () => {
    const { jti, sid } = await pending()
    expect((await act('travel', 'redeem', redemption(sid, jti))).status).to.equal(200)
    world.advance(3)
    expectRefusalWithoutCookies(await act('evil', 'redeem', redemption(sid, jti)), 401, 'ticket_spent')
    expect((await act('travel', 'read', { handle: sid })).json).to.include({ subject: 'ada' })
    expectRefusalWithoutCookies(await act('travel', 'redeem', redemption(sid, jti)), 401, 'ticket_spent')
    expectRefusalWithoutCookies(await act('travel', 'read', { handle: sid }), 410, 'session_ended')
  })

  it('can be neither read, written nor ended; its own site can do all of it', async () => {
    const acts: readonly (readonly [name: string, body: object])[] = [
      ['read', { handle }],
      ['update', { handle, patch: { cart: ['trap'] } }],
      ['end', { handle }],
    ]
    for (const [name, body] of acts) {
      const reply = await act('evil', name, body)
      expect(reply.text, name).to.not.include('ada')
      if (name !== 'end') expectRefusalWithoutCookies(reply, 410, 'session_ended')
    }
    await expectAdaAt(shop)
    for (const [name, body] of acts) expect((await act('shop', name, body)).status, name).to.equal(200)
    expect((await act('shop', 'read', { handle })).status).to.equal(410)
  })
})
