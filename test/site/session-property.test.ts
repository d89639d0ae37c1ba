/** A site beside another session middleware, which has `req.session`, or takes it. */
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import session from 'express-session'
import { SessionHubError, type SiteOptions } from 'session-hub/site'

import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const theirs = (): RequestHandler =>
  session({ secret: 'a secret of theirs', resave: false, saveUninitialized: true })

/** As cookie-session and client-sessions take the property, whatever is there. */
const taking: RequestHandler = (req, _res, next) => {
  const value = { user: 'bob' }
  Object.defineProperty(req, 'session', { configurable: true, enumerable: true, get: () => value })
  next()
}

describe('a site beside another session middleware', () => {
  let world: World
  const environment = process.env.NODE_ENV
  afterEach(async () => {
    if (environment === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = environment
    await world.close()
  })

  interface Beside {
    readonly before?: RequestHandler
    readonly after?: RequestHandler
    readonly options?: Partial<SiteOptions>
  }

  async function start({ before, after, options }: Beside): Promise<Visitor> {
    world = await startWorld({ sites: [] })
    await world.addSite(
      'shop',
      (app, site) => {
        if (before) app.use(before)
        app.use(site.router, site.session())
        if (after) app.use(after)
        app.use(express.json())
        app.post('/sign-in', async (req, res) => {
          await site.signIn(req, res, { subject: 'ada' })
          res.json({})
        })
        app.get('/', (req, res) => {
          const { session, hub } = req as unknown as Record<
            string,
            { subject?: string; user?: string; id?: string } | undefined
          >
          if (typeof session?.id === 'string') session.user ??= 'bob'
          res.json({ user: session?.user, subject: hub?.subject })
        })
        app.get('/regenerate', (req, res) => {
          ;(req.session as unknown as { regenerate: (done: () => void) => void }).regenerate(() => {
            res.json({})
          })
        })
        app.use(((error, _req, res, _next) => {
          const { statusCode, message, expose } = error as SessionHubError
          res.status(statusCode).json({ message, expose })
        }) satisfies ErrorRequestHandler)
      },
      options,
    )
    return new Visitor(world.hub.origin)
  }
  const logged = () => world.log.map(({ code }) => code)
  const home = () => `${world.siteOf('shop').origin}/`

  it('has its own by the name that was chosen, and leaves express-session alone', async () => {
    const visitor = await start({ before: theirs(), options: { sessionProperty: 'hub' } })
    await visitor.post(world.siteOf('shop').origin, '/sign-in', {})
    expect((await visitor.ask(home())).json).to.deep.equal({ user: 'bob', subject: 'ada' })
    expect(logged()).to.deep.equal([])
  })

  it('says in development, before the first answer, that express-session has the name', async () => {
    const visitor = await start({ before: theirs() })
    const { status, json } = await visitor.ask(home())
    expect(status).to.equal(500)
    expect(json.message).to.include('req.session is another').and.include('sessionProperty: "hub"')
    expect(json.expose).to.equal(false)
  })

  it('leaves the name to express-session in production, which ends its answers, and says so in the log', async () => {
    process.env.NODE_ENV = 'production'
    const visitor = await start({ before: theirs() })
    for (const _ of [1, 2]) {
      const { status, json } = await visitor.ask(home())
      expect(status).to.equal(200)
      expect(json).to.deep.equal({ user: 'bob' })
    }
    expect((await visitor.post(world.siteOf('shop').origin, '/sign-in', {})).status).to.equal(200)
    expect(logged()).to.deep.equal(['options_invalid'])
  })

  it('says that express-session, which comes after it and stands aside, is not there', async () => {
    const visitor = await start({ after: theirs() })
    const { status, json } = await visitor.ask(`${home()}regenerate`)
    expect(status).to.equal(500)
    expect(json.message).to.include('req.session.regenerate').and.include('session-hub/express-session')
    expect(json.expose).to.equal(false)
  })

  it('says the same in the log in production, once', async () => {
    process.env.NODE_ENV = 'production'
    const visitor = await start({ after: theirs() })
    for (const _ of [1, 2]) await visitor.ask(`${home()}regenerate`)
    expect(logged()).to.deep.equal(['options_invalid'])
  })

  for (const mode of ['development', 'production'])
    it(`says in the log in ${mode}, once, that another has taken the name after it`, async () => {
      process.env.NODE_ENV = mode
      const visitor = await start({ after: taking })
      for (const _ of [1, 2]) expect((await visitor.ask(home())).json).to.deep.equal({ user: 'bob' })
      await until(() => logged().length > 0)
      expect(logged()).to.deep.equal(['options_invalid'])
      expect(world.log[0]?.description).to.include('req.session has been replaced')
    })

  it('has nothing to say where nobody else takes it, and where another site of the application does', async () => {
    const visitor = await start({})
    const other = await world.addSite('travel')
    world.siteOf('shop').listener.app.get('/both', other.site.session(), (_req, res) => {
      res.json({})
    })
    await visitor.ask(home())
    await visitor.ask(`${home()}both`)
    expect(logged()).to.deep.equal([])
  })
})
