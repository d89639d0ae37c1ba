/** What a site's application is told of its visitors: sign-ins here, arrivals from elsewhere, and ends, each once. */
import { expect } from 'chai'
import type { EndedEvent, SiteOptions } from 'session-hub/site'

import { needs } from '../support/adapters/abilities.js'
import { until } from '../support/until.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'
import { withoutEvents } from '../support/without-events.js'
import type { WorldOptions } from '../support/world.js'

describe('the hooks of a site', () => {
  let users: Users
  let ada: Visitor
  let told: string[]

  async function start(options: Partial<SiteOptions> = {}, of: WorldOptions = {}): Promise<void> {
    told = []
    const ended = ({ origin, subject, reason }: EndedEvent) =>
      void told.push(`${origin === users.shop ? 'shop' : 'travel'}: ${subject} ${reason}`)
    users = await startUsers({ ...of, site: { onEnded: ended, ...options } })
    ada = users.browser()
  }
  afterEach(() => users.world.close())

  describe('onEnded', () => {
    const here = () => told.filter((one) => one.startsWith('shop'))
    const acts: Record<string, [reason: string, act: () => Promise<unknown>]> = {
      'a sign-out here': ['ada signed-out', () => ada.post(users.shop, '/sign-out', {})],
      'a sign-out on another site': ['ada signed-out', () => ada.post(users.travel, '/sign-out', {})],
      'an administrator': ['ada revoked', () => users.world.hub.hub.sessions.endAll('ada')],
      'a new sign-in here': ['ada signed-in', () => ada.post(users.shop, '/sign-in', { name: 'bob' })],
    }
    for (const [what, [reason, act]] of Object.entries(acts)) {
      it(`is called once on each site by ${what}`, async () => {
        await start()
        await users.signIn(ada, 'ada')
        const copies = [ada.copy(), ada.copy()]
        told.length = 0
        await act()
        await until(() => told.length === 2)
        expect([...told].sort()).to.deep.equal([`shop: ${reason}`, `travel: ${reason}`])
        for (const copy of copies) for (const site of [users.shop, users.travel]) await copy.whoami(site)
        expect(told, 'and not by a late request').to.have.length(2)
      })
    }

    it('is called at once by a sign-out while the hub is down, and not again when it is back', async () => {
      await start()
      await users.signIn(ada, 'ada')
      await users.world.hub.listener.stop()
      await ada.post(users.shop, '/sign-out', {})
      expect(here()).to.deep.equal(['shop: ada signed-out'])
      await users.world.hub.listener.start()
      users.world.advance(11)
      await until(() => told.length === 2)
      expect(here()).to.have.length(1)
    })

    it('is called by the next request where the session’s life is over, for an anonymous visitor too', async () => {
      await start()
      await ada.post(users.shop, '/cart', { item: 'boots' })
      users.world.advance(31 * 86_400)
      expect(told).to.deep.equal([])
      await Promise.all([ada.copy().whoami(users.shop), ada.copy().whoami(users.shop)])
      expect(told).to.deep.equal(['shop: null expired'])
    })

    it('is told the reason where nothing but a list of the user’s sessions finds it out', async () => {
      await start({}, { inFrontOfHub: withoutEvents })
      await users.signIn(ada, 'ada')
      await users.world.hub.hub.sessions.endAll('ada')
      expect(here()).to.deep.equal([])
      await ada.ask(`${users.shop}/account/sessions`)
      expect(here()).to.deep.equal(['shop: ada revoked'])
    })

    it('is not called where another of the user’s sessions ends, nor of one that was spared', async () => {
      await start()
      const laptop = users.browser()
      await users.signIn(laptop, 'ada')
      await users.signIn(ada, 'ada')
      told.length = 0
      await ada.post(users.shop, '/account/end-others', {})
      await until(() => told.length === 2)
      expect([...told].sort()).to.deep.equal(['shop: ada revoked', 'travel: ada revoked'])
      expect((await ada.whoami(users.shop)).subject).to.equal('ada')
    })

    for (const [what, onEnded] of Object.entries({
      throws: () => {
        throw new Error('the mailer is down')
      },
      rejects: async () => {
        throw new Error('the mailer is down')
      },
      'never comes to an end': () => new Promise<void>(() => undefined),
    })) {
      it(`holds nobody up where it ${what}`, async () => {
        await start({ onEnded })
        await ada.post(users.shop, '/sign-in', { name: 'ada' })
        expect((await ada.post(users.shop, '/sign-out', {})).status).to.equal(200)
        expect(users.world.log.map(({ event, hook }) => `${event} ${hook}`)).to.deep.equal(
          what.startsWith('never') ? [] : ['hook_failed onEnded'],
        )
      })
    }
  })

  describe('onSignedIn', () => {
    it('is called once for each sign-in here, with the request, and may use the session', async function () {
      needs(this, 'a hook with Express’s request')
      const heard: unknown[] = []
      await start({
        async onSignedIn({ req, subject, claims }) {
          await req.session.update({ greeted: subject })
          heard.push([req.session.subject, subject, claims])
        },
      })
      await users.signIn(ada, 'ada', { claims: { name: 'Ada' } })
      expect(heard).to.deep.equal([['ada', 'ada', { name: 'Ada' }]])
      expect((await ada.whoami(users.travel)).data).to.deep.equal({ greeted: 'ada' })
    })

    it('is called while the hub is down, and not again when the hub is told', async () => {
      const heard: string[] = []
      await start({ onSignedIn: ({ subject }) => void heard.push(subject) })
      await users.world.hub.listener.stop()
      await ada.post(users.shop, '/sign-in', { name: 'ada' })
      await users.world.hub.listener.start()
      users.world.advance(11)
      expect((await ada.whoami(users.shop)).subject).to.equal('ada')
      expect(heard).to.deep.equal(['ada'])
    })

    it('is not called where the hub refuses the sign-in, and signs in all the same where it throws', async () => {
      const heard: string[] = []
      await start({
        onSignedIn({ subject }) {
          heard.push(subject)
          throw new Error('the mailer is down')
        },
      })
      expect((await ada.post(users.shop, '/sign-in', { name: 'pairwise:x' })).status).to.equal(400)
      expect(heard).to.deep.equal([])
      expect((await ada.post(users.shop, '/sign-in', { name: 'ada' })).json).to.deep.equal({ subject: 'ada' })
      expect(users.world.log.map(({ event, hook }) => `${event} ${hook}`)).to.deep.equal([
        'hook_failed onSignedIn',
      ])
    })
  })
})
