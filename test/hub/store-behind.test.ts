/** What a hub does whose store has more to write than it can: frames are put off, sign-outs and redirects are not, and it recovers. */
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { sqliteStore, type Store } from 'session-hub/hub'

import { random256 } from '../../sdk/tokens/random.js'
import { until } from '../support/until.js'
import { send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('a hub whose store is behind', () => {
  let file: string
  let store: Store
  let world: World
  let over: AbortController
  let writing: Promise<void>

  beforeEach(async () => {
    file = join(tmpdir(), `session-hub-behind-${random256()}.db`)
    store = sqliteStore(file)
    world = await startWorld({ sites: ['shop'], hub: { store } })
    over = new AbortController()
    writing = Promise.resolve()
  })
  afterEach(async () => {
    over.abort()
    await writing
    await world.close()
    for (const end of ['', '-wal', '-shm']) await rm(file + end, { force: true })
  })

  /** A decision that takes its time, so that the next ones wait. */
  function decide() {
    const { user: beganMicros } = process.cpuUsage()
    while (process.cpuUsage().user - beganMicros < 5000);
    return { result: 0 }
  }
  const decideOften = (times: number) =>
    Promise.all(Array.from({ length: times }, () => store.transact({ handles: [] }, decide)))

  function fallBehind(): void {
    writing = (async () => {
      while (!over.signal.aborted) await decideOften(60)
    })()
  }

  const statusOf = async (path: string, method = 'GET', headers = {}) =>
    (await send(world.hub.origin + path, { method, headers })).status
  const frame = () => {
    const site = world.siteOf('shop').origin
    const query = new URLSearchParams({ site, nonce: random256() })
    return statusOf(`/frame?${query}`, 'GET', { 'sec-fetch-dest': 'iframe', referer: `${site}/` })
  }

  it('refuses frames, however few come, serves sign-outs, redirects and its health, and recovers', async function () {
    this.timeout(60_000)
    expect(await frame()).to.equal(200)
    fallBehind()
    await until(async () => (await frame()) === 503)
    expect(await statusOf('/backchannel/end', 'POST'), 'heard, and refused for want of a token').to.equal(401)
    expect(await statusOf('/redirect'), 'heard, and refused for want of a site').to.equal(400)
    expect(await statusOf('/healthz')).to.equal(200)
    over.abort()
    await until(async () => (await frame()) === 200)
  })

  it('is told by its store for how long the oldest work has waited, and that none waits', async () => {
    expect(store.waitedMs?.()).to.equal(0)
    const decided = decideOften(3)
    await new Promise((resolve) => setImmediate(resolve))
    expect(store.waitedMs?.()).to.be.at.least(5)
    await decided
    expect(store.waitedMs?.()).to.equal(0)
  })
})
