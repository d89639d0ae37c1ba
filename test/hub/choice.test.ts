/** Two users have met, and no rule decides: the visitor does. */
import { expect } from 'chai'
import type { HubOptions, SiteRegistration } from 'session-hub/hub'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a conflict of two users', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  const begin = async (hub: Partial<HubOptions> = {}, registration: Partial<SiteRegistration> = {}) => {
    world = await startWorld({ hub, registration: () => registration })
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    await visitor.post(travel, '/sign-in', { name: 'bob' })
  }
  afterEach(() => world.close())

  it('tells the page who the other one is, and changes nothing', async () => {
    await begin()
    expect(await visitor.sync(travel)).to.include({ outcome: 'conflict', subject: 'ada' })
    expect(await visitor.whoami(travel)).to.include({ subject: 'bob' })
    expect(await visitor.whoami(shop)).to.include({ subject: 'ada' })
  })

  it('ends with the user of the hub, where the visitor says so', async () => {
    await begin()
    const { outcome, redeemed } = await visitor.sync(travel, 'hub')
    expect(outcome).to.equal('replace')
    expect(redeemed?.json).to.include({ subject: 'ada', reason: 'overruled' })
    expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
  })

  it('ends with the user of the site, where the visitor says so', async () => {
    await begin()
    expect((await visitor.sync(travel, 'site')).outcome).to.equal('adopt')
    expect((await visitor.sync(shop)).outcome).to.equal('conflict')
    expect((await visitor.sync(shop, 'hub')).outcome).to.equal('replace')
    expect(await visitor.whoami(shop)).to.include({ subject: 'bob' })
  })

  it('does not ask where the owner has decided', async () => {
    await begin({ conflict: 'site' })
    expect((await visitor.sync(travel, 'hub')).outcome).to.equal('adopt')
  })

  it('hears no choice where there is no conflict', async () => {
    await begin()
    await visitor.sync(travel, 'hub')
    await visitor.post(travel, '/sign-out', {})
    await visitor.post(travel, '/cart', { item: 'map' })
    expect((await visitor.sync(travel, 'hub')).outcome, 'the hub lost its user').to.equal('adopt')
  })

  it('names the other one as a pairwise site knows them', async () => {
    await begin({}, { pairwise: true })
    const { subject } = await visitor.sync(travel)
    expect(subject).to.match(/^pairwise:[A-Za-z0-9_-]{43}$/)
  })

  it('takes only the words of the protocol', async () => {
    await begin()
    expect(await visitor.sync(travel, 'mine' as 'hub')).to.include({ outcome: 'undefined' })
  })

  it('R20: needs the ticket of that choice: another of the same session does not overrule', async () => {
    await begin()
    await visitor.post(travel, '/sign-out', {})
    const { ticket, verifier } = await visitor.ticket(travel)
    await visitor.post(travel, '/sign-in', { name: 'bob' })
    const refused = await visitor.post(travel, '/session-hub/redeem', { ticket, verifier })
    expect(refused.json.error).to.equal('session_conflict')
  })
})
