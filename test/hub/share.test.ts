/** The share policy: what a site sees and may change, who shares with whom, and names that no two sites can compare. */
import { expect } from 'chai'
import type { SiteRegistration } from 'session-hub/hub'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('the share policy of a site', () => {
  let world: World
  let visitor: Visitor

  const begin = async (registration: Record<string, Partial<SiteRegistration>>) => {
    world = await startWorld({ sisters: true, registration: (name) => registration[name] ?? {} })
    visitor = new Visitor(world.hub.origin)
  }
  const at = (name: string) => world.siteOf(name).origin
  const outcome = async (name: string) => (await visitor.sync(at(name))).outcome
  const whoami = (name: string) => visitor.whoami(at(name))
  afterEach(() => world.close())

  describe('with an allow-list', () => {
    const partner = { share: { claims: ['plan'], read: ['cart', 'wish'], write: ['wish'] } }

    it('shows the claims and keys that it names, and all to the others', async () => {
      await begin({ travel: partner })
      await visitor.post(at('shop'), '/sign-in', {
        name: 'ada',
        claims: { plan: 'gold', mail: 'ada@shop.example' },
      })
      await visitor.post(at('shop'), '/patch', { cart: ['boots'], notes: 'private' })
      await outcome('shop')
      for (const name of ['travel', 'magazine']) expect(await outcome(name)).to.equal('replace')
      expect(await whoami('travel')).to.deep.include({ claims: { plan: 'gold' }, data: { cart: ['boots'] } })
      expect(await whoami('magazine')).to.deep.include({
        claims: { plan: 'gold', mail: 'ada@shop.example' },
        data: { cart: ['boots'], notes: 'private' },
      })
    })

    it('lets it write the keys that it names, and keeps what it cannot see', async () => {
      await begin({ travel: partner })
      await visitor.post(at('shop'), '/patch', { cart: ['boots'], notes: 'private' })
      await outcome('shop')
      await outcome('travel')
      expect((await visitor.post(at('travel'), '/patch', { wish: 'rain' })).status).to.equal(200)
      for (const patch of [{ cart: [] }, { notes: null }, { wish: 'sun', cart: null }]) {
        const refused = await visitor.post(at('travel'), '/patch', patch)
        expect([refused.status, refused.json.error]).to.deep.equal([403, 'data_denied'])
      }
      expect((await whoami('shop')).data).to.deep.equal({ cart: ['boots'], notes: 'private', wish: 'rain' })
    })

    it('lets it set the claims that it names, and no sign-in with others becomes a provisional one', async () => {
      await begin({ travel: partner })
      const refused = await visitor.post(at('travel'), '/sign-in', { name: 'ada', claims: { role: 'admin' } })
      expect([refused.status, refused.json.error]).to.deep.equal([403, 'data_denied'])
      expect(await whoami('travel')).to.include({ session: 'none' })
      await visitor.post(at('travel'), '/sign-in', { name: 'ada', claims: { plan: 'gold' } })
      expect(await whoami('travel')).to.deep.include({ subject: 'ada', claims: { plan: 'gold' } })
    })
  })

  describe('with groups', () => {
    const groups = { shop: { group: 'red' }, travel: { group: 'red' }, magazine: { group: 'blue' } }

    it('shares within a group and not beyond it, in one browser', async () => {
      await begin(groups)
      await visitor.post(at('shop'), '/cart', { item: 'boots' })
      expect(await outcome('shop')).to.equal('adopt')
      expect(await outcome('magazine')).to.equal('none')
      expect(await outcome('travel')).to.equal('replace')

      await visitor.post(at('magazine'), '/cart', { item: 'issue' })
      expect(await outcome('magazine')).to.equal('adopt')
      expect(await outcome('travel')).to.equal('keep')
      expect((await whoami('travel')).data).to.deep.equal({ cart: ['boots'] })
    })

    it('shares by redirect and by link within a group only', async () => {
      await begin(groups)
      await visitor.post(at('shop'), '/cart', { item: 'boots' })
      await visitor.redirect(at('shop'))
      expect((await visitor.redirect(at('magazine'))).arrival).to.equal('redirect.none..0')
      expect((await visitor.redirect(at('travel'))).arrival).to.equal('redirect.replace.empty.0')
      const refused = await visitor.post(at('shop'), '/session-hub/link', { to: at('magazine') })
      expect([refused.status, refused.json.error]).to.deep.equal([403, 'sister_unknown'])
    })

    it('believes no cookie of another group', async () => {
      await begin(groups)
      await visitor.post(at('shop'), '/cart', { item: 'boots' })
      await outcome('shop')
      const jar = visitor.cookies(world.hub.origin)
      jar.set('__Host-session-hub.blue', jar.get('__Host-session-hub.red')!)
      expect(await outcome('magazine')).to.equal('none')
    })
  })

  describe('with pairwise subjects', () => {
    it('names a user otherwise on each such site, and the same at each visit', async () => {
      await begin({ travel: { pairwise: true }, magazine: { pairwise: true } })
      await visitor.post(at('shop'), '/sign-in', { name: 'ada' })
      await outcome('shop')
      const names = new Set<unknown>(['ada'])
      for (const name of ['travel', 'magazine']) {
        expect(await outcome(name)).to.equal('replace')
        names.add((await whoami(name)).subject)
      }
      expect(names.size).to.equal(3)
      const first = (await whoami('travel')).subject

      visitor = new Visitor(world.hub.origin)
      await visitor.post(at('shop'), '/sign-in', { name: 'ada' })
      await outcome('shop')
      await outcome('travel')
      expect((await whoami('travel')).subject).to.equal(first)
    })

    it('keeps the name that the site itself gave, and makes it no other site’s user of that name', async () => {
      await begin({ travel: { pairwise: true } })
      await visitor.post(at('travel'), '/sign-in', { name: 'ada' })
      expect(await whoami('travel')).to.include({ subject: 'ada' })
      await outcome('travel')
      await outcome('shop')
      expect(await whoami('shop')).to.include({ subject: `ada@${at('travel')}` })
      expect(await world.hub.hub.sessions.list('ada')).to.deep.equal([])
    })

    it('refuses a name that would be too long', async () => {
      await begin({ travel: { pairwise: true } })
      const refused = await visitor.post(at('travel'), '/sign-in', { name: 'a'.repeat(250) })
      expect([refused.status, refused.json.error]).to.deep.equal([400, 'request_invalid'])
    })
  })
})
