/** Ending sessions: one's own, all of one's own, and any of a user's by the hub's own application. */
import { expect } from 'chai'
import { type HubOptions, SessionHubError } from 'session-hub/hub'

import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'
import { sessionIn } from '../support/records.js'

const BOTH = 'ada,ada'
const NEITHER = ','

describe('ending sessions', () => {
  let users: Users
  let desktop: Visitor
  let phone: Visitor
  let tablet: Visitor
  let bob: Visitor

  async function start(hub: Partial<HubOptions> = {}): Promise<void> {
    users = await startUsers({ hub })
    ;[desktop, phone, tablet, bob] = [users.browser(), users.browser(), users.browser(), users.browser()]
  }
  /** Ada in three browsers, bob in one. */
  async function startSignedIn(hub: Partial<HubOptions> = {}): Promise<void> {
    await start(hub)
    for (const browser of [desktop, phone, tablet]) await users.signIn(browser, 'ada')
    await users.signIn(bob, 'bob')
  }
  afterEach(async () => {
    expect(await users.everywhere(bob), 'bob').to.deep.equal(['bob,bob'])
    await users.world.close()
  })

  const signedIn = (...visitors: Visitor[]) => users.everywhere(...visitors)
  const sessions = () => users.world.hub.hub.sessions
  const idOf = async (at: number) => (await sessions().list('ada'))[at]!.id

  describe('by a sign-out', () => {
    it('ends its own alone, unless more is asked for', async () => {
      await startSignedIn()
      await users.signOut(desktop)
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, BOTH, BOTH])
      await users.signOut(phone, { everywhere: false })
      expect(await signedIn(phone, tablet)).to.deep.equal([NEITHER, BOTH])
    })

    it('ends all of the user’s on request', async () => {
      await startSignedIn()
      await users.signOut(desktop, { everywhere: true })

      expect(await users.count('ada')).to.equal(0)
      expect((await phone.sync(users.travel)).ended).to.equal('signed-out')
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, NEITHER, NEITHER])
    })

    it('ends all of the user’s where the hub’s rule says so, asked with the user', async () => {
      const asked: string[] = []
      await startSignedIn({
        endAllOnSignOut: async (subject) => {
          asked.push(subject)
          return subject === 'ada'
        },
      })
      const second = users.browser()
      await users.signIn(second, 'bob')
      await users.signOut(second)
      await users.signOut(desktop)

      expect(asked).to.deep.equal(['bob', 'ada'])
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, NEITHER, NEITHER])
      expect(await users.count('bob')).to.equal(1)
    })

    it('ends what is asked for, whatever the rule says', async () => {
      await startSignedIn({ endAllOnSignOut: () => false })
      await users.signOut(desktop, { everywhere: true })

      expect(await users.count('ada')).to.equal(0)
    })

    it('of an anonymous visitor ends that session, and asks no rule', async () => {
      const asked: string[] = []
      await startSignedIn({ endAllOnSignOut: (subject) => asked.push(subject) > 0 })
      const nobody = users.browser()
      await nobody.post(users.shop, '/cart', { item: 'boots' })
      await users.signOut(nobody, { everywhere: true })

      expect(await nobody.whoami(users.shop)).to.include({ session: 'none' })
      expect(asked).to.deep.equal([])
      expect(await users.count('ada')).to.equal(3)
    })

    it('while the hub is down is told to it later, with all that was asked for', async () => {
      await startSignedIn()
      const { listener } = users.world.hub
      await listener.stop()
      await users.signOut(desktop, { everywhere: true })
      const told = listener.next(({ url, status }) => url === '/backchannel/end' && status === 200)
      await listener.start()
      users.world.advance(60) // past the time that a site leaves a silent hub alone
      await told

      expect(await users.count('ada')).to.equal(0)
    })
  })

  describe('by the hub’s application', () => {
    it('begins with a list of them, the newest first', async () => {
      await start()
      const from = users.world.now()
      await users.signIn(desktop, 'ada', { headers: { 'user-agent': 'Desktop' } })
      users.world.advance(60)
      await users.signIn(phone, 'ada', { headers: { 'user-agent': 'Phone' } })
      await users.signIn(bob, 'bob')
      const [newest, oldest, ...rest] = await sessions().list('ada')

      expect(rest).to.deep.equal([])
      expect(newest).to.include({ subject: 'ada', site: users.shop, agent: 'Phone' })
      expect(oldest).to.include({ subject: 'ada', site: users.shop, agent: 'Desktop' })
      expect(newest?.id)
        .to.match(/^[\w-]{22}$/)
        .and.not.equal(oldest?.id)
      expect(Number(oldest?.createdAt)).to.be.within(from, users.world.now() - 60_000)
      expect(Number(newest?.expiresAt)).to.equal(Number(newest?.createdAt) + 30 * 86_400_000)
      expect(Number(newest?.seenAt)).to.equal(Number(newest?.createdAt))
      expect(await sessions().list('ada', { limit: 1 })).to.deep.equal([newest])
      expect(await sessions().list('nobody')).to.deep.equal([])
    })

    for (const limit of [0, 1001, 1.5, NaN, '5']) {
      it(`lists no ${String(limit)} of them`, async () => {
        await startSignedIn()
        const list = sessions().list('ada', { limit: limit as number })
        const thrown = await list.catch((error: unknown) => error)
        expect(thrown).to.be.instanceOf(SessionHubError).with.property('code', 'request_invalid')
      })
    }

    it('ends one, on every site of its browser', async () => {
      await startSignedIn()
      const id = await idOf(1)
      expect(await sessions().end(id)).to.equal(true)

      expect((await phone.sync(users.shop)).ended).to.equal('revoked')
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([BOTH, NEITHER, BOTH])
      expect(await sessions().end(id), 'once more').to.equal(false)
      expect(await sessions().end('A'.repeat(22)), 'nobody’s').to.equal(false)
    })

    it('ends all', async () => {
      await startSignedIn()
      expect(await sessions().endAll('ada')).to.equal(3)

      expect((await phone.sync(users.shop)).ended).to.equal('revoked')
      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, NEITHER, NEITHER])
      expect(await sessions().endAll('ada'), 'once more').to.equal(0)
      expect(await sessions().endAll('nobody')).to.equal(0)
    })

    it('ends all but one, which stays alive on all its sites, and can be ended after', async () => {
      await startSignedIn()
      expect(await sessions().endAll('ada', { except: await idOf(1) })).to.equal(2)

      expect(await signedIn(desktop, phone, tablet)).to.deep.equal([NEITHER, BOTH, NEITHER])
      await phone.post(users.travel, '/cart', { item: 'boots' })
      expect(await phone.whoami(users.shop)).to.deep.include({ data: { cart: ['boots'] } })
      expect((await phone.sync(users.shop)).outcome).to.equal('keep')
      expect(await sessions().endAll('ada')).to.equal(1)
      expect(await signedIn(phone)).to.deep.equal([NEITHER])
    })

    it('spares no session of another user, and none that is over', async () => {
      await startSignedIn()
      const [his] = await sessions().list('bob')
      const before = await sessionIn(users.world.hub.store, his!.id)
      expect(await sessions().endAll('ada', { except: his!.id })).to.equal(3)
      expect(await sessionIn(users.world.hub.store, his!.id)).to.deep.equal(before)
      expect(await users.count('ada')).to.equal(0)

      await users.signIn(desktop, 'ada')
      const over = await idOf(0)
      await sessions().end(over)
      await users.signIn(phone, 'ada')
      expect(await sessions().endAll('ada', { except: over })).to.equal(1)
      expect(await signedIn(desktop, phone)).to.deep.equal([NEITHER, NEITHER])
    })

    it('lets the user sign in again', async () => {
      await startSignedIn()
      await sessions().endAll('ada')
      await users.signIn(desktop, 'ada')

      expect(await users.count('ada')).to.equal(1)
      expect(await signedIn(desktop, phone)).to.deep.equal([BOTH, NEITHER])
    })

    it('reaches an ended session’s handle for nothing: no site can read, change or share it', async () => {
      await startSignedIn()
      await sessions().endAll('ada')
      const update = await desktop.post(users.shop, '/wish', { wish: 'x' })
      expect(update.status).to.equal(410)
      expect(await phone.sync(users.travel)).to.include({ ended: 'revoked', outcome: 'none' })
    })
  })
})
