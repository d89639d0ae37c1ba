/** How a frame comes by the hub's cookies where the browser blocks them, and what it is believed (R14, R16, R17, R22). */
import { expect } from 'chai'

import { askFor, look, strangersTo } from '../support/hub-pages.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type FrameData, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

type Headers = NonNullable<Ask['headers']>

const inactive = { 'sec-fetch-storage-access': 'inactive' }
const active = { 'sec-fetch-storage-access': 'active' }
const none = { 'sec-fetch-storage-access': 'none' }
const MARKER = '__Host-session-hub-seen'

describe('storage access', () => {
  let world: World
  let store: ReturnType<typeof watchedStore>
  let visitor: Visitor
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    store = watchedStore()
    world = await startWorld({ sites: ['shop', 'travel'], hub: { store } })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
  })
  afterEach(() => world.close())

  /** The hub's cookies are there, and the browser does not send them. */
  const withoutCookies = { cookie: undefined }

  for (const path of ['/frame', '/access'] as const) {
    describe(`Storage Access Headers at GET ${path}`, () => {
      const activation = async (site: string, headers: Headers, who = visitor) =>
        (await askFor(who, path, { site, nonce: binding().nonce }, headers)).headers[
          'activate-storage-access'
        ]
      const retry = () => `retry; allowed-origin="${travel}"`

      it('R17: the browser is asked to come again with the cookies, where it says that it may', async () => {
        const first = await askFor(
          ada,
          path,
          { site: travel, nonce: binding().nonce },
          { ...withoutCookies, ...inactive },
        )
        expect(first.data.message).to.include({ outcome: 'blocked' })
        expect(first.headers['activate-storage-access']).to.equal(retry())
        const second = await askFor(ada, path, { site: travel, nonce: binding().nonce }, active)
        expect(second.data.message).to.include({ outcome: 'replace' })
        expect(second.headers['activate-storage-access']).to.equal('load')
      })

      it('R17: and is not asked where that would change nothing', async () => {
        expect(await activation(travel, none), 'no grant').to.equal(undefined)
        expect(await activation(travel, { 'sec-fetch-storage-access': undefined }), 'Safari').to.equal(
          undefined,
        )
        for (const odd of ['retry', 'inactive, active', '"inactive"'])
          expect(await activation(travel, { 'sec-fetch-storage-access': odd }), odd).to.equal(undefined)
        expect(await activation(travel, inactive), 'the twin').to.equal(retry())
      })

      const foreign: Record<string, () => Headers> = {
        'no Referer': () => ({ referer: undefined }),
        "a stranger's Referer": () => ({ referer: 'https://stranger.example/' }),
        "another registered site's Referer": () => ({ referer: `${shop}/` }),
        'a Referer that begins alike': () => ({ referer: `${travel}.stranger.example/` }),
        'a Referer with user info': () => ({ referer: `${travel}@stranger.example/` }),
        "the hub's own Referer": () => ({ referer: `${world.hub.origin}/` }),
      }
      for (const [name, referer] of Object.entries(foreign)) {
        it(`R14, R17: ${name}: the cookies are not asked for, nor kept`, async () => {
          for (const said of [inactive, active])
            expect(await activation(travel, { ...said, ...referer() })).to.equal(undefined)
          expect(await activation(travel, inactive)).to.equal(retry())
          expect(await activation(travel, active)).to.equal('load')
        })
      }

      it('R14, R17: an unknown site gets no such header', async () => {
        for (const said of [inactive, active])
          expect(await activation('https://stranger.example', said)).to.equal(undefined)
        world.unregister(travel)
        expect(await activation(travel, inactive), 'no longer a site').to.equal(undefined)
        expect(await activation(shop, inactive)).to.equal(`retry; allowed-origin="${shop}"`)
      })

      it('R17: it names the registered origin, whatever a header says', async () => {
        const forged = { origin: 'https://stranger.example', host: 'stranger.example' }
        expect(await activation(travel, { ...inactive, ...forged })).to.equal(retry())
      })

      /** Of a browser that says nothing of storage access, such as Safari. */
      const silent = { 'sec-fetch-storage-access': undefined }
      const outcomeOf = async (headers: Headers, who = visitor) =>
        (await askFor(who, path, { site: travel, nonce: binding().nonce }, headers)).data.message.outcome

      it('R22: cookies beside `none` or `inactive` are those of a partition, and count for nothing', async () => {
        for (const said of [none, inactive]) {
          expect(await outcomeOf(said, ada), 'the handle').to.equal('blocked')
          expect(await outcomeOf({ ...said, cookie: `${MARKER}=1` }), 'the marker').to.equal('blocked')
        }
        expect(await activation(travel, inactive, ada)).to.equal(retry())
        for (const said of [active, silent]) {
          expect(await outcomeOf(said, ada), 'the handle').to.equal('replace')
          expect(await outcomeOf({ ...said, cookie: `${MARKER}=1` }), 'the marker').to.equal('none')
        }
      })

      it('R22: the marker of the hub’s own page says that this is the one jar; anything like it says nothing', async () => {
        const outcome = (cookie: string | undefined) => outcomeOf({ cookie, ...silent })
        for (const wrong of [
          undefined,
          `${MARKER}=0`,
          `${MARKER}=`,
          `${MARKER}=11`,
          `${MARKER}=1; ${MARKER}=1`,
          'session-hub-seen=1',
        ]) {
          expect(await outcome(wrong), wrong).to.equal('blocked')
        }
        expect(await outcome(`${MARKER}=1`)).to.equal('none')
      })

      it('a page of the hub’s own site is no third party', async () => {
        for (const from of ['same-site', 'same-origin']) {
          const { data } = await askFor(
            visitor,
            path,
            { site: travel, nonce: binding().nonce },
            { 'sec-fetch-site': from },
          )
          expect(data.message.outcome, from).to.equal('none')
        }
        const { data } = await askFor(visitor, path, { site: travel, nonce: binding().nonce })
        expect(data.message.outcome).to.equal('blocked')
      })
    })
  }

  describe('POST /look', () => {
    let nonce: string
    let frame: FrameData

    beforeEach(async () => {
      ;({ nonce } = binding())
      ;({ data: frame } = await askFor(ada, '/frame', { site: travel, nonce }, withoutCookies))
      expect(frame.message).to.include({ outcome: 'blocked' })
    })

    it('decides by what this request shows, and seals it for the exchange', async () => {
      await ada.post(travel, '/cart', { item: 'hat' })
      const state = ada.cookies(travel).get('__Host-session-state')
      const { json } = await look(ada, frame, { state })
      expect(json).to.have.all.keys('outcome', 'proof', 'turn')
      expect(json.outcome).to.equal('offer')
      const offer = (await ada.post(travel, '/session-hub/offer', { nonce })).json.offer as string
      expect((await ada.exchange(frame, offer)).json, 'the old proof').to.deep.equal({ outcome: 'blocked' })
      const proven = { ...frame, proof: String(json.proof) }
      expect((await ada.exchange(proven, offer)).json).to.include({ outcome: 'replace' })
    })

    it('gives a ticket that the page can redeem', async () => {
      const bound = binding()
      const { data } = await askFor(ada, '/frame', { site: travel, nonce: bound.nonce }, withoutCookies)
      const { outcome, ticket } = (await look(ada, data)).json
      expect(outcome).to.equal('replace')
      const redeemed = await ada.post(travel, '/session-hub/redeem', { ticket, verifier: bound.verifier })
      expect(redeemed.json).to.include({ subject: 'ada' })
    })

    it('R16: a promise of the browser is worth nothing: without cookies and without the header it stays blocked', async () => {
      for (const said of [none, inactive, { 'sec-fetch-storage-access': undefined }]) {
        const { json } = await look(ada, frame, {}, { ...withoutCookies, ...said })
        expect(json).to.deep.equal({ outcome: 'blocked', proof: frame.proof })
      }
      expect((await look(ada, frame, {}, { ...withoutCookies, ...active })).json).to.include({
        outcome: 'none',
      })
      expect((await look(ada, frame, {}, none)).json, 'the cookie came').to.include({ outcome: 'replace' })
      const marked = { cookie: `${MARKER}=1`, ...none }
      expect((await look(visitor, frame, {}, marked)).json, 'the marker came').to.include({ outcome: 'none' })
      const partition = await look(ada, frame, {}, inactive)
      expect(partition.json, 'the cookie of a partition').to.include({ outcome: 'blocked' })
    })

    it('R16: `same-origin`, which every fetch of a frame is, is no access', async () => {
      const { json } = await look(visitor, frame, {}, { ...none, 'sec-fetch-site': 'same-origin' })
      expect(json.outcome).to.equal('blocked')
      expect((await look(visitor, frame, {}, active)).json.outcome).to.equal('none')
    })

    it('R16: only a document of the hub’s own may ask', async () => {
      for (const [name, headers] of Object.entries(strangersTo(world.hub.origin, travel))) {
        const refused = await look(ada, frame, {}, headers)
        expectRefusalWithoutCookies(refused, 403, 'origin_denied')
        expect(refused.text, name).to.not.include('ticket')
      }
      expect((await look(ada, frame)).json).to.include({ outcome: 'replace' })
    })

    it('R16: is JSON by POST only, and answers no preflight', async () => {
      const text = await look(ada, frame, {}, { 'content-type': 'text/plain' })
      expectRefusalWithoutCookies(text, 415, 'media_type_invalid')
      for (const method of ['GET', 'PUT', 'OPTIONS']) {
        const reply = await send(`${world.hub.origin}/look`, {
          method,
          headers: { origin: travel, 'access-control-request-method': 'POST' },
        })
        expectRefusalWithoutCookies(reply, 405, 'method_not_allowed')
        expect(reply.headers.allow).to.equal('POST')
        expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal(
          [],
        )
      }
      expect((await look(ada, frame)).json).to.include({ outcome: 'replace' })
    })

    const forgeries: Record<string, () => FrameData | Promise<FrameData>> = {
      "a frame's proof under another site": () => ({ ...frame, site: shop }),
      "a frame's proof under another nonce": () => ({
        ...frame,
        message: { ...frame.message, nonce: binding().nonce },
      }),
      "another frame's proof": async () => ({
        ...frame,
        proof: (await askFor(ada, '/frame', { site: travel, nonce: binding().nonce })).data.proof,
      }),
      'a proof that says it has access': () => ({ ...frame, proof: frame.proof.replace('.0.', '.1.') }),
      'a proof for ever': () => ({ ...frame, proof: frame.proof.replace(/^\d+/, 'Infinity') }),
      'no proof': () => ({ ...frame, proof: '.' }),
    }
    for (const [name, forge] of Object.entries(forgeries)) {
      it(`R16: ${name} is refused; the true one works`, async () => {
        expectRefusalWithoutCookies(await look(ada, await forge()), 400, 'request_invalid')
        expect((await look(ada, frame)).json).to.include({ outcome: 'replace' })
      })
    }

    it('R16: takes no more than the frame’s own question', async () => {
      for (const more of [{ state: 'x' }, { offer: null }, { hasAccess: true }, { site: null }])
        expectRefusalWithoutCookies(await look(ada, frame, more), 400, 'request_invalid')
      expect((await look(ada, frame)).status).to.equal(200)
    })

    it('R16: a hidden frame may ask for two minutes, a visible one for twelve hours, and the answer’s proof is a short one', async () => {
      const visible = (await askFor(ada, '/access', { site: travel, nonce }, withoutCookies)).data
      world.advance(119)
      expect((await look(ada, frame)).status).to.equal(200)
      world.advance(2)
      expectRefusalWithoutCookies(await look(ada, frame), 400, 'request_invalid')

      world.advance(12 * 3600 - 122)
      const { json } = await look(ada, visible)
      expect(json.outcome).to.equal('replace')
      const proven = { ...visible, proof: String(json.proof) }
      expect((await ada.exchange(proven, null)).json).to.include({ outcome: 'replace' })
      world.advance(2)
      expectRefusalWithoutCookies(await look(ada, visible), 400, 'request_invalid')
      world.advance(119)
      expectRefusalWithoutCookies(await ada.exchange(proven, null), 400, 'request_invalid')
    })

    it('R14: is of no use to a site that is no longer one', async () => {
      world.unregister(travel)
      expectRefusalWithoutCookies(await look(ada, frame), 404, 'site_unknown')
    })

    it('R21: with the store down nothing is allowed', async () => {
      store.breakDown(true)
      expectRefusalWithoutCookies(await look(ada, frame), 503, 'unavailable')
      store.breakDown(false)
      expect((await look(ada, frame)).json).to.include({ outcome: 'replace' })
    })

    it('R22, R31: sets no cookie, and keeps nothing for who has no session', async () => {
      const before = store.rows()
      for (const headers of [active, none]) {
        const reply = await look(visitor, frame, {}, headers)
        expect(reply.status).to.equal(200)
        expect(reply.headers['set-cookie']).to.equal(undefined)
      }
      expect(store.rows()).to.equal(before)
      expect((await look(ada, frame)).headers['set-cookie']).to.equal(undefined)
    })

    it('R31: counts for the session as a frame does', async () => {
      let last = await look(ada, frame)
      for (let time = 0; time < 60 && last.status === 200; time += 1) last = await look(ada, frame)
      expectRefusalWithoutCookies(last, 429, 'rate_limited')
      expect((await look(visitor, frame)).status, 'another visitor').to.equal(200)
    })
  })

  it('R16: nothing is adopted where the exchange itself shows that the access is gone', async () => {
    const cart = new Visitor(world.hub.origin)
    await cart.post(travel, '/cart', { item: 'hat' })
    const { nonce } = binding()
    const { data } = await askFor(cart, '/access', { site: travel, nonce }, active)
    const offer = async () => (await cart.post(travel, '/session-hub/offer', { nonce })).json.offer as string
    for (const said of [none, inactive]) {
      const refused = await cart.exchange(data, await offer(), said)
      expect(refused.json).to.deep.equal({ outcome: 'blocked' })
      expect(refused.headers['set-cookie']).to.equal(undefined)
    }
    const adopted = await cart.exchange(data, await offer(), active)
    expect(adopted.json).to.include({ outcome: 'adopt' })
    // From then on the cookie itself speaks, also where the header says otherwise.
    expect((await cart.exchange(data, await offer(), none)).json).to.include({ outcome: 'keep' })
  })
})
