/** `conflict` as a rule of the owner's own: asked where two users meet, and nowhere else. */
import { expect } from 'chai'
import type { ConflictPolicy, ConflictQuestion } from 'session-hub/hub'

import { startUsers, type Users } from '../support/users.js'
import { binding, type Visitor } from '../support/visitor.js'

/** How often a rule is asked is for the store to say: `test:stores` runs on one that decides twice. */
const counted = process.env['TEST_STORE'] === 'twice' ? it.skip : it

describe('a rule for conflicts', () => {
  let users: Users
  let visitor: Visitor
  let asked: ConflictQuestion[]
  let answer: () => ConflictPolicy

  beforeEach(async () => {
    asked = []
    answer = () => 'keep-both'
    users = await startUsers({
      hub: {
        conflict: (question) => {
          asked.push(question)
          return answer()
        },
      },
    })
    visitor = users.browser()
  })
  afterEach(() => users.world.close())

  /** Ada at travel and at the hub, bob at the shop. */
  async function meet(): Promise<void> {
    await visitor.post(users.travel, '/account/sign-in', { subject: 'ada' })
    await visitor.sync(users.travel)
    await visitor.post(users.shop, '/account/sign-in', { subject: 'bob' })
  }
  const there = () => users.everywhere(visitor)
  const question = () => ({ site: users.shop, siteSubject: 'bob', hubSubject: 'ada' })

  counted('that says "keep-both" leaves both', async () => {
    await meet()
    expect((await visitor.sync(users.shop)).outcome).to.equal('conflict')
    expect(asked).to.deep.equal([question()])
    expect(await there()).to.deep.equal(['bob,ada'])
  })

  counted('that says "hub" makes the site’s user give way', async () => {
    answer = () => 'hub'
    await meet()
    const { outcome, redeemed } = await visitor.sync(users.shop)
    expect([outcome, redeemed?.json.reason]).to.deep.equal(['replace', 'overruled'])
    // Once for the decision, once more when the ticket is redeemed.
    expect(asked).to.deep.equal([question(), question()])
    expect(await there()).to.deep.equal(['ada,ada'])
  })

  it('that says "site" makes the hub’s user give way, but not to a page that asks only because of news', async () => {
    answer = () => 'site'
    await meet()
    const ask = async (choice?: string) => {
      const { nonce } = binding()
      const { data } = await visitor.frame(users.shop, nonce)
      const { json } = await visitor.post(users.shop, '/session-hub/offer', { nonce })
      return (await visitor.exchange(data, json.offer as string, {}, choice)).json.outcome
    }
    expect(await ask('news')).to.equal('keep')
    expect((await visitor.sync(users.travel)).outcome).to.equal('keep')
    expect(await ask()).to.equal('adopt')
    expect((await visitor.sync(users.travel)).outcome).to.not.equal('keep')
  })

  counted('that has thought better of it when the ticket is redeemed keeps both', async () => {
    await meet()
    answer = () => (asked.length === 1 ? 'hub' : 'keep-both')
    const { redeemed } = await visitor.sync(users.shop)
    expect(redeemed?.json.error).to.equal('session_conflict')
    expect(await there()).to.deep.equal(['bob,ada'])
  })

  it('that says "site" makes the hub take the site’s user', async () => {
    answer = () => 'site'
    await meet()
    expect((await visitor.sync(users.shop)).outcome).to.equal('adopt')
    await visitor.sync(users.travel)
    expect(asked[0]).to.deep.equal(question())
  })

  it('is not asked where there are not two users', async () => {
    await visitor.post(users.shop, '/cart', { item: 'boots' })
    await visitor.sync(users.shop)
    await visitor.post(users.travel, '/cart', { item: 'tent' })
    await visitor.sync(users.travel)
    await users.signIn(visitor, 'ada')
    await users.signOut(visitor)
    await visitor.sync(users.travel)
    // One user in two sessions.
    await visitor.post(users.shop, '/account/sign-in', { subject: 'ada' })
    await visitor.sync(users.shop)
    await visitor.post(users.travel, '/account/sign-in', { subject: 'ada' })
    expect((await visitor.sync(users.travel)).redeemed?.json.reason).to.equal('same-user')
    await users.signOut(visitor)
    await visitor.sync(users.travel)

    expect(asked).to.deep.equal([])
  })

  for (const [what, wrong] of [
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['says what no policy is called', () => 'mine'],
    ['answers with a promise', () => Promise.resolve('hub')],
    ['answers with a promise that fails', () => Promise.reject(new Error('down'))],
  ] as const) {
    it(`R21: that ${what} changes nothing`, async () => {
      answer = wrong as () => ConflictPolicy
      await meet()
      expect(await visitor.sync(users.shop)).to.include({ outcome: 'undefined' })
      expect(await there()).to.deep.equal(['bob,ada'])
      answer = () => 'keep-both'
      expect((await visitor.sync(users.shop)).outcome, 'afterwards').to.equal('conflict')
    })
  }
})
