/** `GET /frame`: who may embed it, and what a stranger learns who does so all the same (R12, R14, R16). */
import { createHash } from 'node:crypto'
import { expect } from 'chai'

import { type Ask, binding, type Reply, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

type Headers = Ask['headers']

describe('GET /frame', () => {
  let world: World
  let store: ReturnType<typeof watchedStore>
  let stranger: Visitor
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    store = watchedStore()
    world = await startWorld({ sites: ['shop', 'travel'], hub: { store } })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    stranger = new Visitor(world.hub.origin)
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
  })
  afterEach(() => world.close())

  const asked = (visitor: Visitor, site: string, nonce: string) =>
    visitor.ask(`${world.hub.origin}/frame?${new URLSearchParams({ site, nonce })}`, {
      headers: {
        'sec-fetch-dest': 'iframe',
        'sec-fetch-storage-access': 'active',
        referer: `${site.replace(/[^ -~]/g, '')}/`,
      },
    })

  const headersOf = ({ headers }: Reply) => {
    const { date: _date, ...rest } = headers
    return rest
  }

  it('R14: answers with these headers and no others', async () => {
    const reply = await ada.frame(travel, binding().nonce)
    const script = /<script>(.*)<\/script>$/s.exec(reply.text)?.[1] ?? ''
    const hash = createHash('sha256').update(script).digest('base64')
    expect(headersOf(reply)).to.deep.equal({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'sha256-${hash}'; connect-src 'self'; frame-ancestors ${travel}`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'cross-origin',
      'activate-storage-access': 'load',
      'content-length': String(Buffer.byteLength(reply.text)),
      connection: 'keep-alive',
      'keep-alive': 'timeout=5',
    })
  })

  it('R14: names the registered origin as ancestor, whatever a header says', async () => {
    const forged = {
      origin: 'https://stranger.example',
      host: 'stranger.example',
      'x-forwarded-host': 'stranger.example',
    }
    const reply = await ada.frame(travel, binding().nonce, forged)
    expect(reply.headers['content-security-policy']).to.match(new RegExp(`frame-ancestors ${travel}$`))
    expect(reply.text).to.not.include('stranger.example')
  })

  it('R14: answers an unknown site with the same bytes for everybody, and nobody may embed it', async () => {
    const { nonce } = binding()
    for (const site of [
      'https://stranger.example',
      `${travel}/`,
      travel.toUpperCase(),
      'null',
      '*',
      "'self'",
      `${travel} https://stranger.example`,
      '__proto__',
      'hub',
      world.hub.origin,
    ]) {
      const [asStranger, asAda] = [await asked(stranger, site, nonce), await asked(ada, site, nonce)]
      expect(asStranger.status, site).to.equal(404)
      expect(asStranger.headers['content-security-policy']).to.equal(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      expect(asStranger.headers['x-frame-options']).to.equal(undefined)
      expect(asAda.text, site).to.equal(asStranger.text)
      expect(headersOf(asAda)).to.deep.equal(headersOf(asStranger))
    }
    const twin = await ada.frame(travel, nonce)
    expect(twin.data.message).to.include({ outcome: 'replace' })
  })

  const mute: Record<string, () => Headers> = {
    'no Referer': () => ({ referer: undefined }),
    "a stranger's Referer": () => ({ referer: 'https://stranger.example/' }),
    "another registered site's Referer": () => ({ referer: `${shop}/` }),
    'a Referer that begins alike': () => ({ referer: `${travel}.stranger.example/` }),
    'a Referer with user info': () => ({ referer: `${travel}@stranger.example/` }),
    'a Referer with the site in its path': () => ({ referer: `https://stranger.example/${travel}/` }),
    "the hub's own Referer": () => ({ referer: `${world.hub.origin}/` }),
    'a Referer without its slash': () => ({ referer: travel }),
  }
  for (const [name, headers] of Object.entries(mute)) {
    it(`R14: ${name}: signed in or out, the answer is the same`, async () => {
      const { nonce } = binding()
      const before = store.rows()
      const replies = [
        await stranger.frame(travel, nonce, headers()),
        await ada.frame(travel, nonce, headers()),
        await ada.frame(travel, nonce, { ...headers(), 'sec-fetch-storage-access': 'none' }),
      ]
      for (const { data, status, text } of replies) {
        expect(status).to.equal(200)
        expect(data.message).to.deep.equal({
          sessionHub: 1,
          nonce,
          outcome: 'blocked',
          reason: 'referrer_missing',
        })
        expect(text.length).to.equal(replies[0]!.text.length)
      }
      expect(store.rows(), 'nothing was written').to.equal(before)
      const twin = await ada.frame(travel, nonce, { referer: `${travel}/a/page` })
      expect(twin.data.message.outcome).to.equal('replace')
    })
  }

  it('R14: has one length for every outcome', async () => {
    const lengths = new Map<string, number>()
    const note = (reply: Awaited<ReturnType<Visitor['frame']>>) => {
      lengths.set(reply.data.message.outcome, Number(reply.headers['content-length']))
      expect(reply.text.length).to.equal(Number(reply.headers['content-length']))
    }
    const frame = (visitor: Visitor, site: string, headers: Headers = {}) =>
      visitor.frame(site, binding().nonce, headers)
    note(await frame(stranger, travel))
    note(await frame(stranger, travel, { 'sec-fetch-storage-access': 'none' }))
    note(await frame(ada, travel))
    await ada.sync(travel)
    note(await frame(ada, travel))
    await ada.post(travel, '/sign-in', { name: 'bob' })
    note(await frame(ada, travel))
    store.breakDown(true)
    note(await frame(ada, travel))
    expect([...lengths.keys()].sort()).to.deep.equal([
      'blocked',
      'failed',
      'keep',
      'none',
      'offer',
      'replace',
    ])
    expect(new Set(lengths.values()).size, JSON.stringify([...lengths])).to.equal(1)
  })

  it('R14: has that length for the largest ticket too', async () => {
    const none = await stranger.frame(travel, binding().nonce)
    const visitor = new Visitor(world.hub.origin)
    const claims = { text: '<'.repeat(1024 - '{"text":""}'.length) }
    await visitor.post(shop, '/sign-in', { name: 'u'.repeat(255), claims })
    await visitor.sync(shop)
    const reply = await visitor.frame(travel, binding().nonce)
    expect(reply.data.message.outcome).to.equal('replace')
    expect(reply.text.length).to.equal(none.text.length)
  })

  it('R16: is served to an iframe only', async () => {
    for (const dest of [
      undefined,
      'document',
      'empty',
      'frame',
      'embed',
      'object',
      'script',
      'iframe, iframe',
    ]) {
      const reply = await ada.frame(travel, binding().nonce, { 'sec-fetch-dest': dest })
      expect(reply.status, String(dest)).to.equal(400)
      expect(reply.headers['content-security-policy']).to.match(/frame-ancestors 'none'$/)
      expect(reply.text).to.not.match(/data|ticket/)
    }
    expect((await ada.frame(travel, binding().nonce)).data.message.outcome).to.equal('replace')
  })

  it('R12: answers a nonce of the exact form only', async () => {
    const { nonce } = binding()
    for (const wrong of [
      '',
      nonce.slice(1),
      `${nonce}A`,
      `${nonce}\n`,
      `${nonce.slice(1)}=`,
      '<'.repeat(43),
    ]) {
      const reply = await ada.frame(travel, wrong)
      expect(reply.status, JSON.stringify(wrong)).to.equal(400)
      expect(reply.headers['content-security-policy']).to.match(/frame-ancestors 'none'$/)
    }
    const missing = await ada.ask(`${world.hub.origin}/frame?site=${encodeURIComponent(travel)}`, {
      headers: { 'sec-fetch-dest': 'iframe', referer: `${travel}/` },
    })
    expect(missing.status).to.equal(400)
    expect((await ada.frame(travel, nonce)).status).to.equal(200)
  })

  it('R14: what a query says never becomes part of the document', async () => {
    const { nonce } = binding()
    const query = new URLSearchParams({ site: travel, nonce, state: '</script><script>alert(1)</script>' })
    const reply = await ada.ask(`${world.hub.origin}/frame?${query}`, {
      headers: { 'sec-fetch-dest': 'iframe', referer: `${travel}/`, 'sec-fetch-storage-access': 'active' },
    })
    expect(reply.status).to.equal(200)
    expect(reply.text).to.not.include('alert')
    expect(reply.text.split('<script').length - 1).to.equal(2)
  })

  it('R31: a hundred visitors without a session leave nothing in the store', async () => {
    const before = store.rows()
    for (let visit = 0; visit < 100; visit += 1) {
      const visitor = new Visitor(world.hub.origin)
      const { nonce } = binding()
      const { data } = await visitor.frame(travel, nonce)
      expect(data.message.outcome).to.equal('none')
      await visitor.exchange(data, null)
      await visitor.post(travel, '/session-hub/offer', { nonce })
      await visitor.whoami(travel)
      expect(visitor.jar.get(new URL(travel).host)?.size ?? 0).to.equal(0)
    }
    expect(store.rows()).to.equal(before)
    // The twin: one that has something.
    await stranger.post(travel, '/cart', { item: 'hat' })
    expect(store.rows()).to.be.above(before)
  })

  it('R22: a cookie that is there twice is nobody’s', async () => {
    const cookie = `__Host-session-hub=${ada.cookies(world.hub.origin).get('__Host-session-hub')!}`
    const other = `__Host-session-hub=${binding().nonce}`
    for (const twice of [`${cookie}; ${other}`, `${other}; ${cookie}`, `${cookie}; ${cookie}`]) {
      const reply = await stranger.frame(travel, binding().nonce, { cookie: twice })
      expect(reply.data.message.outcome).to.equal('none')
    }
    const twin = await stranger.frame(travel, binding().nonce, { cookie: `a=b; ${cookie}; c=d` })
    expect(twin.data.message.outcome).to.equal('replace')
  })
})
