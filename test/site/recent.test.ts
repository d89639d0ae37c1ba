/** `site.requireRecent()`: some pages want a user who has just shown who it is, on whichever site. */
import { expect } from 'chai'
import { SessionHubError } from 'session-hub/site'

import { RECENT_SECONDS } from '../support/account-app.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

describe('a page that wants a recent sign-in', () => {
  let users: Users
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    users = await startUsers({ sisters: true })
    ;({ shop, travel } = users)
    ada = users.browser()
  })
  afterEach(() => users.world.close())

  const REFUSED = { status: 401, json: { error: 'sign_in_required' } }
  const ask = async (site: string) => {
    const { status, json } = await ada.ask(`${site}/account/secret`)
    return { status, json }
  }
  const open = async (site: string) => (await ask(site)).status
  const signIn = () => ada.post(shop, '/account/sign-in', { subject: 'ada' })

  it('is closed to nobody in particular, and to an anonymous visitor', async () => {
    expect(await ask(shop)).to.deep.equal(REFUSED)
    await ada.post(shop, '/cart', { item: 'boots' })
    expect(await ask(shop)).to.deep.equal(REFUSED)
  })

  it('is open after a sign-in, and closed once that is too long ago', async () => {
    await users.signIn(ada, 'ada')
    users.world.advance(RECENT_SECONDS - 2)
    expect([await open(shop), await open(travel)]).to.deep.equal([200, 200])
    users.world.advance(3)
    expect(await ask(shop)).to.deep.equal(REFUSED)
    expect(await ask(travel)).to.deep.equal(REFUSED)
  })

  it('is closed where the sign-in lies in the future: this clock was set back, and nobody knows how long ago it was', async () => {
    await users.signIn(ada, 'ada')
    users.world.advance(-9)
    expect([await open(shop), await open(travel)], 'as two clocks may differ').to.deep.equal([200, 200])
    users.world.advance(-3600)
    expect(await ask(shop)).to.deep.equal(REFUSED)
    users.world.advance(RECENT_SECONDS + 10)
    expect(await ask(travel)).to.deep.equal(REFUSED)

    await users.signIn(ada, 'ada')
    expect([await open(shop), await open(travel)], 'a new one').to.deep.equal([200, 200])
  })

  it('is open again on every site after a new sign-in on one', async () => {
    await users.signIn(ada, 'ada')
    users.world.advance(RECENT_SECONDS + 1)
    await users.signIn(ada, 'ada')
    expect([await open(shop), await open(travel)]).to.deep.equal([200, 200])
  })

  const ways: Record<string, () => Promise<unknown>> = {
    'in a frame': async () => {
      await ada.sync(shop)
      return ada.sync(travel)
    },
    'by a redirect': async () => {
      await ada.redirect(shop)
      return ada.redirect(travel)
    },
    'by a link': () => ada.follow(shop, `${travel}/plain`),
  }
  for (const [way, travelOn] of Object.entries(ways)) {
    it(`is told the time of the sign-in, not of the arrival ${way}`, async () => {
      await signIn()
      users.world.advance(RECENT_SECONDS - 60)
      await travelOn()
      const [there, here] = [await ask(travel), await ask(shop)]
      expect(there.status).to.equal(200)
      expect(there).to.deep.equal(here)
      users.world.advance(61)
      expect(await ask(travel)).to.deep.equal(REFUSED)
    })
  }

  it('is not opened by using the session, nor by looking it up', async () => {
    await users.signIn(ada, 'ada')
    for (let passed = 0; passed <= RECENT_SECONDS; passed += 100) {
      users.world.advance(100)
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.whoami(travel)
    }
    expect([await open(shop), await open(travel)]).to.deep.equal([401, 401])
  })

  it('is open after a sign-in that the hub does not know of, for as long as after any other', async () => {
    await users.world.hub.listener.stop()
    await signIn()
    expect(await open(shop)).to.equal(200)
    users.world.advance(RECENT_SECONDS - 10)
    await users.world.hub.listener.start()
    users.world.advance(5)
    await ada.whoami(shop)
    await ada.sync(shop)
    await ada.sync(travel)
    expect(await users.count('ada')).to.equal(1)
    expect([await open(shop), await open(travel)]).to.deep.equal([200, 200])
    users.world.advance(6)
    expect([await open(shop), await open(travel)]).to.deep.equal([401, 401])
  })

  for (const seconds of [0, -1, 1.5, Infinity, NaN, '300', undefined]) {
    it(`is not to be had with a maximum of ${String(seconds)}`, () => {
      const { site } = users.world.siteOf('shop')
      expect(() => site.requireRecent(seconds as number))
        .to.throw(SessionHubError, '"maxAgeSeconds"')
        .with.property('code', 'options_invalid')
    })
  }
})
