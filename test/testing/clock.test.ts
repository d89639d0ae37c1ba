/** The clock of a test hub: what it says, and that hub, sites and cookies live by it alone. */
import { expect } from 'chai'
import type { Express } from 'express'
import type { LogEntry } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'
import { createClock, startTestHub, type TestHub } from 'session-hub/testing'
import request from 'supertest'

import { readJws } from '../support/forge.js'
import { expectOptionFault } from '../support/option-fault.js'
import { shopApp } from '../support/shop-app.js'

const START = Date.UTC(2030, 0, 1)

describe('a clock for tests', () => {
  it('does it stand still until it is moved?', () => {
    const { now, advance } = createClock(START)
    expect(now()).to.equal(START)
    advance(1.5)
    expect(now()).to.equal(START + 1500)
    advance(0)
    expect(now()).to.equal(START + 1500)
  })

  it('does it begin in the present?', () => {
    const before = Date.now()
    expect(createClock().now()).to.be.within(before, Date.now())
  })

  for (const seconds of [-1, Number.NaN, Infinity, '5' as unknown as number])
    it(`is it moved by ${seconds}?`, () =>
      expectOptionFault(async () => {
        createClock().advance(seconds)
      }, ['seconds']))
})

describe('the clock of a test hub', () => {
  let hub: TestHub
  let site: Site
  let app: Express
  const log: LogEntry[] = []

  beforeEach(async () => {
    log.length = 0
    hub = await startTestHub({ clock: createClock(START) })
    site = await createSite({ ...hub.siteOptions(), log: (entry) => log.push(entry) })
    app = shopApp(site)
  })
  afterEach(async () => {
    site.close()
    await hub.close()
  })

  const tokenIn = ({ headers }: request.Response) =>
    /__Host-session=([^;]+)/.exec(String(headers['set-cookie']))?.[1]

  it('do all times follow it, and no clock seem wrong?', async () => {
    const { cookie, token } = await hub.signedInAs({ subject: 'ada' })
    expect(readJws(token).claims).to.include({ iat: START / 1000, exp: START / 1000 + 300 })
    hub.clock.advance(86_400)
    const reply = await request(app).get('/me').set('cookie', cookie).expect(200)
    expect(readJws(tokenIn(reply)!).claims).to.include({ iat: START / 1000 + 86_400 })
    const [session] = await hub.sessions.list('ada')
    expect(session!.createdAt).to.deep.equal(new Date(START))
    expect(session!.seenAt).to.deep.equal(new Date(START + 86_400_000))
    expect(log).to.deep.equal([])
  })

  it('does a session end when its life is over, and not before?', async () => {
    const { cookie } = await hub.signedInAs({ subject: 'ada' })
    hub.clock.advance(30 * 86_400 - 1)
    expect((await request(app).get('/me').set('cookie', cookie)).body).to.include({ subject: 'ada' })
    hub.clock.advance(30 * 86_400 + 1)
    expect((await request(app).get('/me').set('cookie', cookie)).body).to.include({ subject: null })
  })

  it('is there one new token per half of its life, for 50 requests at once?', async () => {
    let { cookie } = await hub.signedInAs({ subject: 'ada' })
    const crowd = async () => {
      const replies = await Promise.all(
        Array.from({ length: 50 }, () => request(app).get('/who').set('cookie', cookie)),
      )
      expect(replies.every(({ body }) => (body as { subject: string }).subject === 'ada')).to.equal(true)
      return new Set(replies.map(tokenIn))
    }
    for (let round = 1; round <= 3; round += 1) {
      hub.clock.advance(149)
      expect(await crowd(), 'too soon').to.deep.equal(new Set([undefined]))
      hub.clock.advance(1)
      const made = await crowd()
      expect(made.size).to.equal(1)
      expect(await crowd(), 'those who come late').to.deep.equal(made)
      const [token] = made
      expect(token).to.be.a('string')
      cookie = `__Host-session=${token}`
    }
  })
})
