/** `remember`: whether browsers keep a session when they are closed. Every Set-Cookie of a journey, attribute by attribute. */
import { expect } from 'chai'

import { startUsers, type Users } from '../support/users.js'
import type { Reply, Visitor } from '../support/visitor.js'

const LASTING = 'Max-Age=34560000; '

/** Cookies as they were set, without what is in them. */
const shapesOf = (reply: Reply) =>
  (reply.headers['set-cookie'] ?? []).map((cookie) => cookie.replace(/=[^;]*;/, '=…;')).sort()

const siteCookies = (age: string) => [
  `__Host-session-state=…; Path=/; ${age}Secure; SameSite=Lax`,
  `__Host-session=…; Path=/; ${age}Secure; HttpOnly; SameSite=Lax`,
]
const hubCookie = (age: string) => [`__Host-session-hub=…; Path=/; ${age}Secure; HttpOnly; SameSite=None`]
/** It lasts as long as the browser's own session, whatever the other does. */
const turn = '__Host-session-hub-turn=…; Path=/; Secure; SameSite=None'
const isKept = (cookie: string) => !/^__Host-session-(start|enter|arrival|hub-start)=/.test(cookie)

for (const remember of [false, true, undefined]) {
  const age = remember === false ? '' : LASTING

  describe(`a sign-in with remember: ${String(remember)}`, () => {
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

    const signIn = () => ada.post(shop, '/account/sign-in', { subject: 'ada', remember })
    /** The site's own cookies that these answers have set. */
    const kept = (replies: readonly Reply[]) => replies.flatMap(shapesOf).filter(isKept).sort()

    it('sets such cookies on the site', async () => {
      expect(shapesOf(await signIn())).to.deep.equal(siteCookies(age))
    })

    it('sets such cookies on the hub and on another site, in frames', async () => {
      await signIn()
      expect(shapesOf(await exchangeOf(ada, shop))).to.deep.equal([turn, ...hubCookie(age)])
      expect(shapesOf((await ada.sync(travel)).redeemed!)).to.deep.equal(siteCookies(age))
    })

    it('sets such cookies on the hub and on another site, by redirects', async () => {
      await signIn()
      expect(kept((await ada.redirect(shop)).replies)).to.deep.equal([
        turn,
        ...hubCookie(age),
        ...siteCookies(age),
      ])
      expect(kept((await ada.redirect(travel)).replies)).to.deep.equal(siteCookies(age))
    })

    it('sets such cookies on another site, by a link', async () => {
      await signIn()
      expect(kept((await ada.follow(shop, `${travel}/plain`)).replies)).to.deep.equal(siteCookies(age))
    })

    it('sets such cookies again whenever the hub is asked', async () => {
      await signIn()
      await ada.sync(shop)
      await ada.sync(travel)
      users.world.advance(301)
      for (const site of [shop, travel])
        expect(shapesOf(await ada.ask(`${site}/who`)), site).to.deep.equal(siteCookies(age))
    })

    it('sets such cookies while the hub is down, and when it is told later', async () => {
      await users.world.hub.listener.stop()
      expect(shapesOf(await signIn())).to.deep.equal(siteCookies(age).slice(1).concat(stateGone).sort())
      await users.world.hub.listener.start()
      users.world.advance(301)
      const registered = await ada.ask(`${shop}/who`)
      expect(registered.json).to.include({ subject: 'ada', isStale: false })
      expect(shapesOf(registered)).to.deep.equal(siteCookies(age))
    })

    it('is forgotten with the next one, which says it anew', async () => {
      await signIn()
      const next = await ada.post(shop, '/account/sign-in', { subject: 'ada', remember: remember === false })
      expect(shapesOf(next)).to.deep.equal(siteCookies(remember === false ? LASTING : ''))
    })

    it('is no matter when its user signs out', async () => {
      await signIn()
      expect(shapesOf(await users.signOut(ada))).to.deep.equal(siteCookies('Max-Age=0; '))
    })
  })
}

/** A session that the hub does not know yet has no state, and no cookie that says one. */
const stateGone = ['__Host-session-state=…; Path=/; Max-Age=0; Secure; SameSite=Lax']

describe('the word of a sign-in on being remembered', () => {
  for (const remember of ['false', 0, null, {}]) {
    it(`is refused as ${JSON.stringify(remember)}`, async () => {
      const users = await startUsers({ sites: ['shop', 'travel'] })
      const reply = await users.browser().post(users.shop, '/account/sign-in', { subject: 'ada', remember })
      expect(reply.json).to.deep.equal({ error: 'request_invalid' })
      expect(reply.headers['set-cookie']).to.equal(undefined)
      await users.world.close()
    })
  }
})

/** The exchange in which the hub adopts the site's session. */
async function exchangeOf(visitor: Visitor, site: string): Promise<Reply> {
  const nonce = 'n'.repeat(43)
  const { data } = await visitor.frame(site, nonce)
  const { json } = await visitor.post(site, '/session-hub/offer', { nonce })
  return visitor.exchange(data, json.offer as string)
}
