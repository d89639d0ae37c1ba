/** Several things that one request does to its session at once: each is done, in the order in which it was asked for. */
import { expect } from 'chai'
import express, { type Request } from 'express'
import type { JsonObject } from 'session-hub/site'

import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

describe('in one request', () => {
  let users: Users
  let visitor: Visitor
  /** What the next request does. */
  let act: (req: Request, res: express.Response) => Promise<unknown>

  beforeEach(async () => {
    users = await startUsers()
    visitor = users.browser()
    const app = express.Router()
    app.post('/act', async (req, res) => {
      const said = await act(req, res)
      res.json({
        said,
        status: req.session.status,
        subject: req.session.subject,
        data: await req.session.data(),
      })
    })
    users.world.siteOf('shop').listener.use(app)
  })
  afterEach(() => users.world.close())

  const run = async (what: typeof act) => {
    act = what
    const { json } = await visitor.post(users.shop, '/act', {})
    return json
  }
  const add = (req: Request) => (item: string) =>
    req.session.update(({ cart = [] }) => ({ cart: [...(cart as string[]), item] }))
  const site = () => users.world.siteOf('shop').site

  for (const [who, begin] of [
    ['a visitor without a session', () => Promise.resolve()],
    ['a visitor with one', () => visitor.post(users.shop, '/patch', { before: 1 })],
  ] as const) {
    describe(`of ${who}`, () => {
      beforeEach(async () => {
        await begin()
      })
      const expectStored = async (data: JsonObject) => {
        const stored = (await visitor.whoami(users.shop)).data as JsonObject
        const { before, ...rest } = stored
        expect(before).to.equal(who === 'a visitor with one' ? 1 : undefined)
        expect(rest).to.deep.equal(data)
      }

      it('two updates keep both', async () => {
        const { data } = await run((req) =>
          Promise.all([req.session.update({ a: 1 }), req.session.update({ b: 2 })]),
        )
        expect(data).to.include({ a: 1, b: 2 })
        await expectStored({ a: 1, b: 2 })
      })

      it('three updates by function keep all', async () => {
        await run((req) => Promise.all(['boots', 'laces', 'wax'].map(add(req))))
        await expectStored({ cart: ['boots', 'laces', 'wax'] })
      })

      it('updates of both kinds among reads keep all, and what is read last is what is stored', async () => {
        const { data } = await run((req) =>
          Promise.all([
            req.session.data(),
            req.session.update({ a: 1 }),
            req.session.data(),
            add(req)('boots'),
            req.session.update({ a: 2 }),
            req.session.data(),
          ]),
        )
        expect(data).to.include({ a: 2 })
        await expectStored({ a: 2, cart: ['boots'] })
      })

      it('an update that fails takes no other with it', async () => {
        const { said } = await run((req) =>
          Promise.allSettled([
            req.session.update(() => {
              throw new Error('no')
            }),
            req.session.update({ a: 1 }),
            req.session.update({ b: 2 }),
          ]).then((all) => all.map(({ status }) => status)),
        )
        expect(said).to.deep.equal(['rejected', 'fulfilled', 'fulfilled'])
        await expectStored({ a: 1, b: 2 })
      })

      for (const [order, start] of [
        ['first', (req: Request, signIn: () => Promise<void>) => [req.session.update({ a: 1 }), signIn()]],
        ['last', (req: Request, signIn: () => Promise<void>) => [signIn(), req.session.update({ a: 1 })]],
      ] as const) {
        it(`an update beside a sign-in, asked for ${order}, is the user’s`, async () => {
          const { subject } = await run((req, res) =>
            Promise.all(start(req, () => site().signIn(req, res, { subject: 'ada' }))),
          )
          expect(subject).to.equal('ada')
          expect(await visitor.whoami(users.shop)).to.include({ subject: 'ada' })
          await expectStored({ a: 1 })
          expect(await users.count('ada')).to.equal(1)
        })
      }

      it('a sign-out after a sign-in signs out, and nobody after it is signed in', async () => {
        const { status } = await run((req, res) =>
          Promise.all([site().signIn(req, res, { subject: 'ada' }), site().signOut(req, res)]),
        )
        expect(status).to.equal('none')
        expect(await visitor.whoami(users.shop)).to.include({ session: 'none' })
        expect(await users.count('ada')).to.equal(0)
      })

      it('a sign-in after a sign-out signs in', async () => {
        await run((req, res) =>
          Promise.all([site().signOut(req, res), site().signIn(req, res, { subject: 'ada' })]),
        )
        expect(await visitor.whoami(users.shop)).to.include({ subject: 'ada' })
      })

      it('a sign-out after an update ends what the update began', async () => {
        const { status } = await run((req, res) =>
          Promise.all([req.session.update({ a: 1 }), site().signOut(req, res)]),
        )
        expect(status).to.equal('none')
        expect(await visitor.whoami(users.shop)).to.include({ session: 'none' })
      })
    })
  }
})
