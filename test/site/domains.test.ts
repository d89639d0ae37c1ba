/** One application on many domains: one `site` object, each domain with a session cookie of its own, and one event stream. */
import { once } from 'node:events'

import express from 'express'
import { expect } from 'chai'
import { generateApp, generateSite } from 'session-hub/hub'
import { type AppSite, createSite, type FindOrigin, type Site, SessionHubError } from 'session-hub/site'

import { EIGHT, type AppWorld, type AppWorldOptions, startAppWorld } from '../support/app-world.js'
import { expectOptionFault } from '../support/option-fault.js'
import { needs } from '../support/adapters/abilities.js'
import { until } from '../support/until.js'
import { send, Visitor } from '../support/visitor.js'

describe('one application on eight domains, or on a thousand', () => {
  let world: AppWorld
  let visitor: Visitor

  async function begin(options?: AppWorldOptions): Promise<void> {
    world = await startAppWorld(options)
    visitor = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  for (const [way, options] of [
    ['in a list', { origins: 'list' }],
    ['looked up at run time', { origins: 'ask' }],
    ['each with keys of its own', { origins: 'ask', ownKeys: true }],
    ['in a list, each with keys of its own', { origins: 'list', ownKeys: true }],
  ] as const satisfies readonly (readonly [string, AppWorldOptions])[]) {
    it(`(${way}) a cart and a sign-in come to all of them, and a sign-out leaves none`, async () => {
      await begin(options)
      await visitor.post(world.at('de'), '/cart', { item: 'boots' })
      expect((await visitor.sync(world.at('de'))).outcome).to.equal('adopt')
      await visitor.sync(world.at('fr'))
      await visitor.post(world.at('fr'), '/sign-in', { name: 'ada' })
      expect((await visitor.sync(world.at('fr'))).outcome).to.equal('adopt')
      for (const name of EIGHT) {
        await visitor.sync(world.at(name))
        expect(await visitor.whoami(world.at(name)), name).to.deep.include({
          subject: 'ada',
          data: { cart: ['boots'] },
        })
      }
      const tokens = EIGHT.map((name) => visitor.cookies(world.at(name)).get('__Host-session')!)
      expect(tokens.map(issuerOf)).to.deep.equal(EIGHT.map((name) => world.at(name)))

      await visitor.post(world.at('it'), '/sign-out', {})
      // No domain asks: each of them knows by the one stream.
      for (const name of EIGHT) await until(async () => (await whoAt(name)) === null)
      expect(world.streams()).to.equal(1)
    })
  }

  const whoAt = async (name: string) => (await visitor.ask(`${world.at(name)}/who`)).json.subject

  it('speaks to the hub with one token for all of them', async () => {
    await begin()
    for (const name of EIGHT) await visitor.post(world.at(name), '/cart', { item: name })
    const tokens = world.hub.listener.seen.map(({ headers }) => headers.authorization).filter(Boolean)
    expect(tokens).to.have.length.of.at.least(EIGHT.length)
    expect(new Set(tokens).size).to.equal(1)
  })

  it('has one event stream for a thousand domains, and hears on the last of them of a sign-out on the first', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `shop-${index}`)
    await begin({ domains: names, origins: 'ask' })
    const [first, last] = [names[0]!, names.at(-1)!]
    for (const name of names) await send(`${world.at(name)}/who`)
    await visitor.post(world.at(first), '/sign-in', { name: 'ada' })
    await visitor.sync(world.at(first))
    await visitor.sync(world.at(last))
    expect(await whoAt(last)).to.equal('ada')
    await visitor.post(world.at(first), '/sign-out', {})
    await until(async () => (await whoAt(last)) === null)
    expect(world.streams()).to.equal(1)
  })

  it('opens its event stream in the name of another domain where the hub does not know the first', async () => {
    await begin({ domains: ['de', 'fr'] })
    world.registrations.delete(world.at('fr'))
    await visitor.post(world.at('fr'), '/sign-in', { name: 'ada' })
    await whoAt('fr')
    const spokenFor = () =>
      world.hub.listener.seen
        .filter(({ url }) => url === '/backchannel/events')
        .map(({ headers }) => headers['session-hub-site'])
    await until(() => spokenFor().includes(world.at('fr')))

    await visitor.post(world.at('de'), '/sign-in', { name: 'bob' })
    expect(await whoAt('de')).to.equal('bob')
    // The one that is not known is still the last that was visited.
    await whoAt('fr')
    await until(() => spokenFor().includes(world.at('de')))
    await world.hub.hub.sessions.endAll('bob')
    await until(async () => (await whoAt('de')) === null)
  })

  describe('for a host that is none of its own', () => {
    const elsewhere = (path = '/whoami', method = 'GET') => send(world.at('stranger') + path, { method })

    it('passes on: no endpoint answers, and a request has no session', async () => {
      await begin()
      for (const reply of [
        await elsewhere(),
        await elsewhere('/session-hub/redeem', 'POST'),
        await elsewhere('/session-hub/sdk.js'),
        await elsewhere('/session-hub/jwks.json'),
        await elsewhere('/session-hub/redirect?return=/'),
      ]) {
        expect(reply.json).to.deep.equal({ elsewhere: true })
        expect(reply.headers).to.not.have.property('set-cookie')
      }
      expect((await send(`${world.at('de')}/whoami`)).json).to.include({ session: 'none' })
      expect((await send(`${world.at('de')}/session-hub/sdk.js`)).status).to.equal(200)
    })

    it('signs nobody in and nobody out, and lists no sessions', async function () {
      needs(this, 'a call with req and res')
      await begin()
      const app = express().use(world.site.router, world.site.session())
      const codes: unknown[] = []
      const told = (work: Promise<unknown>) =>
        work.then(
          () => 'done',
          (thrown: unknown) => (thrown as SessionHubError).code,
        )
      app.get('/acts', async (req, res) => {
        codes.push('session' in req)
        codes.push(await told(world.site.signIn(req, res, { subject: 'ada' })))
        codes.push(await told(world.site.signOut(req, res)))
        codes.push(await told(world.site.sessions(req)))
        codes.push(await told(world.site.endOtherSessions(req)))
        world.site.requireRecent(300)(req, res, (thrown?: unknown) => {
          res.json({ recent: (thrown as SessionHubError).code })
        })
      })
      const server = express().use(app).listen(0, '127.0.0.1')
      await once(server, 'listening')
      try {
        const { port } = server.address() as { port: number }
        const { json } = await send(`http://stranger.localhost:${port}/acts`)
        expect(codes).to.deep.equal([
          false,
          'host_denied',
          'host_denied',
          'sign_in_required',
          'sign_in_required',
        ])
        expect(json).to.deep.equal({ recent: 'sign_in_required' })
      } finally {
        server.close()
      }
    })

    it('gives site.fetch no visit, and site.visit nothing', async () => {
      await begin()
      const asked = (name: string) =>
        new Request(`${world.at(name)}/`, { headers: { host: new URL(world.at(name)).host } })
      const seen: unknown[] = []
      const app = (visit: unknown) => {
        seen.push(visit === undefined)
        return new Response('ok')
      }
      expect(await (await world.site.fetch(asked('stranger'), app)).text()).to.equal('ok')
      await world.site.fetch(asked('de'), app)
      expect(seen).to.deep.equal([true, false])
      expect(await world.site.visit(asked('stranger'))).to.equal(undefined)
      expect((await world.site.visit(asked('de')))?.response).to.equal(undefined)
    })
  })

  describe('that are looked up', () => {
    it('come and go while it runs', async () => {
      await begin({ origins: 'ask', domains: ['de'] })
      const cart = () => visitor.post(world.at('customer'), '/cart', { item: 'boots' })
      expect((await cart()).json).to.deep.equal({ elsewhere: true })

      await world.add('customer')
      expect((await cart()).json).to.deep.equal({ cart: ['boots'] })
      expect((await visitor.sync(world.at('customer'))).outcome).to.equal('adopt')
      expect((await visitor.sync(world.at('de'))).outcome).to.equal('replace')

      world.remove('customer')
      expect((await cart()).json).to.deep.equal({ elsewhere: true })
      expect(await visitor.whoami(world.at('de'))).to.deep.include({ data: { cart: ['boots'] } })

      await world.add('customer')
      expect((await cart()).json).to.deep.equal({ cart: ['boots', 'boots'] })
    })

    it('are asked for once in five seconds, those that are none too', async () => {
      await begin({ origins: 'ask', site: { originCacheSeconds: 5 } })
      const visit = (name: string) => send(`${world.at(name)}/whoami`)
      for (let time = 0; time < 3; time += 1) await Promise.all([visit('de'), visit('de'), visit('stranger')])
      expect([...world.asked].sort()).to.deep.equal(
        ['de', 'stranger'].map((name) => new URL(world.at(name)).host),
      )

      world.advance(5)
      await visit('de')
      world.remove('de')
      expect((await visit('de')).json, 'believed still').to.include({ session: 'none' })
      world.advance(5)
      expect((await visit('de')).json).to.deep.equal({ elsewhere: true })
      expect(world.asked).to.have.length(4)
    })

    it('are asked for once by one request, whatever the application says meanwhile', async () => {
      await begin({ origins: 'ask', domains: ['de'] })
      const { status } = await visitor.post(world.at('de'), '/sign-in', { name: 'ada' })
      expect(status).to.equal(200)
      expect(world.asked).to.have.length(1)
    })

    const unusable: Record<string, FindOrigin> = {
      'throws at once': () => {
        throw new Error('the database is down')
      },
      rejects: () => Promise.reject(new Error('the database is down')),
      'never answers': () => new Promise(() => undefined),
    }
    for (const [how, findOrigin] of Object.entries(unusable)) {
      it(`make a request unavailable where the look-up ${how}, and the next one as ever`, async () => {
        await begin({ origins: 'ask', domains: ['de'] })
        const before = world.findOrigin
        world.findOrigin = findOrigin
        const replies = await Promise.all([
          send(`${world.at('de')}/whoami`),
          send(`${world.at('de')}/session-hub/offer`, { method: 'POST' }),
        ])
        for (const { status, json } of replies) {
          expect(status).to.equal(503)
          expect(json.error).to.equal('unavailable')
        }
        const [entry] = world.log.filter(({ event }) => event === 'origin_lookup_failed')
        expect(entry).to.include({ level: 'error', host: new URL(world.at('de')).host })

        world.findOrigin = before
        expect((await send(`${world.at('de')}/whoami`)).json).to.include({ session: 'none' })
      })
    }

    it('make site.fetch answer 503 without the application where the look-up fails, and site.visit throw', async () => {
      await begin({ origins: 'ask', domains: ['de'] })
      const before = world.findOrigin
      const asked = () =>
        new Request(`${world.at('de')}/`, { headers: { host: new URL(world.at('de')).host } })
      const app = () => new Response('ok')
      world.findOrigin = unusable.rejects!
      const answer = await world.site.fetch(asked(), app)
      expect(answer.status).to.equal(503)
      expect(await answer.json()).to.include({ error: 'unavailable' })
      expect(await world.site.visit(asked()).catch((thrown: unknown) => thrown)).to.include({
        code: 'unavailable',
        status: 503,
      })

      world.findOrigin = before
      expect(await (await world.site.fetch(asked(), app)).text()).to.equal('ok')
    })

    it('are unavailable where their keys cannot be had, and the others as ever', async () => {
      let isBroken = true
      const de = 'http://de.localhost'
      const keys = (await generateApp('shop', [de])).keys
      await begin({
        origins: 'ask',
        domains: ['de', 'fr'],
        site: {
          keys: (origin) => {
            if (isBroken && origin.startsWith(de)) throw new Error('no such file')
            return keys
          },
        },
      })
      expect((await send(`${world.at('de')}/whoami`)).status).to.equal(503)
      expect((await send(`${world.at('fr')}/whoami`)).status).to.equal(200)
      expect(world.log).to.deep.include({
        level: 'error',
        event: 'origin_lookup_failed',
        host: new URL(world.at('de')).host,
        description: 'keys: no such file',
      })
      isBroken = false
      expect((await send(`${world.at('de')}/whoami`)).status).to.equal(200)
    })

    it('are asked for their keys once, and again after they were gone', async () => {
      const asked: string[] = []
      const { keys } = await generateApp('shop', ['http://de.localhost'])
      await begin({ origins: 'ask', domains: ['de'], site: { keys: (origin) => (asked.push(origin), keys) } })
      const visit = () => send(`${world.at('de')}/whoami`)
      await visit()
      await visit()
      expect(asked).to.deep.equal([world.at('de')])
      world.remove('de')
      await visit()
      await world.add('de')
      await visit()
      expect(asked).to.deep.equal([world.at('de'), world.at('de')])
    })

    it('have keys of one app only', async () => {
      const others = new Map<string, object>()
      await begin({
        origins: 'ask',
        domains: ['de', 'fr'],
        site: { keys: (origin) => others.get(origin) as never },
      })
      others.set(world.at('de'), (await generateApp('shop', [world.at('de')])).keys)
      others.set(world.at('fr'), (await generateApp('other', [world.at('fr')])).keys)
      expect((await send(`${world.at('de')}/whoami`)).status).to.equal(200)
      expect((await send(`${world.at('fr')}/whoami`)).status).to.equal(503)
    })
  })
})

