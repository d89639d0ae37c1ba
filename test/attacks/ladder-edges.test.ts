/** The link and the redirect at their edges: second uses, two windows at once, long addresses, other clocks, limits, browsers that look ahead. */
import { expect } from 'chai'
import { createSite } from 'session-hub/site'

import { listen } from '../support/listener.js'
import { binding, send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

const window = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }
const CALLBACK = '/session-hub/callback'

describe('the ladder at its edges', () => {
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string

  async function begin(options: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sisters: true, ...options })
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    ada = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  const post = (one: Visitor, ticket: string) =>
    one.submit(`${travel}/session-hub/enter`, { ticket, to: `${travel}/plain` }, { origin: shop })
  const toCallback = (one: Visitor, to = '/plain') =>
    one.walk(`${travel}/session-hub/redirect?return=${encodeURIComponent(to)}`, CALLBACK)

  it('R27: a link ticket has no verifier: to have seen it signs nobody out', async () => {
    await begin()
    await ada.post(shop, '/sign-in', { name: 'ada' })
    const ticket = (await ada.linkTicket(shop, travel))!
    await post(ada, ticket)
    world.advance(3)
    const thief = new Visitor(world.hub.origin)
    await post(thief, ticket)
    expect(thief.arrival(travel)).to.equal('link.failed.ticket_spent.0')
    world.advance(301)
    expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
    expect(await ada.whoami(shop)).to.include({ subject: 'ada' })
  })

  it('R27: an impatient second click on a slow link signs nobody out', async () => {
    await begin()
    await ada.post(shop, '/cart', { item: 'boots' })
    const ticket = (await ada.linkTicket(shop, travel))!
    await post(ada.copy(), ticket) // its answers never reached the browser
    world.advance(3)
    await post(ada, ticket)
    world.advance(301)
    expect((await ada.whoami(shop)).data).to.deep.equal({ cart: ['boots'] })
  })

  it('two tabs at once, and one of them gets the session', async () => {
    await begin()
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.redirect(shop)
    const [one, two] = [await toCallback(ada), await toCallback(ada)]
    await ada.navigate(one)
    await ada.navigate(two)
    expect(await ada.whoami(travel)).to.include({ subject: 'ada' })
  })

  for (const [characters, path] of [
    [200, `/plain?q=${encodeURIComponent('日'.repeat(200))}`],
    [300, '/'],
  ] as const) {
    it(`R23: a target of ${characters} characters that grows by its escapes is bounded as it travels`, async () => {
      await begin()
      const { replies } = await ada.redirect(travel, `/plain?q=${'日'.repeat(characters)}`)
      expect(replies.at(-1)?.status).to.equal(200)
      expect(replies.at(-2)?.headers.location).to.equal(travel + path)
    })
  }

  it('R39: a target past the limit for addresses is refused before anybody looks who asks', async () => {
    await begin()
    const { replies } = await ada.redirect(travel, `/plain?q=${'日'.repeat(1500)}`)
    expect(replies.map(({ status }) => status)).to.deep.equal([431])
  })

  it('another machine of the same site, whose clock is two seconds behind, finishes the redirect', async () => {
    await begin()
    const { keys, origin } = world.siteOf('travel')
    const other = await createSite({
      origin,
      hub: world.hub.origin,
      keys,
      now: () => world.now() - 2000,
    })
    const listener = await listen('travel.localhost')
    listener.use(other.router)
    try {
      const address = await toCallback(ada)
      const cookie = [...ada.cookies(travel)].map(([name, value]) => `${name}=${value}`).join('; ')
      const reply = await send(address.replace(origin, listener.origin), {
        headers: { ...window, host: new URL(origin).host, cookie },
      })
      expect(reply.headers['set-cookie']?.join()).to.include('redirect.none..0')
    } finally {
      other.close()
      await listener.close()
    }
  })

  for (const [name, headers] of [
    ['an image in user content', { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }],
    [
      'a prefetch by <link>',
      { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'no-cors', 'sec-purpose': 'prefetch' },
    ],
    ['a prefetch by speculation rules', { ...window, 'sec-purpose': 'prefetch' }],
    ['a prerender', { ...window, 'sec-purpose': 'prefetch;prerender' }],
  ] as const) {
    it(`${name} of the redirect sets no cookie, is no arrival, and does not count`, async () => {
      await begin()
      const reply = await ada.ask(`${travel}/session-hub/redirect?return=/plain`, { headers })
      expect(reply.headers['set-cookie']).to.equal(undefined)
    })
  }

  it('a callback without a ticket is never said to have replaced the session', async () => {
    await begin()
    await toCallback(ada)
    await ada.navigate(`${travel}${CALLBACK}?outcome=replace&return=/plain`)
    expect(ada.arrival(travel)).to.match(/^redirect\.failed\./)
  })

  it('R31: link tickets count for the session that they are for', async () => {
    await begin({ hub: { limits: { perSession: 3 } } })
    await ada.post(shop, '/sign-in', { name: 'ada' })
    const statuses = []
    for (let time = 0; time < 5; time += 1)
      statuses.push((await ada.post(shop, '/session-hub/link', { to: travel })).status)
    expect(statuses).to.deep.equal([200, 200, 200, 429, 429])
  })

  it('a visitor who is led somewhere arrives, also past a limit of the site', async () => {
    await begin({ site: { perAddress: 3 } })
    const address = await toCallback(ada)
    for (let time = 0; time < 4; time += 1) await send(`${travel}/session-hub/offer`, { method: 'POST' })
    const [reply] = await ada.navigateOnce(address)
    expect(reply.status, reply.text).to.equal(303)
  })

  it('a visitor who is led somewhere arrives, also past a limit of the hub', async () => {
    await begin({ hub: { limits: { perAddress: 2 } } })
    const query = new URLSearchParams({ site: travel, nonce: binding().nonce, return: '/plain' })
    const answers = []
    for (let time = 0; time < 4; time += 1)
      answers.push((await ada.navigateOnce(`${world.hub.origin}/redirect?${query}`))[0].headers.location)
    expect(answers.at(-1)).to.include('outcome=failed&reason=rate_limited')
  })

  it('a link between two sites that hold the same anonymous session changes nothing', async () => {
    await begin()
    await ada.post(shop, '/cart', { item: 'boots' })
    expect((await ada.follow(shop, `${travel}/plain`)).arrival).to.equal('link.replace.empty.0')
    expect((await ada.follow(shop, `${travel}/plain`)).arrival).to.equal('link.keep..0')
  })

  it('a reason is one of the error codes, or none', async () => {
    await begin()
    await toCallback(ada)
    await ada.navigate(`${travel}${CALLBACK}?outcome=failed&reason=your_account_is_locked&return=/plain`)
    expect(ada.arrival(travel)).to.equal('redirect.failed..0')
  })
})
