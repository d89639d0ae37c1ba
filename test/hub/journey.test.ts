/** The journeys on the wire: what each party says to each other, without a browser in between. */
import { expect } from 'chai'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a session on several sites, on the wire', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string
  let magazine: string

  beforeEach(async () => {
    world = await startWorld()
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel, magazine] = ['shop', 'travel', 'magazine'].map((name) => world.siteOf(name).origin) as [
      string,
      string,
      string,
    ]
  })
  afterEach(() => world.close())

  it('brings a cart from one site to another', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    expect((await visitor.sync(shop)).outcome).to.equal('adopt')

    const synced = await visitor.sync(travel)
    expect(synced.outcome).to.equal('replace')
    expect(synced.redeemed?.json).to.include({ subject: null, reason: 'empty' })
    expect(await visitor.whoami(travel)).to.deep.equal({
      session: 'anonymous',
      subject: null,
      claims: {},
      data: { cart: ['boots'] },
    })
    expect((await visitor.sync(travel)).outcome).to.equal('keep')
    expect((await visitor.sync(shop)).outcome).to.equal('keep')
  })

  it('joins two carts that were filled before they met', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.sync(shop)
    await visitor.post(travel, '/cart', { item: 'ticket' })
    await visitor.ask(`${travel}/whoami`)
    const synced = await visitor.sync(travel)
    expect(synced.outcome).to.equal('replace')
    expect(synced.redeemed?.json.reason).to.equal('merged')
  })

  it('signs in on one site and is signed in on the other, with the cart', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.sync(shop)
    await visitor.sync(magazine)
    await visitor.post(magazine, '/sign-in', { name: 'ada', claims: { name: 'Ada' } })
    expect((await visitor.sync(magazine)).outcome).to.equal('adopt')

    const synced = await visitor.sync(shop)
    expect(synced).to.include({ outcome: 'replace', ended: 'signed-in' })
    expect(await visitor.whoami(shop)).to.deep.equal({
      session: 'signed-in',
      subject: 'ada',
      claims: { name: 'Ada' },
      data: { cart: ['boots'] },
    })
  })

  it('signs out on one site and is signed out on the other at its next sync', async () => {
    await visitor.post(magazine, '/sign-in', { name: 'ada' })
    await visitor.sync(magazine)
    await visitor.sync(shop)
    expect(await visitor.whoami(shop)).to.include({ subject: 'ada' })
    await visitor.post(shop, '/session-hub/sign-out', {})

    const synced = await visitor.sync(magazine)
    expect(synced).to.include({ outcome: 'none', ended: 'signed-out' })
    expect(await visitor.whoami(magazine)).to.include({ session: 'none', subject: null })
  })
})