describe('the options of an application on many domains', () => {
  const hub = 'https://hub.example'
  const origins = ['https://shop.example', 'https://www.shop.example']
  let keys: object
  before(async () => {
    keys = (await generateApp('shop', origins)).keys
  })
  const refused = (options: object, says: string) =>
    expectOptionFault(() => createSite({ hub, keys, ...options } as never), [says])

  it('are a list, or a look-up', async () => {
    for (const options of [{ origins }, { findOrigin: () => undefined, originCacheSeconds: 0 }]) {
      const site = await createSite({ hub, keys, ...options } as never)
      site.close()
    }
  })

  it('say which of three ways was meant, and where a word is misspelt', async () => {
    const [origin] = origins
    await refused({ origin, origins }, '"origin" and "origins" mean the same')
    await refused({ origins, findOrigin: () => origin }, '"origins" and "findOrigin" mean')
    await refused({ orgins: origins }, 'did you mean "origins"?')
    await refused({}, '"origin"')
    await refused({ origins: [] }, '"origins" has to list at least one origin')
    await refused({ origins: origin }, '"origins" has to list at least one origin')
    await refused({ origins: ['https://shop.example/'] }, 'did you mean')
    await refused({ origins: ['http://a.localhost', 'https://a.localhost'] }, 'lists the host "a.localhost')
    await refused({ findOrigin: 'https://shop.example' }, '"findOrigin" has to be a function')
    await refused({ origins, host: 'shop.example' }, '"host" works only with "origin"')
    await refused({ origin, originCacheSeconds: 1 }, '"originCacheSeconds" works only with "findOrigin"')
    await refused({ origins, originCacheSeconds: 1 }, 'works only with "findOrigin"')
  })

  it('have types of their own, and so has what comes of them', () => {
    const [origin = ''] = origins
    const typed = {
      looked: () =>
        createSite({ findOrigin: (host) => `https://${host}`, hub, keys: (one) => `keys of ${one}` }),
      listed: () => createSite({ origins, hub, keys: '' }),
      one: () => createSite({ origin, hub, keys: '' }),
      // @ts-expect-error -- the one origin, or a list
      both: () => createSite({ origin, origins, hub, keys: '' }),
      // @ts-expect-error -- a proxy that changes the host is for one
      host: () => createSite({ origins, host: 'shop.example', hub, keys: '' }),
      visits: async (app: AppSite, site: Site, request: Request) => {
        // @ts-expect-error -- perhaps none
        const seen: unknown = (await app.visit(request)).response
        return [seen, (await site.visit(request)).response]
      },
    }
    expect(Object.keys(typed)).to.have.length(6)
  })

  it('need the keys of an app, and a name that one can have', async () => {
    const [origin = ''] = origins
    const alone = (await generateSite(origin)).keys
    await refused({ origins, keys: alone }, 'session-hub sites add <origin>... --app <name>')
    await refused({ origins, keys: { ...alone, app: 'Shop!' } }, '"app" has to be a name')
    await refused({ origins, keys: () => alone }, '--app <name>')
    const site = await createSite({ origin, hub, keys: { ...alone, app: 'shop' } })
    site.close()
  })
})

const issuerOf = (token: string): unknown =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { iss: unknown }).iss
