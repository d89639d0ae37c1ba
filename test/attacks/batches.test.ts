/** Several acts in one request of the back-channel: nobody gets more by it than by asking one by one. */
import { expect } from 'chai'

import { openTicket, redemptionOf, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal } from '../support/refusal.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World, type WorldOptions, type WorldSite } from '../support/world.js'

describe('a batch of acts', () => {
  let world: World
  let shop: WorldSite
  let travel: WorldSite
  let ada: Visitor
  let handle: string

  async function begin(options: WorldOptions = {}): Promise<void> {
    world = await startWorld({ sites: ['shop', 'travel'], ...options })
    shop = world.siteOf('shop')
    travel = world.siteOf('travel')
    ada = new Visitor(world.hub.origin)
    await ada.post(shop.origin, '/cart', { item: 'boots' })
    await ada.post(shop.origin, '/sign-in', { name: 'ada', claims: { name: 'Ada' } })
    await ada.sync(shop.origin)
    handle = handleIn(ada.cookies(shop.origin).get('__Host-session')!)!
  }
  afterEach(() => world.close())

  const read = (of = handle) => ({ act: 'read', body: { handle: of } })
  const add = (patch: object) => ({ act: 'update', body: { handle, patch } })
  const textOf = (lines: readonly (object | string)[]) =>
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')

  const ask = (body: string | Buffer, token: string | undefined, headers = {}): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/batch`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/x-ndjson',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })

  interface Answer {
    readonly status: number
    readonly body: Record<string, unknown>
    readonly retry_after?: number
  }

  async function answers(lines: readonly (object | string)[], by = shop): Promise<Answer[]> {
    const { status, text, headers } = await ask(textOf(lines), siteToken(world, by))
    expect(status, text).to.equal(200)
    expect(headers['content-type']).to.equal('application/x-ndjson; charset=utf-8')
    expect(headers['cache-control']).to.equal('no-store')
    expect(text.endsWith('\n')).to.equal(true)
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer)
  }

  it('answers each act in its place, as if it had come alone', async () => {
    await begin()
    const [first, second, third] = await answers([read(), add({ note: 'blue' }), read('A'.repeat(43))])
    expect(first).to.deep.include({ status: 200 })
    expect(first!.body).to.include({ subject: 'ada' })
    expect(second!.body.data).to.include({ note: 'blue' })
    expect(third).to.deep.include({ status: 410 })
    expect(third!.body).to.include({ error: 'session_ended', end_reason: 'replaced' })
  })

  it('R16: is the site’s whose token it has: without one, or with a false one, nothing of it happens', async () => {
    await begin()
    const lines = textOf([add({ note: 'blue' }), read()])
    for (const token of [undefined, 'x.y.z', siteToken(world, travel, { claims: { iss: shop.origin } })])
      expectRefusal(await ask(lines, token), 401, 'site_token_invalid')
    const [twin] = await answers([read()])
    expect(twin!.body.data).to.deep.equal({ cart: ['boots'] })
  })

  it('reaches no handle and no ticket of another site', async () => {
    await begin()
    const { ticket } = await ada.ticket(travel.origin)
    const { claims } = openTicket(travel, ticket)
    const redeem = { act: 'redeem', body: redemptionOf(claims) }
    const stolen = await answers([read(), add({ cart: [] }), read()], travel)
    expect(stolen.map(({ body }) => body.error)).to.deep.equal(Array(3).fill('session_ended'))
    const [foreign] = await answers([redeem])
    expect(foreign!.body).to.include({ error: 'ticket_invalid' })
    const [own] = await answers([redeem], travel)
    expect(own!.body).to.include({ subject: 'ada' })
  })

  it('R26: spends a ticket once, however often it stands there', async () => {
    await begin()
    const { ticket } = await ada.ticket(travel.origin)
    const redeem = { act: 'redeem', body: redemptionOf(openTicket(travel, ticket).claims) }
    const all = await answers(Array<object>(5).fill(redeem), travel)
    expect(all.map(({ status }) => status).sort()).to.deep.equal([200, 401, 401, 401, 401])
    expect(all.filter(({ body }) => body.error === 'ticket_spent')).to.have.length(4)
  })

  const bad: Record<string, string | object> = {
    'no JSON': '{"act":"read"',
    'an empty line': '',
    'a list': '[]',
    'no act': { body: {} },
    'no body': { act: 'read' },
    'R6: two acts': '{"act":"read","act":"end","body":{}}',
    'R31: too deep': `{"act":"read","body":${'{"a":'.repeat(9)}1${'}'.repeat(9)}}`,
    'R31: too many keys': {
      act: 'read',
      body: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`k${at}`, 1])),
    },
    'R31: __proto__': '{"act":"read","body":{"__proto__":{}}}',
    'a member that is not listed': { act: 'read', body: {}, origin: 'https://travel.example' },
    'a site that is no text': { act: 'read', body: {}, site: ['https://travel.example'] },
    'a batch in a batch': { act: 'batch', body: '{"act":"read","body":{}}' },
    'an act that goes alone': { act: 'end', body: {} },
    'the event stream': { act: 'events', body: {} },
    constructor: { act: 'constructor', body: {} },
    'a body of another act': { act: 'read', body: { patch: {} } },
  }
  for (const [name, line] of Object.entries(bad)) {
    it(`refuses one bad line, and no other (${name})`, async () => {
      await begin()
      const [before, refused, after] = await answers([add({ note: 'blue' }), line, read()])
      expect(refused).to.deep.include({ status: 400 })
      expect(refused!.body).to.include({ error: 'request_invalid' })
      expect(Object.keys(refused!.body)).to.deep.equal(['error', 'error_description'])
      expect([before!.status, after!.status]).to.deep.equal([200, 200])
      const [twin] = await answers([read()])
      expect(twin!.body).to.deep.include({ subject: 'ada', data: { cart: ['boots'], note: 'blue' } })
    })
  }

  it('R31: has at most 16 lines and 8 KiB, and nothing of a larger one happens', async () => {
    await begin()
    const token = siteToken(world, shop)
    const many = (count: number) => textOf(Array.from({ length: count }, (_, at) => add({ [`n${at}`]: 1 })))
    expectRefusal(await ask(many(17), token), 400, 'request_invalid')
    expectRefusal(await ask('', token), 400, 'request_invalid')
    expectRefusal(await ask('\n'.repeat(8192), token), 400, 'request_invalid')
    expectRefusal(await ask(textOf([add({ note: 'x'.repeat(8192) })]), token), 413, 'body_too_large')
    expect((await answers([read()]))[0]!.body.data).to.deep.equal({ cart: ['boots'] })
    expect((await ask(many(16), token)).status).to.equal(200)
  })

  it('is a POST of lines of JSON, and nothing else', async () => {
    await begin()
    const token = siteToken(world, shop)
    for (const type of ['application/json', 'text/plain', undefined])
      expectRefusal(await ask(textOf([read()]), token, { 'content-type': type }), 415, 'media_type_invalid')
    const got = await send(`${world.hub.origin}/backchannel/batch`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expectRefusal(got, 405, 'method_not_allowed')
    expect(got.headers.allow).to.equal('POST')
    const bytes = Buffer.from(textOf([read()]))
    bytes[3] = 0xff
    expectRefusal(await ask(bytes, token), 400, 'request_invalid')
    expect((await ask(textOf([read()]), token)).status).to.equal(200)
  })

  it('R38: counts each act, and not the request: a site gets no more by it', async () => {
    await begin({ hub: { limits: { perSite: 60 } } })
    const sixteen = () => answers(Array.from({ length: 16 }, () => read()))
    const statuses: number[] = []
    for (let batch = 0; batch < 5; batch += 1) statuses.push(...(await sixteen()).map(({ status }) => status))
    const passed = statuses.filter((status) => status === 200).length
    expect(passed).to.be.within(40, 60)
    expect(statuses.slice(passed)).to.deep.equal(Array(80 - passed).fill(429))
    const [last] = await answers([read()])
    expect(last!.body).to.include({ error: 'rate_limited' })
    expect(last!.retry_after).to.be.within(1, 60)
    // Of its own budget another site has all.
    const [other] = await answers([read()], travel)
    expect(other).to.deep.include({ status: 410 })
  })

  it('R16: a site speaks for no other on any line, and a bad name takes nothing from the others', async () => {
    await begin()
    for (const site of [travel.origin, 'https://stranger.example', '', 'app:shop', `${shop.origin}/`]) {
      const [before, refused, after] = await answers([add({ note: 'blue' }), { ...read(), site }, read()])
      expect(refused, site).to.deep.include({ status: 401 })
      expect(refused!.body).to.include({ error: 'site_token_invalid' })
      expect([before!.status, after!.status]).to.deep.equal([200, 200])
    }
    const [own] = await answers([{ ...read(), site: shop.origin }])
    expect(own!.body, 'the twin').to.include({ subject: 'ada' })
  })

  it('R21, R30: a store that fails is each act’s trouble, without a word about it', async () => {
    const store = watchedStore()
    await begin({ hub: { store } })
    store.breakDown(true)
    const all = await answers([read(), add({ note: 'blue' })])
    for (const { status, body } of all) {
      expect(status).to.equal(503)
      expect(body).to.have.all.keys('error', 'error_description')
      expect(JSON.stringify(body)).to.not.match(/ECONNREFUSED|node_modules|\.ts/)
    }
    store.breakDown(false)
    expect((await answers([read()]))[0]!.status).to.equal(200)
  })
})
