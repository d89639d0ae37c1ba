/** The admin pages against everybody else: strangers' pages, guesses, copies, and what visitors write into their names (R32). */
import { expect } from 'chai'
import express from 'express'
import { generateHubKeys, memoryStore, type Store } from 'session-hub/hub'

import { type Administrator, newToken } from '../support/administrator.js'
import { type AdminWorld, startAdminWorld } from '../support/admin-world.js'
import { listen } from '../support/listener.js'
import { expectRefusal } from '../support/refusal.js'
import { type Ask, send, type Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld } from '../support/world.js'

const SIGN_IN = '__Host-session-hub-admin'
const FORM = '__Host-session-hub-admin-form'

/** With another character there. Not at the end of base64url: the last one holds bits that count for nothing, and is often `A`. */
const otherAt = (text: string, at: number) =>
  `${text.slice(0, at)}${text.at(at) === 'A' ? 'B' : 'A'}${text.slice(text.length + at + 1)}`

describe('R32: the admin pages', () => {
  let world: AdminWorld
  let hub: string
  let chief: Administrator
  let ada: Visitor
  let ref: string

  beforeEach(async () => {
    world = await startAdminWorld()
    hub = world.world.hub.origin
    ada = await world.signedIn('ada')
    chief = await world.admin('chief')
    ;[ref = ''] = await chief.refs()
  })
  afterEach(() => world.world.close())

  const isAdaIn = async () => (await world.who(ada, world.shop)) === 'ada'

  it('are not there unless they are configured', async () => {
    const plain = await startWorld({ sites: [] })
    try {
      for (const path of ['/admin', '/admin/sign-in', '/admin/api/sessions'])
        expect((await send(plain.hub.origin + path)).status, path).to.equal(404)
      expect((await send(`${hub}/admin/sign-in`)).status).to.equal(200)
    } finally {
      await plain.close()
    }
  })

  it('leave the paths of the application beside them alone', async () => {
    world.world.hub.listener.use((req, res, next) => {
      if (req.path.startsWith('/adm')) res.send(`mine: ${req.path}`)
      else next()
    })

    expect((await send(`${hub}/administrators`)).text).to.equal('mine: /administrators')
    expect((await send(`${hub}/admin/nothing`)).status).to.equal(404)
  })

  describe('a form that is not the page’s own', () => {
    type Twist = (form: string) => { fields?: Record<string, string>; headers?: Ask['headers'] }
    const strangers: Readonly<Record<string, Twist>> = {
      'without the tag': () => ({ fields: { form: '' } }),
      'with a tag that begins alike': (form) => ({ fields: { form: otherAt(form, -2) } }),
      'with a tag of no ASCII': () => ({ fields: { form: 'é'.repeat(22) } }),
      'without Origin': () => ({ headers: { origin: undefined } }),
      'with the Origin of a site': () => ({ headers: { origin: world.shop } }),
      'with the Origin null': () => ({ headers: { origin: 'null' } }),
      'from a page of the same site': () => ({ headers: { 'sec-fetch-site': 'same-site' } }),
      'from a page of another site': () => ({ headers: { 'sec-fetch-site': 'cross-site' } }),
      'as text': () => ({ headers: { 'content-type': 'text/plain' } }),
    }
    for (const [name, twist] of Object.entries(strangers)) {
      it(`${name}, ends nothing`, async () => {
        const { fields, headers } = twist(chief.formTag)

        const reply = await chief.send('/admin/end', { one: ref, ...fields }, headers)

        expect(reply.status).to.be.oneOf([403, 415])
        expect(await isAdaIn()).to.equal(true)
      })
    }

    it('(the page’s own does)', async () => {
      expect((await chief.send('/admin/end', { one: ref })).status).to.equal(303)
      expect(await isAdaIn()).to.equal(false)
    })

    it('with the tag of another browser, or of another administrator in this one, ends nothing', async () => {
      const other = await world.admin('chief')
      const foreign = await chief.send('/admin/end', { one: ref, form: other.formTag })
      await chief.send('/admin/sign-out')
      await chief.signIn(world.tokens.helper)
      const [old, present] = [chief.formTag, (await chief.read('/admin'), chief.formTag)]

      const stale = await chief.send('/admin/end', { one: ref, form: old })

      expect([foreign.status, stale.status]).to.deep.equal([403, 403])
      expect(old).not.to.equal(present)
      expect(await isAdaIn()).to.equal(true)
    })

    it('cannot sign somebody in either', async () => {
      const stranger = world.stranger()
      await stranger.read('/admin/sign-in')
      const token = world.tokens.reader

      for (const headers of [
        { origin: world.shop },
        { origin: undefined },
        { 'sec-fetch-site': 'cross-site' },
      ])
        expect((await stranger.send('/admin/sign-in', { token }, headers)).status).to.equal(403)
      expect((await stranger.send('/admin/sign-in', { token, form: '' })).status).to.equal(403)
      expect((await stranger.send('/admin/sign-in', { token })).status).to.equal(303)
    })
  })

  it('change nothing by GET', async () => {
    const query = new URLSearchParams({ one: ref, ref, subject: 'ada', sure: 'yes', form: chief.formTag })
    for (const path of ['end', 'end-selected', 'end-subject', 'end-found', 'sign-out', 'api/sessions/end'])
      expect((await chief.read(`/admin/${path}?${query}`)).status, path).to.be.oneOf([404, 405])
    expect(await isAdaIn()).to.equal(true)
    expect((await chief.read('/admin')).status).to.equal(200)
  })

  it('ask once more before several sessions end', async () => {
    for (const [path, fields] of [
      ['/admin/end-selected', { ref }],
      ['/admin/end-subject', { subject: 'ada' }],
      ['/admin/end-found', { subject: 'ada' }],
    ] as const) {
      const reply = await chief.send(path, fields)
      expect(reply.status, path).to.equal(200)
      expect(reply.text, path).to.include('name="sure"')
    }
    expect(await isAdaIn()).to.equal(true)
  })

  describe('guessing', () => {
    it('lets five of twenty wrong tokens be compared, in sequence or at once, and then makes that address wait', async () => {
      const stranger = world.stranger()
      const first = [await stranger.signIn('wrong'), await stranger.signIn('')]
      const rest = await Promise.all(
        Array.from({ length: 18 }, () => stranger.send('/admin/sign-in', { token: 'wrong' })),
      )
      const statuses = [...first, ...rest].map(({ status }) => status)

      expect(statuses.filter((status) => status === 401)).to.have.length(5)
      expect(statuses.filter((status) => status === 429)).to.have.length(15)
      const refused = rest.find(({ status }) => status === 429)!
      expect(Number(refused.headers['retry-after'])).to.be.within(1, 300)
      expect(refused.text).to.include('Too many wrong tokens')
      expect((await stranger.signIn(world.tokens.chief)).status, 'the right one, too late').to.equal(429)
    })

    it('(a right one among four wrong ones is let in, and the wrong ones still count)', async () => {
      const stranger = world.stranger()
      for (let at = 0; at < 4; at += 1) expect((await stranger.signIn('wrong')).status).to.equal(401)

      expect((await stranger.signIn(world.tokens.chief)).status).to.equal(303)
      expect((await stranger.read('/admin')).status).to.equal(200)
      await stranger.send('/admin/sign-out')
      expect((await stranger.signIn('wrong')).status).to.equal(401)
      expect((await stranger.signIn('wrong')).status).to.equal(429)
    })

    it('is counted for programs too, and a right token may ask often and at once', async () => {
      const headers = { authorization: 'Bearer wrong' }
      const wrong = await Promise.all(
        Array.from({ length: 20 }, () => send(`${hub}/admin/api/sessions`, { headers })),
      )
      const right = await Promise.all(
        Array.from({ length: 20 }, () => world.program('reader')('/admin/api/sessions')),
      )

      expect(wrong.filter(({ status }) => status === 401)).to.have.length(5)
      expect(wrong.filter(({ status }) => status === 429)).to.have.length(15)
      expect(right.every(({ status }) => status === 200)).to.equal(true)
    })

    it('stands in the audit, without what was guessed, and so does the sign-in', async () => {
      await world.stranger().signIn('a-wrong-token')
      await world.stranger().signIn(world.tokens.reader)

      const rows = await world.world.hub.store.audit({ limit: 2 })

      expect(rows.map(({ who, act, outcome }) => [who, act, outcome])).to.deep.equal([
        ['reader', 'sign-in', 'done'],
        ['unknown', 'sign-in', 'refused'],
      ])
      expect(JSON.stringify([rows, world.world.log])).not.to.include('a-wrong-token')
    })
  })

  describe('the cookie of a sign-in', () => {
    const cookieOf = (who: Administrator, name = SIGN_IN) => who.cookies(hub).get(name) ?? ''
    const opens = async (cookie: string) => {
      const { status } = await send(`${hub}/admin`, { headers: { cookie: `${SIGN_IN}=${cookie}` } })
      return status === 200
    }

    it('is for the hub’s own pages alone, and gone with the browser', async () => {
      const stranger = world.stranger()
      const page = await stranger.read('/admin/sign-in')
      const done = await stranger.send('/admin/sign-in', { token: world.tokens.chief })
      const out = (await stranger.read('/admin'), await stranger.send('/admin/sign-out'))

      const attributes = [page, done, out].map(({ headers }) =>
        (headers['set-cookie'] ?? []).map((set) => set.replace(/^([^=]+)=[^;]+/, '$1=…')),
      )
      expect(attributes).to.deep.equal([
        [`${FORM}=…; Path=/; Secure; HttpOnly; SameSite=Strict`],
        [`${SIGN_IN}=…; Path=/; Secure; HttpOnly; SameSite=Strict`],
        [`${SIGN_IN}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict`],
      ])
    })

    it('opens nothing when one character is another, and opens when it is whole', async () => {
      const cookie = cookieOf(chief)
      for (const part of cookie.split('.')) {
        expect(await opens(cookie.replace(part, otherAt(part, -2))), part).to.equal(false)
      }
      expect(await opens(`${cookie}.x`)).to.equal(false)
      expect(await opens('é'.repeat(40))).to.equal(false)
      expect(await opens(cookieOf(chief, FORM))).to.equal(false)
      expect(await opens(cookie)).to.equal(true)
    })

    it('opens nothing after eight hours, also in the hands of a thief', async () => {
      world.world.advance(8 * 3600 - 1)
      const before = await opens(cookieOf(chief))
      world.world.advance(2)

      expect([before, await opens(cookieOf(chief))]).to.deep.equal([true, false])
    })

    it('opens nothing after the sign-out, and another sign-in of the same token lives on', async () => {
      const [copy, other] = [cookieOf(chief), await world.admin('chief')]
      await chief.send('/admin/sign-out')

      expect([await opens(copy), await opens(cookieOf(other))]).to.deep.equal([false, true])
    })

    it('is one for all processes of the hub, and so is its end', async () => {
      const { keys, store } = world.world.hub
      const { known } = newToken('chief', 'read')
      const tokens = [{ ...known, sha256: cookieOf(chief).split('.')[2]! }]
      const other = await startWorld({ sites: [], hub: { keys, store, admin: { tokens } } })
      const there = async () => {
        const cookie = `${SIGN_IN}=${cookieOf(chief)}`
        return (await send(`${other.hub.origin}/admin`, { headers: { cookie } })).status
      }
      const copy = cookieOf(chief)
      const before = await there()
      await chief.send('/admin/sign-out')
      chief.cookies(hub).set(SIGN_IN, copy)
      const after = await there()
      await other.close()

      expect([before, after]).to.deep.equal([200, 303])
    })

    it('opens nothing once its token is out of the configuration, or at a hub with other keys', async () => {
      const store = memoryStore()
      const keys = await generateHubKeys()
      const cookie = async (hubOptions: object) => {
        const one = await startAdminWorld({}, { hub: { store, keys, ...hubOptions } })
        const admin = await one.admin('chief')
        const known = {
          sha256: admin.cookies(one.world.hub.origin).get(SIGN_IN)!.split('.')[2]!,
          name: 'chief',
        }
        return { one, value: admin.cookies(one.world.hub.origin).get(SIGN_IN)!, known }
      }
      const { one, value, known } = await cookie({})
      const token = { ...known, permissions: ['read'] as const }
      const others = {
        same: { keys, admin: { tokens: [token] } },
        without: { keys, admin: { tokens: [{ ...token, sha256: 'A'.repeat(43) }] } },
        rekeyed: { keys: await generateHubKeys(), admin: { tokens: [token] } },
      }
      const statuses: Record<string, number> = {}
      for (const [name, options] of Object.entries(others)) {
        const hubs = await startWorld({ sites: [], hub: { store: memoryStore(), ...options } })
        const reply = await send(`${hubs.hub.origin}/admin`, { headers: { cookie: `${SIGN_IN}=${value}` } })
        statuses[name] = reply.status
        await hubs.close()
      }
      await one.world.close()

      expect(statuses).to.deep.equal({ same: 200, without: 303, rekeyed: 303 })
    })

    it('counts for none where it is there twice', async () => {
      const cookie = `${SIGN_IN}=${cookieOf(chief)}`
      const reply = await send(`${hub}/admin`, { headers: { cookie: `${cookie}; ${cookie}` } })
      expect(reply.status).to.equal(303)
    })
  })

  describe('the interface for programs', () => {
    const end = { refs: [] as string[] }
    beforeEach(() => (end.refs = [ref]))
    const asked = (headers: Ask['headers']) =>
      chief.ask(`${hub}/admin/api/sessions/end`, {
        method: 'POST',
        body: end,
        headers: { 'content-type': 'application/json', ...headers },
      })

    it('does nothing for a stranger’s page that the browser adds the sign-in to', async () => {
      const own = { origin: hub, 'sec-fetch-site': 'same-origin', 'x-session-hub': '1' }
      for (const twist of [
        { 'x-session-hub': undefined },
        { 'x-session-hub': '0' },
        { origin: world.shop },
        { origin: 'null' },
        { origin: undefined },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'cross-site' },
      ])
        expectRefusal(await asked({ ...own, ...twist }), 403, 'origin_denied')
      expectRefusal(await asked({ ...own, 'content-type': 'text/plain' }), 415, 'media_type_invalid')
      expect(await isAdaIn()).to.equal(true)

      expect((await asked(own)).json).to.deep.equal({ ended: 1, spared: 0 })
    })

    it('tells nobody anything without a token', async () => {
      for (const path of ['/admin/api/sessions', '/admin/api/audit'])
        expectRefusal(await send(hub + path), 401, 'sign_in_required')
      expect((await world.program('reader')('/admin/api/sessions')).status).to.equal(200)
    })

    it('takes only refs that this hub has listed: no id, none of another hub, no long list', async () => {
      const [session] = await world.world.hub.hub.sessions.list('ada')
      const other = await startAdminWorld()
      await other.signedIn('ada')
      const { json } = await other.program('chief')('/admin/api/sessions')
      const [{ ref: foreign }] = json.sessions as [{ ref: string }]
      await other.world.close()
      const program = world.program('chief')

      for (const refs of [
        [session!.id],
        [foreign],
        [''],
        [`${ref}A`],
        [],
        Array<string>(51).fill(ref),
        ref,
        [1],
      ])
        expectRefusal(await program('/admin/api/sessions/end', { refs }), 400, 'request_invalid')
      for (const body of [{}, { refs: [ref], subject: 'ada' }, { ref }, { subject: '' }])
        expectRefusal(await program('/admin/api/sessions/end', body), 400, 'request_invalid')
      expect(await isAdaIn()).to.equal(true)
      expect((await program('/admin/api/sessions/end', { refs: [ref] })).json).to.include({ ended: 1 })
    })
  })

  it('shows no id and no hash of a handle', async () => {
    const [session] = await world.world.hub.hub.sessions.list('ada')
    const pages = [await chief.read('/admin'), await world.program('chief')('/admin/api/sessions')]
    for (const { text } of pages) expect(text).to.include('ada').and.not.include(session!.id)
  })

  it('refuses searches and cursors that are none, in words, and finds by those that are', async () => {
    for (const [query, words] of [
      ['site=shop.example', 'is not an origin'],
      ['site=https://shop.example/', 'did you mean'],
      ['from=yesterday', 'is a day such as'],
      ['subject=ada&subject=bob', 'stands twice'],
      ['after=1.AAAA', 'this hub has listed'],
      ['after=x', 'this hub has listed'],
      ['subject=%00', 'none that a session can have'],
    ] as const) {
      const reply = await chief.read(`/admin?${query}`)
      expect(reply.status, query).to.equal(400)
      expect(reply.text, query).to.include(words).and.not.include('name="one"')
    }
    const found = await chief.read(
      `/admin?subject=ada&site=${encodeURIComponent(world.shop)}&from=2020-01-01`,
    )
    expect(found.text).to.include('name="one"')
  })

  it('end and show the sessions of the very user that was named, not of one whose name differs by a space', async () => {
    const spaced = await world.signedIn('ada ')
    const names = async (query: string) => {
      const { text } = await chief.read(`/admin?${query}`)
      return [...text.matchAll(/aria-label="Select the session of ([^,]*),/g)].map(([, name]) => name)
    }

    expect(await names('subject=ada+')).to.deep.equal(['ada '])
    expect(await names('subject=ada')).to.deep.equal(['ada'])
    expect((await chief.read('/admin?subject=bob+')).text).to.include('begins or ends with a space')
    await chief.send('/admin/end-subject', { subject: 'ada ', sure: 'yes' })

    expect(await world.who(spaced, world.shop)).to.equal(null)
    expect(await isAdaIn()).to.equal(true)
  })

  it('bring the cookies of a sign-in to a link from another site, and leave the forms in other windows alone', async () => {
    const link = { 'sec-fetch-site': 'cross-site', cookie: undefined }
    const page = await chief.read('/admin?subject=ada', link)

    expect(page.status).to.equal(200)
    expect(page.headers['set-cookie']).to.equal(undefined)
    expect(page.text).to.include('http-equiv="refresh" content="0"').and.not.include('name="one"')
    expect((await chief.read('/admin?subject=ada', { 'sec-fetch-site': 'same-origin' })).text).to.include(
      'name="one"',
    )
    expect((await chief.send('/admin/end', { one: ref })).status).to.equal(303)
  })

  it('log no query, where a token may stand by mistake (R30)', async () => {
    await send(`${hub}/admin/api/sessions?token=${world.tokens.chief}`)
    await send(`${hub}/admin?token=${world.tokens.chief}&subject=a&subject=b`)

    const text = JSON.stringify(world.world.log)
    expect(text).to.include('/admin/api/sessions').and.not.include(world.tokens.chief)
  })

  it('answer a program in JSON that asks too often', async () => {
    const limits = { perAddress: 3, perSession: 60, perSite: 60_000 }
    const busy = await startAdminWorld({}, { hub: { limits } })
    const program = busy.program('reader')
    const first = await program('/admin/api/audit')
    for (let at = 1; at < limits.perAddress; at += 1) await program('/admin/api/audit')
    const last = await program('/admin/api/audit')
    await busy.world.close()

    expect(first.status).to.equal(200)
    expectRefusal(last, 429, 'rate_limited')
  })

  it('write down nothing that a stranger says is an address, where too many proxies are trusted (R18)', async () => {
    const app = express().set('trust proxy', true).use(world.world.hub.hub.router)
    const proxied = await listen('hub.localhost')
    proxied.use(app)
    for (const address of ['\x9b31m<b>', '203.0.113.7'])
      await send(`${proxied.origin}/admin/api/sessions`, {
        headers: { authorization: 'Bearer wrong', 'x-forwarded-for': address },
      })
    await proxied.close()

    const rows = await world.world.hub.store.audit({ limit: 2 })
    expect(rows.map(({ from }) => from)).to.deep.equal(['203.0.113.7', 'unknown'])
  })

  it('show what visitors write as text', async () => {
    const evil = `" autofocus onfocus="alert(0)' onfocus='"><img src=x onerror=alert(1)><script>alert(2)</script>'`
    const visitor = world.browser()
    await world.signIn(visitor, evil, { headers: { 'user-agent': `Mozilla/5.0 ${evil}` } })

    const pages = [
      await chief.read('/admin'),
      await chief.read(`/admin?subject=${encodeURIComponent(evil)}`),
      await chief.send('/admin/end-subject', { subject: evil }),
      await chief.read(`/admin/audit?subject=${encodeURIComponent(evil)}`),
      await chief.read(`/admin?site=${encodeURIComponent(evil)}`),
      await chief.read(`/admin/audit?before=${encodeURIComponent(evil)}`),
    ]

    for (const { text, headers } of pages) {
      expect(text).not.to.match(/<img|<script/i)
      expect(text).not.to.match(/["'] (autofocus|onfocus)/)
      const policy = String(headers['content-security-policy'])
      expect(policy).to.include("default-src 'none'").and.include("frame-ancestors 'none'")
      expect(policy).not.to.include('script-src').and.not.include('unsafe')
    }
    expect(pages.filter(({ text }) => text.includes('&#60;img'))).to.have.length.above(3)
  })

  it('leak no address to anybody, and are in no cache and no frame', async () => {
    const { headers } = await chief.read('/admin?subject=ada')
    expect(headers).to.include({
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(headers['access-control-allow-origin']).to.equal(undefined)
    expect(headers['content-security-policy']).to.include("form-action 'self'").and.include("base-uri 'none'")
  })

  it('read no body that is too large', async () => {
    const fields = { one: ref, more: 'x'.repeat(9000) }
    expect((await chief.send('/admin/end', fields)).status).to.equal(413)
    expect(await isAdaIn()).to.equal(true)
  })
})

describe('R21, R32: the admin pages while something fails', () => {
  it('end nothing, and show nothing, that cannot be written down', async () => {
    const store = watchedStore()
    const world = await startAdminWorld({}, { hub: { store } })
    await world.signedIn('ada')
    const chief = await world.admin('chief')
    const [ref = ''] = await chief.refs()
    store.breakDown(true)
    const program = world.program('chief')

    const pages = [await chief.read('/admin'), await chief.send('/admin/end', { one: ref })]
    const replies = [
      await program('/admin/api/sessions'),
      await program('/admin/api/sessions/end', { subject: 'ada' }),
    ]
    store.breakDown(false)
    await chief.send('/admin/end', { one: ref })

    expect(pages.map(({ status }) => status)).to.deep.equal([503, 503])
    expect(pages[0]!.text).not.to.include('ECONNREFUSED')
    for (const reply of replies) expectRefusal(reply, 503, 'unavailable')
    expect(await world.acts()).to.deep.equal([{ who: 'chief', act: 'end', subject: 'ada', outcome: 'done' }])
    await world.world.close()
  })

  it('allow nothing when the application cannot say who is an administrator', async () => {
    const world = await startAdminWorld({
      isAdmin: (subject) => {
        if (subject === 'root') throw new Error('no directory')
        return false
      },
    })
    await world.signedIn('ada')
    await world.signedIn('root')
    const end = async (kind: 'helper' | 'chief', subject: string) =>
      world.program(kind)('/admin/api/sessions/end', { subject })

    expectRefusal(await end('helper', 'root'), 503, 'unavailable')
    expect(await world.count('root')).to.equal(1)
    expect((await end('helper', 'ada')).json).to.deep.equal({ ended: 1, spared: 0 })
    // For whom it makes no difference, it need not be asked: just then somebody may have to be thrown out.
    expect((await end('chief', 'root')).json).to.deep.equal({ ended: 1, spared: 0 })
    await world.world.close()
  })

  it('end none of several, when the application cannot say of one whose session it is', async () => {
    let isDown = true
    const world = await startAdminWorld({
      isAdmin: async (subject) => {
        if (subject === 'root' && isDown) throw await Promise.resolve(new Error('no directory'))
        return subject === 'root'
      },
    })
    await world.signedIn('ada')
    await world.signedIn('root')
    const helper = await world.admin('helper')

    const down = await helper.send('/admin/end-found', { sure: 'yes' })
    const left = await world.count('ada')
    isDown = false
    await helper.read('/admin')
    const up = await helper.send('/admin/end-found', { sure: 'yes' })

    expect([down.status, left]).to.deep.equal([503, 1])
    expect([up.status, await world.count('ada'), await world.count('root')]).to.deep.equal([303, 0, 1])
    await world.world.close()
  })

  for (const answer of [undefined, null, 'no', { passwordHash: 'secret' }]) {
    it(`show and end nothing when "isAdmin" answers ${JSON.stringify(answer)} (true and false are answers)`, async () => {
      let said: unknown = answer
      const world = await startAdminWorld({ isAdmin: () => said as boolean })
      await world.signedIn('ada')
      const program = world.program('helper')

      const shown = await program('/admin/api/sessions')
      expectRefusal(shown, 503, 'unavailable')
      expect(shown.text).not.to.include('secret')
      expectRefusal(await program('/admin/api/sessions/end', { subject: 'ada' }), 503, 'unavailable')
      said = false
      expect((await program('/admin/api/sessions/end', { subject: 'ada' })).json).to.include({ ended: 1 })
      await world.world.close()
    })
  }

  it('leave a sign-in as it was, whose end cannot be written down', async () => {
    const inner = memoryStore()
    let isFull = false
    const transact: Store['transact'] = (question, decide) =>
      inner.transact(question, (view) => {
        const decided = decide(view)
        if (isFull && decided.changes?.audit) throw new Error('disk full')
        return decided
      })
    const store = { ...watchedStore(inner), transact }
    const world = await startAdminWorld({}, { hub: { store } })
    const chief = await world.admin('chief')
    const copy = new Map(chief.cookies(world.world.hub.origin))
    const isIn = async () => {
      const cookie = [...copy].map((pair) => pair.join('=')).join('; ')
      return (await send(`${world.world.hub.origin}/admin/audit`, { headers: { cookie } })).status === 200
    }
    isFull = true
    const failed = await chief.send('/admin/sign-out')
    const before = await isIn()
    isFull = false
    const done = await chief.send('/admin/sign-out')

    expect([failed.status, before, done.status, await isIn()]).to.deep.equal([503, true, 303, false])
    await world.world.close()
  })
})
