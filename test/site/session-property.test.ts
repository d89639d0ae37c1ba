/** A site beside another session middleware, which has `req.session`. */
import { expect } from 'chai'
import express, { type ErrorRequestHandler } from 'express'
import { SessionHubError, type SiteOptions } from 'session-hub/site'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a site where something has req.session already', () => {
  let world: World
  const environment = process.env.NODE_ENV
  afterEach(async () => {
    if (environment === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = environment
    await world.close()
  })

  /** As express-session does it. */
  const theirs = { user: 'bob' }

  async function start(options: Partial<SiteOptions> = {}): Promise<Visitor> {
    world = await startWorld({ sites: [] })
    await world.addSite(
      'shop',
      (app, site) => {
        app.use((req, _res, next) => {
          Object.assign(req, { session: theirs })
          next()
        })
        app.use(site.router, site.session(), express.json())
        app.post('/sign-in', async (req, res) => {
          await site.signIn(req, res, { subject: 'ada' })
          res.json({})
        })
        app.get('/', (req, res) => {
          const { session, hub } = req as unknown as Record<
            string,
            { subject?: string; user?: string } | undefined
          >
          res.json({ user: session?.user, subject: hub?.subject })
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

  it('has its own by the name that was chosen, and leaves the other alone', async () => {
    const visitor = await start({ sessionProperty: 'hub' })
    const { origin } = world.siteOf('shop')
    await visitor.post(origin, '/sign-in', {})
    expect((await visitor.ask(`${origin}/`)).json).to.deep.equal({ user: 'bob', subject: 'ada' })
  })

  it('says so at once in development', async () => {
    const visitor = await start()
    const { status, json } = await visitor.ask(`${world.siteOf('shop').origin}/`)
    expect(status).to.equal(500)
    expect(json.message).to.include('req.session belongs to another').and.include('sessionProperty: "hub"')
    expect(json.expose).to.equal(false)
  })

  it('goes on in production, and says so in the log', async () => {
    process.env.NODE_ENV = 'production'
    const visitor = await start()
    const { status } = await visitor.ask(`${world.siteOf('shop').origin}/`)
    expect(status).to.equal(200)
    expect(world.log.map(({ code }) => code)).to.deep.equal(['options_invalid'])
  })
})
