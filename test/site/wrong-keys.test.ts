/** A site whose keys are not those that are registered: nobody's fault but the owner's, so the visitor gets 503 and the log says which key (R21). */
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'
import { createSite, type Site, type SiteKeys } from 'session-hub/site'

import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { until } from '../support/until.js'
import { binding, type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const FRESH = 300

describe('a site with the keys of another registration', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let kid: string
  let site: Site
  let listener: Listener

  beforeEach(async () => {
    world = await startWorld({ sites: ['travel'] })
    listener = await listen('shop.localhost')
    shop = listener.origin
    visitor = new Visitor(world.hub.origin)
    world.register((await generateSite(shop)).registration)
    const { keys } = await generateSite(shop)
    ;({ kid } = keys.signing)
    const log = (entry: (typeof world.log)[number]) => void world.log.push(entry)
    site = await createSite({ origin: shop, hub: world.hub.origin, keys, log, now: () => world.now() })
    listener.use(siteApp('shop', site))
  })
  afterEach(async () => {
    site.close()
    await listener.close()
    await world.close()
  })

  const refusals = () => world.log.filter(({ event }) => event === 'site_refused')
  const nonce = 'n'.repeat(43)

  it('answers every visitor 503 where the hub is needed, by every endpoint and every call, and never 401', async () => {
    // A sign-in waits in the cookie until the keys are right; with it, there is a session to speak of.
    expect((await visitor.post(shop, '/sign-in', { name: 'ada' })).status).to.equal(200)
    const { ticket, verifier } = await ticketOf()
    const asks: Record<string, () => Promise<Reply>> = {
      'a first update': () => new Visitor(world.hub.origin).post(shop, '/cart', { item: 'boots' }),
      'an update': () => visitor.post(shop, '/cart', { item: 'boots' }),
      'a ticket': () => visitor.post(shop, '/session-hub/redeem', { ticket, verifier }),
      'the same again': () => visitor.post(shop, '/session-hub/redeem', { ticket, verifier }),
      'the sisters': () => visitor.post(shop, '/session-hub/sisters', {}),
    }
    for (const [what, ask] of Object.entries(asks)) {
      const { status, json, headers } = await ask()
      expect({ what, status, error: json.error }).to.deep.equal({ what, status: 503, error: 'unavailable' })
      expect(headers['set-cookie'], what).to.equal(undefined)
    }
    // What needs no hub goes on.
    const others: [string, Reply][] = [
      ['a page', await visitor.ask(`${shop}/who`)],
      ['an offer', await visitor.post(shop, '/session-hub/offer', { nonce })],
      ['a link', await visitor.post(shop, '/session-hub/link', { to: 'https://travel.example' })],
      ['an opt-out', await visitor.post(shop, '/session-hub/forget', { off: true })],
      ['a sign-out', await visitor.post(shop, '/session-hub/sign-out', {})],
    ]
    for (const [what, { status }] of others) expect(status, what).to.equal(200)
  })

  /** What the hub's frame gives the page: sealed for the key that is registered. */
  async function ticketOf() {
    const travel = world.siteOf('travel').origin
    const ada = new Visitor(world.hub.origin)
    await ada.post(travel, '/cart', { item: 'map' })
    await ada.sync(travel)
    return ada.ticket(shop)
  }

  it('says at error level which key and which registration, once a minute and not once per request', async () => {
    for (let at = 0; at < 5; at += 1)
      await new Visitor(world.hub.origin).post(shop, '/cart', { item: 'boots' })
    expect(refusals()).to.have.length(1)
    const [{ level, site: named, kid: key, description }] = refusals() as [(typeof world.log)[number]]
    expect({ level, named, key }).to.deep.equal({ level: 'error', named: shop, key: kid })
    expect(description).to.include('registered')
    world.advance(61)
    await new Visitor(world.hub.origin).post(shop, '/cart', { item: 'boots' })
    expect(refusals()).to.have.length(2)
  })

  it('finds out by the event stream too, where no visitor needs the hub', async () => {
    const { keys, registration } = await generateSite(shop)
    world.register(registration)
    const own = await createSite({
      origin: shop,
      hub: world.hub.origin,
      keys,
      log: (entry) => void world.log.push(entry),
      now: () => world.now(),
    })
    own.close()
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.ask(`${shop}/who`)
    await until(() =>
      world.log.some(({ event, description }) => event === 'stream_lost' && /401/.test(String(description))),
    )
  })

  it('is warned of at the hub, with the site and the key that was shown', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    const warnings = world.log.filter(({ event }) => event === 'site_token_refused')
    expect(warnings[0]).to.include({ level: 'warn', site: shop, kid })
    expect(warnings[0]!.description).to.be.a('string')
  })

  it('R30: is refused a ticket that a stranger has made up as such where its keys are right', async () => {
    const { origin } = world.siteOf('travel')
    const { ticket } = await ticketOf()
    const { verifier } = binding()
    const reply = await visitor.post(origin, '/session-hub/redeem', { ticket, verifier })
    expect({ status: reply.status, error: reply.json.error }).to.deep.equal({
      status: 401,
      error: 'ticket_invalid',
    })
    expect(refusals()).to.deep.equal([])
    const seen = () => world.hub.listener.seen.filter(({ url }) => url === '/backchannel/keys').length
    const asked = seen()
    for (let at = 0; at < 5; at += 1) await visitor.post(origin, '/session-hub/redeem', { ticket, verifier })
    expect(seen() - asked, 'and the hub is not asked again each time').to.equal(0)
  })

  it('is open again as soon as the registration is right', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    world.unregister(shop)
    world.advance(FRESH)
    expect((await visitor.ask(`${shop}/who`)).json).to.include({ subject: 'ada', isStale: true })
  })
})

