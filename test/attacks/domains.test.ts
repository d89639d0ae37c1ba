/** One application on many domains: what is one domain's is no other's, although they share their keys and their process. */
import { expect } from 'chai'
import { generateApp, generateSite, type GeneratedSiteKeys } from 'session-hub/hub'

import { createOriginLookup } from '../../sdk/site/find-origin.js'
import { type AppWorld, type AppWorldOptions, startAppWorld } from '../support/app-world.js'
import { ownToken, siteToken } from '../support/forge.js'
import { handleIn, wrapHandle } from '../support/handles.js'
import { expectRefusalWithoutCookies } from '../support/refusal.js'
import { type Ask, binding, type Reply, send, Visitor } from '../support/visitor.js'

describe('an application on many domains', () => {
  let world: AppWorld
  let ada: Visitor
  let de: string
  let fr: string

  async function begin(options: AppWorldOptions = {}): Promise<void> {
    world = await startAppWorld({ domains: ['de', 'fr'], ...options })
    ;[de, fr] = [world.at('de'), world.at('fr')]
    ada = new Visitor(world.hub.origin)
    await ada.post(de, '/sign-in', { name: 'ada' })
    await ada.sync(de)
  }
  afterEach(() => world.close())

  describe('takes nothing of one domain on another', () => {
    beforeEach(() => begin({ sisters: true }))

    it('R11: a ticket, with its verifier', async () => {
      const { ticket, verifier } = await ada.ticket(fr)
      const elsewhere = await new Visitor(world.hub.origin).post(de, '/session-hub/redeem', {
        ticket,
        verifier,
      })
      expectRefusalWithoutCookies(elsewhere, 401, 'ticket_invalid')
      expect((await ada.post(fr, '/session-hub/redeem', { ticket, verifier })).status, 'the twin').to.equal(
        200,
      )
    })

    it('a session cookie, also one that the process has read before', async () => {
      const token = ada.cookies(de).get('__Host-session')!
      for (let time = 0; time < 2; time += 1) {
        const cookie = `__Host-session=${token}`
        expect((await send(`${de}/who`, { headers: { cookie } })).json, 'the twin').to.include({
          subject: 'ada',
        })
        const there = await send(`${fr}/who`, { headers: { cookie } })
        expect(there.json).to.include({ session: 'none', subject: null })
        const offer = await send(`${fr}/session-hub/offer`, {
          method: 'POST',
          headers: { cookie, 'content-type': 'application/json', origin: fr },
          body: { nonce: binding().nonce },
        })
        expect(offer.json).to.deep.equal({ offer: null })
      }
    })

    it('R38: the cookie of a sign-out that waits, for either of the two names in it; its own it takes', async () => {
      await ada.sync(fr)
      const token = ada.cookies(fr).get('__Host-session')!
      const keys = world.keysOf('fr')
      const handle = wrapHandle(handleIn(token)!, keys.session.k)
      const visit = (iss: string, aud: string) => {
        const ended = ownToken(world, { origin: fr, keys }, 'ended+jwt', { iss, aud, ends: [{ handle }] })
        const cookie = `__Host-session=${token}; __Host-session-ended=${ended}`
        return send(`${fr}/who`, { headers: { cookie } })
      }
      for (const [iss, aud] of [
        [de, de],
        [de, fr],
        [fr, de],
      ] as const)
        expect((await visit(iss, aud)).json, `${iss} for ${aud}`).to.include({ subject: 'ada' })
      expect((await visit(fr, fr)).json, 'the twin').to.include({ session: 'none' })
      expect(await world.hub.hub.sessions.list('ada')).to.deep.equal([])
    })

    it('the cookie of a redirect, nor where it leads', async () => {
      const callback = await ada.walk(
        `${de}/session-hub/redirect?return=${encodeURIComponent('/plain?secret')}`,
        '/session-hub/callback',
      )
      const start = ada.cookies(de).get('__Host-session-start')!
      const mallory = new Visitor(world.hub.origin)
      mallory.cookies(fr).set('__Host-session-start', start)
      const [reply] = await mallory.navigateOnce(callback.replace(de, fr))
      expect(reply.status).to.equal(303)
      expect(reply.headers.location).to.not.include('secret')
      expect(new URL(reply.headers.location!).origin).to.equal(fr)
      expect(await mallory.whoami(fr)).to.include({ session: 'none' })

      const [twin] = await ada.navigateOnce(callback)
      expect(twin.headers.location).to.equal(`${de}/plain?secret`)
    })

    it('R13: an offer, in the frame of another', async () => {
      const { nonce } = binding()
      const { data } = await ada.frame(fr, nonce)
      const { offer } = (await ada.post(de, '/session-hub/offer', { nonce })).json
      expect(offer).to.be.a('string')
      const reply = await ada.exchange(data, offer as string)
      expect(reply.json.error ?? reply.json.outcome).to.equal('offer_invalid')

      const { data: own } = await ada.frame(de, nonce)
      expect((await ada.exchange(own, offer as string)).json, 'the twin').to.include({ outcome: 'keep' })
    })

    it('R10: a link ticket that was made for another', async () => {
      const ticket = (await ada.linkTicket(de, fr))!
      const enter = (at: string) =>
        new Visitor(world.hub.origin).submit(
          `${at}/session-hub/enter`,
          { ticket, to: `${at}/whoami` },
          { origin: de },
        )
      expect((await enter(de)).at(-1)?.json).to.include({ session: 'none' })
      expect((await enter(fr)).at(-1)?.json, 'the twin').to.include({ subject: 'ada' })
    })

    it('R18: a request of another domain’s page', async () => {
      const ask = (origin: string, from: string) =>
        ada.post(de, '/session-hub/offer', { nonce: binding().nonce }, { origin, 'sec-fetch-site': from })
      expectRefusalWithoutCookies(await ask(fr, 'same-origin'), 403, 'origin_denied')
      expectRefusalWithoutCookies(await ask(fr, 'cross-site'), 403, 'origin_denied')
      expect((await ask(de, 'same-origin')).json.offer, 'the twin').to.be.a('string')
    })
  })

  describe('R18: believes of a Host that it is that very domain, and no other', () => {
    const wrong = (): Record<string, string> => {
      const { host, port } = new URL(de)
      return {
        'in capitals': host.toUpperCase(),
        'with a dot behind it': `de.localhost.:${port}`,
        'without its port': 'de.localhost',
        'with another port': 'de.localhost:1',
        'two of them': `${host}, ${new URL(fr).host}`,
        'behind a name': `ada@${host}`,
        'with a path': `${host}/x`,
        'with a space before it': ` x ${host}`,
        'of a subdomain': `www.${host}`,
        'longer than any host': `${'a'.repeat(200)}.${host}`,
        'of a prototype': '__proto__',
        empty: '',
      }
    }
    for (const origins of ['list', 'ask'] as const) {
      it(`(${origins === 'list' ? 'in a list' : 'looked up'})`, async () => {
        await begin({ origins })
        const cookie = `__Host-session=${ada.cookies(de).get('__Host-session')!}`
        const ask = (headers: Ask['headers']): Promise<Reply> =>
          send(`${de}/who`, { headers: { cookie, ...headers } })
        for (const [name, host] of Object.entries(wrong())) {
          const { status, json, text } = await ask({ host })
          // Some servers refuse what is no host before anybody sees it.
          if (status === 400) expect(text, name).to.equal('')
          else expect(json, name).to.deep.equal({ elsewhere: true })
        }
        const forged = { 'x-forwarded-host': new URL(de).host, forwarded: `host=${new URL(de).host}` }
        expect((await ask({ host: 'stranger.localhost', ...forged })).json).to.deep.equal({ elsewhere: true })
        expect((await ask({ host: new URL(fr).host, ...forged })).json).to.include({ session: 'none' })
        expect((await ask({ 'x-forwarded-host': new URL(fr).host })).json, 'the twin').to.include({
          subject: 'ada',
        })
        for (const host of world.asked)
          expect(host, 'what is no host is not asked for').to.match(/^[a-z0-9.:-]+$/)
      })
    }
  })

  const answers: Record<string, (host: string) => unknown> = {
    'another of its domains': () => fr,
    'a stranger’s origin': () => 'https://stranger.example',
    'the same host with a path': (host) => `http://${host}/`,
    'the same host in capitals': (host) => `http://${host.toUpperCase()}`,
    'the same name at another port': () => 'http://de.localhost:1',
    'a host alone': (host) => host,
    'plain http of no loopback name': () => 'http://shop.example',
    'a list': (host) => [`http://${host}`],
    'an object that reads as the origin': (host) => ({ toString: () => `http://${host}` }),
    'a number': () => 1,
    true: () => true,
    'an empty text': () => '',
  }
  for (const [what, answer] of Object.entries(answers)) {
    it(`R21: is unavailable where its own look-up says ${what}`, async () => {
      await begin({ origins: 'ask' })
      const before = world.findOrigin
      world.findOrigin = (host) => answer(host) as string
      const cookie = `__Host-session=${ada.cookies(de).get('__Host-session')!}`
      for (const path of ['/who', '/session-hub/jwks.json']) {
        const { status, json, headers } = await send(de + path, { headers: { cookie } })
        expect({ status, code: json.error }).to.deep.equal({ status: 503, code: 'unavailable' })
        expect(headers).to.not.have.property('set-cookie')
      }
      world.findOrigin = before
      expect((await send(`${de}/who`, { headers: { cookie } })).json, 'the twin').to.include({
        subject: 'ada',
      })
    })
  }

  it('R38: hosts that strangers think of push out none of its own, and are bounded', async () => {
    await begin()
    const asked: string[] = []
    const lookup = createOriginLookup({
      findOrigin: (host) => (asked.push(host), host === 'de.example' ? 'https://de.example' : undefined),
      cacheSeconds: 5,
      now: () => 0,
      log: () => undefined,
    })
    expect(await lookup('de.example')).to.equal('https://de.example')
    for (let index = 0; index < 10_100; index += 1) await lookup(`stranger-${index}.example`)
    expect(await lookup('stranger-10099.example')).to.equal(undefined)
    expect(await lookup('de.example')).to.equal('https://de.example')
    expect(asked).to.have.length(10_101)
  })

  it('R38: so many unknown hosts are looked up at once, and a known one besides', async () => {
    await begin()
    let isSlow = false
    let nowMs = 0
    const lookup = createOriginLookup({
      findOrigin: (host) => (isSlow ? new Promise(() => undefined) : `https://${host}`),
      cacheSeconds: 5,
      now: () => nowMs,
      log: () => undefined,
    })
    await lookup('de.example')
    nowMs = 10_000
    isSlow = true
    const fates = new Map<string, string>()
    const ask = (host: string) => {
      void Promise.resolve(lookup(host)).catch((thrown: unknown) => fates.set(host, String(thrown)))
    }
    for (let index = 0; index < 1000; index += 1) ask(`stranger-${index}.example`)
    ask('one-more.example')
    ask('de.example')
    await new Promise(setImmediate)
    expect([...fates.keys()]).to.deep.equal(['one-more.example'])
  })

  it('R38: one domain’s visitors do not spend another’s limit', async () => {
    await begin({ site: { perAddress: 3 } })
    const ask = (at: string) => ada.post(at, '/session-hub/offer', { nonce: binding().nonce })
    const statuses = []
    for (let time = 0; time < 4; time += 1) statuses.push((await ask(fr)).status)
    expect(statuses.at(-1)).to.equal(429)
    expect((await ask(de)).status, 'the twin').to.equal(200)
  })

  describe('speaks to the hub', () => {
    interface Said {
      readonly iss?: string
      readonly keys?: GeneratedSiteKeys
      readonly site?: string | undefined
    }
    function speak(said: Said): Promise<Reply> {
      const { iss, keys, site } = { iss: 'app:shop', keys: world.keysOf('de'), site: de, ...said }
      const token = siteToken(world, { origin: de, keys }, { claims: { iss } })
      return send(`${world.hub.origin}/backchannel/sisters`, {
        method: 'POST',
        body: {},
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          'session-hub-site': site,
        },
      })
    }

    it('for those sites alone that are registered as its own, by their keys', async () => {
      await begin()
      const other = await generateApp('other', ['http://other.localhost'])
      const alone = await generateSite('http://alone.localhost')
      world.registrations.set('http://other.localhost', other.registrations[0]!)
      world.registrations.set('http://alone.localhost', alone.registration)
      // The same keys, and yet not of this app.
      const { signingKeys, ticketKeys } = world.registrations.get(de)!
      world.registrations.set('http://left.localhost', {
        origin: 'http://left.localhost',
        signingKeys,
        ticketKeys,
      })

      const refused: Record<string, Said> = {
        'a site of another app': { site: 'http://other.localhost' },
        'a site by itself': { site: 'http://alone.localhost' },
        'a site with the same keys that is of no app': { site: 'http://left.localhost' },
        'a site that is not registered': { site: world.at('it') },
        'no site': { site: undefined },
        'a text that is no origin': { site: `${de}/` },
        'two sites': { site: `${de}, ${fr}` },
        'as another app, for its own site': { iss: 'app:other' },
        'as another app, for that one’s': { iss: 'app:other', site: 'http://other.localhost' },
        'as an app without a name': { iss: 'app:' },
        'with the keys of another app': { keys: other.keys },
        'as one site for another': { iss: de, site: fr },
      }
      for (const [name, said] of Object.entries(refused)) {
        const reply = await speak(said)
        expect(reply.status, name).to.equal(401)
        expectRefusalWithoutCookies(reply, 401, 'site_token_invalid')
      }
      const twins: Record<string, Said> = {
        'its own site': {},
        'its other site': { site: fr },
        'a site for itself': { iss: de },
        'a site for itself, without a header': { iss: de, site: undefined },
        'the other app': { iss: 'app:other', site: 'http://other.localhost', keys: other.keys },
      }
      for (const [name, said] of Object.entries(twins)) expect((await speak(said)).status, name).to.equal(200)
    })

    it('with the keys of each site for that site only, where they have their own', async () => {
      await begin({ ownKeys: true })
      expect((await speak({ site: de, keys: world.keysOf('de') })).status).to.equal(200)
      expect((await speak({ site: fr, keys: world.keysOf('de') })).status).to.equal(401)
      expect((await speak({ site: fr, keys: world.keysOf('fr') })).status).to.equal(200)
    })

    it('no more for a site that was taken out, with a token that was good before', async () => {
      await begin()
      const token = siteToken(
        world,
        { origin: de, keys: world.keysOf('de') },
        { claims: { iss: 'app:shop' } },
      )
      const ask = (site: string) =>
        send(`${world.hub.origin}/backchannel/sisters`, {
          method: 'POST',
          body: {},
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${token}`,
            'session-hub-site': site,
          },
        })
      expect((await ask(fr)).status).to.equal(200)
      world.remove('fr')
      expect((await ask(fr)).status).to.equal(401)
      expect((await ask(de)).status, 'the twin').to.equal(200)

      const { signingKeys } = (await generateSite(de)).registration
      const { kid } = world.keysOf('de').signing
      world.registrations.set(de, {
        ...world.registrations.get(de)!,
        signingKeys: [{ ...signingKeys[0], kid }],
      })
      expect((await ask(de)).status, 'another key under the old name').to.equal(401)
    })
  })

  it('R38: has so many look-ups of sites that the hub has not found, and as many requests as ever for its own', async () => {
    await begin({ hub: { limits: { perAddress: 5 } } })
    const authorization = `Bearer ${siteToken(world, { origin: de, keys: world.keysOf('de') }, { claims: { iss: 'app:shop' } })}`
    const ask = async (site: string) => {
      const headers = { 'content-type': 'application/json', authorization, 'session-hub-site': site }
      return (await send(`${world.hub.origin}/backchannel/sisters`, { method: 'POST', body: {}, headers }))
        .status
    }
    for (const own of [de, fr]) expect(await ask(own)).to.equal(200)
    const statuses = []
    for (let index = 0; index < 6; index += 1) statuses.push(await ask(`https://unknown-${index}.example`))
    expect([statuses.at(0), statuses.at(-1)]).to.deep.equal([401, 429])
    expect(await ask(fr), 'the twin').to.equal(200)
  })

  it('R33: knows users by one name on all of its domains, and no other site can give that name', async () => {
    await begin({ registration: { pairwise: true } })
    const bob = new Visitor(world.hub.origin)
    await bob.post(de, '/sign-in', { name: 'bob' })
    await bob.sync(de)
    await bob.sync(fr)
    expect(await bob.whoami(fr)).to.include({ subject: 'bob' })

    const plain = await generateApp('other', [world.at('other')])
    const [registration] = plain.registrations
    world.registrations.set(world.at('other'), registration!)
    const signIn = (subject: string) =>
      send(`${world.hub.origin}/backchannel/sign-in`, {
        method: 'POST',
        body: { handle: null, subject, claims: {} },
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${siteToken(world, { origin: de, keys: plain.keys }, { claims: { iss: 'app:other' } })}`,
          'session-hub-site': world.at('other'),
        },
      })
    expectRefusalWithoutCookies(await signIn('bob@app:shop'), 400, 'request_invalid')
    expect((await signIn('bob@app:other')).status, 'the twin').to.equal(200)
  })
})
