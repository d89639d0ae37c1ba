/** A registered site that has come by the handle of another site's session: worth nothing to it, and no weapon (R19, R27). */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { openTicket, redemptionOf, siteToken } from '../support/forge.js'
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

  async function expectAdaAt(site: string): Promise<void> {
    world.advance(301)
    expect(await ada.whoami(site)).to.include({ session: 'signed-in', subject: 'ada' })
  }

  /** What travel would ask for a ticket of Ada's. */
  async function redemption(more: object = {}) {
    await ada.sync(shop)
    const travel = world.siteOf('travel')
    const { claims } = openTicket(travel, (await ada.ticket(travel.origin)).ticket)
    return { ...redemptionOf(claims), ...more }
  }

  it('that a ticket promises is as unknown to another site as any other, and still works at its own', async () => {
    const body = await redemption()
    const unknown = await act('evil', 'redeem', { ...body, grant: 'A'.repeat(54) })
    expectRefusalWithoutCookies(unknown, 401, 'ticket_invalid')
    expect((await act('evil', 'redeem', body)).json).to.deep.equal(unknown.json)
    expect((await act('travel', 'redeem', body)).json).to.include({ subject: 'ada' })
  })

  it('that a ticket gave is not ended by a second use at another site; its own site’s second use ends it', async () => {
    const body = await redemption()
    const given = await act('travel', 'redeem', body)
    const { handle: gave } = given.json
    world.advance(3)
    for (const more of [
      {},
      { jti: randomBytes(16).toString('base64url') },
      { origin: world.siteOf('evil').origin },
    ])
      expectRefusalWithoutCookies(await act('evil', 'redeem', { ...body, ...more }), 401, 'ticket_invalid')
    expect(world.log.map(({ event }) => event)).to.not.include('ticket_replayed')
    expect((await act('travel', 'read', { handle: gave })).json).to.include({ subject: 'ada' })
    expectRefusalWithoutCookies(await act('travel', 'redeem', body), 401, 'ticket_spent')
    expectRefusalWithoutCookies(await act('travel', 'read', { handle: gave }), 410, 'session_ended')
  })

  it('cannot be shown in place of a grant', async () => {
    const body = await redemption()
    expectRefusalWithoutCookies(
      await act('travel', 'redeem', { ...body, grant: handle }),
      400,
      'request_invalid',
    )
    expectRefusalWithoutCookies(
      await act('travel', 'redeem', { ...body, grant: `${handle}${'A'.repeat(11)}` }),
      401,
      'ticket_invalid',
    )
    await expectAdaAt(shop)
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
