/** How much one address, one session and one site may ask (R31, R38). */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'

import { perAddressPerMinute } from '../../sdk/http/rate-limit.js'
import { siteToken } from '../support/forge.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { binding, type Reply, send, Visitor } from '../support/visitor.js'
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
    const { data } = await visitor.frame(shop, binding().nonce)
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
    ['[2001:db8::1]:443', '2001:db8::2', true],
    ['"[2001:db8::1]:443"', '[2001:db8::1]', true],
    ['[2001:db8::1]:443', '[2001:db8:0:1::1]:443', false],
    ['fe80::1%eth0', 'fe80::1%eth1', true],
    ['fe80::1%eth0', 'fe80:0:0:1::1%eth0', false],
    ['2001:DB8::1', '2001:0db8::1', true],
    ['unknown', '_hidden', true],
    ['unknown', '192.0.2.1', false],
    ['192.0.2.1 ', '192.0.2.1', true],
  ] as const) {
    it(`${first} and ${second} are ${isOne ? 'one' : 'two'}`, async () => {
      expect(await isLimited([first, second])).to.equal(isOne)
    })
  }
})
