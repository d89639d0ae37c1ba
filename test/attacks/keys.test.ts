/** The keys of a site's tickets: its own, changed while everything runs, and never asked for over the network (R9). */
import { expect } from 'chai'
import {
  generateSite,
  type GeneratedSiteKeys,
  type SiteRegistration,
  type SymmetricKey,
} from 'session-hub/hub'

import { openTicket, seal, signHs256, ticketSecret } from '../support/forge.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe("R9: the keys of a site's tickets", () => {
  let world: World
  let visitor: Visitor
  let travel: string
  let keys: GeneratedSiteKeys
  let registration: SiteRegistration
  let first: SymmetricKey
  let second: SymmetricKey

  beforeEach(async () => {
    const { keys: others } = await generateSite('http://travel.localhost')
    ;({ keys, registration } = await generateSite('http://travel.localhost'))
    ;[first, second] = [keys.ticket, others.ticket]
    world = await startWorld({ sites: ['shop'] })
    // While the owner changes the key, the site takes both.
    const site = await world.addSite('travel', undefined, { keys: { ...keys, ticket: [first, second] } })
    travel = site.origin
    sealWith(first)
    visitor = new Visitor(world.hub.origin)
    await visitor.post(world.siteOf('shop').origin, '/sign-in', { name: 'ada' })
    await visitor.sync(world.siteOf('shop').origin)
  })
  afterEach(() => world.close())

  const sealWith = (...ticketKeys: SymmetricKey[]) => {
    world.register({ ...registration, origin: travel, ticketKeys })
  }
  /** As if the visitor came for the first time, so that the frame gives a ticket. */
  async function freshTicket(): Promise<{ ticket: string; verifier: string }> {
    visitor.cookies(travel).clear()
    return visitor.ticket(travel)
  }
  const redeem = (ticket: string, verifier: string): Promise<Reply> =>
    visitor.post(travel, '/session-hub/redeem', { ticket, verifier })
  const opened = (ticket: string, by: SymmetricKey) =>
    openTicket({ ...world.siteOf('travel'), keys: { ...keys, ticket: by } }, ticket)

  it('the hub seals and signs with the first that it knows, and a site takes a ticket under any of its own', async () => {
    const before = await freshTicket()
    sealWith(second, first)
    const after = await freshTicket()
    expect(opened(before.ticket, first).header.kid).to.equal(first.kid)
    expect(opened(after.ticket, second).header.kid).to.equal(second.kid)
    for (const { ticket, verifier } of [before, after])
      expect((await redeem(ticket, verifier)).status).to.equal(200)
  })

  it('a ticket that is sealed with one of them and signed with the other is none', async () => {
    const { ticket, verifier } = await freshTicket()
    const { header, claims } = opened(ticket, first)
    const mixed = signHs256({ header: { ...header, kid: second.kid }, payload: claims }, ticketSecret(second))
    expectRefusalWithoutCookies(await redeem(seal(mixed, first), verifier), 401, 'ticket_invalid')
    const whole = seal(mixed, second)
    expect((await redeem(whole, verifier)).status).to.equal(200)
  })

  it('a key that the site has no more opens nothing there, and a ticket under another one does', async () => {
    const stranger = (await generateSite('http://stranger.localhost')).keys.ticket
    const { ticket, verifier } = await freshTicket()
    const { header, claims } = opened(ticket, first)
    const forged = seal(
      signHs256({ header: { ...header, kid: stranger.kid }, payload: claims }, ticketSecret(stranger)),
      stranger,
    )
    expectRefusalWithoutCookies(await redeem(forged, verifier), 401, 'ticket_invalid')
    expect((await redeem(ticket, verifier)).status).to.equal(200)
  })

  it('are never asked for: one request to the hub redeems a ticket, the first of a process, too', async () => {
    const { ticket, verifier } = await freshTicket()
    const from = world.hub.listener.seen.length
    expect((await redeem(ticket, verifier)).status).to.equal(200)
    const asked = world.hub.listener.seen.slice(from).map(({ url }) => url)
    expect(asked.filter((url) => url !== '/backchannel/events')).to.deep.equal(['/backchannel/redeem'])
  })

  it('stay with the hub and the site: what the hub publishes holds none', async () => {
    for (const path of ['/.well-known/session-hub', '/.well-known/jwks.json', '/healthz', '/readyz']) {
      const { text } = await visitor.ask(world.hub.origin + path)
      for (const secret of [world.hub.keys.secret, first.k, second.k, String(ticketSecret(first))])
        expect(text, path).to.not.include(secret)
    }
  })
})
