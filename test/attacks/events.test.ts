/** The event streams as an attacker would use them: to listen without a right to, to learn about strangers, to cost something. */
import { expect } from 'chai'
import { type Ending, memoryStore } from 'session-hub/hub'

import { readHubKeys } from '../../hub/keys/hub-keys.js'
import { tellParty } from '../../hub/flows/endings.js'
import { listenTo, type Listening } from '../support/event-source.js'
import { base64url, flip, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { until } from '../support/until.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World, type WorldOptions, type WorldSite } from '../support/world.js'

const STREAM = '/backchannel/events'
const LIVE = '/session-hub/live'
const MOST_PER_SITE = 256

describe('attacks on the event streams', () => {
  let world: World
  let shop: WorldSite
  let travel: WorldSite
  let ada: Visitor
  const streams: Listening[] = []

  async function begin(options: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel', 'magazine'], site: { live: true }, ...options })
    ;[shop, travel] = [world.siteOf('shop'), world.siteOf('travel')]
    ada = new Visitor(world.hub.origin)
  }
  beforeEach(() => begin())
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close()
    await world.close()
  })

  const tokenOf = (site: WorldSite) => siteToken(world, site)
  const bearer = (token: string | undefined) =>
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  const ask = (token: string | undefined, more: Record<string, string> = {}): Promise<Reply> =>
    send(world.hub.origin + STREAM, { headers: { ...bearer(token), ...more } })

  async function open(site: WorldSite, more: Record<string, string> = {}): Promise<Listening> {
    const stream = await listenTo(world.hub.origin + STREAM, { ...bearer(tokenOf(site)), ...more })
    streams.push(stream)
    return stream
  }
  /** The twin of a refusal: the site itself is heard. */
  async function expectHeard(site: WorldSite): Promise<void> {
    const stream = await open(site)
    expect(stream.status).to.equal(200)
    await stream.heard('hello')
  }
  const nowSeconds = () => Math.floor(world.now() / 1000)

  async function signIn(name = 'ada', by = ada): Promise<void> {
    await by.post(shop.origin, '/sign-in', { name })
    await by.sync(shop.origin)
    expect((await by.sync(travel.origin)).outcome).to.equal('replace')
  }
  const write = (...endings: Partial<Ending>[]) =>
    world.hub.store.transact({ handles: [] }, () => ({
      changes: {
        endings: endings.map((ending) => ({
          sessionId: null,
          subject: null,
          generation: 0,
          reason: 'revoked' as const,
          atMs: world.now(),
          ...ending,
        })),
      },
      result: undefined,
    }))

  describe('nobody listens without being that site', () => {
    const tokens: Record<string, () => string | undefined> = {
      'no token': () => undefined,
      'a token that is none': () => 'x.y.z',
      'another site’s key under this site’s name': () =>
        siteToken(world, travel, { claims: { iss: shop.origin } }),
      'a flipped byte': () => flip(tokenOf(shop), 2),
      'alg none': () => `${base64url({ alg: 'none', typ: 'site+jwt' })}.${tokenOf(shop).split('.')[1]!}.AA`,
      expired: () => siteToken(world, shop, { claims: { iat: nowSeconds() - 70, exp: nowSeconds() - 10 } }),
      'of the future': () =>
        siteToken(world, shop, { claims: { iat: nowSeconds() + 10, exp: nowSeconds() + 60 } }),
      'too long-lived': () => siteToken(world, shop, { claims: { exp: nowSeconds() + 121 } }),
      'for another hub': () => siteToken(world, shop, { claims: { aud: 'https://hub.example' } }),
      'a session token': () => ada.cookies(shop.origin).get('__Host-session'),
    }
    for (const [name, forge] of Object.entries(tokens)) {
      it(`R4, R5, R7: ${name}`, async () => {
        await ada.post(shop.origin, '/cart', { item: 'boots' })
        expectRefusalWithoutCookies(await ask(forge()), 401, 'site_token_invalid')
        await expectHeard(shop)
      })
    }

    it('a site that is turned off, or not registered any more', async () => {
      world.register({ ...shop.registration, enabled: false })
      expectRefusal(await ask(tokenOf(shop)), 401, 'site_token_invalid')
      world.unregister(shop.origin)
      expectRefusal(await ask(tokenOf(shop)), 401, 'site_token_invalid')
      world.register(shop.registration)
      await expectHeard(shop)
    })

    it('by a cookie, a query or a body in the place of the token', async () => {
      const token = tokenOf(shop)
      for (const url of [`${STREAM}?token=${token}`, `${STREAM}?access_token=${token}`])
        expectRefusal(await send(world.hub.origin + url), 401, 'site_token_invalid')
      expectRefusal(
        await ask(undefined, { cookie: `authorization=Bearer ${token}` }),
        401,
        'site_token_invalid',
      )
    })

    it('by another method', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const reply = await send(world.hub.origin + STREAM, { method, headers: bearer(tokenOf(shop)) })
        expectRefusal(reply, 405, 'method_not_allowed')
        expect(reply.headers.allow).to.equal('GET')
      }
    })
  })

  describe('R31: what listening costs', () => {
    it('a site has so many streams at most, however many it asks for at once; another site has its own', async () => {
      const asked = await Promise.all(Array.from({ length: MOST_PER_SITE + 44 }, () => open(shop)))
      const count = (status: number) => asked.filter((stream) => stream.status === status).length
      expect([count(200), count(429)]).to.deep.equal([MOST_PER_SITE, 44])
      const refused = await ask(tokenOf(shop))
      expectRefusal(refused, 429, 'rate_limited')
      expect(refused.headers['retry-after']).to.equal('10')
      await expectHeard(travel)

      asked.find(({ status }) => status === 200)!.close()
      await until(async () => (await open(shop)).status === 200)
    })

    it('opening counts against the site’s rate, and strange tokens against the address', async () => {
      await world.close()
      await begin({ hub: { limits: { perSite: 5, perAddress: 20 } } })
      for (let count = 0; count < 5; count += 1) await expectHeard(shop)
      expectRefusal(await ask(tokenOf(shop)), 429, 'rate_limited')
      await expectHeard(travel)
      for (let count = 0; count < 20; count += 1) await ask(flip(tokenOf(travel), 2))
      expectRefusal(await ask(flip(tokenOf(travel), 2)), 429, 'rate_limited')
    })
  })

  describe('a hostile Last-Event-ID', () => {
    const hostile = [
      '',
      '-1',
      '+1',
      '1.0',
      '1e1',
      '0x1',
      '1, 1',
      ' ',
      'NaN',
      '١',
      '__proto__',
      "1' OR 1=1 --",
      '3',
      '999',
      '999999999999999',
      '9999999999999999',
      '9007199254740993',
      '9'.repeat(4000),
    ]
    const show = (id: string) => JSON.stringify(id.slice(0, 20))
    for (const id of hostile) {
      it(`${show(id)} gets a reset, and hears nothing but what is new`, () => expectReset(() => id))
      it(`${show(id)} behind the right epoch does too`, () => expectReset((epoch) => `${epoch}-${id}`))
    }
    const strange: Record<string, (epoch: string) => string> = {
      'another epoch': (epoch) => `${epoch.slice(1)}0-1`,
      'the epoch in capitals': (epoch) => `${epoch.toUpperCase()}A-1`,
      'half of the epoch': (epoch) => `${epoch.slice(0, 16)}-1`,
      'the epoch twice': (epoch) => `${epoch}-${epoch}-1`,
      'the epoch alone': (epoch) => epoch,
      'a number alone': () => '1',
    }
    for (const [name, idIn] of Object.entries(strange))
      it(`${name} gets a reset, and hears nothing but what is new`, () => expectReset(idIn))

    async function expectReset(idIn: (epoch: string) => string): Promise<void> {
      await write({ sessionId: 'a' }, { sessionId: 'b' })
      const { epoch } = await world.hub.store.endingsRange()
      const latin = Buffer.from(idIn(epoch)).toString('latin1')
      const [attacked, twin] = [
        await open(shop, { 'last-event-id': latin }),
        await open(shop, { 'last-event-id': `${epoch}-1` }),
      ]
      expect(await attacked.heard('reset')).to.deep.equal([{ event: 'reset', id: `${epoch}-2`, data: '{}' }])
      expect(await twin.heard('hello')).to.deep.equal([{ event: 'hello', id: `${epoch}-1`, data: '{}' }])
      await write({ sessionId: 'c' })
      await attacked.heard('ended')
      await twin.heard('ended', 2)
      const idsOf = ({ events }: Listening) => events.map(({ id }) => id)
      expect(idsOf(attacked)).to.deep.equal([2, 3].map((seq) => `${epoch}-${seq}`))
      expect(idsOf(twin)).to.deep.equal([1, 2, 3].map((seq) => `${epoch}-${seq}`))
    }
  })

  it('no field can write a line of its own into the stream', async () => {
    // On the one store that takes everything: in PostgreSQL no id can be so.
    await world.close()
    await begin({ hub: { store: memoryStore() } })
    const forged = 'x\r\n\r\nid: 9\r\nevent: reset\r\ndata: {}\n\n\u2028\u0000'
    await write(
      { sessionId: forged, reason: forged as Ending['reason'] },
      { subject: forged, reason: forged as Ending['reason'] },
      { sessionId: 'plain' },
    )
    const stream = await open(shop)
    await stream.heard('ended', 2)
    expect(stream.events.map(({ event }) => event)).to.deep.equal([
      'hello',
      'ended',
      'subject-ended',
      'ended',
    ])
    // Line feeds and carriage returns end lines here, and nothing else does.
    for (const line of stream.text().split(/[\n\r]/)) expect(line).to.match(/^(|:|(id|event|data): .*)$/su)
    expect(stream.text()).to.not.include('\r').and.not.include('\0')

    expectRefusal(
      await send(`${world.hub.origin}/backchannel/sign-in`, {
        method: 'POST',
        body: { handle: null, subject: forged, claims: {} },
        headers: { 'content-type': 'application/json', ...bearer(tokenOf(shop)) },
      }),
      400,
      'request_invalid',
    )
  })

  describe('a site learns nothing of sessions and users that it never had', () => {
    const dataOf = async (stream: Listening, name: string, count = 1) =>
      (await stream.heard(name, count)).map(({ data }) => JSON.parse(data) as Record<string, unknown>)

    it('what two sites hear of one ending has nothing in common, and what one hears is its own state cookie', async () => {
      await signIn()
      const states = [shop, travel].map(({ origin }) => ada.cookies(origin).get('__Host-session-state'))
      await ada.post(shop.origin, '/sign-out', {})
      await world.hub.hub.sessions.endAll('ada')
      const all = [shop, travel, world.siteOf('magazine')]
      const heard = await Promise.all(
        all.map(async (site) => {
          const stream = await open(site)
          return { ended: await dataOf(stream, 'ended'), subjects: await dataOf(stream, 'subject-ended') }
        }),
      )
      const tags = heard.map(({ ended }) => ended.at(-1)?.session_tag)
      expect(tags.slice(0, 2)).to.deep.equal(states)
      expect(new Set(tags).size).to.equal(3)
      const subjects = heard.map(({ subjects: [subject] }) => subject!.subject_tag)
      expect(new Set([...subjects, ...tags]).size).to.equal(6)
      for (const {
        subjects: [subject],
      } of heard)
        expect(Object.keys(subject!).sort()).to.deep.equal(['generation', 'reason', 'subject_tag'])
    })

    it('a tag depends on the hub’s secret: who knows the session’s id, the user and the site cannot compute it', async () => {
      const { keys } = world.hub
      const secret = readHubKeys(keys)
      const other = readHubKeys({ secret: 'A'.repeat(43) })
      const ending = { seq: 1, atMs: 0, generation: 1, reason: 'revoked' as const }
      for (const what of [
        { sessionId: 'session', subject: null },
        { sessionId: null, subject: 'ada' },
      ]) {
        const told = (given: typeof secret, site: string) =>
          JSON.stringify(tellParty({ secret: given }, site, { ...ending, ...what }))
        expect(told(secret, shop.origin)).to.equal(told(secret, shop.origin))
        expect(told(secret, shop.origin)).to.not.equal(told(other, shop.origin))
        expect(told(secret, shop.origin)).to.not.equal(told(secret, travel.origin))
      }
    })

    it('R30: neither streams nor logs hold a handle, a hash of one, a session’s id, or a user', async () => {
      const name = 'ada.lovelace.canary'
      const [hubStream, magazine] = [await open(shop), await open(world.siteOf('magazine'))]
      await signIn(name)
      const canaries = [name]
      for (const { origin } of [shop, travel]) {
        const token = ada.cookies(origin).get('__Host-session')!
        canaries.push(token, String(handleIn(token)))
      }
      canaries.push(ada.cookies(world.hub.origin).get('__Host-session-hub')!)
      canaries.push(tokenOf(shop))
      const [session] = await world.hub.hub.sessions.list(name)
      canaries.push(session!.id)
      const page = await listenTo(travel.origin + LIVE, {
        'sec-fetch-site': 'same-origin',
        cookie: [...ada.cookies(travel.origin)].map(([key, value]) => `${key}=${value}`).join('; '),
      })
      streams.push(page)
      await world.hub.hub.sessions.end(session!.id)
      await page.heard('ended')
      await world.hub.hub.sessions.endAll(name)
      await hubStream.heard('subject-ended')
      await magazine.heard('subject-ended')
      await ask('x.y.z', { 'last-event-id': name })
      expect(world.log).to.not.be.empty

      for (const text of [hubStream.text(), magazine.text(), page.text(), JSON.stringify(world.log)])
        for (const canary of canaries) expect(text.includes(canary), canary.slice(0, 10)).to.equal(false)
      expect(canaries.every((canary) => canary.length > 10)).to.equal(true)
    })
  })

  describe('R18: /live', () => {
    beforeEach(() => signIn())

    const cookie = () => [...ada.cookies(travel.origin)].map(([name, value]) => `${name}=${value}`).join('; ')
    /** A browser's words of a request that a page of the site itself makes. */
    const own = () => ({
      cookie: cookie(),
      accept: 'text/event-stream',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
    })

    async function expectRefused(change: Record<string, string | undefined>, code = 'origin_denied') {
      const headers = { ...own(), ...change }
      const reply = await send(travel.origin + LIVE, { headers })
      expectRefusalWithoutCookies(reply, 403, code)
      expect(reply.headers['access-control-allow-credentials']).to.equal(undefined)
      const twin = await listenTo(travel.origin + LIVE, own())
      streams.push(twin)
      expect(twin.status).to.equal(200)
    }

    const foreign: Record<string, Record<string, string | undefined>> = {
      'a page of another site': { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      'a page of another site, without CORS': { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'a page of a sister': { 'sec-fetch-site': 'cross-site', origin: 'http://shop.localhost' },
      'a subdomain': { 'sec-fetch-site': 'same-site' },
      'the address bar': {
        'sec-fetch-site': 'none',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
      'a frame of another site': { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
      'something that says nothing of where it comes from': { 'sec-fetch-site': undefined },
      'something that says it twice': { 'sec-fetch-site': 'same-origin, same-origin' },
      'something that says it in capitals': { 'sec-fetch-site': 'Same-Origin' },
    }
    for (const [name, change] of Object.entries(foreign)) {
      it(`from ${name} is refused; from a page of the site it is not`, () => expectRefused(change))
    }

    it('at another host is refused', () => expectRefused({ host: 'evil.example' }, 'host_denied'))

    it('R39: as a probe from a page of another site is refused; the site’s own page gets two words, the same with a session and without', async () => {
      const probe = `${travel.origin}${LIVE}?probe`
      const elsewhere = { ...own(), 'sec-fetch-site': 'cross-site' }
      expectRefusalWithoutCookies(await send(probe, { headers: elsewhere }), 403, 'origin_denied')
      const { cookie: _session, ...nobody } = own()
      const [known, unknown] = await Promise.all([listenTo(probe, own()), listenTo(probe, nobody)])
      await Promise.all([known.ended, unknown.ended])
      expect([known.status, known.text()]).to.deep.equal([200, ': first\n\n: last\n\n'])
      expect([unknown.status, unknown.text()]).to.deep.equal([known.status, known.text()])
      expect(known.headers).to.not.have.property('set-cookie')
    })

    it('with a cookie that is there twice is nobody’s', async () => {
      const token = ada.cookies(travel.origin).get('__Host-session')!
      const twice = `__Host-session=${token}; ${cookie()}`
      expect((await send(travel.origin + LIVE, { headers: { ...own(), cookie: twice } })).status).to.equal(
        204,
      )
    })

    it('with a copy of a cookie whose session has ended is over, whichever process is asked', async () => {
      const kept = own()
      await ada.post(shop.origin, '/sign-out', {})
      await until(async () => (await send(travel.origin + LIVE, { headers: kept })).status === 204)
    })

    it('counts against the address', async () => {
      await world.close()
      await begin({ site: { live: true, perAddress: 10 } })
      const ask = (query = '') => send(travel.origin + LIVE + query, { headers: own() })
      for (let count = 0; count < 10; count += 1) expect((await ask()).status).to.equal(204)
      for (const query of ['', '?probe']) {
        const refused = await ask(query)
        expectRefusal(refused, 429, 'rate_limited')
        expect(refused.headers).to.have.property('retry-after')
      }
    })
  })
})
