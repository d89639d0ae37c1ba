/** `site.session()` where it is used twice, by two sites of one application, or where there is no answer to write to. */
import { once } from 'node:events'
import http from 'node:http'
import type { Duplex } from 'node:stream'

import { expect } from 'chai'
import express from 'express'
import { type Site, SessionHubError } from 'session-hub/site'

import { until } from '../support/until.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

const FRESH = 300
const SESSION = '__Host-session'

describe('the session middleware', () => {
  let users: Users
  let visitor: Visitor
  let site: Site

  beforeEach(async () => {
    users = await startUsers()
    visitor = users.browser()
    ;({ site } = users.world.siteOf('shop'))
  })
  afterEach(() => users.world.close())

  describe('used twice', () => {
    for (const bearer of [false, true]) {
      it(`shows the second time who signed in, out or stored between them${bearer ? ', with Bearer tokens taken too' : ''}`, async () => {
        const app = express.Router()
        app.use(async (req, res, next) => {
          if (req.query.do === 'in') await site.signIn(req, res, { subject: 'ada' })
          if (req.query.do === 'out') await site.signOut(req, res)
          if (req.query.do === 'store') await req.session.update({ a: 1 })
          next()
        })
        app.get('/account', site.session({ bearer }), async ({ session }, res) => {
          res.json({ status: session.status, subject: session.subject, data: await session.data() })
        })
        users.world.siteOf('shop').listener.use(app)
        const see = async (what = '') => (await visitor.ask(`${users.shop}/account?do=${what}`)).json
        expect(await see('store')).to.deep.equal({ status: 'anonymous', subject: null, data: { a: 1 } })
        expect(await see()).to.deep.equal({ status: 'anonymous', subject: null, data: { a: 1 } })
        expect(await see('in')).to.deep.equal({ status: 'signed-in', subject: 'ada', data: { a: 1 } })
        expect(await see('out')).to.deep.equal({ status: 'none', subject: null, data: {} })
        expect(await see('in')).to.deep.equal({ status: 'signed-in', subject: 'ada', data: {} })
      })
    }

    it('shows an API client who signed in between them, and not whom its token names', async () => {
      await visitor.post(users.shop, '/sign-in', { name: 'ada' })
      const token = visitor.cookies(users.shop).get(SESSION)!
      const app = express.Router()
      const taken = site.session({ bearer: true })
      app.get(
        '/api',
        taken,
        async (req, res, next) => {
          await site.signIn(req, res, { subject: 'bob' })
          next()
        },
        taken,
        ({ session }, res) => void res.json({ subject: session.subject }),
      )
      users.world.siteOf('shop').listener.use(app)
      const { json } = await users.browser().ask(`${users.shop}/api`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(json).to.deep.equal({ subject: 'bob' })
    })
  })

  it('of two sites in one application gives each its own session', async () => {
    const travel = users.world.siteOf('travel').site
    const app = express.Router()
    app.get('/both', site.session(), travel.session(), async (req, res) => {
      await req.session.update({ of: 'travel' })
      res.json({ status: req.session.status })
    })
    users.world.siteOf('travel').listener.use(app)
    await visitor.ask(`${users.travel}/both`)
    expect(await visitor.whoami(users.travel)).to.deep.include({ data: { of: 'travel' } })
  })

  describe('on an upgrade request', () => {
    let server: http.Server
    let address: string
    let act: (req: express.Request) => unknown
    let isThrowing: Error | undefined

    beforeEach(async () => {
      isThrowing = undefined
      act = ({ session }) => ({ status: session.status, subject: session.subject })
      const session = site.session({ bearer: true })
      server = http.createServer().listen(0, '127.0.0.1')
      server.on('upgrade', (given: express.Request, socket: Duplex) => {
        const answer = (what: unknown) =>
          socket.end(`HTTP/1.1 418 Said\r\nconnection: close\r\n\r\n${JSON.stringify(what)}`)
        const upgrade = session as unknown as (
          req: object,
          res: object,
          next: (error?: Error) => void,
        ) => void
        upgrade(given, {}, (error) => {
          if (isThrowing) {
            socket.destroy()
            throw isThrowing
          }
          if (error) answer({ error: error instanceof SessionHubError ? error.code : error.message })
          else
            void Promise.resolve()
              .then(() => act(given))
              .then(answer, (thrown: unknown) => {
                answer({ thrown: thrown instanceof SessionHubError ? thrown.code : String(thrown) })
              })
        })
      })
      await once(server, 'listening')
      address = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    })
    afterEach(async () => {
      server.close()
    })

    async function open(headers: http.OutgoingHttpHeaders = {}): Promise<unknown> {
      const cookie = [...visitor.cookies(users.shop)].map((pair) => pair.join('=')).join('; ')
      const req = http.get(address, {
        agent: false,
        headers: { ...(cookie && { cookie }), connection: 'Upgrade', upgrade: 'websocket', ...headers },
      })
      const [res] = (await once(req, 'response')) as [http.IncomingMessage]
      let text = ''
      for await (const chunk of res) text += String(chunk)
      return JSON.parse(text) as unknown
    }
    const ADA = { status: 'signed-in', subject: 'ada' }
    const NOBODY = { status: 'none', subject: null }

    for (const seconds of [0, FRESH / 2 + 1, FRESH + 1, 7200]) {
      it(`knows the user ${seconds} s after the last answer`, async () => {
        await visitor.post(users.shop, '/sign-in', { name: 'ada' })
        users.world.advance(seconds)
        expect(await open()).to.deep.equal(ADA)
      })
    }

    it('knows nobody by a stranger’s cookie, an ended session, a state alone or nothing', async () => {
      expect(await open()).to.deep.equal(NOBODY)
      for (const cookie of [`${SESSION}=of another program`, `${SESSION}-state=AAAAAAAAAAAAAAAAAAAAAA`])
        expect(await open({ cookie })).to.deep.equal(NOBODY)
      await visitor.post(users.shop, '/sign-in', { name: 'ada' })
      await visitor.copy().post(users.shop, '/sign-out', {})
      // This process hears of the end by its event stream.
      await until(async () => JSON.stringify(await open()) === JSON.stringify(NOBODY))
    })

    it('knows who has signed in provisionally', async () => {
      await users.world.hub.listener.stop()
      await visitor.post(users.shop, '/sign-in', { name: 'ada' })
      expect(await open()).to.deep.equal(ADA)
      await users.world.hub.listener.start()
      users.world.advance(11)
      expect(await open()).to.deep.equal(ADA)
    })

    it('knows nobody whose provisional sign-in nobody registered in time', async () => {
      await users.world.hub.listener.stop()
      await visitor.post(users.shop, '/sign-in', { name: 'ada' })
      await users.world.hub.listener.start()
      users.world.advance(90_000)
      expect(await open()).to.deep.equal(NOBODY)
    })

    it('takes a Bearer token', async () => {
      await visitor.post(users.shop, '/sign-in', { name: 'ada' })
      const token = visitor.cookies(users.shop).get(SESSION)!
      visitor.cookies(users.shop).clear()
      users.world.advance(FRESH + 1)
      expect(await open({ authorization: `Bearer ${token}` })).to.deep.equal(ADA)
    })

    it('leaves what the application throws then to the application', async () => {
      await visitor.post(users.shop, '/sign-in', { name: 'ada' })
      users.world.advance(FRESH + 1)
      const thrown = new Error('by the application')
      const heard: unknown[] = []
      const listeners = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => heard.push(error))
      isThrowing = thrown
      await open().catch(() => undefined)
      for (const listener of listeners) process.on('uncaughtException', listener)
      expect(heard).to.deep.equal([thrown])
    })

    it('begins nothing that the visitor cannot be told of', async () => {
      act = ({ session }) => session.update({ a: 1 })
      expect(await open()).to.deep.equal({ thrown: 'headers_sent' })
      act = (req) => site.signIn(req, {} as never, { subject: 'ada' })
      expect(await open()).to.deep.equal({ thrown: 'headers_sent' })
      expect(await users.count('ada')).to.equal(0)
    })

    it('reads and changes the data of a session that is there', async () => {
      await visitor.post(users.shop, '/cart', { item: 'boots' })
      act = async ({ session }) => [await session.data(), await session.update({ seen: 1 })]
      expect(await open()).to.deep.equal([{ cart: ['boots'] }, { cart: ['boots'], seen: 1 }])
    })
  })
})
