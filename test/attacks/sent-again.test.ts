/**
 * A site sends a request to the hub once more where the answer was lost on its way. The hub knows it by the site, the request's own id and all
 * that it asks for. It answers the same again, and gives nothing to any other request (R8, R27).
 */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { openTicket, redemptionOf, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Reply, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const id = () => randomBytes(16).toString('base64url')

describe('a request of a site that comes again', () => {
  let world: World
  let ada: Visitor
  let travel: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    const shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
  })
  afterEach(() => world.close())

  const act = (name: string, body: object, site = 'travel'): Promise<Reply> =>
    send(`${world.hub.origin}/backchannel/${name}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf(site))}`,
      },
    })
  const handleAt = (site: string, visitor = ada) =>
    handleIn(visitor.cookies(site).get('__Host-session')!) ?? ''

  /** What the site asks of the hub for a ticket of its page. */
  async function redemption(more: object = {}) {
    const { ticket } = await ada.ticket(travel)
    const { claims } = openTicket(world.siteOf('travel'), ticket)
    return { ...redemptionOf(claims), use: id(), ...more }
  }

  describe('R8: a redemption', () => {
    it('is answered the same, also after two seconds', async () => {
      const waiting = await redemption()
      await ada.post(travel, '/cart', { item: 'tent' })
      const body = { ...waiting, previous: handleAt(travel) }
      const first = await act('redeem', body)
      expect(first.json).to.include({ subject: 'ada', reason: 'merged', was_empty: false })
      for (const seconds of [0, 3, 50]) {
        world.advance(seconds)
        const again = await act('redeem', body)
        expect(again.status, `after ${seconds} s`).to.equal(200)
        expect(again.json).to.deep.equal(first.json)
      }
      expect(world.log.map(({ event }) => event)).to.not.include('ticket_replayed')
      expect((await act('read', { handle: first.json.handle })).json).to.include({ subject: 'ada' })
    })

    it('is answered the same where both are under way at once', async () => {
      const body = await redemption()
      const replies = await Promise.all([act('redeem', body), act('redeem', body), act('redeem', body)])
      expect(replies.map(({ status }) => status)).to.deep.equal([200, 200, 200])
      expect(new Set(replies.map(({ text }) => text)).size).to.equal(1)
    })

    it('is told of the same conflict', async () => {
      const bob = new Visitor(world.hub.origin)
      await bob.post(travel, '/sign-in', { name: 'bob' })
      const body = await redemption({ previous: handleAt(travel, bob) })
      for (let time = 0; time < 2; time += 1)
        expectRefusalWithoutCookies(await act('redeem', body), 409, 'session_conflict')
    })

    for (const [name, differs] of [
      ['with another id', () => ({ use: id() })],
      ['without an id', () => ({ use: undefined })],
      ['with the handle of another cookie', () => ({ previous: randomBytes(32).toString('base64url') })],
      ['that says more', () => ({ overrule: true })],
    ] as const)
      it(`${name} is another one: refused, and past two seconds it ends the session`, async () => {
        const body = await redemption()
        const first = await act('redeem', body)
        expect(first.status).to.equal(200)
        const other = { ...body, ...differs() }
        expectRefusalWithoutCookies(await act('redeem', other), 401, 'ticket_spent')
        expect((await act('redeem', body)).status, 'the same').to.equal(200)
        world.advance(3)
        expectRefusalWithoutCookies(await act('redeem', other), 401, 'ticket_spent')
        expectRefusalWithoutCookies(await act('read', { handle: first.json.handle }), 410, 'session_ended')
        expectRefusalWithoutCookies(await act('redeem', body), 410, 'session_ended')
      })

    it('of another site is refused, and costs the visitor nothing', async () => {
      const body = await redemption()
      expect((await act('redeem', body)).status).to.equal(200)
      expectRefusalWithoutCookies(await act('redeem', body, 'shop'), 401, 'ticket_invalid')
      world.advance(3)
      expectRefusalWithoutCookies(await act('redeem', body, 'shop'), 401, 'ticket_invalid')
      expect((await act('redeem', body)).status).to.equal(200)
    })

    it('is refused after a minute', async () => {
      const body = await redemption()
      expect((await act('redeem', body)).status).to.equal(200)
      world.advance(59)
      expect((await act('redeem', body)).status).to.equal(200)
      world.advance(1)
      expectRefusalWithoutCookies(await act('redeem', body), 401, 'ticket_invalid')
    })

    it('with a grant of nobody is refused each time', async () => {
      const body = await redemption()
      const wrong = { ...body, grant: randomBytes(40).toString('base64url') }
      for (let time = 0; time < 2; time += 1)
        expectRefusalWithoutCookies(await act('redeem', wrong), 401, 'ticket_invalid')
      expect((await act('redeem', body)).status).to.equal(200)
    })
  })

  describe('an end of other sessions of the user', () => {
    let own: string

    beforeEach(async () => {
      for (let other = 0; other < 2; other += 1) {
        const browser = new Visitor(world.hub.origin)
        await browser.post(travel, '/sign-in', { name: 'ada' })
      }
      await ada.sync(travel)
      own = handleAt(travel)
    })

    const live = async () => (await world.hub.hub.sessions.list('ada')).length
    const others = async () => {
      const { sessions } = (await act('list', { handle: own })).json as {
        sessions: { ref: string; current: boolean }[]
      }
      return sessions.filter(({ current }) => !current).map(({ ref }) => ref)
    }

    it('says again what it has ended: one by its ref', async () => {
      const [ref, left] = await others()
      const body = { handle: own, ref, jti: id() }
      for (const seconds of [0, 0, 59]) {
        world.advance(seconds)
        expect((await act('end-other', body)).json).to.deep.equal({ ended: 1 })
      }
      expect(await live()).to.equal(2)
      expect((await act('end-other', { ...body, jti: id() })).json, 'another id').to.deep.equal({ ended: 0 })
      expect((await act('end-other', { ...body, ref: left })).json, 'another ref').to.deep.equal({ ended: 1 })
      world.advance(1)
      expect((await act('end-other', body)).json, 'after a minute').to.deep.equal({ ended: 0 })
    })

    it('says again what it has ended: all others, and ends none that began meanwhile', async () => {
      const body = { handle: own, jti: id() }
      const replies = await Promise.all([act('end-other', body), act('end-other', body)])
      expect(replies.map(({ json }) => json)).to.deep.equal([{ ended: 2 }, { ended: 2 }])
      const newcomer = new Visitor(world.hub.origin)
      await newcomer.post(travel, '/sign-in', { name: 'ada' })
      expect((await act('end-other', body)).json).to.deep.equal({ ended: 2 })
      expect(await live()).to.equal(2)
      expect((await act('end-other', { ...body, jti: id() })).json, 'another id').to.deep.equal({ ended: 1 })
    })

    it('says nothing by another handle of the same user', async () => {
      const [ref] = await others()
      const body = { handle: own, ref, jti: id() }
      await act('end-other', body)
      const newcomer = new Visitor(world.hub.origin)
      await newcomer.post(travel, '/sign-in', { name: 'ada' })
      const again = await act('end-other', { ...body, handle: handleAt(travel, newcomer) })
      expect(again.json).to.deep.equal({ ended: 0 })
    })
  })

  describe('an update', () => {
    it('is done once: what another one has written since stays', async () => {
      const handle = handleAt(world.siteOf('shop').origin)
      const update = async (theme: string, jti = id()) =>
        (await act('update', { handle, jti, patch: { theme } }, 'shop')).json
      const jti = id()
      expect((await update('dark', jti)).data).to.deep.equal({ theme: 'dark' })
      const newer = await update('light')
      expect(await update('dark', jti)).to.deep.include({ data: { theme: 'light' }, version: newer.version })
      expect((await act('read', { handle }, 'shop')).json.data).to.deep.equal({ theme: 'light' })
      expect((await update('dark')).data, 'another id').to.deep.equal({ theme: 'dark' })
    })

    it('that begins a session begins one', async () => {
      const body = { handle: null, jti: id(), patch: { theme: 'dark' } }
      const [first, again] = [await act('update', body), await act('update', body)]
      expect(again.json.handle).to.not.equal(first.json.handle)
      await act('update', { handle: first.json.handle, patch: { theme: 'light' } })
      const dataOf = async ({ json: { handle } }: Reply) => (await act('read', { handle })).json.data
      expect(await dataOf(again)).to.deep.equal({ theme: 'light' })
      expect(await dataOf(await act('update', { ...body, jti: id() })), 'another id').to.deep.equal({
        theme: 'dark',
      })
    })
  })

  describe('a sign-in that is told late', () => {
    let clockMs: number
    const late = () => ({
      handle: null,
      subject: 'ada',
      claims: {},
      jti: id(),
      exp: Math.floor(clockMs / 1000) + 3600,
    })
    const actAt = (name: string, body: object) =>
      send(`${world.hub.origin}/backchannel/${name}`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken({ ...world, now: () => clockMs }, world.siteOf('shop'))}`,
        },
      })
    const refusedWith = async (body: object, endReason: string) => {
      const reply = await actAt('sign-in', body)
      expectRefusalWithoutCookies(reply, 410, 'session_ended')
      expect(reply.json.end_reason).to.equal(endReason)
    }

    beforeEach(async () => {
      await world.close()
      clockMs = Date.now()
      world = await startWorld({ sites: ['shop'], hub: { now: () => clockMs } })
    })

    it('gives the same session for a whole minute, and nothing from then on (R28)', async () => {
      const body = late()
      const first = await actAt('sign-in', body)
      clockMs += 60_000
      const again = await actAt('sign-in', body)
      expect(again.status).to.equal(200)
      expect(again.json.handle).to.not.equal(first.json.handle)
      expect(await world.hub.hub.sessions.list('ada')).to.have.length(1)
      clockMs += 1
      await refusedWith(body, 'signed-in')
      expect((await actAt('sign-in', late())).status, 'another one').to.equal(200)
    })

    it('is refused as signed out where the sign-out came first (R27)', async () => {
      const body = late()
      await actAt('end', { handle: null, jti: body.jti, exp: body.exp })
      await refusedWith(body, 'signed-out')
      expect(await world.hub.hub.sessions.list('ada')).to.deep.equal([])
    })
  })

  describe('an opt-out', () => {
    it('gives nothing once the session that it gave has ended; until then it does', async () => {
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(travel, '/cart', { item: 'tent' })
      const body = { handle: handleAt(travel, visitor), jti: id() }
      const { handle } = (await act('part', body)).json
      expect((await act('part', body)).status).to.equal(200)
      await act('end', { handle })
      expectRefusalWithoutCookies(await act('part', body), 410, 'session_ended')
    })

    it('gives one session, by another handle each time; the old handle alone gives nothing (R20)', async () => {
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(travel, '/cart', { item: 'tent' })
      const handle = handleAt(travel, visitor)
      const body = { handle, jti: id() }
      const [first, again] = [await act('part', body), await act('part', body)]
      expect(again.status).to.equal(200)
      expect(again.json.handle).to.match(/^[\w-]{43}$/)
      expect(again.json.handle).to.not.equal(first.json.handle)
      expect({ ...again.json, handle: '' }).to.deep.equal({ ...first.json, handle: '' })
      for (const other of [{ handle, jti: id() }, { handle }])
        expectRefusalWithoutCookies(await act('part', other), 410, 'session_ended')
      expectRefusalWithoutCookies(await act('part', body, 'shop'), 410, 'session_ended')
      world.advance(60)
      expectRefusalWithoutCookies(await act('part', body), 410, 'session_ended')
      expect((await act('read', { handle: first.json.handle })).status).to.equal(200)
    })
  })
})
