/** How many sessions a user may have: the policies, each step counted at the hub and seen on every site in every browser. */
import { join } from 'node:path'

import { expect } from 'chai'
import { type HubOptions, sqliteStore } from 'session-hub/hub'

import { restartHub } from '../support/restart.js'
import { newFolder } from '../support/stores.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

const BOTH = 'ada,ada'
const NEITHER = ','
const DAY = 86_400

describe('the sessions of one user', () => {
  let users: Users
  let desktop: Visitor
  let phone: Visitor
  let tablet: Visitor

  async function start(hub: Partial<HubOptions>): Promise<void> {
    users = await startUsers({ hub })
    ;[desktop, phone, tablet] = [users.browser(), users.browser(), users.browser()]
  }
  afterEach(() => users.world.close())

  const signedIn = (...visitors: Visitor[]) => users.everywhere(...visitors)

  describe('with singleSession', () => {
    beforeEach(() => start({ singleSession: true }))

    it('are one: each sign-in ends the one before, on every site', async () => {
      expect(await users.count('ada')).to.equal(0)
      await users.signIn(desktop, 'ada')
      expect(await users.count('ada')).to.equal(1)
      expect(await signedIn(desktop)).to.deep.equal([BOTH])

      await users.signIn(phone, 'ada')
      expect(await users.count('ada')).to.equal(1)
      expect((await desktop.sync(users.shop)).ended).to.equal('replaced-elsewhere')
      expect(await signedIn(desktop, phone)).to.deep.equal([NEITHER, BOTH])

      await users.signIn(desktop, 'ada')
      expect(await users.count('ada')).to.equal(1)
      expect(await signedIn(desktop, phone)).to.deep.equal([BOTH, NEITHER])

      await users.signOut(desktop)
      expect(await users.count('ada')).to.equal(0)
      expect(await signedIn(desktop, phone)).to.deep.equal([NEITHER, NEITHER])
    })

    it('leave other users alone', async () => {
      await users.signIn(desktop, 'bob')
      await users.signIn(phone, 'ada')

      expect([await users.count('ada'), await users.count('bob')]).to.deep.equal([1, 1])
      expect(await signedIn(desktop, phone)).to.deep.equal(['bob,bob', BOTH])
    })

    it('leave the cart of the browser that signs in', async () => {
      await users.signIn(desktop, 'ada')
      await phone.post(users.shop, '/cart', { item: 'boots' })
      await users.signIn(phone, 'ada')

      expect(await phone.whoami(users.travel)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
    })

    it('are one after ten sign-ins at once', async () => {
      const browsers = Array.from({ length: 10 }, () => users.browser())
      await Promise.all(
        browsers.map((browser) => browser.post(users.shop, '/account/sign-in', { subject: 'ada' })),
      )

      expect(await users.count('ada')).to.equal(1)
      const there = await Promise.all(browsers.map((browser) => users.who(browser, users.shop)))
      expect(there.filter((subject) => subject === 'ada')).to.have.length(1)
    })
  })

  describe('with singleSession for some', () => {
    const asked: unknown[] = []
    beforeEach(async () => {
      asked.length = 0
      await start({
        singleSession: async (subject, session) => {
          asked.push({ subject, ...session })
          return subject === 'ada'
        },
      })
    })

    it('are one for them, and any number for all others', async () => {
      for (const [subject, expected] of [
        ['ada', [1, 1, 1]],
        ['bob', [1, 2, 3]],
      ] as const) {
        const counts = []
        for (const browser of [desktop, phone, tablet]) {
          await users.signIn(browser, subject)
          counts.push(await users.count(subject))
        }
        expect(counts, subject).to.deep.equal(expected)
      }
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal(['bob,bob', 'bob,bob', 'bob,bob'])
    })

    it('are decided by what is known of the sign-in', async () => {
      const agent = 'Mozilla/5.0 (Test)'
      const claims = { plan: 'gold', seats: [1, 2] }
      await users.signIn(desktop, 'bob', { remember: false, claims, headers: { 'user-agent': agent } })
      await users.signIn(phone, 'ada')

      expect(asked).to.deep.equal([
        { subject: 'bob', site: users.shop, agent, isRemembered: false, claims },
        { subject: 'ada', site: users.shop, agent: null, isRemembered: true, claims: {} },
      ])
    })

    it('are decided by the claims, which stay as the site has said them', async () => {
      await users.world.close()
      await start({
        singleSession: (_subject, { claims }) => {
          const isOne = claims.plan === 'single'
          Object.assign(claims, { plan: 'changed' })
          return isOne
        },
      })
      const counts = []
      for (const [browser, plan] of [
        [desktop, 'many'],
        [phone, 'many'],
        [tablet, 'single'],
      ] as const) {
        await users.signIn(browser, 'ada', { claims: { plan } })
        counts.push(await users.count('ada'))
      }
      expect(counts).to.deep.equal([1, 2, 1])
      expect(await tablet.whoami(users.shop)).to.deep.include({ claims: { plan: 'single' } })
    })
  })

  describe('without singleSession, where a sign-out ends all', () => {
    beforeEach(() => start({ endAllOnSignOut: true }))

    it('are as many as there are browsers, and none after one sign-out', async () => {
      const counts = []
      for (const browser of [desktop, phone, tablet]) {
        await users.signIn(browser, 'ada')
        counts.push(await users.count('ada'))
      }
      expect(counts).to.deep.equal([1, 2, 3])
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([BOTH, BOTH, BOTH])

      await users.signOut(phone)
      expect(await users.count('ada')).to.equal(0)
      expect((await tablet.sync(users.travel)).ended).to.equal('signed-out')
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, NEITHER, NEITHER])

      await users.signIn(tablet, 'ada')
      expect(await users.count('ada')).to.equal(1)
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, NEITHER, BOTH])
    })
  })

  describe('without singleSession, where a sign-out ends its own', () => {
    beforeEach(() => start({}))

    it('are as many as there are browsers, and one less after each sign-out', async () => {
      for (const browser of [desktop, phone, tablet]) await users.signIn(browser, 'ada')
      expect(await users.count('ada')).to.equal(3)

      await users.signOut(phone)
      expect(await users.count('ada')).to.equal(2)
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([BOTH, NEITHER, BOTH])

      await users.signOut(desktop)
      expect(await users.count('ada')).to.equal(1)
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, NEITHER, BOTH])

      await users.signOut(tablet)
      expect(await users.count('ada')).to.equal(0)
    })

    it('are one in one browser, however often its user signs in', async () => {
      for (let time = 1; time <= 4; time += 1) {
        await users.signIn(desktop, 'ada')
        expect(await users.count('ada')).to.equal(1)
      }
    })
  })

  describe('with maxSessions', () => {
    it('are so many at most: one more ends the oldest', async () => {
      await start({ maxSessions: 2 })
      await users.signIn(desktop, 'ada')
      await users.signIn(phone, 'ada')
      await users.signIn(tablet, 'ada')
      expect(await users.count('ada')).to.equal(2)
      expect((await desktop.sync(users.travel)).ended).to.equal('replaced-elsewhere')
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, BOTH, BOTH])

      await users.signIn(desktop, 'ada')
      expect(await users.count('ada')).to.equal(2)
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([BOTH, NEITHER, BOTH])
    })

    it('do not count the one that this sign-in takes the place of', async () => {
      await start({ maxSessions: 2 })
      await users.signIn(desktop, 'ada')
      await users.signIn(phone, 'ada')
      await users.signIn(phone, 'ada')
      await users.signIn(phone, 'ada')

      expect(await users.count('ada')).to.equal(2)
      expect(await signedIn(desktop, phone)).to.deep.equal([BOTH, BOTH])
    })

    it('do not count those of other users, nor those that are over', async () => {
      await start({ maxSessions: 1, evict: 'refuse', lifetimes: { signedIn: { idleSeconds: DAY } } })
      await users.signIn(desktop, 'ada')
      expect((await users.signIn(phone, 'bob')).status).to.equal(200)
      expect((await users.signIn(tablet, 'ada')).json.error).to.equal('session_limit')
      users.world.advance(DAY)
      expect((await users.signIn(tablet, 'ada')).status).to.equal(200)
      expect(await users.count('ada')).to.equal(1)
    })

    it('come down to a limit that was set lower since, at the next sign-in', async () => {
      const path = join(newFolder(), 'hub.sqlite')
      await start({ store: sqliteStore(path) })
      const browsers = Array.from({ length: 5 }, () => users.browser())
      for (const browser of browsers) await users.signIn(browser, 'ada')
      const store = sqliteStore(path)
      const close = await restartHub(users.world, { store, maxSessions: 2 })
      await users.signIn(desktop, 'ada')

      expect(await store.list('ada', Date.now(), 9)).to.have.length(2)
      const all = await signedIn(...browsers, desktop)
      expect(all).to.deep.equal([NEITHER, NEITHER, NEITHER, NEITHER, BOTH, BOTH])
      await close()
    })

    describe('that refuses', () => {
      beforeEach(() => start({ maxSessions: 2, evict: 'refuse' }))

      it('are so many at most: one more is refused, and changes nothing', async () => {
        await users.signIn(desktop, 'ada')
        await users.signIn(phone, 'ada')
        await tablet.post(users.shop, '/cart', { item: 'boots' })
        const refused = await users.signIn(tablet, 'ada')

        expect(refused.status).to.equal(409)
        expect(refused.json).to.deep.equal({ error: 'session_limit' })
        expect(refused.headers['set-cookie']).to.equal(undefined)
        expect(await users.count('ada')).to.equal(2)
        expect(await signedIn(desktop, phone, tablet)).to.deep.equal([BOTH, BOTH, NEITHER])
        expect(await tablet.whoami(users.shop)).to.deep.include({
          session: 'anonymous',
          data: { cart: ['boots'] },
        })
      })

      it('have room again after a sign-out', async () => {
        await users.signIn(desktop, 'ada')
        await users.signIn(phone, 'ada')
        await users.signOut(desktop)

        expect((await users.signIn(tablet, 'ada')).status).to.equal(200)
        expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, BOTH, BOTH])
      })

      it('let a user who is there sign in again', async () => {
        await users.signIn(desktop, 'ada')
        await users.signIn(phone, 'ada')

        expect((await users.signIn(phone, 'ada')).status).to.equal(200)
        expect(await signedIn(desktop, phone)).to.deep.equal([BOTH, BOTH])
      })

      it('are exactly so many after ten sign-ins at once', async () => {
        const browsers = Array.from({ length: 10 }, () => users.browser())
        const replies = await Promise.all(
          browsers.map((browser) => browser.post(users.shop, '/account/sign-in', { subject: 'ada' })),
        )

        expect(replies.filter(({ status }) => status === 200)).to.have.length(2)
        expect(replies.filter(({ json }) => json.error === 'session_limit')).to.have.length(8)
        expect(await users.count('ada')).to.equal(2)
      })
    })

    it('are one where singleSession says so, whatever the limit says', async () => {
      await start({ singleSession: (subject) => subject === 'ada', maxSessions: 2, evict: 'refuse' })
      for (const browser of [desktop, phone, tablet])
        expect((await users.signIn(browser, 'ada')).status).to.equal(200)

      expect(await users.count('ada')).to.equal(1)
    })
  })
})
