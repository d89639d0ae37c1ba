/** What is left in the store of a session that has ended, however it was ended: within a day, nothing of its data and its claims. */
import { mock } from 'node:test'

import { expect } from 'chai'

import { generateHubKeys } from '../../hub/keys/generate.js'
import { readHubKeys } from '../../hub/keys/hub-keys.js'
import { resolveHubOptions } from '../../hub/options.js'
import { startSweeper } from '../../hub/sweeper.js'
import { sessionIn } from '../support/records.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe('an ended session, at rest', () => {
  let users: Users
  let ada: Visitor
  beforeEach(async () => {
    users = await startUsers()
    ada = users.browser()
    await users.signIn(ada, 'ada', { claims: { name: 'Ada Lovelace' } })
    await users.signIn(users.browser(), 'ada', { claims: { name: 'Ada Lovelace' } })
    await users.signIn(users.browser(), 'bob', { claims: { name: 'Bob' } })
  })
  afterEach(() => users.world.close())

  /** As the hub's own sweeper does it at this time, until nothing is left to do. */
  async function sweepAt(nowMs: number): Promise<void> {
    const { store } = users.world.hub
    const keys = generateHubKeys()
    const { origin, rules } = resolveHubOptions({ origin: 'https://hub.example', keys })
    for (let time = 0; time < 3; time += 1) {
      mock.timers.enable({ apis: ['setInterval'] })
      try {
        const swept = new Promise<void>((resolve) => {
          const watched = Object.assign(Object.create(store) as typeof store, {
            sweep: (...asked: Parameters<typeof store.sweep>) => store.sweep(...asked).finally(resolve),
          })
          const hub = {
            origin,
            store: watched,
            secret: readHubKeys(keys),
            rules,
            now: () => nowMs,
            log: () => 0,
          }
          sweeper = startSweeper(hub, 400 * DAY_MS)
        })
        mock.timers.tick(30_000)
        await swept
        await sweeper?.stop()
      } finally {
        mock.timers.reset()
      }
    }
  }
  let sweeper: ReturnType<typeof startSweeper> | undefined

  const ends: Record<string, () => Promise<unknown>> = {
    'by a sign-out everywhere': () => users.signOut(ada, { everywhere: true }),
    'by an operator, all of the user’s at once': () => users.world.hub.hub.sessions.endAll('ada'),
    'one by one': async () => {
      const { sessions } = users.world.hub.hub
      for (const { id } of await sessions.list('ada')) await sessions.end(id)
    },
  }
  for (const [how, end] of Object.entries(ends))
    it(`is gone within a day, with data and claims, where it was ended ${how}; another user’s stays`, async () => {
      const { store, hub } = users.world.hub
      const own = (await hub.sessions.list('ada')).map(({ id }) => id)
      const [bobs] = await hub.sessions.list('bob')
      expect(own).to.have.length(2)
      await end()
      expect(await hub.sessions.list('ada')).to.deep.equal([])
      const endedMs = users.world.now()

      await sweepAt(endedMs + DAY_MS - HOUR_MS)
      const remembered = await Promise.all(own.map((id) => sessionIn(store, id)))
      expect(
        remembered.map((session) => session?.endReason),
        'so that its sites can be told why',
      ).to.not.include(undefined)

      await sweepAt(endedMs + DAY_MS + 1000)
      const left = await Promise.all(own.map((id) => sessionIn(store, id)))
      expect(left).to.deep.equal([undefined, undefined])
      expect(JSON.stringify(await store.search({ subject: 'ada', nowMs: 0, limit: 9 }))).to.not.include(
        'Lovelace',
      )
      expect((await sessionIn(store, bobs!.id))?.claims).to.deep.include({ name: 'Bob' })
    })
})
