/** How much one address, one session and one site may ask (R31, R38). */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import type { SiteRegistration } from 'session-hub/hub'

import { perAddressPerMinute, perAddressTries, perMinute } from '../../sdk/http/rate-limit.js'
import { siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { sha256 } from '../support/records.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions } from '../support/world.js'

describe('R31: rate limits', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  async function begin(options: WorldOptions): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], ...options })
    visitor = new Visitor(world.hub.origin)
    shop = world.siteOf('shop').origin
    travel = world.sites.travel?.origin ?? ''
  }
  afterEach(() => world.close())

  function expectLimited(reply: Reply): void {
    expect(reply.status).to.equal(429)
    expect(Number(reply.headers['retry-after'])).to.be.within(1, 60)
    expect(reply.headers['set-cookie']).to.equal(undefined)
  }

  it('one address may ask the hub so often and not once more, and forged addresses are no others', async () => {
    await begin({ hub: { limits: { perAddress: 4 } } })
    const frame = (headers = {}) => visitor.frame(travel, binding().nonce, headers)
    expect((await frame()).status).to.equal(200)
    const { data } = await frame()
    expect((await visitor.exchange(data, null)).status).to.equal(200)
    expect((await frame({ 'x-forwarded-for': '192.0.2.1' })).status).to.equal(200)

    expectLimited(await frame())
    expectLimited(await frame({ 'x-forwarded-for': '192.0.2.2', forwarded: 'for=192.0.2.3' }))
    const exchanged = await visitor.exchange(data, null)
    expectLimited(exchanged)
    expectRefusalWithoutCookies(exchanged, 429, 'rate_limited')
  })

  it('an address that a proxy writes with a port, brackets or a zone is one address', async () => {
    await begin({ hub: { limits: { perAddress: 2 } }, sites: ['shop'] })
    const server = http.createServer(world.hub.hub.listener(() => undefined, { proxyHops: 1 }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const statusFor = async (forwarded: string) => {
      const headers = { 'sec-fetch-dest': 'iframe', 'x-forwarded-for': `203.0.113.9, ${forwarded}` }
      const path = `/frame?site=${shop}&nonce=${binding().nonce}`
      return (await send(`http://127.0.0.1:${port}${path}`, { headers })).status
    }

    const own = ['192.0.2.1:5060', '192.0.2.1:5061', '::ffff:192.0.2.1', '192.0.2.1']
    expect(await Promise.all(own.map(statusFor))).to.have.members([200, 200, 429, 429])
    expect(await statusFor('192.0.2.2:5060')).to.equal(200)
    server.close()
  })

  it('one session may ask for so many tickets; another one still may', async () => {
    await begin({ hub: { limits: { perSession: 3 } } })
    const ada = new Visitor(world.hub.origin)
    for (const one of [visitor, ada]) {
      await one.post(shop, '/sign-in', { name: 'ada' })
      expect((await one.sync(shop)).outcome).to.equal('adopt')
    }
    const { data } = await visitor.frame(travel, binding().nonce)
    for (let time = 0; time < 2; time += 1) {
      expect((await visitor.frame(travel, binding().nonce)).data.message.outcome).to.equal('replace')
    }
    const limited = await visitor.frame(travel, binding().nonce)
    expect(limited.status).to.equal(429)
    expect(limited.data.message).to.include({ outcome: 'failed', reason: 'rate_limited' })
    const exchanged = await visitor.exchange(data, null)
    expectLimited(exchanged)
    expectRefusalWithoutCookies(exchanged, 429, 'rate_limited')
    expect((await ada.frame(travel, binding().nonce)).data.message.outcome).to.equal('replace')
  })

  it('a frame that is refused for its session says how long to wait, like every other answer', async () => {
    await begin({ hub: { limits: { perSession: 1 } } })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    expect((await visitor.frame(travel, binding().nonce)).status).to.equal(200)
    expectLimited(await visitor.frame(travel, binding().nonce))
  })

  it('one site may ask so often; another one still may', async () => {
    await begin({ hub: { limits: { perSite: 2 } } })
    const read = (name: string) =>
      send(`${world.hub.origin}/backchannel/end`, {
        method: 'POST',
        body: { handle: binding().verifier },
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(world, world.siteOf(name))}`,
        },
      })
    expect((await read('shop')).status).to.equal(200)
    expect((await read('shop')).status).to.equal(200)
    const limited = await read('shop')
    expectLimited(limited)
    expectRefusalWithoutCookies(limited, 429, 'rate_limited')
    expect((await read('travel')).status).to.equal(200)
  })

  it('a page is told how long to wait when its site has asked the hub too often', async () => {
    await begin({ hub: { limits: { perSite: 2 } } })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    const { nonce } = binding()
    expectLimited(await visitor.post(shop, '/session-hub/offer', { nonce }))
  })

  it('one address may ask a site’s endpoints so often and not once more', async () => {
    await begin({ site: { perAddress: 2 } })
    const offer = (headers = {}) =>
      visitor.post(shop, '/session-hub/offer', { nonce: binding().nonce }, headers)
    expect((await offer()).status).to.equal(200)
    expect((await offer({ 'x-forwarded-for': '192.0.2.1' })).status).to.equal(200)
    const limited = await offer({ 'x-forwarded-for': '192.0.2.2' })
    expectLimited(limited)
    expectRefusalWithoutCookies(limited, 429, 'rate_limited')
    expect((await visitor.post(travel, '/session-hub/offer', { nonce: binding().nonce })).status).to.equal(
      200,
    )
    expect((await visitor.ask(`${shop}/whoami`)).status, 'the application’s own pages').to.equal(200)
  })

  it('of a wildcard all hosts are one site: a stranger who makes up names gets no more', async () => {
    await begin({ hub: { limits: { perAddress: 3 }, storedSites: true } })
    const { registration } = world.siteOf('travel')
    await world.hub.hub.sites.add({ ...registration, origin: 'https://*.preview.example' })
    const statusOf = async (path: string, host: string) => {
      const query = new URLSearchParams({ site: `https://${host}.preview.example`, nonce: binding().nonce })
      const frame = { 'sec-fetch-dest': 'iframe', referer: `https://${host}.preview.example/` }
      const window = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      const headers = path === 'frame' ? frame : window
      return (await send(`${world.hub.origin}/${path}?${query}`, { headers })).status
    }
    const hosts = ['a', 'b', 'c', 'd']
    const statuses = []
    for (const host of hosts) statuses.push(await statusOf('frame', host))
    expect(statuses).to.deep.equal([200, 200, 200, 429])
    for (const host of hosts) await statusOf('redirect', host)
    expect(
      world.log.filter(({ where, code }) => where === '/redirect' && code === 'rate_limited'),
    ).to.have.length(1)
    expect((await visitor.frame(shop, binding().nonce)).status, 'another site').to.equal(200)
  })
})

