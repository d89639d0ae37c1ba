/** Opting out, and the cookie by which frames notice each other: what a stranger or another site can do with them (R35). */
import { expect } from 'chai'

import { siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { strangersTo } from '../support/hub-pages.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type FrameData, type Reply, send, Visitor } from '../support/visitor.js'
import { startUsers, type Users } from '../support/users.js'

const HUB = '__Host-session-hub'
const OFF = '__Host-session-hub-off'
const TURN = '__Host-session-hub-turn'
const SITE_OFF = '__Host-session-off'

describe('opting out, attacked', () => {
  let users: Users
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    users = await startUsers({ sisters: true })
    ;({ shop, travel } = users)
    ada = users.browser()
    await users.signIn(ada, 'ada')
  })
  afterEach(() => users.world.close())

  const hubJar = () => ada.cookies(users.world.hub.origin)
  const forget = (data: FrameData, headers: Ask['headers'] = {}, more: object = {}): Promise<Reply> =>
    ada.ask(`${users.world.hub.origin}/forget`, {
      method: 'POST',
      body: { site: data.site, nonce: data.message.nonce, proof: data.proof, forget: true, ...more },
      headers: {
        'content-type': 'application/json',
        'x-session-hub': '1',
        origin: users.world.hub.origin,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })
  const frame = async (site = shop, headers: Ask['headers'] = {}) =>
    (await ada.frame(site, binding().nonce, headers)).data
  const part = (site: string, handle: string) =>
    send(`${users.world.hub.origin}/backchannel/part`, {
      method: 'POST',
      body: { handle },
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(users.world, users.world.siteOf(site === shop ? 'shop' : 'travel'))}`,
      },
    })
  const handleAt = (site: string): string => {
    return handleIn(ada.cookies(site).get('__Host-session')!)!
  }

  describe('at the hub', () => {
    it('is heard from a frame of a site: no frame shares anything after it', async () => {
      const reply = await forget(await frame())
      expect(reply.json).to.include({ outcome: 'none', reason: 'opted_out' })
      expect([hubJar().has(HUB), hubJar().get(OFF), hubJar().has(TURN)]).to.deep.equal([false, '1', false])
      for (const site of [shop, travel])
        expect((await frame(site)).message).to.include({ outcome: 'none', reason: 'opted_out' })
    })

    it('R16: is not heard from a page of a stranger, of a site or of the hub’s neighbour', async () => {
      const data = await frame()
      for (const headers of Object.values(strangersTo(users.world.hub.origin, shop)))
        expectRefusalWithoutCookies(await forget(data, headers), 403, 'origin_denied')
      expect(hubJar().has(OFF)).to.equal(false)
      expect((await forget(data)).json).to.include({ reason: 'opted_out' })
    })

    it('R16: needs the proof of a frame for this site and nonce', async () => {
      const [data, other] = [await frame(), await frame(travel)]
      for (const more of [
        { proof: other.proof },
        { site: travel },
        { nonce: binding().nonce },
        { proof: '' },
        { forget: 'yes' },
        { forget: undefined },
      ])
        expectRefusal(await forget(data, {}, more), 400, 'request_invalid')
      expect(hubJar().has(OFF)).to.equal(false)
      expect((await forget(data)).json).to.include({ reason: 'opted_out' })
    })

    it('R22: is not kept in a partition, where it would hold for one site only', async () => {
      const blocked = await frame(shop, { 'sec-fetch-storage-access': 'none', cookie: undefined })
      const data = await frame()
      for (const reply of [
        await forget(blocked),
        await forget(data, { 'sec-fetch-storage-access': 'inactive' }),
      ]) {
        expect(reply.json).to.deep.equal({ outcome: 'blocked' })
        expect(reply.headers['set-cookie']).to.equal(undefined)
      }
      expect((await forget(data)).json).to.include({ reason: 'opted_out' })
    })

    it('R14: makes frames that are as long as any other', async () => {
      const lengthOf = async () => (await ada.frame(travel, binding().nonce)).text.length
      const before = await lengthOf()
      await forget(await frame())
      expect(await lengthOf()).to.equal(before)
    })

    it('holds for redirects, for exchanges that had begun, and until it is taken back', async () => {
      await ada.post(shop, '/account/data', { theme: 'dark' })
      const begun = await frame(travel)
      await forget(await frame())
      expect((await ada.exchange(begun, null)).json).to.include({ outcome: 'none', reason: 'opted_out' })
      expect((await ada.redirect(travel)).arrival).to.equal('redirect.none.opted_out.1')
      expect((await forget(await frame(), {}, { forget: false })).json).to.deep.equal({ outcome: 'none' })
      expect((await ada.sync(shop)).outcome).to.equal('adopt')
    })
  })

  describe('at a site', () => {
    const forgetAt = (site: string, body: object, headers: Ask['headers'] = {}) =>
      ada.post(site, '/session-hub/forget', body, headers)

    it('shares nothing from then on, by no rung, and keeps who is signed in', async () => {
      expect((await forgetAt(shop, { off: true })).status).to.equal(200)
      expect(ada.cookies(shop).get(SITE_OFF)).to.equal('1')
      expect(await ada.whoami(shop)).to.include({ subject: 'ada' })
      expect(await ada.linkTicket(shop, travel)).to.equal(null)
      const offered = await ada.post(shop, '/session-hub/offer', { nonce: binding().nonce })
      expect(offered.json).to.deep.equal({ offer: null })
      expect((await ada.redirect(shop)).arrival).to.equal('redirect.failed.consent_required.1')
      ada.cookies(shop).delete('__Host-session-state')
      const { ticket, verifier } = await ada.ticket(shop)
      expectRefusal(
        await ada.post(shop, '/session-hub/redeem', { ticket, verifier }),
        403,
        'consent_required',
      )
      await forgetAt(shop, { off: false })
      expect(ada.cookies(shop).has(SITE_OFF)).to.equal(false)
      expect(await ada.linkTicket(shop, travel)).to.be.a('string')
    })

    it('R18: is not said by another origin’s page', async () => {
      const refused = await forgetAt(shop, { off: true }, { origin: travel, 'sec-fetch-site': 'cross-site' })
      expectRefusal(refused, 403, 'origin_denied')
      expect(ada.cookies(shop).has(SITE_OFF)).to.equal(false)
      expect((await forgetAt(shop, { off: true })).status).to.equal(200)
    })

    it('takes nothing but yes and no', async () => {
      for (const body of [{ off: 1 }, { off: 'true' }, { of: true }, []])
        expectRefusal(await forgetAt(shop, body), 400, 'request_invalid')
    })

    it('makes its session one of its own: neither site sees what the other does then', async () => {
      await beAnonymous()
      const before = handleAt(shop)
      await forgetAt(shop, {})
      expect(ada.cookies(shop).has(SITE_OFF), 'for the whole browser the hub has said so').to.equal(false)
      await ada.post(shop, '/account/data', { theme: 'light' })
      expect((await ada.whoami(travel)).data).to.deep.equal({ theme: 'dark' })
      expect((await ada.whoami(shop)).data).to.deep.equal({ theme: 'light' })
      expectRefusal(await part(shop, before), 410, 'session_ended')
    })
  })

  /** With a theme that both sites have. */
  async function beAnonymous(): Promise<void> {
    ada = users.browser()
    await ada.post(shop, '/account/data', { theme: 'dark' })
    for (const site of [shop, travel]) await ada.sync(site)
  }

  describe('parting', () => {
    it('is not done by another site’s handle, or by one that has ended; its own site does it', async () => {
      await beAnonymous()
      const handle = handleAt(shop)
      expectRefusal(await part(travel, handle), 410, 'session_ended')
      expect((await part(shop, handle)).status).to.equal(200)
      expectRefusal(await part(shop, handle), 410, 'session_ended')
    })

    it('R20: makes no copy of a user’s session, which would outlive the sign-out', async () => {
      const mallory = ada.copy()
      expect((await mallory.post(shop, '/session-hub/forget', {})).status).to.equal(200)
      expect((await mallory.post(shop, '/session-hub/forget', { off: true })).status).to.equal(200)
      expect((await part(shop, handleAt(shop))).json).to.not.have.property('handle')
      expect(await users.count('ada')).to.equal(1)
      await users.signOut(ada)
      users.world.advance(301)
      expect(await mallory.whoami(shop)).to.include({ session: 'none' })
    })

    it('moves no end of a session', async () => {
      await beAnonymous()
      const read = async () => (await ada.post(shop, '/session-hub/offer', { nonce: binding().nonce })).status
      expect(await read()).to.equal(200)
      const handle = handleAt(shop)
      const before = await send(`${users.world.hub.origin}/backchannel/read`, {
        method: 'POST',
        body: { handle },
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(users.world, users.world.siteOf('shop'))}`,
        },
      })
      users.world.advance(60)
      expect((await part(shop, handle)).json.expires_at).to.equal(before.json.expires_at)
    })
  })

  describe('the turn cookie', () => {
    it('changes with the session at the hub, and is worth nothing to who reads it', async () => {
      const first = hubJar().get(TURN)
      expect(first).to.match(/^[\w-]{22}$/)
      await users.signIn(ada, 'bob')
      const second = hubJar().get(TURN)
      expect(second).to.not.equal(first)
      await ada.sync(shop)
      expect(hubJar().get(TURN)).to.equal(second)
      await users.signOut(ada)
      await ada.sync(shop)
      expect(hubJar().has(TURN)).to.equal(false)
    })

    it('opens no session in place of the hub’s cookie', async () => {
      const mallory = users.browser()
      const jar = mallory.cookies(users.world.hub.origin)
      jar.set(TURN, hubJar().get(TURN)!)
      jar.set(HUB, hubJar().get(TURN)!)
      expect((await mallory.sync(shop)).outcome).to.equal('none')
      jar.set(HUB, hubJar().get(HUB)!)
      expect((await mallory.sync(shop)).outcome).to.equal('replace')
    })

    it('R14: is set in no frame of a stranger’s page, and in no partition', async () => {
      hubJar().delete(TURN)
      for (const headers of [
        { referer: 'https://evil.example/' },
        { 'sec-fetch-storage-access': 'none' },
        { 'sec-fetch-storage-access': 'inactive' },
      ])
        expect(
          (await ada.frame(shop, binding().nonce, headers)).headers['set-cookie'],
          JSON.stringify(headers),
        ).to.equal(undefined)
      const [set = ''] = (await ada.frame(shop, binding().nonce)).headers['set-cookie'] ?? []
      expect(set).to.match(/^__Host-session-hub-turn=[\w-]{22}; Path=\/; Secure; SameSite=None$/)
    })
  })
})
