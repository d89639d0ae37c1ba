/**
 * What a ticket promises, told to the hub by whoever has the ticket's keys: the site itself, or a thief of them. The hub gives a session on the very
 * terms on which it has issued the ticket, and on no others (R2, R19).
 */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { type Claims, openTicket, redemptionOf, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

describe('R2: a ticket whose terms the site has changed', () => {
  const store = watchedStore()
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string

  before(async () => {
    world = await startWorld({ sites: ['shop', 'travel'], sisters: true, hub: { store } })
    ada = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
  })
  after(() => world.close())

  const redeem = (body: object): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/redeem`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf('travel'))}`,
      },
    })
  const bits = (count: number) => randomBytes(count / 8).toString('base64url')
  const opened = (ticket: string) => openTicket(world.siteOf('travel'), ticket).claims

  const tickets: Record<string, () => Promise<Claims>> = {
    'of a frame': async () => opened((await ada.ticket(travel)).ticket),
    'of a link': async () => opened((await ada.linkTicket(shop, travel))!),
  }
  /** What a thief of the keys would like to make of it, and no more than that. */
  const changes: Record<string, (claims: Claims) => object> = {
    'for a link': ({ mode }) => (mode === 'link' ? { mode: 'redirect' } : { mode: 'link', nonce: undefined }),
    'for a redirect': () => ({ mode: 'redirect', nonce: bits(256) }),
    'for another page': () => ({ nonce: bits(256) }),
    'from another site': ({ origin }) => ({ origin: origin === shop ? travel : shop }),
    'of somebody else': () => ({ sub: 'mallory' }),
    'of nobody': () => ({ sub: undefined }),
    'for a longer time': ({ exp }) => ({ exp: Number(exp) + 1 }),
    'for a second use': () => ({ jti: bits(128) }),
    'over the head of a user': () => ({ chosen: bits(128) }),
    'for a session that was guessed': () => ({ grant: bits(320) }),
  }
  for (const [kind, issue] of Object.entries(tickets))
    for (const [name, change] of Object.entries(changes))
      it(`${kind}, ${name}, gives nothing and leaves nothing; the true one gives the session`, async () => {
        const claims = await issue()
        const before = store.rows()
        const forged = { ...redemptionOf(claims), ...change(claims) }
        expectRefusalWithoutCookies(await redeem(forged), 401, 'ticket_invalid')
        expect(store.rows()).to.equal(before)
        expect((await redeem(redemptionOf(claims))).json).to.include({ subject: 'ada' })
      })

  it('is refused where one bit of its grant is another, wherever it stands', async () => {
    const claims = await tickets['of a frame']!()
    const grant = Buffer.from(String(claims.grant), 'base64url')
    for (let at = 0; at < grant.length; at += 1) {
      const flipped = Buffer.from(grant)
      flipped[at]! ^= 1 << (at % 8)
      const forged = { ...redemptionOf(claims), grant: flipped.toString('base64url') }
      expectRefusalWithoutCookies(await redeem(forged), 401, 'ticket_invalid')
    }
    expect((await redeem(redemptionOf(claims))).status).to.equal(200)
  })

  it('R27: is refused where its grant is spelled otherwise, before and after it is used', async () => {
    const claims = await tickets['of a frame']!()
    const grant = String(claims.grant)
    const bytes = (text: string) => Buffer.from(text, 'base64url').toString('hex')
    const others = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      .split('')
      .map((last) => `${grant.slice(0, -1)}${last}`)
      .filter((other) => other !== grant && bytes(other) === bytes(grant))
    expect(others).to.have.length(15)
    const tryOthers = async () => {
      for (const other of others)
        expectRefusalWithoutCookies(
          await redeem({ ...redemptionOf(claims), grant: other }),
          400,
          'request_invalid',
        )
    }
    await tryOthers()
    expect((await redeem(redemptionOf(claims))).status).to.equal(200)
    await tryOthers()
  })

  it('is refused with what the site or the hub has wrapped for another purpose', async () => {
    const claims = await tickets['of a frame']!()
    const token = ada.cookies(shop).get('__Host-session')!
    const { sk } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sk: string }
    const forged = { ...redemptionOf(claims), grant: sk }
    expectRefusalWithoutCookies(await redeem(forged), 401, 'ticket_invalid')
  })

  it('R26: does not tell whoever reads it the handle that it will give', async () => {
    const claims = await tickets['of a frame']!()
    const given = await redeem(redemptionOf(claims))
    expect(JSON.stringify(claims)).to.not.include(given.json.handle)
    expect(handleIn(ada.cookies(shop).get('__Host-session')!)).to.not.equal(given.json.handle)
  })
})

describe('R19: a ticket that nobody uses', () => {
  it('leaves nothing at the hub', async () => {
    const store = watchedStore()
    const world = await startWorld({ sites: ['shop', 'travel'], sisters: true, hub: { store } })
    try {
      const ada = new Visitor(world.hub.origin)
      const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      const before = store.rows()
      for (let count = 0; count < 3; count += 1) {
        await ada.ticket(travel)
        await ada.linkTicket(shop, travel)
      }
      expect(store.rows()).to.equal(before)
    } finally {
      await world.close()
    }
  })
})
