/** The feed of endings: each follower hears every ending once and in order, at its own pace. */
import { expect } from 'chai'
import { memoryStore } from 'session-hub/hub'

import { createEndingsFeed, type EndingsFeed } from '../../hub/endings-feed.js'
import type { HubContext } from '../../hub/flows/context.js'
import { until } from '../support/until.js'

describe('the feed of endings', () => {
  const store = memoryStore()
  let feed: EndingsFeed
  let made = 0
  let epoch: string

  before(async () => {
    epoch = (await store.endingsRange()).epoch
    feed = createEndingsFeed({ store, log: () => undefined } as Pick<
      HubContext,
      'store' | 'log'
    > as HubContext)
  })
  after(() => feed.stop())

  const end = (count: number) =>
    store.transact({ handles: [] }, () => ({
      changes: {
        endings: Array.from({ length: count }, () => ({
          sessionId: `session-${(made += 1)}`,
          subject: null,
          generation: 0,
          reason: 'revoked' as const,
          atMs: 0,
        })),
      },
      result: undefined,
    }))

  function follow(seq: number, { from = feed, inEpoch = epoch } = {}) {
    const heard: number[] = []
    const follower = { heard, batches: 0, isReady: true, isEnded: false, leave: () => undefined as unknown }
    follower.leave = from.follow(
      { epoch: inEpoch, seq },
      {
        isReady: () => follower.isReady,
        hear(endings) {
          follower.batches += 1
          heard.push(...endings.map(({ seq }) => seq))
        },
        end: () => (follower.isEnded = true),
      },
    )
    return follower
  }
  const from = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at)

  it('tells each what comes after the number that it names, past many batches, and then what is new', async () => {
    await end(1800)
    const [all, some, none] = [follow(0), follow(1700), follow(1800)]
    await until(() => all.heard.length === 1800)
    await end(3)
    await until(() => [all, some, none].every(({ heard }) => heard.at(-1) === 1803))
    await end(1)
    await until(() => all.heard.at(-1) === 1804)
    expect(all.heard).to.deep.equal(from(1, 1804))
    expect(some.heard).to.deep.equal(from(1701, 1804))
    expect(none.heard).to.deep.equal(from(1801, 1804))
    for (const { leave } of [all, some, none]) leave()
  })

  it('waits for one that has not read, and for nobody else', async () => {
    const [slow, quick] = [follow(0), follow(0)]
    slow.isReady = false
    await until(() => quick.heard.length === made)
    expect(slow.heard).to.deep.equal([])
    slow.isReady = true
    await end(1)
    await until(() => slow.heard.length === made)
    expect(slow.heard).to.deep.equal(from(1, made))
    for (const { leave } of [slow, quick]) leave()
  })

  it('lets one who is up to date not wait for one who has much to catch up with', async () => {
    const quick = follow(made)
    await end(1)
    await until(() => quick.heard.length === 1)
    const slow = follow(0)
    await end(1)
    // Looked at in every turn: a moment later the slow one has had its other batches too.
    while (quick.heard.length < 2) await new Promise(setImmediate)
    expect(slow.batches).to.be.below(3)
    for (const { leave } of [slow, quick]) leave()
  })

  it('lets go of whoever follows numbers of another epoch, or has heard more than there is; not of the others', async () => {
    const context = { store, log: () => undefined } as Pick<HubContext, 'store' | 'log'> as HubContext
    const quick = createEndingsFeed(context, 0)
    const here = follow(made, { from: quick })
    const [elsewhere, ahead] = [
      follow(made, { from: quick, inEpoch: '0'.repeat(32) }),
      follow(made + 1, { from: quick }),
    ]
    await until(() => elsewhere.isEnded && ahead.isEnded)
    await end(1)
    await until(() => here.heard.length === 1)
    expect(here.isEnded).to.equal(false)

    epoch = await store.renewEpoch()
    await until(() => here.isEnded)
    quick.stop()
  })

  it('tells nothing to one who has left, and ends all others with itself', async () => {
    const [gone, here] = [follow(made), follow(made)]
    gone.leave()
    await end(1)
    await until(() => here.heard.length === 1)
    feed.stop()
    expect(gone).to.include({ isEnded: false, batches: 0 })
    expect(here).to.include({ isEnded: true, batches: 1 })
    expect(feed.isStopped).to.equal(true)
  })
})