describe('R38: what a stranger’s page and another site’s page cannot use up', () => {
  const EVIL = 'https://evil.example'
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string
  let asked: string[]

  beforeEach(async () => {
    asked = []
    const registered = new Map<string, SiteRegistration>()
    world = await startWorld({
      sites: ['shop', 'travel'],
      hub: {
        limits: { perAddress: 5, perSession: 5 },
        findSite: (origin) => {
          asked.push(origin)
          return registered.get(origin)
        },
      },
      site: { perAddress: 5, live: true },
    })
    for (const { origin, registration } of Object.values(world.sites)) registered.set(origin, registration)
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    // Both sites have spoken to the hub before.
    for (const name of ['shop', 'travel'])
      await send(`${world.hub.origin}/backchannel/sisters`, {
        method: 'POST',
        body: {},
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(world, world.siteOf(name))}`,
        },
      })
  })
  afterEach(() => world.close())

  const manyTimes = async (ask: (time: number) => Promise<unknown>) => {
    for (let time = 0; time < 20; time += 1) await ask(time)
  }
  /** What the browser adds to the requests of a page elsewhere. */
  const foreign = { origin: EVIL, referer: `${EVIL}/`, 'sec-fetch-site': 'cross-site' }
  const isServed = async (site = shop) => (await visitor.frame(site, binding().nonce)).status === 200
  const post = (url: string, headers: Ask['headers'] = {}) =>
    visitor.ask(url, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'text/plain', ...foreign, ...headers },
    })
  const navigate = (url: string) => visitor.navigateOnce(url, { referer: `${EVIL}/` })

  /** Everything that a page elsewhere can make the visitor's browser ask. */
  const strangers: Record<string, (time: number) => Promise<unknown>> = {
    'every endpoint of the hub, by fetch': async () => {
      for (const path of ['/exchange', '/look', '/forget', '/unlock', '/backchannel/read', '/backchannel/x'])
        await post(world.hub.origin + path)
    },
    'frames of a registered site': () => visitor.frame(shop, binding().nonce, { referer: `${EVIL}/` }),
    'frames that hide where they are': () => visitor.frame(shop, binding().nonce, { referer: undefined }),
    'frames of its own': (time) =>
      visitor.frame(`https://${time}.evil.example`, binding().nonce, {
        referer: `https://${time}.evil.example/`,
      }),
    'windows that are led over the hub': () =>
      navigate(`${world.hub.origin}/redirect?${new URLSearchParams({ site: shop, nonce: binding().nonce })}`),
    'windows at the hub for sites that there are not': (time) =>
      navigate(`${world.hub.origin}/redirect?site=https://${time}.evil.example`),
    'windows of the hub’s page': (time) =>
      navigate(`${world.hub.origin}/unlock?site=${time % 2 ? shop : `https://${time}.evil.example`}`),
    'every endpoint of the site, by fetch': async () => {
      for (const path of ['offer', 'redeem', 'forget', 'link', 'sisters', 'sign-out'])
        await post(`${shop}/session-hub/${path}`, { cookie: undefined })
    },
    'windows that are led over the site': () => navigate(`${shop}/session-hub/redirect?return=/whoami`),
    'forms that are sent to the site': () =>
      visitor.submit(`${shop}/session-hub/enter`, { ticket: 'x', to: `${shop}/who` }, { origin: EVIL }),
    'streams of the site': () => visitor.ask(`${shop}/session-hub/live`, { headers: foreign }),
  }
  for (const [what, ask] of Object.entries(strangers)) {
    it(`${what}: the visitor goes on as before, and signs out`, async () => {
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
      await manyTimes(ask)

      expect(await isServed(), 'a frame of the site').to.equal(true)
      const { nonce } = binding()
      expect((await visitor.post(shop, '/session-hub/offer', { nonce })).status, 'an offer').to.equal(200)
      expect((await visitor.sync(travel)).outcome, 'another site').to.equal('replace')
      expect((await visitor.post(shop, '/session-hub/sign-out', {})).status, 'signing out').to.equal(200)
      expect(await visitor.whoami(shop)).to.include({ session: 'none' })
    })
  }

  it('a page of one site uses up what that site may ask for the visitor, and no other site’s', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    await manyTimes(() => isServed(travel))
    expect(await isServed(travel)).to.equal(false)
    expect(await isServed(shop)).to.equal(true)
    expect((await visitor.redirect(shop)).arrival).to.equal('redirect.keep..1')
  })

  it('a page of the site that asks too often leaves the visitor the way out', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    const offer = () => visitor.post(shop, '/session-hub/offer', { nonce: binding().nonce })
    await manyTimes(offer)
    expect((await offer()).status).to.equal(429)
    expect((await visitor.post(shop, '/session-hub/forget', { off: true })).status).to.equal(200)
    expect((await visitor.post(shop, '/session-hub/sign-out', {})).status).to.equal(200)
    expect(await visitor.whoami(shop)).to.include({ session: 'none' })
  })

  it('one session may sign out so often and not once more; another one at its address still may', async () => {
    const ada = new Visitor(world.hub.origin)
    for (const one of [visitor, ada]) await one.post(shop, '/sign-in', { name: 'ada' })
    const held = visitor.copy()
    const again = () => held.copy().post(shop, '/session-hub/sign-out', {})
    for (let time = 0; time < 60; time += 1) expect((await again()).status).to.equal(200)
    expect((await again()).status).to.equal(429)
    expect((await ada.post(shop, '/session-hub/sign-out', {})).status).to.equal(200)
  })

  it('a site that has asked the hub too often can still sign its visitors out', async () => {
    await world.close()
    world = await startWorld({ sites: ['shop'], hub: { limits: { perSite: 3 } } })
    const { origin } = world.siteOf('shop')
    visitor = new Visitor(world.hub.origin)
    await visitor.post(origin, '/sign-in', { name: 'ada' })
    await visitor.sync(origin)
    await manyTimes(() => visitor.ask(`${origin}/whoami`))
    expect((await visitor.ask(`${origin}/whoami`)).status).to.equal(429)
    const handle = handleIn(visitor.cookies(origin).get('__Host-session')!)!
    expect((await visitor.post(origin, '/session-hub/sign-out', {})).status).to.equal(200)
    expect(await world.hub.store.find(sha256(handle))).to.have.nested.property(
      'session.endReason',
      'signed-out',
    )
  })

  it('look-ups of sites that there are not are as few as the limit, on every path; those that are, are found', async () => {
    const paths = [
      (site: string) => visitor.frame(site, binding().nonce, { referer: `${site}/` }),
      (site: string) => visitor.frame(site, binding().nonce),
      (site: string) => navigate(`${world.hub.origin}/redirect?site=${site}`),
      (site: string) => navigate(`${world.hub.origin}/unlock?site=${site}`),
      (site: string) =>
        visitor.ask(`${world.hub.origin}/access?site=${site}&nonce=${binding().nonce}`, {
          headers: { referer: `${site}/`, 'sec-fetch-dest': 'iframe' },
        }),
    ]
    expect(await isServed()).to.equal(true)
    await Promise.all(
      paths.flatMap((ask, path) =>
        Array.from({ length: 20 }, (_, time) => ask(`https://${path}-${time}.evil.example`)),
      ),
    )
    expect(asked.filter((origin) => origin.endsWith('evil.example'))).to.have.length.within(1, 5)
    expect(await isServed()).to.equal(true)
  })
})

