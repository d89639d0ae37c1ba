/** R41: what this answer cannot tell the visitor any more is refused before the hub is asked, and nothing is left behind at the hub. */
import { expect } from 'chai'
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express'
import { SessionHubError, type Site } from 'session-hub/site'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

type Act = (req: Request, res: Response) => Promise<unknown>

describe('R41: an answer that has begun', () => {
  let world: World
  let site: Site
  let shop: string
  let ada: Visitor
  /** Before the hub. */
  let line: RequestHandler
  /** What the last route has heard. */
  let heard: Promise<unknown>

  beforeEach(async () => {
    line = (_req, _res, next) => {
      next()
    }
    world = await startWorld({
      sites: [],
      inFrontOfHub: (req, res, next) => line(req, res, next),
      registration: () => ({ mayImpersonate: true }),
    })
    const acts: Record<string, Act> = {
      'sign-in': (req, res) => site.signIn(req, res, { subject: 'ada' }),
      update: (req) => req.session.update({ cart: ['boots'] }),
      'update-by-function': (req) => req.session.update(() => ({ cart: ['boots'] })),
      'sign-out': (req, res) => site.signOut(req, res),
      'act-as': (req, res) => site.actAs(req, res, { subject: 'bob', reason: 'A call' }),
      'stop-acting': (req, res) => site.stopActing(req, res),
      data: (req) => req.session.data(),
      devices: (req) => site.sessions(req),
    }
    const build = (app: Express, made: Site) => {
      site = made
      app.use(site.router, site.session())
      for (const [path, act] of Object.entries(acts)) {
        app.post(`/${path}`, async (req, res) => {
          await act(req, res)
          res.json({})
        })
        /** The head is out before anything is asked. */
        app.post(`/late/${path}`, async (req, res) => {
          res.write('<!doctype html>')
          heard = codeOf(act(req, res))
          await heard
          res.end()
        })
        /** A forgotten `await`: the head goes out while the hub is being asked. */
        app.post(`/forgotten/${path}`, (req, res) => {
          heard = codeOf(act(req, res))
          setImmediate(() => res.json({}))
        })
      }
      app.get('/who', async ({ session }, res) => {
        res.json({ status: session.status, subject: session.subject, data: await session.data() })
      })
      app.use(((error, _req, res, _next) => {
        res.status(500).json({ error: error instanceof SessionHubError ? error.code : 'unknown' })
      }) satisfies ErrorRequestHandler)
    }
    ;({ origin: shop } = await world.addSite('shop', build))
    ada = new Visitor(world.hub.origin)
  })
  afterEach(() => world.close())

  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      () => 'done',
      (error: unknown) => (error instanceof SessionHubError ? error.code : error),
    )
  const acts = () =>
    world.hub.listener.seen
      .map(({ url }) => url)
      .filter((url) => url.startsWith('/backchannel/') && url !== '/backchannel/events')
  const who = async () => (await ada.ask(`${shop}/who`)).json
  const sessionsOf = async (subject: string) => (await world.hub.hub.sessions.list(subject)).length
  const logged = () => world.log.filter(({ code }) => code === 'headers_sent').length

  it('refuses a sign-in, a first update and a sign-out, and asks the hub nothing', async () => {
    for (const act of ['sign-in', 'update', 'update-by-function', 'sign-out']) {
      await ada.post(shop, `/late/${act}`, {})
      expect(await heard, act).to.equal('headers_sent')
    }
    expect(acts()).to.deep.equal([])
  })

  it('lets a session be used that needs no cookie for it', async () => {
    await ada.post(shop, '/sign-in', {})
    for (const act of ['update', 'update-by-function', 'data', 'devices']) {
      await ada.post(shop, `/late/${act}`, {})
      expect(await heard, act).to.equal('done')
    }
    expect(await who()).to.deep.equal({ status: 'signed-in', subject: 'ada', data: { cart: ['boots'] } })
  })

  it('leaves a user signed in whom it could not sign out', async () => {
    await ada.post(shop, '/sign-in', {})
    await ada.post(shop, '/late/sign-out', {})
    expect(await heard).to.equal('headers_sent')
    expect(await who()).to.include({ subject: 'ada' })
  })

  it('begins no session in the place of one that has ended', async () => {
    await ada.post(shop, '/update', {})
    await ada.copy().post(shop, '/sign-out', {})
    await ada.post(shop, '/late/update', {})
    expect(await heard).to.be.oneOf(['session_ended', 'headers_sent'])
    expect(await who()).to.include({ status: 'none' })
  })

  it('that began while the hub was asked leaves no session there, and the log says so', async () => {
    for (const act of ['sign-in', 'update']) {
      await ada.post(shop, `/forgotten/${act}`, {})
      expect(await heard, act).to.equal('headers_sent')
      expect(acts().slice(-2), act).to.deep.equal([`/backchannel/${act}`, '/backchannel/end'])
    }
    expect(await sessionsOf('ada')).to.equal(0)
    expect(logged()).to.equal(2)
    expect(await who()).to.include({ status: 'none' })
  })

  it('that began while the hub was silent makes no sign-in that nobody holds', async () => {
    line = (req, res, next) => {
      if (req.url === '/backchannel/sign-in') res.socket?.destroy()
      else next()
    }
    await ada.post(shop, '/forgotten/sign-in', {})
    expect(await heard).to.equal('headers_sent')
    expect(logged()).to.be.at.least(1)
    expect(await who()).to.include({ status: 'none' })
  })

  it('that began while a user was being signed out has signed out all the same', async () => {
    await ada.post(shop, '/sign-in', {})
    await ada.post(shop, '/forgotten/sign-out', {})
    expect(await heard).to.equal('done')
    expect(await sessionsOf('ada')).to.equal(0)
    await who()
    expect(await who()).to.include({ status: 'none' })
  })

  it('shows nobody as another user, and takes nobody back', async () => {
    await ada.post(shop, '/sign-in', {})
    const before = acts().length
    await ada.post(shop, '/late/act-as', {})
    expect(await heard).to.equal('headers_sent')
    expect(acts()).to.have.length(before)
    expect(await who()).to.include({ subject: 'ada' })

    await ada.post(shop, '/act-as', {})
    const acting = acts().length
    await ada.post(shop, '/late/stop-acting', {})
    expect(await heard).to.equal('headers_sent')
    expect(acts()).to.have.length(acting)
    expect(await who()).to.include({ subject: 'bob' })
    await ada.post(shop, '/stop-acting', {})
    expect(await who()).to.include({ subject: 'ada' })
  })

  it('that began while the hub was asked to show another user leaves nobody acting, and the audit says so', async () => {
    await ada.post(shop, '/sign-in', {})
    await ada.post(shop, '/forgotten/act-as', {})
    expect(await heard).to.equal('headers_sent')
    expect(acts().slice(-2)).to.deep.equal(['/backchannel/act-as', '/backchannel/stop-acting'])
    const audit = await world.hub.store.audit({ limit: 2 })
    expect(audit.map(({ act }) => act)).to.deep.equal(['stop-acting', 'act-as'])
    expect(logged()).to.equal(1)
  })

  it('that began while the hub was asked to end that says so, and shows the other user no more', async () => {
    await ada.post(shop, '/sign-in', {})
    await ada.post(shop, '/act-as', {})
    await ada.post(shop, '/forgotten/stop-acting', {})
    expect(await heard).to.equal('headers_sent')
    expect(await who()).to.not.include({ subject: 'bob' })
  })
})
