/** How long sessions live: while they are used, and no longer than they may. */
import { expect } from 'chai'

import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

describe('the life of a session', () => {
  let users: Users
  let ada: Visitor
  let shop: string
  let travel: string

  async function start(lifetimes: object = {}): Promise<void> {
    users = await startUsers({ hub: { lifetimes } })
    ;({ shop, travel } = users)
    ada = users.browser()
  }
  afterEach(() => users.world.close())

  const advance = (seconds: number) => {
    users.world.advance(seconds)
  }
  /** What the site itself says, without being made to ask the hub. */
  const statusAt = async (site: string) => (await ada.ask(`${site}/who`)).json.session
  /** Uses the session, every so often, for so long. */
  async function use(site: string, forSeconds: number, everySeconds: number): Promise<void> {
    for (let passed = 0; passed < forSeconds; passed += everySeconds) {
      advance(everySeconds)
      expect(await statusAt(site), `after ${passed + everySeconds} s`).to.not.equal('none')
    }
  }

  const kinds = [
    {
      name: 'anonymous',
      begin: async () => {
        await ada.post(shop, '/cart', { item: 'boots' })
        await ada.sync(shop)
        await ada.sync(travel)
      },
    },
    { name: 'signedIn', begin: () => users.signIn(ada, 'ada') },
  ] as const

  for (const { name, begin } of kinds) {
    const other = name === 'anonymous' ? 'signedIn' : 'anonymous'
    const long = { idleSeconds: 100 * DAY, absoluteSeconds: 400 * DAY }
    const short = { idleSeconds: 2 * DAY, absoluteSeconds: 7 * DAY }

    describe(`of kind "${name}"`, () => {
      beforeEach(async () => {
        await start({ [name]: short, [other]: long })
        await begin()
      })

      it('goes on as long as it is not left unused for too long', async () => {
        advance(2 * DAY - 1)
        expect(await statusAt(shop)).to.not.equal('none')
        expect(await statusAt(travel)).to.not.equal('none')
      })

      it('ends when it is, on every site, and says so', async () => {
        advance(2 * DAY)
        expect((await ada.sync(travel)).ended).to.equal('expired')
        expect([await statusAt(shop), await statusAt(travel)]).to.deep.equal(['none', 'none'])
        expect(ada.cookies(shop).size).to.equal(0)
      })

      it('goes on everywhere while it is used on one site', async () => {
        await use(travel, 6 * DAY, DAY)
        expect(await statusAt(shop)).to.not.equal('none')
      })

      it('ends at its latest, however much it is used', async () => {
        await use(shop, 7 * DAY - HOUR, HOUR)
        await use(shop, HOUR - MINUTE, MINUTE)
        advance(MINUTE)
        expect([await statusAt(shop), await statusAt(travel)]).to.deep.equal(['none', 'none'])
      })
    })

    it(`of kind "${name}" may be as short as a minute of not being used`, async () => {
      await start({ [name]: { idleSeconds: MINUTE, absoluteSeconds: HOUR } })
      await begin()
      await use(shop, 10 * MINUTE, 25)
      expect(await statusAt(travel), 'used elsewhere').to.not.equal('none')
      advance(MINUTE)
      expect([await statusAt(shop), await statusAt(travel)]).to.deep.equal(['none', 'none'])
    })

    it(`of kind "${name}" may be as short as a minute in all`, async () => {
      await start({ [name]: { idleSeconds: HOUR, absoluteSeconds: MINUTE } })
      await begin()
      await use(shop, 55, 5)
      advance(5)
      expect([await statusAt(shop), await statusAt(travel)]).to.deep.equal(['none', 'none'])
    })
  }

  it('begins anew when a visitor signs in, and again when a user does', async () => {
    await start({
      anonymous: { absoluteSeconds: DAY },
      signedIn: { absoluteSeconds: 2 * DAY },
    })
    await ada.post(shop, '/cart', { item: 'boots' })
    advance(DAY - MINUTE)
    await users.signIn(ada, 'ada')
    advance(2 * DAY - MINUTE)
    expect(await ada.whoami(shop)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
    await users.signIn(ada, 'ada')
    advance(2 * DAY - MINUTE)
    expect(await ada.whoami(travel)).to.deep.include({ subject: 'ada', data: { cart: ['boots'] } })
    advance(MINUTE)
    expect(await statusAt(travel)).to.equal('none')
  })

  it('is shown to the hub’s application, and to the user', async () => {
    await start({ signedIn: { idleSeconds: DAY, absoluteSeconds: 2 * DAY } })
    await users.signIn(ada, 'ada')
    const left = async () => {
      const [one] = await users.world.hub.hub.sessions.list('ada')
      return Math.round((Number(one!.expiresAt) - users.world.now()) / HOUR / 1000)
    }
    expect(await left()).to.equal(24)
    advance(20 * HOUR)
    expect(await left()).to.equal(4)
    await ada.whoami(shop)
    expect(await left()).to.equal(24)
    advance(20 * HOUR)
    await ada.whoami(shop)
    expect(await left(), 'no later than the absolute end').to.equal(8)
  })

  it('does not cost the hub a write for each read', async () => {
    await start()
    await users.signIn(ada, 'ada')
    const seenAt = async () => Number((await users.world.hub.hub.sessions.list('ada'))[0]!.seenAt)
    const first = await seenAt()
    advance(HOUR - MINUTE)
    await ada.whoami(shop)
    expect(await seenAt()).to.equal(first)
    advance(2 * MINUTE)
    await ada.whoami(shop)
    expect(await seenAt()).to.be.above(first)
  })
})