describe('R31: one counter', () => {
  const isRefused = (limit: Promise<void>) =>
    limit.then(
      () => false,
      () => true,
    )

  it('counts so many parties and no more: the quietest begins anew', async () => {
    const limit = perMinute(1, 3)
    for (const party of ['a', 'b', 'c']) expect(await isRefused(limit(party))).to.equal(false)
    expect(await isRefused(limit('a'))).to.equal(true)
    await limit('d')
    expect([await isRefused(limit('a')), await isRefused(limit('b'))]).to.deep.equal([true, false])
  })

  it('gives back a try that was right, and not more than was taken', async () => {
    const tries = perAddressTries(1, 60)
    await tries.giveBack('192.0.2.1')
    await tries.take('192.0.2.1')
    expect(await isRefused(tries.take('192.0.2.1'))).to.equal(true)
    await tries.giveBack('192.0.2.1')
    await tries.giveBack('192.0.2.1')
    await tries.take('192.0.2.1')
    expect(await isRefused(tries.take('192.0.2.1'))).to.equal(true)
  })
})

describe('R31: one network address', () => {
  const isLimited = async (addresses: string[]): Promise<boolean> => {
    const limit = perAddressPerMinute(1)
    await limit(addresses[0])
    return limit(addresses[1]).then(
      () => false,
      () => true,
    )
  }

  for (const [first, second, isOne] of [
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:6:5:4:3', true],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:3:3:4:5:6', false],
    ['2001:db8::a:b:c:d', '2001:db8::1:2:3:4', true],
    ['2001:db8::1', '2001:db8::2', true],
    ['2001:db8::1', '2001:db8:0:0:1:2:3:4', true],
    ['2001:db8:1::1', '2001:db8:1:0:5::1', true],
    ['2001:db8:1::1', '2001:db8:2::1', false],
    ['::1', '::1', true],
    ['192.0.2.1:5060', '192.0.2.1:443', true],
    ['192.0.2.1:5060', '192.0.2.2:5060', false],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::FFFF:c000:201', '192.0.2.1', true],
    ['0:0:0:0:0:ffff:192.0.2.1', '[::ffff:192.0.2.1]:80', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['2001:db8::ffff:192.0.2.1', '192.0.2.1', false],
    ['[2001:db8::1]:443', '2001:db8::2', true],
    ['"[2001:db8::1]:443"', '[2001:db8::1]', true],
    ['[2001:db8::1]:443', '[2001:db8:0:1::1]:443', false],
    ['fe80::1%eth0', 'fe80::1%eth1', true],
    ['fe80::1%eth0', 'fe80:0:0:1::1%eth0', false],
    ['2001:DB8::1', '2001:0db8::1', true],
    ['unknown', '_hidden', true],
    ['unknown', '192.0.2.1', false],
    ['192.0.2.1 ', '192.0.2.1', true],
    [`fe80::1%${'z'.repeat(100)}`, 'unknown', true],
    [`fe80::1%${'z'.repeat(10)}`, 'unknown', false],
  ] as const) {
    it(`${first} and ${second} are ${isOne ? 'one' : 'two'}`, async () => {
      expect(await isLimited([first, second])).to.equal(isOne)
    })
  }
})
