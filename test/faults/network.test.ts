/** What visitors of a site see, and what is lost, while the network between the site and its hub is cut. */
import { setTimeout as delay } from 'node:timers/promises'

import { expect } from 'chai'

import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'
import { note } from './table.js'

const VISITORS = 6

describe('a site whose hub is cut off', () => {
  let world: World
  beforeEach(async () => {
    world = await startWorld({ sites: ['shop'], site: { hubTimeoutMs: 4000 } })
    // A page that needs no more than the session.
    world.siteOf('shop').listener.app.get('/me', ({ session }, res) => {
      res.json({ subject: session.subject })
    })
  })
  afterEach(() => world.close())

  for (const [fault, cut, mend] of [
    ['connections are refused for 4 s', () => world.hub.listener.stop(), () => world.hub.listener.start()],
    [
      'nothing is answered for 4 s',
      () => {
        world.hub.listener.hang(true)
      },
      () => {
        world.hub.listener.hang(false)
      },
    ],
  ] as const) {
    it(`goes on with the sessions that it knows, takes sign-ins, and tells the hub of them later: ${fault}`, async () => {
      const shop = world.siteOf('shop').origin
      const people = (when: string) =>
        Array.from({ length: VISITORS }, (_, at) => ({
          name: `${when} ${at}`,
          visitor: new Visitor(world.hub.origin),
        }))
      const known = people('known')
      let answered = 0
      for (const { name, visitor } of known) {
        expect((await visitor.post(shop, '/cart', { item: name })).status).to.equal(200)
        expect((await visitor.post(shop, '/sign-in', { name })).status).to.equal(200)
        answered += 2
      }
      await cut()
      const later = people('later')
      const pages: number[] = []
      let longestMs = 0
      const endMs = performance.now() + 4000
      for (let at = 0; performance.now() < endMs; at += 1) {
        const { name, visitor } = known[at % VISITORS]!
        const beganMs = performance.now()
        const { status, json } = await visitor.ask(`${shop}/me`)
        longestMs = Math.max(longestMs, performance.now() - beganMs)
        pages.push(status)
        expect(json['subject']).to.equal(name)
        await delay(100)
      }
      for (const { name, visitor } of later)
        if ((await visitor.post(shop, '/sign-in', { name })).status === 200) answered += 1
      await mend()

      let lost = 0
      for (const { name, visitor } of known) {
        // It may leave the hub alone for some seconds after what it saw.
        await until(async () => (await visitor.ask(`${shop}/whoami`)).status === 200)
        const { subject, data } = (await visitor.whoami(shop)) as {
          subject: string
          data: { cart?: string[] }
        }
        lost += Number(subject !== name) + Number(!data.cart?.includes(name))
      }
      const isThere = async (name: string) =>
        (await world.hub.store.list(name, world.now(), 10)).some(({ subject }) => subject === name)
      for (const { name, visitor } of later)
        await until(async () => {
          await visitor.whoami(shop)
          return isThere(name)
        })
      expect(lost).to.equal(0)
      const wrong = pages.filter((status) => status !== 200).length
      const seen = `${pages.length} pages, ${wrong} errors; longest wait ${(longestMs / 1000).toFixed(1)} s; ${later.length} sign-ins without the hub`
      const promised = 'known sessions go on; sign-ins are taken and told later; nothing lost'
      note({ engine: 'site and hub', fault: `cut off: ${fault}`, promised, answered, lost, callers: seen })
    })
  }
})
