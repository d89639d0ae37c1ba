/** What an application may do with its `req.session`: the same on express-session and on the hub, but for what is said to differ. */
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'

import { expect } from 'chai'
import compression from 'compression'
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express'
import session from 'express-session'
import { expressSession, type ExpressSessionOptions } from 'session-hub/express-session'
import type { Site } from 'session-hub/site'

import { type OldSession, SECRET, sessionOf } from '../support/passport-app.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

/** For how long a site leaves a hub alone that did not answer, at most. */
const PAUSE = 10

type Handler = (session: OldSession, req: Request, done: (answer?: unknown) => void) => unknown

describe('req.session, as express-session has it', () => {
  let world: World
  let visitor: Visitor
  let handler: Handler
  const shops = { theirs: '', ours: '' }

  /** Asks whatever handler there is at the moment. */
  const routes = (app: Express, sessions: RequestHandler, more: RequestHandler[] = []) => {
    app.use(sessions, ...more)
    app.get('/', (req, res) => {
      handler(sessionOf(req), req, (said) => res.json({ said }))
    })
    app.use(((error, _req, res, _next) => {
      answer(error as Error, res)
    }) satisfies ErrorRequestHandler)
  }
  const answer = (error: Error, res: express.Response) => {
    const { status = 500, code = 'unknown', message } = error as Error & { status?: number; code?: string }
    // As applications do that write an error into their log.
    if (!res.headersSent) res.status(status).json({ error: code, message })
  }

  async function start(
    options: Partial<ExpressSessionOptions> = {},
    more: RequestHandler[] = [],
    first: (app: Express, site: Site) => void = () => undefined,
  ): Promise<void> {
    world = await startWorld({ sites: ['magazine'], site: { hubTimeoutMs: 500 } })
    await world.addSite('theirs', (app) => {
      routes(app, session({ secret: SECRET, resave: false, saveUninitialized: false }), more)
    })
    await world.addSite(
      'ours',
      (app, site) => {
        app.use(site.router)
        first(app, site)
        routes(app, expressSession(site, { secret: SECRET, shared: ['cart'], ...options }), more)
      },
      { sessionProperty: 'hub' },
    )
    for (const name of ['theirs', 'ours'] as const) shops[name] = world.siteOf(name).origin
    visitor = new Visitor(world.hub.origin)
  }
  afterEach(() => world.close())

  const ask = (origin: string, asked: Handler, by = visitor): Promise<Reply> => {
    handler = asked
    return by.ask(`${origin}/`)
  }
  const ours = (asked: Handler) => ask(shops.ours, asked)
  const read: Handler = ({ cookie: _cookie, ...kept }, _req, done) => {
    done(kept)
  }
  const put =
    (values: object): Handler =>
    (kept, _req, done) => {
      Object.assign(kept, values)
      done()
    }

  /** @returns what the last of the steps has said, on both */
  async function both(...steps: Handler[]): Promise<unknown> {
    const said: unknown[] = []
    for (const origin of [shops.theirs, shops.ours]) {
      let last: Reply | undefined
      for (const step of steps) last = await ask(origin, step)
      said.push(last?.json.said)
    }
    expect(said[1]).to.deep.equal(said[0])
    return said[1]
  }

  describe('keeps', () => {
    beforeEach(() => start())

    it('what JSON keeps of it: dates, classes, functions, NaN, undefined, null', async () => {
      class Money {
        constructor(readonly cents: number) {}
        toJSON() {
          return `${this.cents} cents`
        }
      }
      const kept = await both(
        put({
          date: new Date(0),
          price: new Money(5),
          call: () => 1,
          list: [undefined, null, NaN, { deep: { deeper: { deepest: { yet: { one: { more: 1 } } } } } }],
          none: null,
          map: new Map([[1, 2]]),
          missing: undefined,
        }),
        read,
      )
      expect(kept).to.deep.equal({
        date: '1970-01-01T00:00:00.000Z',
        price: '5 cents',
        list: [null, null, null, { deep: { deeper: { deepest: { yet: { one: { more: 1 } } } } } }],
        none: null,
        map: {},
      })
    })

    it('what was changed, added and deleted in it, also in the depth of a shared key', async () => {
      const change: Handler = (kept, _req, done) => {
        const cart = kept.cart as Record<string, unknown>
        delete cart.hat
        cart.boots = { sizes: [42], colour: 'red' }
        delete kept.views
        kept.flag = true
        done()
      }
      const kept = await both(
        put({ cart: { hat: 1, boots: { sizes: [41, 42], laces: 1 } }, views: 1 }),
        change,
        read,
      )
      expect(kept).to.deep.equal({ cart: { boots: { sizes: [42], colour: 'red' } }, flag: true })
    })

    it('that a key was deleted, and nothing besides', async () => {
      const remove: Handler = (kept, _req, done) => {
        delete kept.views
        done()
      }
      expect(await both(put({ views: 1, cart: ['hat'] }), remove, read)).to.deep.equal({ cart: ['hat'] })
      const removeShared: Handler = (kept, _req, done) => {
        delete kept.cart
        done()
      }
      expect(await both(removeShared, read)).to.deep.equal({})
    })

    it('no session for what is empty', async () => {
      const reply = await ours(put({ flash: {}, list: [], cart: null }))
      expect(reply.headers['set-cookie']).to.equal(undefined)
      await ours(put({ flash: {}, list: [], views: 1 }))
      expect((await ours(read)).json.said).to.deep.equal({ flash: {}, list: [], views: 1 })
    })

    it('a key of a name that objects have', async () => {
      expect(
        await both(put({ constructor: 1, toString: 'x', hasOwnProperty: 2, kept: 1 }), read),
      ).to.deep.equal({
        kept: 1,
      })
    })

    it('nothing where req.session was set to null, or destroyed', async () => {
      const drop: Handler = (kept, req, done) => {
        kept.views = 2
        Object.assign(req, { session: null })
        done()
      }
      expect(await both(put({ views: 1 }), drop, read)).to.deep.equal({ views: 1 })
      const destroy: Handler = (kept, req, done) =>
        kept.destroy((error) => {
          done([error ?? null, 'session' in req])
        })
      expect(await both(destroy)).to.deep.equal([null, false])
      expect(await both(read)).to.deep.equal({})
    })
  })

  describe('has members:', () => {
    beforeEach(() => start())

    it('id stays with the session, is sessionID, and is another after regenerate', async () => {
      const ids: Handler = (kept, req, done) => {
        done([kept.id, (req as unknown as { sessionID: string }).sessionID])
      }
      await ours(put({ views: 1 }))
      const [first, second] = [await ours(ids), await ours(ids)].map(({ json }) => json.said as string[])
      expect(first).to.deep.equal(second)
      expect(first![0])
        .to.equal(first![1])
        .and.match(/^[\w-]{43}$/)
      const regenerate: Handler = (kept, req, done) =>
        kept.regenerate(() => {
          Object.assign(req.session, { views: 5 })
          ids(sessionOf(req), req, done)
        })
      const [anew] = (await ours(regenerate)).json.said as string[]
      expect(anew).to.not.equal(first![0])
      expect((await ours(ids)).json.said).to.deep.equal([anew, anew])
    })

    it('regenerate gives an empty one, and the old one is over', async () => {
      const copy = async () => {
        await ours(put({ views: 1 }))
        return visitor.copy()
      }
      const thief = await copy()
      const regenerate: Handler = (kept, req, done) =>
        kept.regenerate((error) => {
          sessionOf(req).fresh = true
          done(error)
        })
      expect(await both(put({ views: 1 }), regenerate, read)).to.deep.equal({ fresh: true })
      const saveOld: Handler = (kept, _req, done) =>
        kept.regenerate(() => {
          kept.save((error) => {
            done((error as { code: string }).code)
          })
        })
      expect((await ours(saveOld)).json.said).to.equal('session_ended')
      await ours(put({ views: 1 }))
      const codes: Handler = (kept, req, done) => {
        const said: unknown[] = []
        const note = (next: () => void) => (error?: unknown) => {
          said.push((error as { code?: string } | undefined)?.code ?? 'done')
          next()
        }
        kept.regenerate(
          note(() => {
            kept.reload(
              note(() => {
                const anew = sessionOf(req)
                anew.reload(note(() => anew.destroy(note(() => anew.save(note(() => done(said)))))))
              }),
            )
          }),
        )
      }
      expect((await ours(codes)).json.said).to.deep.equal([
        'done',
        'session_ended',
        'session_ended',
        'done',
        'session_ended',
      ])
      expect((await ask(shops.ours, read, thief)).json.said).to.deep.equal({})
    })

    it('reload takes what is stored, and says where there is nothing', async () => {
      const reload: Handler = (kept, req, done) => {
        kept.views = 7
        kept.reload((error) => {
          done([error !== undefined, sessionOf(req).views ?? null])
        })
      }
      expect(await both(reload)).to.deep.equal([true, 7])
      expect(await both(put({ views: 1 }), reload)).to.deep.equal([false, 1])
      const reloadLater: Handler = (kept, req, done) => {
        handler = put({ views: 9 })
        void visitor
          .copy()
          .ask(`http://${req.headers.host}/`)
          .then(() => reload(kept, req, done))
      }
      expect(await both(reloadLater)).to.deep.equal([false, 9])
    })

    it('save stores at once, and touch and the cookie are there', async () => {
      const save: Handler = (kept, _req, done) => {
        kept.views = 1
        kept.touch().save((error) => {
          const { maxAge, originalMaxAge, expires } = kept.cookie
          done([
            error ?? null,
            maxAge,
            originalMaxAge,
            expires,
            JSON.stringify(kept).includes('"httpOnly":true'),
          ])
        })
      }
      expect(await both(save)).to.deep.equal([null, null, null, null, true])
      expect(await both(read)).to.deep.equal({ views: 1 })
    })

    it('cookie takes what is written to it', async () => {
      const write: Handler = (kept, req, done) => {
        const { cookie } = kept
        const seen = () => [
          cookie.originalMaxAge,
          cookie.maxAge !== null && cookie.maxAge > 50_000 && cookie.maxAge <= 60_000,
          cookie.expires instanceof Date,
        ]
        cookie.maxAge = 60_000
        const first = seen()
        cookie.expires = new Date(Date.now() + 60_000)
        const second = seen().slice(1)
        cookie.maxAge = null
        const third = seen()
        cookie.originalMaxAge = 60_000
        sessionOf(req).touch()
        done([first, second, third, seen()])
      }
      expect(await both(write)).to.deep.equal([
        [60_000, true, true],
        [true, true],
        [null, false, false],
        [60_000, true, true],
      ])
    })

    const asked = () =>
      world.hub.listener.seen.map(({ url }) => url).filter((url) => /^\/backchannel\/(?!events)/.test(url))

    it('nothing that was not used costs more than one look at the hub', async () => {
      await ours(put({ views: 1 }))
      const before = asked().length
      await ours(read)
      const save: Handler = (kept, _req, done) => kept.save(() => done())
      await ours(save)
      expect(asked().slice(before)).to.deep.equal(['/backchannel/read', '/backchannel/read'])
    })
  })

  describe('is saved before the answer is there:', () => {
    const streamed =
      (before: Partial<OldSession>, after: Partial<OldSession>): Handler =>
      (kept, req) => {
        const { res } = req
        Object.assign(kept, before)
        res!.write('begun ')
        Object.assign(kept, after)
        setImmediate(() => res!.end('and ended'))
      }

    it('an answer in parts, also of what changed between them', async () => {
      await start()
      for (const origin of [shops.theirs, shops.ours]) {
        const reply = await ask(origin, streamed({ first: 1 }, { second: 2 }))
        expect(reply.text).to.equal('begun and ended')
        expect((await ask(origin, read)).json.said).to.deep.equal({ first: 1, second: 2 })
      }
    })

    it('a large one that is piped', async () => {
      await start()
      const pipe: Handler = (kept, req) => {
        kept.views = 1
        Readable.from(Array.from({ length: 300 }, (_, at) => `${at} `.padEnd(2000))).pipe(req.res!)
      }
      const { text } = await ours(pipe)
      expect([text.length, text.slice(0, 2), text.slice(-2000, -1996)]).to.deep.equal([600_000, '0 ', '299 '])
      expect((await ours(read)).json.said).to.deep.equal({ views: 1 })
    })

    for (const place of ['before', 'behind'] as const) {
      it(`one that a middleware ${place} it compresses`, async () => {
        const compress = compression({ threshold: 0 })
        await start({}, place === 'behind' ? [compress] : [], (app) => {
          if (place === 'before') app.use(compress)
        })
        const url = `${shops.ours}/`
        handler = put({ views: 1 })
        await visitor.ask(url)
        handler = (kept, _req, done) => {
          kept.more = 'x'.repeat(50)
          done(kept.views)
        }
        const zipped = await raw(url, visitor)
        expect(zipped.encoding).to.equal('gzip')
        expect(JSON.parse(gunzipSync(zipped.body).toString())).to.deep.equal({ said: 1 })
        handler = read
        expect((await visitor.ask(url)).json.said).to.deep.equal({ views: 1, more: 'x'.repeat(50) })
      })
    }

    it('one to whose session something is added when its head is written', async () => {
      const adds: RequestHandler = (req, res, next) => {
        const writeHead = res.writeHead.bind(res) as (...given: unknown[]) => typeof res
        res.writeHead = (...given: unknown[]) => {
          sessionOf(req).heads = 1
          return writeHead(...given)
        }
        next()
      }
      await start({}, [adds])
      await ours(put({ views: 1 }))
      const reply = await ours(streamed({}, {}))
      expect(reply.text).to.equal('begun and ended')
      expect((await ours(read)).json.said).to.deep.equal({ views: 1, heads: 1 })
    })

    it('one whose head the application writes itself', async () => {
      await start()
      const head: Handler = (kept, { res }) => {
        kept.views = 1
        res!.writeHead(202, { 'x-own': 'yes' })
        res!.end('{"said":"written"}')
      }
      const reply = await ours(head)
      expect([reply.status, reply.headers['x-own'], reply.json.said]).to.deep.equal([202, 'yes', 'written'])
      expect((await ours(read)).json.said).to.deep.equal({ views: 1 })
    })
  })

  describe('where something is wrong', () => {
    beforeEach(() => start())

    it('a page for nobody is shown while the hub is down; who has a session gets 503, and has it afterwards', async () => {
      await ours(put({ views: 1 }))
      await world.hub.listener.stop()
      expect((await ours(read)).status).to.equal(503)
      const stranger = new Visitor(world.hub.origin)
      expect((await ask(shops.ours, read, stranger)).status).to.equal(200)
      await world.hub.listener.start()
      world.advance(PAUSE)
      expect((await ours(read)).json.said).to.deep.equal({ views: 1 })
    })

    it('nor is anybody taken for a stranger whose session cannot be looked up', async () => {
      await ours(put({ views: 1 }))
      world.advance(5 * 3600)
      await world.hub.listener.stop()
      expect((await ours(read)).status).to.equal(503)
    })

    it('what cannot be stored is answered with 503, once, and without the answer that was not true', async () => {
      await world.hub.listener.stop()
      let times = 0
      const write: Handler = (kept, { res }) => {
        times += 1
        kept.views = 1
        res!.redirect('/paid')
      }
      const reply = await ours(write)
      expect([reply.status, reply.json.error, reply.headers.location, times]).to.deep.equal([
        503,
        'unavailable',
        undefined,
        1,
      ])
    })

    it('what comes after a callback was told, or where none was, is not passed over', async () => {
      await world.hub.listener.stop()
      const more: Handler = (kept, _req, done) => {
        kept.views = 1
        kept.save(() => {
          kept.views = 2
          done()
        })
      }
      expect((await ours(more)).status).to.equal(503)
      const deaf: Handler = (kept, _req, done) => {
        kept.views = 1
        kept.save()
        setImmediate(done)
      }
      expect((await ours(deaf)).status).to.equal(503)
    })

    it('nothing is saved of a session that is let go of while the answer waits', async () => {
      const letGo: Handler = (kept, req, done) => {
        kept.views = 1
        done('well')
        Object.assign(req, { session: null })
      }
      expect((await ours(letGo)).json.said).to.equal('well')
      expect((await ours(read)).json.said).to.deep.equal({})
    })

    it('an answer that is none is answered as an error, though the session was saved before', async () => {
      const wrong: Handler = (kept, { res }) => {
        kept.views = 1
        res!.writeHead(9999)
        res!.end()
      }
      const reply = await ours(wrong)
      expect([reply.status, reply.json.error]).to.deep.equal([500, 'ERR_HTTP_INVALID_STATUS_CODE'])
      expect((await ours(read)).json.said).to.deep.equal({ views: 1 })
    })

    it('save says so to its callback, and then the application’s own answer goes out', async () => {
      await world.hub.listener.stop()
      const save: Handler = (kept, _req, done) => {
        kept.views = 1
        kept.save((error) => {
          done((error as { code: string }).code)
        })
      }
      const reply = await ours(save)
      expect([reply.status, reply.json.said]).to.deep.equal([200, 'unavailable'])
    })

    it('an answer breaks off that has begun before there was a session, and has nowhere to put its cookie', async () => {
      const late: Handler = (kept, { res }) => {
        res!.write('begun')
        kept.views = 1
        setImmediate(() => res!.end('ended'))
      }
      const outcome = await ours(late).then(
        ({ text }) => text,
        () => 'broken off',
      )
      expect(outcome).to.equal('broken off')
    })

    it('more than an update carries is named; much in several keys is stored', async () => {
      const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`key${at}`, 'x'.repeat(150)]))
      expect((await ours(put(many))).status).to.equal(200)
      expect((await ours(read)).json.said).to.deep.equal(many)
      const small = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`n${at}`, at]))
      expect((await ours(put(small))).status).to.equal(200)
      const reply = await ours(put({ huge: 'x'.repeat(8000) }))
      expect([reply.status, reply.json.error]).to.deep.equal([413, 'data_too_large'])
      expect(reply.json.message).to.include('req.session.huge takes').and.include('7680')
      const flood = await ours(put({ one: 'x'.repeat(5000), two: 'x'.repeat(5000) }))
      expect([flood.status, flood.json.error]).to.deep.equal([413, 'data_too_large'])
      expect(flood.json.message).to.include('16384')
    })

    it('what JSON has no words for is an error, and so is another object in its place', async () => {
      expect((await ours(put({ big: 1n }))).json.message).to.include('BigInt')
      const other: Handler = (_kept, req, done) => {
        Object.assign(req, { session: { views: 1 } })
        done()
      }
      expect((await ours(other)).json.message).to.include('replaced by something else')
      expect((await ours(put({ cart: { a: { b: { c: { d: { e: 1 } } } } } }))).json).to.deep.include({
        error: 'request_invalid',
      })
    })
  })

  it('leaves a request alone that the site has no session for', async () => {
    await start({}, [], (app, site) => {
      const elsewhere: Site = { ...site, session: () => (_req, _res, next) => next() }
      const mounted = express()
      mounted.use(expressSession(elsewhere, { secret: SECRET }), (req, res) => {
        res.json({ said: 'session' in req })
      })
      app.use('/elsewhere', mounted)
    })
    expect((await visitor.ask(`${shops.ours}/elsewhere/`)).json.said).to.equal(false)
  })

  it('says so where another middleware has req.session already, and may be there twice itself', async () => {
    await start({}, [], (app, site) => {
      const mounted = express()
      const own = expressSession(site, { secret: SECRET, shared: ['cart'] })
      routes(mounted, own, [own])
      app.use('/twice', mounted)
      const taken = express()
      routes(taken, session({ secret: SECRET, resave: false, saveUninitialized: false }), [own])
      app.use('/taken', taken)
    })
    await ours(put({ cart: ['boots'] }))
    handler = read
    expect((await visitor.ask(`${shops.ours}/twice/`)).json.said).to.deep.equal({ cart: ['boots'] })
    const { status, json } = await visitor.ask(`${shops.ours}/taken/`)
    expect([status, json.error]).to.deep.equal([500, 'options_invalid'])
    expect(json.message).to.include('express-session; remove that one')
  })

  describe('with options', () => {
    const signedIn: Handler = (_kept, req, done) => {
      done((req as unknown as { hub: { subject: string | null } }).hub.subject)
    }

    it('keeps the user where the application has it, and its numbers are numbers', async () => {
      await start({
        userAt: 'userId',
        toSignIn: (user) => ({ subject: JSON.stringify(user) }),
        toUser: ({ subject }) => Number(subject),
      })
      const signIn: Handler = (kept, req, done) =>
        kept.regenerate(() => {
          put({ userId: 7, logins: 1 })(sessionOf(req), req, done)
        })
      expect(await both(signIn, read)).to.deep.equal({ userId: 7, logins: 1 })
      expect((await ours(signedIn)).json.said).to.equal('7')
      const signOut: Handler = (kept, _req, done) => {
        delete kept.userId
        done()
      }
      await ours(signOut)
      expect((await ours(read)).json.said).to.deep.equal({})
      await ours(signIn)
      const idOf: Handler = (kept, _req, done) => done(kept.id)
      const known = (await ours(idOf)).json.said
      await ours((kept, req, done) => {
        kept.flash = ['Good-bye']
        signOut(kept, req, done)
      })
      expect((await ours(read)).json.said).to.deep.equal({ flash: ['Good-bye'] })
      expect((await ours(idOf)).json.said).to.not.equal(known)
      await ours(signIn)
      const signOutAndTidy: Handler = (kept, _req, done) => {
        delete kept.userId
        kept.save(() => {
          delete kept.logins
          done()
        })
      }
      await ours(signOutAndTidy)
      expect([...visitor.cookies(shops.ours).keys()]).to.not.include('__Host-session')
      expect((await ours(signedIn)).json.said).to.equal(null)
    })

    it('begins anew with a key that was its own, and is shared now', async () => {
      await start({}, [], (app, site) => {
        const mounted = express()
        routes(mounted, expressSession(site, { secret: SECRET }))
        app.use('/before', mounted)
      })
      handler = put({ cart: ['old'], views: 1 })
      await visitor.ask(`${shops.ours}/before/`)
      expect((await ours(read)).json.said).to.deep.equal({ views: 1 })
      await ours(put({ cart: ['new'] }))
      expect((await ours(read)).json.said).to.deep.equal({ views: 1, cart: ['new'] })
    })

    it('signs in where the application forgets to regenerate: its keys stay, another user’s do not', async () => {
      await start({ userAt: 'user' })
      await ours(put({ cart: ['boots'], theme: 'dark' }))
      const before = (await ours((kept, _req, done) => done(kept.id))).json.said
      const thief = visitor.copy()
      await ours(put({ user: 'ada' }))
      expect((await ours(read)).json.said).to.deep.equal({ user: 'ada', cart: ['boots'], theme: 'dark' })
      expect((await ours((kept, _req, done) => done(kept.id))).json.said).to.not.equal(before)
      expect((await ask(shops.ours, read, thief)).json.said).to.deep.equal({})
      await ours(put({ user: 'bob', mine: 1 }))
      expect((await ours(read)).json.said).to.deep.equal({ user: 'bob', mine: 1 })
    })

    it('has the id of the sign-in from then on', async () => {
      await start({ userAt: 'user' })
      const signIn: Handler = (kept, req, done) =>
        kept.regenerate(() => {
          Object.assign(req.session, { user: 'ada' })
          done(sessionOf(req).id)
        })
      const { json } = await ours(signIn)
      const ids = []
      for (let time = 0; time < 2; time += 1)
        ids.push((await ours((kept, _req, done) => done(kept.id))).json.said)
      expect(ids).to.deep.equal([json.said, json.said])
    })

    it('signs in once, also where nobody waits for save, and not again for the same user', async () => {
      await start({
        userAt: 'user',
        toSignIn: (user) => ({ subject: (user as unknown as { id: string }).id }),
        toUser: ({ subject }) => ({ id: subject }),
      })
      const signIn: Handler = (kept, _req, done) => {
        kept.user = { id: 'ada' }
        kept.save()
        done()
      }
      await ours(signIn)
      await ours(put({ user: { id: 'ada', seen: 1 } }))
      expect((await ours(read)).json.said).to.deep.equal({ user: { id: 'ada' } })
      const signIns = world.hub.listener.seen.filter(({ url }) => url === '/backchannel/sign-in')
      expect(signIns).to.have.length(1)
    })

    it('says at the first sign-in that a number needs two functions', async () => {
      await start({ userAt: 'userId' })
      const reply = await ours(put({ userId: 7 }))
      expect([reply.status, reply.json.error]).to.deep.equal([500, 'options_invalid'])
      expect(reply.json.message).to.include('toSignIn').and.include('toUser')
    })

    it('opens what a former secret has sealed, and seals it anew', async () => {
      const next = 'the next secret, which is long enough'
      await start({}, [], (app, site) => {
        for (const [path, secret] of [
          ['/next', [next, SECRET]],
          ['/last', next],
        ] as const) {
          const mounted = express()
          routes(mounted, expressSession(site, { secret, shared: ['cart'] }))
          app.use(path, mounted)
        }
      })
      await ours(put({ views: 1, cart: ['boots'] }))
      const ids: string[] = []
      for (const path of ['', '/next', '/next', '/last']) {
        handler = (kept, req, done) => {
          ids.push(kept.id)
          read(kept, req, done)
        }
        const { json } = await visitor.ask(`${shops.ours}${path}/`)
        expect(json.said, path).to.deep.equal({ views: 1, cart: ['boots'] })
      }
      expect(new Set(ids).size).to.equal(1)

      // Two processes, of which one has the next secret already.
      await ours(put({ views: 9 }))
      handler = read
      expect((await visitor.ask(`${shops.ours}/next/`)).json.said).to.deep.equal({
        views: 1,
        cart: ['boots'],
      })
      expect((await ours(read)).json.said).to.deep.equal({ cart: ['boots'] })

      await ours(put({ views: 2 }))
      handler = (_kept, req, done) => {
        void world
          .siteOf('ours')
          .site.signOut(req, req.res!)
          .then(() => done())
      }
      await visitor.ask(`${shops.ours}/next/`)
      expect([...visitor.cookies(shops.ours).keys()]).to.not.include('__Host-session')
      await ours(put({ views: 1, cart: ['boots'] }))
      handler = read
      await visitor.ask(`${shops.ours}/next/`)
      expect((await ours(read)).json.said).to.deep.equal({ cart: ['boots'] })
    })
  })
})

/** As it comes over the line. */
async function raw(url: string, visitor: Visitor): Promise<{ encoding: string | null; body: Buffer }> {
  const { get } = await import('node:http')
  const cookie = [...visitor.cookies(url)].map(([name, value]) => `${name}=${value}`).join('; ')
  const { port, host, pathname } = new URL(url)
  return new Promise((resolve, reject) => {
    get(
      { host: '127.0.0.1', port, path: pathname, headers: { host, cookie, 'accept-encoding': 'gzip' } },
      (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('end', () => {
          resolve({ encoding: res.headers['content-encoding'] ?? null, body: Buffer.concat(chunks) })
        })
      },
    ).on('error', reject)
  })
}
