/**
 * The visitor's own page at the hub, attacked: by who embeds it, fetches it, leads somebody there, or sends its forms
 * (R14, R16, R20, R30, R33, R38, R39). Each attack has its allowed twin.
 */
import { expect } from 'chai'

import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { startUsers, type Users } from '../support/users.js'
import { type Ask, type Reply, send, type Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'

type Headers = NonNullable<Ask['headers']>

const HUB = '__Host-session-hub'
const OFF = '__Host-session-hub-off'
const FORM = '__Host-session-hub-form'

/** The address typed, or a click on the page itself. */
const own: Headers = {
  accept: 'text/html,*/*',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
}

describe('the visitor’s own page, among strangers', () => {
  let users: Users
  let ada: Visitor
  let hub: string
  const store = watchedStore()

  before(async () => {
    users = await startUsers({ hub: { store, limits: { perAddress: 300 } } })
    hub = users.world.hub.origin
  })
  after(() => users.world.close())
  beforeEach(async () => {
    for (const name of ['ada', 'grace']) await users.world.hub.hub.sessions.endAll(name)
    ada = users.browser()
    await users.signIn(ada, 'ada', { claims: { name: 'Ada <b>Lovelace</b>' } })
  })

  const open = (visitor: Visitor, headers: Headers = {}, query = '') =>
    visitor.ask(`${hub}/you${query}`, { headers: { ...own, ...headers } })
  const tagIn = ({ text }: Reply) => /name=form value="([^"]*)"/.exec(text)?.[1] ?? ''
  const refIn = ({ text }: Reply) => /name=ref value="([^"]*)"/.exec(text)?.[1] ?? ''
  const press = (visitor: Visitor, form: Record<string, string>, headers: Headers = {}) =>
    visitor.ask(`${hub}/you`, {
      method: 'POST',
      body: new URLSearchParams(form).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: hub,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    })

  describe('what it shows', () => {
    it('is the visitor’s own: the name, the sites, the devices; and nothing of it is for a script, a frame or a cache', async () => {
      const other = users.browser()
      await users.signIn(other, 'ada', {
        headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux) Firefox/140.0' },
      })
      const { status, headers, text } = await open(ada)
      expect(status).to.equal(200)
      expect(text).to.include('signed in as <b>Ada &#60;b&#62;Lovelace&#60;/b&#62;</b>')
      for (const site of [users.shop, users.travel]) expect(text).to.include(`href="${site}/" rel=noreferrer`)
      expect(text).to.include('<b>Firefox on Linux</b>').and.to.include('This browser')
      expect(text).to.not.match(/<script|https?:\/\/(?!shop|travel)/)
      expect(headers).to.include({
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      })
      expect(headers['content-security-policy']).to.match(
        /^default-src 'none'; base-uri 'none'; form-action 'self'; style-src 'sha256-[^']+'; frame-ancestors 'none'$/,
      )
    })

    it('is no id, no handle, and no data: not of the session, and not of others’', async () => {
      await ada.post(users.shop, '/account/data', { secret: 'canary' })
      const grace = users.browser()
      await users.signIn(grace, 'grace', { claims: { name: 'Grace' } })
      const { text } = await open(ada)
      const sessions = await users.world.hub.hub.sessions.list('ada')
      for (const hidden of ['canary', 'Grace', ada.cookies(hub).get(HUB)!, ...sessions.map(({ id }) => id)])
        expect(text).to.not.include(hidden)
    })

    it('works for an anonymous visitor, and for one without a session', async () => {
      const guest = users.browser()
      await guest.post(users.shop, '/account/data', { cart: ['boots'] })
      await guest.sync(users.shop)
      expect((await open(guest)).text)
        .to.include('You are not signed in')
        .and.to.include(`${users.shop}/`)
      expect((await open(users.browser())).text).to.include('shares no session')
    })

    it('R33: of a cookie of another group, nothing', async () => {
      const cookie = `${HUB}.partners=${ada.cookies(hub).get(HUB)!}`
      expect((await open(ada, { cookie })).text).to.include('shares no session')
      expect((await open(ada)).text, 'the twin').to.include('Ada')
    })

    it('R22: of a cookie that is there twice, nothing', async () => {
      const one = `${HUB}=${ada.cookies(hub).get(HUB)!}`
      expect((await open(ada, { cookie: `${one}; ${one}` })).text).to.include('shares no session')
      expect((await open(ada, { cookie: one })).text, 'the twin').to.include('Ada')
    })
  })

  describe('R39: who is led there by a page elsewhere', () => {
    const led: Record<string, Headers> = {
      'across sites': { 'sec-fetch-site': 'cross-site', referer: 'https://stranger.example/' },
      'from a neighbour': { 'sec-fetch-site': 'same-site' },
      'by a browser that says nothing': Object.fromEntries(
        Object.keys(own)
          .filter((name) => name !== 'accept')
          .map((name) => [name, undefined]),
      ),
    }
    for (const [how, headers] of Object.entries(led)) {
      it(`sees the same as everybody, ${how}: nothing is looked up, no cookie is set`, async () => {
        const guest = users.browser()
        await guest.post(users.shop, '/account/data', { cart: ['boots'] })
        await guest.sync(users.shop)
        const before = store.asked()
        const seen = []
        for (const visitor of [ada, guest, users.browser()]) {
          const { status, headers: told, text } = await open(visitor, headers)
          const { date: _date, ...rest } = told
          seen.push({ status, rest, text })
        }
        expect(store.asked()).to.equal(before)
        expect(seen[0]).to.deep.equal(seen[2]).and.to.deep.equal(seen[1])
        expect(seen[0]!.rest).to.not.have.property('set-cookie')
        expect(seen[0]!.text).to.include('Show my sites').and.to.not.include('Ada')
        expect((await open(ada)).text, 'the twin').to.include('Ada')
      })
    }

    it('sees it after one click, in a browser that says nothing too', async () => {
      expect((await open(ada, { 'sec-fetch-site': 'same-origin' })).text).to.include('Ada')
      const silent = { ...led['by a browser that says nothing'], referer: `${hub}/you` }
      expect((await open(ada, silent)).text).to.include('Ada')
      for (const referer of [
        `${hub}.stranger.example/you`,
        `${hub}/frame`,
        `https://stranger.example/?${hub}/you`,
      ])
        expect((await open(ada, { ...silent, referer })).text).to.not.include('Ada')
    })
  })

  it('R14: is refused to a frame, an image, a fetch, and what is fetched ahead of a visit', async () => {
    for (const headers of [
      { 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-dest': 'empty' },
      { 'sec-purpose': 'prefetch;prerender' },
    ]) {
      const [mine, nobodys] = [await open(ada, headers), await open(users.browser(), headers)]
      expect([mine.status, mine.text]).to.deep.equal([400, nobodys.text])
      expect(mine.headers['set-cookie']).to.equal(undefined)
    }
    expect((await open(ada)).status, 'the twin').to.equal(200)
  })

  describe('its forms', () => {
    let tag: string
    beforeEach(async () => {
      tag = tagIn(await open(ada))
    })
    const whoami = async (who = ada) => (await who.ask(`${users.shop}/whoami`)).json.subject
    const refused = (reply: Reply) => {
      expect(reply.status).to.equal(403)
      expect(reply.text).to.include('Nothing was changed')
      expect(reply.headers['set-cookie']).to.equal(undefined)
    }

    it('have a cookie that goes nowhere else', async () => {
      const first = await open(ada, { cookie: `${HUB}=${ada.cookies(hub).get(HUB)!}` })
      expect(first.headers['set-cookie']?.map((cookie) => cookie.replace(/=[^;]+/, '=…'))).to.deep.equal([
        `${FORM}=…; Path=/; Secure; HttpOnly; SameSite=Strict`,
      ])
    })

    it('are not a stranger’s to send: not with the cookies, not with a tag of the stranger’s own, not without an origin', async () => {
      const eve = users.browser()
      await users.signIn(eve, 'eve')
      const hers = tagIn(await open(eve))
      const form = { act: 'everywhere', form: tag }
      for (const [sent, headers] of [
        [form, { origin: 'https://stranger.example', 'sec-fetch-site': 'cross-site' }],
        [form, { origin: users.shop, 'sec-fetch-site': 'cross-site' }],
        [form, { origin: 'null' }],
        [form, { origin: undefined }],
        [form, { 'sec-fetch-site': 'same-site' }],
        [{ ...form, form: hers }, {}],
        [{ ...form, form: '' }, {}],
        [{ act: 'everywhere' }, {}],
        [form, { cookie: `${HUB}=${ada.cookies(hub).get(HUB)!}` }],
        [form, { cookie: `${HUB}=${ada.cookies(hub).get(HUB)!}; ${FORM}=${eve.cookies(hub).get(FORM)!}` }],
      ] as const)
        refused(await press(ada, sent, headers))
      expect(await whoami()).to.equal('ada')
      expect((await press(ada, form)).status, 'the twin').to.equal(303)
      users.world.advance(301)
      expect(await whoami()).to.not.equal('ada')
    })

    it('R20: do not end the session of whoever has signed in since the page was shown', async () => {
      await users.signIn(ada, 'grace')
      refused(await press(ada, { act: 'sign-out', form: tag }))
      users.world.advance(301)
      expect(await whoami()).to.equal('grace')
      expect(
        (await press(ada, { act: 'sign-out', form: tagIn(await open(ada)) })).status,
        'the twin',
      ).to.equal(303)
    })

    it('end what the visitor may end: a device of the user’s, by its name here, and nobody else’s', async () => {
      const [phone, grace] = [users.browser(), users.browser()]
      await users.signIn(phone, 'ada')
      await users.signIn(grace, 'grace')
      await users.signIn(users.browser(), 'grace')
      const hers = refIn(await open(grace))
      const mine = refIn(await open(ada))
      expect([hers, mine].every((ref) => /^[\w-]{22}$/.test(ref))).to.equal(true)
      for (const ref of [hers, '', 'x'.repeat(22)])
        expect((await press(ada, { act: 'end', ref, form: tag })).status).to.equal(303)
      expect([await users.count('ada'), await users.count('grace')]).to.deep.equal([2, 2])
      await press(ada, { act: 'end', ref: mine, form: tag })
      expect([await users.count('ada'), await users.count('grace')], 'the twin').to.deep.equal([1, 2])
      expect(await whoami()).to.equal('ada')
    })

    it('sign out here, or everywhere', async () => {
      const phone = users.browser()
      await users.signIn(phone, 'ada')
      const reply = await press(ada, { act: 'sign-out', form: tag })
      expect(reply.headers.location).to.equal(`${hub}/you`)
      expect(await users.count('ada')).to.equal(1)
      expect((await open(ada)).text).to.include('You are signed out in this browser')
      expect((await open(ada)).text, 'once').to.not.include('You are signed out')
      expect((await open(ada, {}, '?done=everywhere')).text, 'by an address').to.not.include(
        'You are signed out',
      )
      expect((await press(phone, { act: 'everywhere', form: tagIn(await open(phone)) })).status).to.equal(303)
      expect(await users.count('ada')).to.equal(0)
    })

    it('share nothing from then on, and again', async () => {
      await press(ada, { act: 'off', form: tag })
      expect([ada.cookies(hub).has(HUB), ada.cookies(hub).get(OFF)]).to.deep.equal([false, '1'])
      expect((await ada.redirect(users.travel)).arrival).to.equal('redirect.none.opted_out.1')
      expect(await whoami()).to.equal('ada')
      await press(ada, { act: 'on', form: tagIn(await open(ada)) })
      expect(ada.cookies(hub).has(OFF)).to.equal(false)
      expect((await ada.sync(users.shop)).outcome).to.equal('adopt')
    })

    it('R31: are bounded, and nothing but what the page has', async () => {
      const wrong: Record<string, Ask> = {
        media_type_invalid: { headers: { 'content-type': 'application/json' }, body: '{}' },
        body_too_large: { body: 'x'.repeat(9000) },
      }
      for (const { headers = {}, body } of Object.values(wrong)) {
        const reply = await ada.ask(`${hub}/you`, {
          method: 'POST',
          ...(body !== undefined && { body }),
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            origin: hub,
            'sec-fetch-site': 'same-origin',
            ...headers,
          },
        })
        expect(reply.status).to.be.within(400, 499)
      }
      expect((await press(ada, { act: 'erase', form: tag })).status).to.equal(400)
      expectRefusalWithoutCookies(await send(`${hub}/you`, { method: 'PUT' }), 405, 'method_not_allowed')
      expect(await users.count('ada')).to.be.greaterThan(0)
    })

    it('R38: of strangers are refused before they are counted', async () => {
      for (let times = 0; times < 320; times += 1)
        refused(await press(ada, { act: 'everywhere', form: '' }, { origin: users.shop }))
      expect((await press(ada, { act: 'sign-out', form: tag })).status).to.equal(303)
    }).timeout(60_000)
  })

  it('R21: says so where the store is down, and changes nothing', async () => {
    const tag = tagIn(await open(ada))
    store.breakDown(true)
    try {
      const [page, act] = [await open(ada), await press(ada, { act: 'everywhere', form: tag })]
      for (const reply of [page, act]) {
        expect(reply.status).to.equal(503)
        expect(reply.text).to.include('Nothing was changed').and.to.not.include('ECONNREFUSED')
      }
    } finally {
      store.breakDown(false)
    }
    expect((await open(ada)).text).to.include('Ada')
  })
})
