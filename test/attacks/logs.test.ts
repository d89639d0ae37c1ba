/** What is told to clients and what is written to logs: enough, and no secret (R30, R40). */
import { expect } from 'chai'
import type { LogEntry } from 'session-hub/hub'

import { safeLog } from '../../sdk/settings/log.js'
import { flip, openTicket, readJws, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { expectRefusal } from '../support/refusal.js'
import { binding, type Reply, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

const text = (log: readonly LogEntry[]) => log.map((entry) => JSON.stringify(entry)).join('\n')

describe('R30: logs and errors', () => {
  let world: World
  let store: ReturnType<typeof watchedStore>
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    store = watchedStore()
    world = await startWorld({
      sites: ['shop', 'travel'],
      hub: { store },
      site: {
        onReplaced: () => {
          throw new Error('the application’s hook failed')
        },
      },
    })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    ada = new Visitor(world.hub.origin)
  })
  afterEach(() => world.close())

  it('a whole journey with every refusal on its way leaves no secret in any log entry', async () => {
    const canaries = new Map<string, string>()
    const keep = (name: string, value: unknown) => {
      if (typeof value === 'string' && value.length > 15) canaries.set(`${name}: ${value}`, value)
    }
    const keepJar = () => {
      for (const jar of ada.jar.values()) {
        for (const [name, value] of jar) {
          keep(`the cookie ${name}`, value)
          if (name === '__Host-session') keep('a handle', handleIn(value))
        }
      }
    }

    await ada.post(shop, '/cart', { item: 'boots' })
    keepJar()
    await ada.post(shop, '/sign-in', { name: 'ada' })
    keepJar()
    const { verifier, nonce } = binding()
    keep('a verifier', verifier)
    keep('a nonce', nonce)
    const { data } = await ada.frame(shop, nonce)
    keep('a proof', data.proof)
    const offer = (await ada.post(shop, '/session-hub/offer', { nonce })).json.offer as string
    keep('an offer', offer)
    keep('a hash of a handle', readJws(offer).claims.sid)
    const post = (path: string, body: object, headers = {}) =>
      ada.post(travel, `/session-hub${path}`, body, headers)

    // The exchange and everything that it refuses.
    await ada.exchange(data, flip(offer, 1))
    await ada.exchange({ ...data, proof: `${data.proof}x` }, offer)
    await ada.exchange(data, offer, { origin: shop })
    await ada.exchange(data, offer)
    await ada.exchange(data, offer)
    keepJar()

    // A ticket and everything that is refused of it.
    const made = await ada.ticket(travel)
    const { ticket } = made
    keep('a ticket', ticket)
    keep('a verifier', made.verifier)
    keep('a nonce', made.nonce)
    const opened = openTicket(world.siteOf('travel'), ticket)
    keep('a grant', opened.claims.grant)
    keep('a jti', opened.claims.jti)
    keep('the JWS inside', opened.jws)
    await post('/redeem', { ticket: flip(ticket, 3), verifier: made.verifier })
    await post('/redeem', { ticket: opened.jws, verifier: made.verifier })
    await post('/redeem', { ticket: opened.again({ claims: '{"not JSON' }), verifier: made.verifier })
    await post('/redeem', {
      ticket: opened.again({ claims: { ...opened.claims, aud: shop } }),
      verifier: made.verifier,
    })
    await post('/redeem', { ticket })
    await post('/redeem', { ticket, verifier })
    await post('/redeem', { ticket, verifier: made.verifier }, { origin: shop })
    await post('/redeem', { ticket, verifier: made.verifier, extra: ticket })
    await post('/redeem', { ticket: [ticket], verifier: made.verifier })
    await ada.post(shop, '/session-hub/redeem', { ticket, verifier: made.verifier })
    await post('/redeem', { ticket, verifier: made.verifier })
    await post('/redeem', { ticket, verifier: made.verifier })
    keepJar()
    world.advance(3)
    await post('/redeem', { ticket, verifier: made.verifier })
    world.advance(60)
    await post('/redeem', { ticket, verifier: made.verifier })
    await ada.exchange(data, offer)

    // The back-channel.
    const token = siteToken(world, world.siteOf('shop'))
    keep('a site token', token)
    const handle = handleIn(ada.cookies(travel).get('__Host-session')!)
    for (const [name, body, bearer] of [
      ['read', { handle }, token],
      ['read', { handle, extra: handle }, token],
      ['read', { handle }, flip(token, 2)],
      ['redeem', { handle }, token],
    ] as const) {
      await send(`${world.hub.origin}/backchannel/${name}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      })
    }

    // Trouble.
    store.breakDown(true)
    await ada.sync(shop)
    await ada.frame(travel, nonce)
    world.advance(400)
    await ada.whoami(shop)
    await ada.post(shop, '/session-hub/sign-out', {})
    store.breakDown(false)

    const log = text(world.log)
    for (const code of [
      'ticket_invalid',
      'ticket_spent',
      'ticket_expired',
      'verifier_invalid',
      'offer_invalid',
      'offer_spent',
      'origin_denied',
      'site_token_invalid',
      'request_invalid',
      'unavailable',
      'ticket_replayed',
      'hook_failed',
    ]) {
      expect(log, 'the journey went that way').to.include(code)
    }
    expect(canaries.size).to.be.above(15)
    for (const [name, secret] of canaries) expect(log.includes(secret), name).to.equal(false)
  })

  it('a secret in the wrong place of a body gets into no log either', async () => {
    const { verifier, nonce } = binding()
    const { ticket } = await (async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      return ada.ticket(travel)
    })()
    const bodies = [
      JSON.stringify({ ticket: 'x', [verifier]: 1 }),
      `{"${nonce}":1,"${nonce}":2}`,
      `{"${ticket}":1,"${ticket}":2}`,
      `{"ticket":"${ticket}","verifier":"${verifier}" oops`,
      `"${verifier}"`,
    ]
    for (const body of bodies) {
      const reply = await ada.ask(`${travel}/session-hub/redeem`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', origin: travel },
      })
      expectRefusal(reply, 400, 'request_invalid')
    }
    const log = text(world.log)
    for (const secret of [verifier, nonce, ticket])
      expect(log.includes(secret), secret.slice(0, 8)).to.equal(false)
  })

  it('not even the few characters that a parser quotes of what it cannot parse', async () => {
    const { verifier } = binding()
    const body = `{"ticket": "x", "verifier": x${verifier}}`
    const reply = await ada.ask(`${travel}/session-hub/redeem`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', origin: travel },
    })
    expectRefusal(reply, 400, 'request_invalid')
    expect(text(world.log)).to.include('SyntaxError')
    for (const told of [text(world.log), reply.text]) {
      expect(told.includes(verifier.slice(0, 6)), told).to.equal(false)
    }
  })

  it('line breaks and other control characters are encoded in every field', async () => {
    const forged = 'x\r\n{"level":"info"}\u2028\u0000\u001b[31m\u202e\u200b\u{e0001}'
    await ada.ask(`${shop}/session-hub/offer`, {
      method: 'POST',
      body: { nonce: binding().nonce, [forged]: 1 },
      headers: { 'content-type': 'application/json', origin: shop },
    })
    const failing = await startWorld({
      sites: ['shop'],
      hub: {
        findSite: () => {
          throw new Error(forged)
        },
      },
    })
    const query = new URLSearchParams({ site: failing.siteOf('shop').origin, nonce: binding().nonce })
    await send(`${failing.hub.origin}/frame?${query}`, { headers: { 'sec-fetch-dest': 'iframe' } })
    await failing.close()

    const entry = failing.log.find(({ event }) => event === 'site_lookup_failed')!
    expect(entry.description).to.equal(
      'x\\u000d\\u000a{"level":"info"}\\u2028\\u0000\\u001b[31m\\u202e\\u200b\\u{e0001}',
    )
    expect(world.log).to.have.length.above(0)
    for (const value of [...world.log, ...failing.log].flatMap((logged) => Object.values(logged))) {
      if (typeof value === 'string') expect(value).to.not.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }
  })

  describe('R40: what strangers write', () => {
    const spoken = async () => {
      await ada.post(shop, '/sign-in', { name: 'ada' })
      await ada.sync(shop)
      const { ticket, verifier, nonce } = await ada.ticket(travel)
      const cookie = ada.cookies(shop).get('__Host-session')!
      return { ticket, verifier, nonce, cookie, handle: handleIn(cookie)! }
    }

    it('is bounded and searched in the name of a host too; an ordinary wrong host is named as it came', async () => {
      const { handle } = await spoken()
      const ask = (host: string) =>
        ada
          .post(shop, '/session-hub/sisters', {}, { host })
          .then(({ status }) => expect(status).to.equal(403))
      for (const host of ['backend:3000', `${handle}.example`, `${'a'.repeat(5000)}.example`]) await ask(host)
      const [wrong, secret, long, ...more] = world.log
        .filter(({ code }) => code === 'host_denied')
        .map(({ host }) => String(host))
      expect(more).to.be.empty
      expect(wrong).to.equal('backend:3000')
      expect(secret).to.equal('(left out)')
      expect(long).to.have.length.below(300)
    })

    it('is searched for secrets, wherever they stand in an address of the hub or of a site', async () => {
      const secrets = await spoken()
      const hub = world.hub.origin
      for (const secret of Object.values(secrets)) {
        await send(`${hub}/backchannel/${secret}`, { method: 'POST' })
        await send(`${hub}/backchannel/read/${secret}`, { method: 'POST' })
        await send(`${hub}/frame?site=${secret}&nonce=${secrets.nonce}`, {
          headers: { 'sec-fetch-dest': 'iframe' },
        })
        await send(`${hub}/frame?site=https://${secret}.example&nonce=${secrets.nonce}`, {
          headers: { 'sec-fetch-dest': 'iframe' },
        })
        await send(`${hub}/unlock?site=${secret}`, {
          headers: { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' },
        })
        await send(`${shop}/session-hub/callback?outcome=${secret}&ticket=${secret}`)
      }
      const log = text(world.log)
      expect(log).to.include('/backchannel/(left out)').and.include('not_found').and.include('site_unknown')
      for (const [name, secret] of Object.entries(secrets))
        for (const part of secret.split('.').filter((one) => one.length > 20))
          expect(log.includes(part), name).to.equal(false)
    })

    it('is cut, and a name that is no secret stays', async () => {
      const path = `/backchannel/${'x/'.repeat(2000)}`
      await send(world.hub.origin + path, { method: 'POST' })
      const site = `https://a-shop-with-quite-a-long-name-in-the-year-2026.example`
      await send(`${world.hub.origin}/frame?site=${site}&nonce=${binding().nonce}`, {
        headers: { 'sec-fetch-dest': 'iframe' },
      })
      for (const value of world.log.flatMap((entry) => Object.values(entry)))
        expect(String(value).length).to.be.at.most(257)
      expect(text(world.log)).to.include('/backchannel/x/x/').and.include(site)
    })

    it('is counted where it repeats, at the hub and at a site, and the path that nobody knows is limited', async () => {
      await world.close()
      world = await startWorld({
        sites: ['shop'],
        hub: { limits: { perAddress: 50 } },
        site: { perAddress: 50 },
      })
      const { origin } = world.siteOf('shop')
      const statuses = new Set<number>()
      for (let time = 0; time < 300; time += 1) {
        statuses.add((await send(`${world.hub.origin}/backchannel/${time}`, { method: 'POST' })).status)
        await send(`${origin}/session-hub/offer`, {
          method: 'POST',
          headers: { origin: `https://${time}.example` },
        })
      }
      expect([...statuses]).to.deep.equal([404, 429])
      // Three kinds: two codes of the hub's, one of the site's.
      expect(world.log).to.have.length(60)
    })

    it('is summed up after a minute: how many more there were, and of what', () => {
      const timers: (() => void)[] = []
      const real = globalThis.setTimeout
      globalThis.setTimeout = ((act: () => void) => {
        timers.push(act)
        return { unref: () => undefined }
      }) as unknown as typeof setTimeout
      try {
        const written: LogEntry[] = []
        const log = safeLog((entry) => written.push(entry))
        for (let time = 0; time < 1000; time += 1)
          log({ level: 'info', event: 'request_refused', code: 'not_found', where: `/${time}` })
        log({ level: 'error', event: 'request_failed', code: 'unavailable' })
        expect(written).to.have.length(21)
        for (const act of timers.splice(0)) act()
        expect(written.slice(21)).to.deep.equal([
          { level: 'info', event: 'repeated', of: 'request_refused', code: 'not_found', times: 980 },
        ])
        log({ level: 'info', event: 'request_refused', code: 'not_found', where: '/again' })
        expect(written.at(-1)).to.include({ where: '/again' })
      } finally {
        globalThis.setTimeout = real
      }
    })
  })

  it('no answer of any door holds a stack, a path or a module, whatever is asked', async () => {
    const hub = world.hub.origin
    const replies: Reply[] = [
      await send(`${hub}/frame`),
      await send(`${hub}/frame?site=%`),
      await send(`${hub}/frame?site=${encodeURIComponent(shop)}&nonce=%ff`, {
        headers: { 'sec-fetch-dest': 'iframe' },
      }),
      await send(`${hub}/exchange`),
      await send(`${hub}/backchannel/read`),
      await send(`${hub}/backchannel/%`, { method: 'POST' }),
      await send(`${hub}/sdk.js`, { method: 'POST' }),
      await send(`${hub}/.well-known/session-hub`, { method: 'DELETE' }),
      await send(`${hub}/readyz`, { method: 'PUT' }),
      await send(`${shop}/session-hub/redeem`),
    ]
    for (const { status, text } of replies) {
      expect(status).to.be.within(400, 499)
      expect(text).to.not.match(/\n\s+at |node:internal|node_modules|\.(js|ts):\d|file:\/\//)
    }
  })

  it('one code for all that can be wrong with a ticket: the answers are equal to the letter', async () => {
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
    const { ticket, verifier } = await ada.ticket(travel)
    const opened = openTicket(world.siteOf('travel'), ticket)
    const answers = new Set<string>()
    for (const forged of [
      flip(ticket, 3),
      flip(ticket, 0),
      opened.jws,
      'x',
      opened.again({ header: { ...opened.header, typ: 'JWT' } }),
      opened.again({ header: { ...opened.header, kid: 'other' } }),
      opened.again({ claims: { ...opened.claims, more: 1 } }),
    ]) {
      answers.add((await ada.post(travel, '/session-hub/redeem', { ticket: forged, verifier })).text)
    }
    expect([...answers]).to.deep.equal([
      '{"error":"ticket_invalid","error_description":"The ticket is not valid"}',
    ])
  })

  it('a logger that throws decides nothing', async () => {
    const broken = await startWorld({
      sites: ['shop'],
      hub: {
        log: () => {
          throw new Error('disk full')
        },
      },
    })
    try {
      const reply = await send(`${broken.hub.origin}/exchange`, { method: 'POST' })
      expectRefusal(reply, 403, 'origin_denied')
    } finally {
      await broken.close()
    }
  })
})
