/** The event stream: what ends anywhere is refused everywhere, at once. */
import { expect } from 'chai'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('the event stream of a site', () => {
  let world: World
  let visitor: Visitor
  let shop: string
  let travel: string

  const begin = async (options: Parameters<typeof startWorld>[0] = {}) => {
    world = await startWorld(options)
    visitor = new Visitor(world.hub.origin)
    ;[shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
  }
  beforeEach(() => begin())
  afterEach(() => world.close())

  const who = async (site: string, by = visitor) => (await by.ask(`${site}/who`)).json

  /** Signed in at the shop, known at travel. */
  async function signIn(by = visitor): Promise<void> {
    await by.post(shop, '/sign-in', { name: 'ada' })
    expect((await by.sync(shop)).outcome).to.equal('adopt')
    expect((await by.sync(travel)).outcome).to.equal('replace')
    expect(await who(travel, by)).to.include({ subject: 'ada' })
  }

  /** Asks until the answer is that one; a test's own time limit is the end. */
  async function until(site: string, session: string, by = visitor): Promise<void> {
    for (;;) {
      const answer = await who(site, by)
      if (answer.session === session) return
    }
  }

  it('has a session refused that was ended by the other site, while its token is fresh', async () => {
    await signIn()
    await visitor.post(shop, '/sign-out', {})
    await until(travel, 'none')
  })

  it('has all sessions of a user refused, in every browser, and spares the one that was excepted', async () => {
    const other = new Visitor(world.hub.origin)
    await signIn()
    await signIn(other)
    const [newest] = await world.hub.hub.sessions.list('ada')
    expect(await world.hub.hub.sessions.endAll('ada', { except: newest!.id })).to.equal(1)
    await until(travel, 'none')
    await until(shop, 'none')
    expect(await who(shop, other)).to.include({ subject: 'ada' })
    expect(await who(travel, other)).to.include({ subject: 'ada' })
  })
})
