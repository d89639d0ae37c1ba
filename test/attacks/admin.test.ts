/** The admin pages against everybody else: strangers' pages, guesses, copies, and what visitors write into their names (R32). */
import { expect } from 'chai'
import express from 'express'

import type { Administrator } from '../support/administrator.js'
import { type AdminWorld, startAdminWorld } from '../support/admin-world.js'
import { flip } from '../support/forge.js'
import { listen } from '../support/listener.js'
import { expectRefusal } from '../support/refusal.js'
import { type Ask, send, type Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'

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
      'with a tag that is another by one character': (form) => ({ fields: { form: flip(form, 0) } }),
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
      ['subject=ada&subject=bob', 'occurs twice'],
      ['after=1.AAAA', 'this hub has listed'],
      ['after=x', 'this hub has listed'],
      ['subject=%00', 'no control characters'],
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

  it('do nothing for a link on a page elsewhere but show the start: nothing is looked up, and no row is left', async () => {
    const rows = async () => (await world.world.hub.store.audit({ limit: 5000 })).length
    const before = await rows()
    const elsewhere = [
      { 'sec-fetch-site': 'cross-site', cookie: undefined },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none', referer: 'https://evil.example/' },
      { referer: 'https://evil.example/' },
      { referer: `${hub}.evil.example/` },
    ]
    for (const headers of elsewhere) {
      for (const path of ['/admin?subject=ada', '/admin', '/admin/audit?subject=ada', '/admin/sign-in']) {
        const page = await chief.read(path, headers)
        expect(page.status).to.equal(200)
        expect(page.headers['set-cookie']).to.equal(undefined)
        expect(page.text)
          .to.include('href="/admin"')
          .and.not.match(/name="one"|ada|http-equiv="refresh"/)
      }
      const asked = await chief.ask(`${hub}/admin/api/sessions?subject=ada`, { headers })
      expect(asked.status, JSON.stringify(headers)).to.be.oneOf([401, 403])
    }
    expect(await rows()).to.equal(before)

    for (const headers of [
      {},
      { 'sec-fetch-site': 'same-origin', referer: `${hub}/admin` },
      { 'sec-fetch-site': 'none' },
    ])
      expect((await chief.read('/admin?subject=ada', headers)).text).to.include('name="one"')
    expect(await rows()).to.equal(before + 3)
    expect((await chief.send('/admin/end', { one: ref })).status, 'a form in another window').to.equal(303)
  })

  it('say nothing that an address says: only what an act came to, once, to who did it', async () => {
    for (const query of [
      'ended=1000',
      'ended=1000&spared=3&left=1',
      'news=1000',
      'subject=ada&ended=0',
      'fault=x',
      'title=x',
    ])
      expect((await chief.read(`/admin?${query}`)).text, query).to.not.match(
        /1,?000|left to end|class="news"/,
      )
    const done = await chief.send('/admin/end', { one: ref })
    expect(done.headers.location).to.equal('/admin')
    expect((await chief.read('/admin')).text).to.include('1 session ended.')
    expect((await chief.read('/admin')).text).to.not.include('ended.')
    chief.cookies(hub).set('__Host-session-hub-admin-news', '<b>1.1.1')
    expect((await chief.read('/admin')).text).to.not.include('class="news"')
  })

  it('know no other host than the hub’s, on any path and for anybody; a name that a stranger points here shows nothing', async () => {
    const rows = async () => (await world.world.hub.store.audit({ limit: 5000 })).length
    const before = await rows()
    const paths = ['', '/audit', '/sign-in', '/api/sessions', '/api/audit', '/x', '/api/x']
    for (const host of [
      'evil.example',
      `evil.example:${new URL(hub).port}`,
      '127.0.0.1',
      `x.${new URL(hub).host}`,
    ]) {
      for (const path of paths) {
        for (const authorization of [undefined, `Bearer ${world.tokens.chief}`]) {
          const reply = await chief.ask(`${hub}/admin${path}`, { headers: { host, authorization } })
          expect(reply.status, `${host} ${path}`).to.equal(403)
          expect(reply.text).to.not.include('ada')
        }
      }
      expect((await chief.send('/admin/end', { one: ref }, { host })).status).to.equal(403)
      const ends = await chief.ask(`${hub}/admin/api/sessions/end`, {
        method: 'POST',
        body: { subject: 'ada' },
        headers: { host, authorization: `Bearer ${world.tokens.chief}`, 'content-type': 'application/json' },
      })
      expectRefusal(ends, 403, 'host_denied')
    }
    expect(await rows()).to.equal(before)
    expect((await world.program('chief')('/admin/api/sessions')).status).to.equal(200)
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