describe('a site with the ticket key of another registration', () => {
  let world: World
  let visitor: Visitor
  let listener: Listener
  let shop: string
  let site: Site | undefined
  let own: SiteKeys
  let other: SiteKeys

  beforeEach(async () => {
    world = await startWorld({ sites: ['travel'] })
    listener = await listen('shop.localhost')
    shop = listener.origin
    visitor = new Visitor(world.hub.origin)
    const { keys, registration } = await generateSite(shop)
    world.register(registration)
    own = keys
    other = (await generateSite(shop)).keys
  })
  afterEach(async () => {
    site?.close()
    await listener.close()
    await world.close()
  })

  async function serve(ticket: SiteKeys['ticket']) {
    const log = (entry: (typeof world.log)[number]) => void world.log.push(entry)
    const keys = { ...own, ticket }
    site = await createSite({ origin: shop, hub: world.hub.origin, keys, log, now: () => world.now() })
    listener.use(siteApp('shop', site))
  }

  async function bring(change = (ticket: string) => ticket) {
    const travel = world.siteOf('travel').origin
    const ada = new Visitor(world.hub.origin)
    await ada.post(travel, '/cart', { item: 'map' })
    await ada.sync(travel)
    const { ticket, verifier } = await ada.ticket(shop)
    return visitor.post(shop, '/session-hub/redeem', { ticket: change(ticket), verifier })
  }

  it('answers who brings a ticket 503, never 401, and says at error level which keys it has and which the hub', async () => {
    await serve([other.ticket])
    for (let at = 0; at < 2; at += 1) {
      const { status, json, headers } = await bring()
      expect({ status, error: json.error }).to.deep.equal({ status: 503, error: 'unavailable' })
      expect(headers['set-cookie']).to.equal(undefined)
    }
    const refused = world.log.filter(({ event }) => event === 'site_refused')
    expect(refused).to.have.length(1)
    const [{ level, site: named, kid, code, description }] = refused as [(typeof world.log)[number]]
    expect({ level, named, kid, code }).to.deep.equal({
      level: 'error',
      named: shop,
      kid: (other.ticket as { kid: string }).kid,
      code: 'ticket_key_unknown',
    })
    expect(description).to.include((own.ticket as { kid: string }).kid)
    // The hub accepts the rest of its word: only what comes from elsewhere is shut out.
    expect((await visitor.post(shop, '/cart', { item: 'boots' })).status).to.equal(200)
  })

  it('opens tickets where the right key is one of two, and then refuses what is made up', async () => {
    await serve([other.ticket, own.ticket])
    expect((await bring()).status).to.equal(200)
    const { status, json } = await bring((ticket) => `${ticket.slice(0, -8)}AAAAAAAA`)
    expect({ status, error: json.error }).to.deep.equal({ status: 401, error: 'ticket_invalid' })
  })
})
