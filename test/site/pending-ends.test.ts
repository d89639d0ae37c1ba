/** Sign-outs that the hub could not be told of at once: each is told later, and none holds up another. */
import { expect } from 'chai'
import type { RequestHandler } from 'express'

import { until } from '../support/until.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

const END = '/backchannel/end'

describe('a sign-out that waits for the hub', () => {
  let users: Users
  let ada: Visitor
  let bob: Visitor
  let isAway: boolean
  /** What Ada's sign-out is answered with, instead of the hub's own word. */
  let refusal: { status: number; error: string } | undefined
  let told: number

  /** As a hub of another version, or one with a fault, would answer one visitor's sign-out. */
  const fault: RequestHandler = (req, res, next) => {
    if (isAway) {
      res.status(502).send('bad gateway')
      return
    }
    if (req.url !== END || refusal === undefined) {
      next()
      return
    }
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const { everywhere } = JSON.parse(text) as { everywhere: boolean }
      told += 1
      // Ada alone signs out everywhere.
      if (everywhere && refusal) {
        res.status(refusal.status).json({ error: refusal.error, error_description: 'no' })
        return
      }
      Object.assign(req, { body: JSON.parse(text) as unknown })
      next()
    })
  }

  beforeEach(async () => {
    ;[isAway, refusal, told] = [false, undefined, 0]
    users = await startUsers({ inFrontOfHub: fault })
    ;[ada, bob] = [users.browser(), users.browser()]
    await users.signIn(ada, 'ada')
    await users.signIn(bob, 'bob')
  })
  afterEach(() => users.world.close())

  const lost = () => users.world.log.filter(({ event }) => event === 'sign_out_lost')

  async function signBothOutWhileAway(): Promise<void> {
    isAway = true
    expect((await users.signOut(ada, { everywhere: true })).status).to.equal(200)
    expect((await users.signOut(bob)).status).to.equal(200)
    expect([await users.count('ada'), await users.count('bob')]).to.deep.equal([1, 1])
    isAway = false
    users.world.advance(11)
  }

  it('reaches it when it is back', async () => {
    await signBothOutWhileAway()
    await until(async () => (await users.count('ada')) + (await users.count('bob')) === 0)
    expect(lost()).to.deep.equal([])
  })

  for (const [status, error] of [
    [400, 'request_invalid'],
    [404, 'not_found'],
  ] as const) {
    it(`is dropped and logged where the hub refuses it for good (${error}), and the others are told`, async () => {
      refusal = { status, error }
      await signBothOutWhileAway()
      await until(async () => (await users.count('bob')) === 0)
      await until(() => lost().length === 1)
      expect(lost()[0]).to.include({ level: 'error', code: error })
      expect(told, 'asked once each').to.equal(2)
    })
  }

  it('is tried again where the hub cannot answer it now, and the others are told meanwhile', async () => {
    refusal = { status: 503, error: 'unavailable' }
    await signBothOutWhileAway()
    await until(async () => (await users.count('bob')) === 0)
    expect(await users.count('ada')).to.equal(1)
    refusal = undefined
    await until(async () => (await users.count('ada')) === 0)
    expect(lost()).to.deep.equal([])
  })

  it('that the hub refuses at once is logged, and waits for nothing', async () => {
    refusal = { status: 400, error: 'request_invalid' }
    expect((await users.signOut(ada, { everywhere: true })).status).to.equal(200)
    expect(lost()).to.have.length(1)
    await users.signOut(bob)
    expect(await users.count('bob')).to.equal(0)
  })
})

describe('a rule of the hub that throws at a sign-out', () => {
  it('keeps nobody signed in: all of the user’s sessions end, and the log says so', async () => {
    const users = await startUsers({
      hub: {
        endAllOnSignOut: (subject) => {
          if (subject === 'ada') throw new Error('the database is down')
          return false
        },
      },
    })
    const [desktop, phone, bob, other] = [1, 2, 3, 4].map(() => users.browser()) as [
      Visitor,
      Visitor,
      Visitor,
      Visitor,
    ]
    await users.signIn(desktop, 'ada')
    await users.signIn(phone, 'ada')
    await users.signIn(bob, 'bob')
    await users.signIn(other, 'bob')
    await users.signOut(desktop)
    await users.signOut(bob)
    expect([await users.count('ada'), await users.count('bob')]).to.deep.equal([0, 1])
    expect(users.world.log).to.deep.include({
      level: 'error',
      event: 'hook_failed',
      hook: 'endAllOnSignOut',
      description: 'the database is down',
    })
    await users.world.close()
  })
})
