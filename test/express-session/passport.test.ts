/** Passport, connect-flash and csrf-csrf, unchanged: on express-session itself and on the session of the hub, side by side. */
import { expect } from 'chai'
import type { Express, RequestHandler } from 'express'
import express4 from 'express4'
import session from 'express-session'
import { expressSession } from 'session-hub/express-session'

import { unmounted } from '../support/adapters/express4.js'
import { passportApp, type PassportAppOptions, SECRET } from '../support/passport-app.js'
import { type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

for (const version of [5, 4]) {
  describe(`an application of express-session on Express ${version}, on the hub`, () => {
    let world: World
    /** The same application twice. */
    const shops = { theirs: '', ours: '' }
    let visitor: Visitor

    function fill(
      app: Express,
      sessions: RequestHandler | RequestHandler[],
      options: PassportAppOptions,
    ): void {
      if (version === 5) passportApp(app, sessions, options)
      else {
        const own = express4().disable('x-powered-by')
        const parsers = { json: express4.json, urlencoded: express4.urlencoded } as NonNullable<
          PassportAppOptions['parsers']
        >
        passportApp(own as unknown as Express, sessions, { ...options, parsers })
        app.use(unmounted(own))
      }
    }
    async function start(options: PassportAppOptions = {}): Promise<void> {
      world = await startWorld({ sites: ['magazine'] })
      await world.addSite('theirs', (app) => {
        fill(app, session({ secret: SECRET, resave: false, saveUninitialized: false }), options)
      })
      await world.addSite(
        'ours',
        (app, site) => {
          fill(app, [site.router, expressSession(site, { secret: SECRET, shared: ['cart'] })], options)
        },
        { sessionProperty: 'hub' },
      )
      for (const name of ['theirs', 'ours'] as const) shops[name] = world.siteOf(name).origin
      visitor = new Visitor(world.hub.origin)
    }
    afterEach(() => world.close())

    type Step = (origin: string) => Promise<Reply>
    const get =
      (path: string): Step =>
      (origin) =>
        visitor.ask(origin + path)
    const post =
      (path: string, body: object, headers: Record<string, string> = {}): Step =>
      (origin) =>
        visitor.post(origin, path, body, headers)
    const signIn = (username: string, password = 'right') => post('/login', { username, password })
    const home = get('/')

    /** @returns what both answered, each step */
    async function both(...steps: Step[]): Promise<unknown[]> {
      const [theirs, ours] = await Promise.all(
        [shops.theirs, shops.ours].map(async (origin) => {
          const answers: unknown[] = []
          for (const step of steps) {
            const { status, json, headers } = await step(origin)
            answers.push({ status, json, ...(headers.location && { location: headers.location }) })
          }
          return answers
        }),
      )
      expect(ours).to.deep.equal(theirs)
      return ours!
    }

    const stepsOf = (answers: unknown[]) => answers.map((answer) => (answer as Reply).json)

    it('signs in and out by Passport, and says by connect-flash what went wrong', async () => {
      await start()
      const answers = await both(
        home,
        signIn('ada', 'wrong'),
        home,
        home,
        signIn('ada'),
        home,
        post('/cart', { item: 'boots' }),
        home,
        post('/logout', {}),
        home,
        home,
      )
      const nobody = { user: null, isIn: false, cart: [], said: {} }
      const ada = { user: { id: 'ada' }, isIn: true, cart: [], said: {} }
      expect(stepsOf(answers).filter((json) => 'user' in json)).to.deep.equal([
        nobody,
        { ...nobody, said: { error: ['No entry, ada'] } },
        nobody,
        ada,
        { ...ada, cart: ['boots'], said: { info: ['boots added'] } },
        { ...nobody, said: { info: ['Good-bye'] } },
        nobody,
      ])
    })

    it('keeps what Passport is told to keep', async () => {
      await start({ keepSessionInfo: true })
      const answers = await both(post('/cart', { item: 'boots' }), signIn('ada'), post('/logout', {}), home)
      expect(answers.at(-1)).to.deep.include({
        json: { user: null, isIn: false, cart: ['boots'], said: { info: ['boots added', 'Good-bye'] } },
      })
    })

    it('guards forms by csrf-csrf: the token of this session is taken, and after a sign-in it is not', async () => {
      await start()
      const tokens = new Map<string, string>()
      const form: Step = async (origin) => {
        const reply = await visitor.ask(`${origin}/form`)
        tokens.set(origin, String(reply.json.token))
        return { ...reply, json: {} }
      }
      const send: Step = (origin) => post('/form', {}, { 'x-csrf-token': tokens.get(origin)! })(origin)
      const answers = await both(form, send, signIn('ada'), send, form, send)
      expect(answers.map((answer) => (answer as Reply).status)).to.deep.equal([200, 200, 302, 403, 200, 200])
    })

    it('leaves a user whom this application does not know signed in elsewhere', async () => {
      await start({ knows: (id) => id !== 'ada' })
      const answers = await both(signIn('ada'), home, home)
      expect(answers.at(-1)).to.deep.include({ json: { user: null, isIn: false, cart: [], said: {} } })
      await visitor.sync(shops.ours)
      const { origin: magazine } = world.siteOf('magazine')
      await visitor.sync(magazine)
      await visitor.ask(`${shops.ours}/`)
      expect(await visitor.whoami(magazine)).to.include({ session: 'signed-in', subject: 'ada' })
    })

    it('signs in by Passport while the hub is down, and the hub is told later', async () => {
      await start()
      await world.hub.listener.stop()
      expect((await signIn('ada')(shops.ours)).headers.location).to.equal('/')
      expect((await home(shops.ours)).json).to.deep.include({ user: { id: 'ada' }, isIn: true })
      await world.hub.listener.start()
      world.advance(10)
      await post('/cart', { item: 'boots' })(shops.ours)
      expect((await home(shops.ours)).json).to.deep.include({ user: { id: 'ada' }, cart: ['boots'] })
    })

    it('signs in by a form that an identity provider’s page posts, and the cart of before is there', async () => {
      await start()
      await post('/cart', { item: 'boots' })(shops.ours)
      const form = { username: 'ada', password: 'right' }
      const replies = await visitor.submit(`${shops.ours}/login`, form, { origin: 'https://idp.example' })
      expect(replies[0]!.headers.location).to.equal('/')
      expect((await home(shops.ours)).json).to.deep.include({ user: { id: 'ada' }, cart: ['boots'] })
    })

    describe('shares with other sites', () => {
      beforeEach(() => start())
      const magazine = () => world.siteOf('magazine').origin

      it('who has signed in by Passport, and the cart of before', async () => {
        await post('/cart', { item: 'boots' })(shops.ours)
        await signIn('ada')(shops.ours)
        expect((await home(shops.ours)).json).to.deep.include({ user: { id: 'ada' }, cart: ['boots'] })
        await visitor.sync(shops.ours)
        await visitor.sync(magazine())
        const seen = await visitor.whoami(magazine())
        expect(seen).to.include({ session: 'signed-in', subject: 'ada' })
        expect((seen.data as { cart: unknown }).cart).to.deep.equal(['boots'])
      })

      it('the other way round, and Passport finds the user without a sign-in of its own', async () => {
        await visitor.post(magazine(), '/cart', { item: 'poster' })
        await visitor.post(magazine(), '/sign-in', { name: 'bob' })
        await visitor.sync(magazine())
        await visitor.sync(shops.ours)
        expect((await home(shops.ours)).json).to.deep.include({
          user: { id: 'bob' },
          isIn: true,
          cart: ['poster'],
        })
      })

      it('no id: a session that arrives has one of this application’s own, and all first requests see the same', async () => {
        await visitor.post(magazine(), '/cart', { item: 'poster' })
        await visitor.sync(magazine())
        await visitor.sync(shops.ours)
        const idOf = async () => (await get('/id')(shops.ours)).json.id
        const first = await Promise.all([idOf(), idOf(), idOf()])
        expect(new Set([...first, await idOf()]).size).to.equal(1)
        expect(first[0]).to.match(/^[\w-]{43}$/)
      })

      it('the end: Passport’s logout signs out on all of them', async () => {
        await signIn('ada')(shops.ours)
        await visitor.sync(shops.ours)
        await visitor.sync(magazine())
        await post('/logout', {})(shops.ours)
        await visitor.sync(magazine())
        expect(await visitor.whoami(magazine())).to.include({ session: 'none', subject: null })
      })

      it('nothing of a visitor who was only looked at', async () => {
        const reply = await home(shops.ours)
        expect(reply.headers['set-cookie']).to.equal(undefined)
        const asked = world.hub.listener.seen.filter(({ url }) => url.startsWith('/backchannel/'))
        expect(asked).to.deep.equal([])
      })
    })
  })
}
