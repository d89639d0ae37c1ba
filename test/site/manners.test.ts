/** What an application does by habit, and loses by: it is told so at once in development, and once in the log in production. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { expect } from 'chai'
import express from 'express'
import { isHttpError } from 'http-errors'
import { SessionHubError } from 'session-hub/site'

import { errorCodes } from '../../sdk/protocol/errors.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('an application with habits of another session', () => {
  let world: World
  let shop: string
  let visitor: Visitor
  const environment = process.env.NODE_ENV

  beforeEach(async () => {
    world = await startWorld({ sites: [] })
    await world.addSite('shop', (app, site) => {
      app.use(site.router, site.session(), express.json())
      app.post('/assign/:name', (req, res) => {
        Reflect.set(req.session, req.params.name, 'ada', req.session)
        res.json({
          read: Reflect.get(req.session, req.params.name) as unknown,
          keys: Object.keys(req.session),
        })
      })
      app.post('/symbol', (req, res) => {
        Object.assign(req.session, { [Symbol.for('a library')]: 1 })
        res.json({
          has: Reflect.has(req.session, Symbol.for('a library')),
          missing: Reflect.get(req.session, 'user') as unknown,
        })
      })
      app.post('/update', async (req, res) => {
        res.json(await req.session.update(req.body as { cart: string[] }))
      })
    })
    shop = world.siteOf('shop').origin
    visitor = new Visitor(world.hub.origin)
  })
  afterEach(async () => {
    if (environment === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = environment
    await world.close()
  })
  const logged = () => world.log.map(({ event, code, description }) => ({ event, code, description }))

  it('that writes req.session.user hears at once that this stores nothing, and what does', async () => {
    const { status, text } = await visitor.post(shop, '/assign/user', {})
    expect(status).to.equal(500)
    expect(text).to.include('req.session.user').and.include('req.session.update({ user:')
  })

  it('is heard of once in production, by each name, and its request goes on', async () => {
    process.env.NODE_ENV = 'production'
    for (const name of ['user', 'user', 'passport', 'user']) {
      const { json } = await visitor.post(shop, `/assign/${name}`, {})
      expect(json.read).to.equal('ada')
      expect(json.keys).to.include(name)
    }
    expect(logged().map(({ code }) => code)).to.deep.equal(['options_invalid', 'options_invalid'])
    expect(logged()[0]!.description).to.include('req.session.user')
    expect(await visitor.ask(`${shop}/`)).to.include({ status: 404 })
  })

  it('R31: is not listened to without end, whatever it takes names from', async () => {
    process.env.NODE_ENV = 'production'
    for (let at = 0; at < 300; at += 1) await visitor.post(shop, `/assign/n${at}`, {})
    expect(logged().length).to.be.at.most(21)
  })

  it('that writes what the session has itself changes nothing, and what is no name is left alone', async () => {
    const { status } = await visitor.post(shop, '/assign/subject', {})
    expect(status).to.equal(200)
    expect((await visitor.post(shop, '/symbol', {})).json).to.deep.equal({ has: true })
    expect((await visitor.post(shop, '/update', { cart: ['boots'] })).json).to.deep.equal({ cart: ['boots'] })
  })
})

describe('an error of this package', () => {
  it('is one of http-errors, whose message is shown where it is not our own trouble', () => {
    for (const code of errorCodes) {
      const error = new SessionHubError(code, 'said')
      expect(isHttpError(error), code).to.equal(true)
      expect(error.expose, code).to.equal(error.statusCode < 500)
    }
    expect(isHttpError(new Error('said'))).to.equal(false)
  })

  it('is answered with its own status by an application that has no error handler', async () => {
    const world = await startWorld({ sites: [] })
    try {
      const { origin } = await world.addSite('shop', (app, site) => {
        app.use(site.router, site.session())
        app.get('/recent', site.requireRecent(60))
      })
      expect((await new Visitor(world.hub.origin).ask(`${origin}/recent`)).status).to.equal(401)
    } finally {
      await world.close()
    }
  })
})

describe('a call that nobody waits for', () => {
  /** A process of an application, which calls without `await` while its hub is away. @returns what it says, and how it ends */
  async function run(call: string, production: boolean): Promise<{ said: string; code: number | null }> {
    const program = `
      import { generateSite } from 'session-hub/hub'
      import { createSite } from 'session-hub/site'
      const origin = 'http://shop.localhost:1'
      const { keys } = await generateSite(origin)
      const log = ({ event, code, where }) => console.log(event, where, code)
      const site = await createSite({ origin, hub: 'http://127.0.0.1:9', keys, log })
      const request = new Request(origin, { headers: { host: 'shop.localhost:1' } })
      const visit = await site.visit(request)
      const { session } = visit
      ;(${call})
      setTimeout(() => console.log('alive'), 300)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, NODE_ENV: production ? 'production' : 'development' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let said = ''
    child.stdout.on('data', (text: Buffer) => (said += String(text)))
    const [code] = (await once(child, 'close')) as [number | null]
    return { said, code }
  }

  const calls: Record<string, string> = {
    'update by a patch': 'session.update({ cart: [] })',
    'update by a function': 'session.update(() => ({ cart: [] }))',
    'a change of claims': "session.updateClaims({ name: 'Ada' })",
    'a token for a service': "session.tokenFor('https://api.example')",
    'a sign-in': "visit.signIn({ subject: '' })",
    'a list of sessions': 'visit.sessions()',
  }
  for (const [what, call] of Object.entries(calls)) {
    it(`ends no process in production, and stands in the log: ${what}`, async () => {
      const { said, code } = await run(call, true)
      expect(said)
        .to.match(/request_(failed|refused)/)
        .and.include('alive')
      expect(code).to.equal(0)
    })
  }

  it('is Node’s own error in development, so that the missing `await` is found', async () => {
    const { said, code } = await run(calls['update by a patch']!, false)
    expect(said).to.not.include('alive')
    expect(code).to.equal(1)
  })

  it('still rejects for whoever does wait', async () => {
    const { said, code } = await run(
      'session.update({ cart: [] }).catch((error) => console.log("heard", error.code))',
      true,
    )
    expect(said).to.include('heard unavailable').and.include('alive')
    expect(code).to.equal(0)
  })
})
