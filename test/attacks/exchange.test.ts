/** `POST /exchange`: for the hub's own frame only, and only for what that frame was served for (R16). */
import { expect } from 'chai'

import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type FrameData, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('POST /exchange', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string
  let frame: FrameData
  let offer: string

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const { nonce } = binding()
    frame = (await visitor.frame(shop, nonce)).data
    offer = (await visitor.post(shop, '/session-hub/offer', { nonce })).json.offer as string
  })
  afterEach(() => world.close())

  const strangers: Record<string, () => NonNullable<Ask['headers']>> = {
    'without the custom header': () => ({ 'x-session-hub': undefined }),
    'with another value of it': () => ({ 'x-session-hub': '0' }),
    'without Origin': () => ({ origin: undefined }),
    'with the Origin of the site': () => ({ origin: shop }),
    'with the Origin null': () => ({ origin: 'null' }),
    'with an Origin that begins alike': () => ({ origin: `${world.hub.origin}0` }),
    'from a page of the same site': () => ({ 'sec-fetch-site': 'same-site' }),
    'from a page of another site': () => ({ 'sec-fetch-site': 'cross-site' }),
    'typed by hand': () => ({ 'sec-fetch-site': 'none' }),
    'without Sec-Fetch-Site': () => ({ 'sec-fetch-site': undefined }),
  }
  for (const [name, headers] of Object.entries(strangers)) {
    it(`R16: ${name} is refused; without that difference it works`, async () => {
      const reply = await visitor.exchange(frame, offer, headers())
      expectRefusalWithoutCookies(reply, 403, 'origin_denied')
      expect((await visitor.exchange(frame, offer)).json).to.include({ outcome: 'adopt' })
    })
  }

  it('R16: is JSON by POST only, and answers no preflight', async () => {
    expectRefusalWithoutCookies(
      await visitor.exchange(frame, offer, { 'content-type': 'text/plain' }),
      415,
      'media_type_invalid',
    )
    for (const method of ['GET', 'PUT', 'OPTIONS']) {
      const reply = await send(`${world.hub.origin}/exchange`, {
        method,
        headers: { origin: shop, 'access-control-request-method': 'POST' },
      })
      expectRefusalWithoutCookies(reply, 405, 'method_not_allowed')
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([])
    }
    expect((await visitor.exchange(frame, offer)).json).to.include({ outcome: 'adopt' })
  })

  const forgedFrames: Record<string, () => FrameData | Promise<FrameData>> = {
    "a frame's proof under another site": () => ({ ...frame, site: travel }),
    "a frame's proof under another nonce": () => ({
      ...frame,
      message: { ...frame.message, nonce: binding().nonce },
    }),
    "another frame's proof": async () => ({
      ...frame,
      proof: (await visitor.frame(shop, binding().nonce)).data.proof,
    }),
    'a proof that says it has access': async () => {
      const stranger = new Visitor(world.hub.origin)
      const { nonce } = frame.message
      const { data } = await stranger.frame(shop, nonce, { 'sec-fetch-storage-access': 'none' })
      expect(data.message.outcome, 'a true frame without access').to.equal('blocked')
      return { ...data, proof: data.proof.replace('.0.', '.1.') }
    },
    'a proof that lasts longer': () => ({
      ...frame,
      proof: frame.proof.replace(/^\d+/, (end) => String(Number(end) + 1)),
    }),
    'a proof for ever': () => ({ ...frame, proof: frame.proof.replace(/^\d+/, 'Infinity') }),
    'a proof with a flipped character': () => ({
      ...frame,
      proof: frame.proof.slice(0, -2) + (frame.proof.at(-2) === 'A' ? 'B' : 'A') + frame.proof.slice(-1),
    }),
    'a proof with more behind it': () => ({ ...frame, proof: `${frame.proof}.x` }),
    'a proof without its seal': () => ({ ...frame, proof: frame.proof.split('.').slice(0, 2).join('.') }),
    'an empty seal': () => ({ ...frame, proof: frame.proof.replace(/[^.]+$/, '') }),
  }
  for (const [name, forge] of Object.entries(forgedFrames)) {
    it(`R16: ${name} is refused; the true one works`, async () => {
      const forged = await forge()
      expectRefusalWithoutCookies(await visitor.exchange(forged, offer), 400, 'request_invalid')
      expect((await visitor.exchange(frame, offer)).json).to.include({ outcome: 'adopt' })
    })
  }

  it('R16: a proof is good for two minutes', async () => {
    world.advance(119)
    expect((await visitor.exchange(frame, null)).json).to.include({ outcome: 'none' })
    world.advance(2)
    expectRefusalWithoutCookies(await visitor.exchange(frame, null), 400, 'request_invalid')
  })

  it('R16: adopts nothing where the frame had no access to the one jar', async () => {
    const { nonce } = binding()
    const { data } = await visitor.frame(shop, nonce, { 'sec-fetch-storage-access': 'none' })
    const blocked = (await visitor.post(shop, '/session-hub/offer', { nonce })).json.offer as string
    const reply = await visitor.exchange(data, blocked)
    expect(reply.json).to.deep.equal({ outcome: 'blocked' })
    expect(reply.headers['set-cookie']).to.equal(undefined)
    expect((await visitor.exchange(frame, offer)).json).to.include({ outcome: 'adopt' })
  })

  it('R20: leaves the hub its cookie where it has that session, or the site has nothing to share; a new one replaces it', async () => {
    const asked = async (by: Visitor) => {
      const { nonce } = binding()
      const { data } = await by.frame(shop, nonce)
      const { json } = await by.post(shop, '/session-hub/offer', { nonce })
      const reply = await by.exchange(data, json.offer as string)
      const hasNew = String(reply.headers['set-cookie']).includes('__Host-session-hub=')
      return [reply.json.outcome, hasNew]
    }
    expect(await asked(visitor)).to.deep.equal(['adopt', true])
    expect(await asked(visitor)).to.deep.equal(['keep', false])
    const other = new Visitor(world.hub.origin)
    for (const wish of ['sun', null]) await other.post(shop, '/wish', { wish })
    expect(await asked(other)).to.deep.equal(['none', false])
    await other.post(shop, '/wish', { wish: 'sea' })
    expect(await asked(other)).to.deep.equal(['adopt', true])
  })

  it('R16: a ticket is for the site of the frame, whatever the offer says', async () => {
    await visitor.exchange(frame, offer)
    const bound = binding()
    const { data } = await visitor.frame(travel, bound.nonce)
    const { ticket } = (await visitor.exchange(data, null)).json
    const body = { ticket, verifier: bound.verifier }
    expectRefusalWithoutCookies(await visitor.post(shop, '/session-hub/redeem', body), 401, 'ticket_invalid')
    expect((await visitor.post(travel, '/session-hub/redeem', body)).status).to.equal(200)
  })
})
