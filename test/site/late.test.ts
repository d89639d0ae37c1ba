/**
 * A request that left with cookies of before, and comes to another process of the site after the visitor has signed in, out or arrived: it takes
 * nothing away and begins nothing (R20). What ended elsewhere is cleared as always.
 */
import { expect } from 'chai'

import { type SecondProcess, startSecondProcess } from '../support/second-process.js'
import { until } from '../support/until.js'
import { startUsers, type Users } from '../support/users.js'
import { binding, type Reply, type Visitor } from '../support/visitor.js'
import { needs } from '../support/adapters/abilities.js'

const FRESH = 300
/** Longer than the hub remembers what a site gave up. */
const MINUTE = 61

describe('a late request at another process of the site', () => {
  let users: Users
  let visitor: Visitor
  let other: SecondProcess

  beforeEach(async () => {
    users = await startUsers()
    other = await startSecondProcess(users.world, 'shop')
    visitor = users.browser()
    other.share(visitor)
    await visitor.post(users.shop, '/cart', { item: 'boots' })
    // Both processes know the token.
    await visitor.ask(`${other.address}/who`)
  })
  afterEach(async () => {
    await other.close()
    await users.world.close()
  })

  const copy = () => {
    const one = visitor.copy()
    other.share(one)
    return one
  }
  const cookiesOf = ({ headers }: Reply) => headers['set-cookie'] ?? []

  const late: Record<string, (browser: Visitor, at: string) => Promise<Reply>> = {
    'that reads': (browser, at) => browser.ask(`${at}/whoami`),
    'that looks who is here': (browser, at) => browser.ask(`${at}/who`),
    'that patches': (browser, at) => browser.post(at, '/patch', { seen: 'item 7' }),
    'that updates by a function': (browser, at) => browser.post(at, '/cart', { item: 'laces' }),
    'that makes an offer': (browser, at) =>
      browser.post(at, '/session-hub/offer', { nonce: 'n'.repeat(43) }, { origin: users.shop }),
  }
  const acts: Record<string, () => Promise<unknown>> = {
    'signed in': () => visitor.post(users.shop, '/sign-in', { name: 'ada' }),
    'signed out': () => visitor.post(users.shop, '/sign-out', {}),
    'opted out': () => visitor.post(users.shop, '/session-hub/forget', { off: true }),
    async arrived() {
      const newer = users.browser()
      await newer.post(users.travel, '/sign-in', { name: 'ada' })
      await newer.sync(users.travel)
      visitor.jar.set(new URL(users.world.hub.origin).host, newer.cookies(users.world.hub.origin))
      expect(await visitor.sync(users.shop)).to.include({ outcome: 'replace' })
    },
  }
  for (const [act, doIt] of Object.entries(acts)) {
    for (const [what, ask] of Object.entries(late)) {
      it(`${what}, after the visitor has ${act}, sets no cookie`, async () => {
        const old = copy()
        await doIt()
        const sessions = await users.count('ada')
        expect(cookiesOf(await ask(old, other.address))).to.deep.equal([])
        // Also when it is due to be looked at.
        users.world.advance(FRESH / 2)
        expect(await users.count('ada')).to.equal(sessions)
      })
    }
  }

  it('that reads after a sign-in sees nobody, and is not told of an end: the visitor has a newer session', async () => {
    const old = copy()
    await acts['signed in']!()
    expect((await old.ask(`${other.address}/end-reason`)).json).to.deep.equal({ data: {}, endReason: null })
    expect((await copy().ask(`${other.address}/end-reason`)).json.data).to.deep.equal({ cart: ['boots'] })
    expect((await old.ask(`${other.address}/strict`)).json).to.deep.equal({ error: 'session_ended' })
  })

  it('that updates after a sign-in is refused, and stores nothing anywhere', async () => {
    const old = copy()
    await acts['signed in']!()
    for (const path of ['/patch', '/cart', '/patch']) {
      const reply = await late['that patches']!(old, other.address)
      expect({ path, status: reply.status, error: reply.json.error }).to.deep.equal({
        path,
        status: 410,
        error: 'session_ended',
      })
    }
    expect(await visitor.whoami(users.shop)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
  })

  for (const hears of [true, false]) {
    it(`is as harmless where that process ${hears ? 'has heard of the end' : 'has a token that is due'}`, async () => {
      const old = copy()
      if (hears) {
        await acts['signed in']!()
        await until(async () => {
          const one = old.copy()
          other.share(one)
          return (await one.ask(`${other.address}/who`)).json.session === 'none'
        })
      } else {
        users.world.advance(FRESH + 1)
        await acts['signed in']!()
      }
      for (const ask of Object.values(late)) {
        const browser = old.copy()
        other.share(browser)
        expect(cookiesOf(await ask(browser, other.address))).to.deep.equal([])
      }
    })
  }

  it('that redeems somebody else’s session does not put it over the user who has signed in', async function () {
    // Its balancer changes a header where Node has parsed it, and Express alone looks there.
    needs(this, 'a header that is changed after parsing')
    const bob = users.browser()
    await bob.post(users.travel, '/sign-in', { name: 'bob' })
    await bob.sync(users.travel)
    const old = copy()
    old.jar.set(new URL(users.world.hub.origin).host, bob.cookies(users.world.hub.origin))
    const { verifier, nonce } = binding()
    const { data } = await old.frame(users.shop, nonce)
    const { offer } = (await old.post(users.shop, '/session-hub/offer', { nonce })).json
    const { ticket } = (await old.exchange(data, offer as string)).json
    expect(ticket).to.be.a('string')
    await acts['signed in']!()
    const reply = await old.post(
      other.address,
      '/session-hub/redeem',
      { ticket, verifier },
      { origin: users.shop },
    )
    expect({ status: reply.status, error: reply.json.error }).to.deep.equal({
      status: 409,
      error: 'session_conflict',
    })
    expect(cookiesOf(reply)).to.deep.equal([])
  })

  it('is cleared a minute later: then the browser never got the newer cookies', async () => {
    const old = copy()
    await acts['signed in']!()
    users.world.advance(MINUTE)
    const reply = await old.ask(`${other.address}/whoami`)
    expect(cookiesOf(reply)).to.have.length(2)
    expect(old.cookies(users.shop).size).to.equal(0)
  })

  it('is cleared at once, and begins anew, where another site has ended the session', async () => {
    await visitor.sync(users.shop)
    await visitor.sync(users.travel)
    const old = copy()
    await visitor.post(users.travel, '/sign-in', { name: 'ada' })
    const reply = await old.ask(`${other.address}/whoami`)
    expect(cookiesOf(reply)).to.have.length(2)
    expect(old.cookies(users.shop).size).to.equal(0)
    const begun = await visitor.post(other.address, '/patch', { note: 1 })
    expect({ status: begun.status, ...begun.json }).to.deep.equal({ status: 200, note: 1 })
  })

  it('gets the user at the next try, by the newer cookies', async () => {
    const old = copy()
    await acts['signed in']!()
    await late['that patches']!(old, other.address)
    expect((await visitor.post(other.address, '/cart', { item: 'laces' })).json).to.deep.equal({
      cart: ['boots', 'laces'],
    })
  })
})
