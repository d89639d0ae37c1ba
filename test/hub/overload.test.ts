/** What a hub does over its capacity: who is refused, who never is, and that it recovers. */
import http from 'node:http'

import { expect } from 'chai'

import { isTooMuch, smoothed } from '../../hub/routes/overload.js'
import { random256 } from '../../sdk/tokens/random.js'
import { until } from '../support/until.js'
import { startWorld, type World } from '../support/world.js'

describe('the decision to refuse a request', () => {
  const MANY = 1000
  const chances = [0, 0.25, 0.5, 0.75, 0.999]
  const refused = (lateMs: number, urgency: Parameters<typeof isTooMuch>[1], requests = MANY) =>
    chances.filter((chance) => isTooMuch({ lateMs, waitedMs: 0, requests }, urgency, chance)).length

  it('refuses nobody while the event loop keeps up', () => {
    for (const urgency of ['frame', 'question', 'must'] as const) expect(refused(50, urgency)).to.equal(0)
  })

  it('refuses more of them the later it is, and in the end all', () => {
    expect([51, 70, 80, 100].map((lateMs) => refused(lateMs, 'frame'))).to.deep.equal([1, 2, 3, 5])
  })

  it('refuses frames first: a question of a site may be half of what has begun', () => {
    expect(refused(125, 'frame')).to.equal(5)
    expect(refused(125, 'question')).to.equal(0)
    expect(refused(250, 'question')).to.equal(5)
  })

  it('never refuses a sign-out', () => {
    expect(refused(100_000, 'must')).to.equal(0)
  })

  it('refuses nobody while few come: then something else holds up the loop', () => {
    expect(refused(100_000, 'frame', 15)).to.equal(0)
    expect(refused(100_000, 'frame', 16)).to.equal(5)
  })

  it('refuses them as well while the store is behind, however few come and however quick the loop is', () => {
    const waits = (waitedMs: number, urgency: Parameters<typeof isTooMuch>[1]) =>
      chances.filter((chance) => isTooMuch({ lateMs: 0, waitedMs, requests: 1 }, urgency, chance)).length
    expect([50, 51, 70, 80, 100].map((waitedMs) => waits(waitedMs, 'frame'))).to.deep.equal([0, 1, 2, 3, 5])
    expect([125, 250].map((waitedMs) => waits(waitedMs, 'question'))).to.deep.equal([0, 5])
    expect(waits(100_000, 'must')).to.equal(0)
  })

  const after = (lateMs: number, measuredMs: readonly [number, number], times: number, passedMs = 20) =>
    Array.from({ length: times }).reduce<number>((mean) => smoothed(mean, measuredMs, passedMs), lateMs)

  it('is moved by what lasts, not by one long turn', () => {
    expect(smoothed(0, [0, 300], 320), 'a long turn').to.equal(0)
    expect(smoothed(0, [300, 0], 20), 'and the turn after it').to.equal(0)
    expect(after(0, [150, 150], 8)).to.be.greaterThan(90)
    expect(after(150, [-1, -1], 12)).to.be.lessThan(50)
  })

  it('is moved by time: two long turns in a row are as much as many short ones', () => {
    expect(smoothed(0, [200, 300], 320)).to.equal(200)
    expect(smoothed(0, [80, 80], 100)).to.be.within(49, 51)
    expect(after(0, [80, 80], 5)).to.be.lessThan(50)
  })
})

describe('a hub over its capacity', () => {
  let world: World
  let agent: http.Agent
  let busy: NodeJS.Timeout | undefined

  beforeEach(async () => {
    world = await startWorld({ hub: { limits: { perAddress: 1_000_000 } } })
    agent = new http.Agent({ keepAlive: true, maxSockets: 42, maxFreeSockets: 42 })
    // A busy loop takes new connections one by one; on kept ones requests come together.
    await frames(40)
  })
  afterEach(async () => {
    clearInterval(busy)
    agent.destroy()
    await world.close()
  })

  interface Answer {
    readonly status: number
    readonly retryAfter: string | undefined
    readonly text: string
  }

  const ask = (path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise<Answer>((resolve, reject) => {
      const { host, port } = new URL(world.hub.origin)
      const options = { agent, host: '127.0.0.1', port, path, method, headers: { host, ...headers } }
      const req = http.request(options, (res) => {
        const { statusCode: status = 0, headers } = res
        let text = ''
        res.on('data', (chunk: Buffer) => (text += chunk.toString()))
        res.on('end', () => {
          resolve({ status, retryAfter: headers['retry-after'], text })
        })
      })
      req.on('error', reject).end()
    }).catch((error: unknown) => {
      // The server closes connections that have been idle.
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return ask(path, method, headers)
      throw error
    })

  const frame = () => {
    const site = world.siteOf('shop').origin
    const query = new URLSearchParams({ site, nonce: random256() })
    return ask(`/frame?${query}`, 'GET', { 'sec-fetch-dest': 'iframe', referer: `${site}/` })
  }
  const frames = (count: number) => Promise.all(Array.from({ length: count }, frame))

  /** The application beside the hub does something long in every turn. */
  let turnMicros: number
  function beBusy(): void {
    turnMicros = 70_000
    busy = setInterval(() => {
      const { user: beganMicros } = process.cpuUsage()
      while (process.cpuUsage().user - beganMicros < turnMicros);
    }, 1)
  }

  /** Finds how long its turns must be on this machine, for the hub to refuse some of a crowd and to answer others. */
  async function untilSomeAreRefused(): Promise<readonly Answer[]> {
    let answers: readonly Answer[] = []
    await until(async () => {
      answers = await frames(40)
      const refused = answers.filter(({ status }) => status === 503).length
      if (refused === 0) turnMicros += 5000
      if (refused === answers.length) turnMicros = Math.max(5000, turnMicros - 5000)
      return refused > 0 && refused < answers.length
    })
    return answers
  }

  it('refuses frames with the seconds to wait, serves sign-outs and its health, and recovers', async function () {
    this.timeout(60_000) // eight long turns, by processor time
    beBusy()
    const answers = await untilSomeAreRefused()
    const refused = answers.filter(({ status }) => status === 503)
    expect(new Set(refused.map(({ retryAfter }) => retryAfter))).to.deep.equal(new Set(['1']))
    expect(answers.map(({ status }) => status)).to.include(200)
    // The page in which it is hears it too.
    for (const { text } of refused)
      expect(text).to.include('"outcome":"failed","reason":"unavailable","retryAfter":1')

    const [health, signOut] = await Promise.all([
      ask('/healthz'),
      ask('/backchannel/end', 'POST'),
      frames(40),
    ])
    expect(health.status).to.equal(200)
    expect(signOut.status, 'heard, and refused for want of a token').to.equal(401)

    clearInterval(busy)
    await until(async () => (await frames(30)).every(({ status }) => status === 200))
  })

  it('refuses nobody where few come, however late the loop is', async function () {
    this.timeout(60_000)
    beBusy()
    await untilSomeAreRefused()
    turnMicros = 100_000
    // Each waits for a long turn to end, so the measures see no more of that crowd.
    for (let turn = 0; turn < 2; turn += 1) await frame()
    for (let round = 0; round < 2; round += 1)
      expect((await frames(5)).map(({ status }) => status)).to.deep.equal(Array<number>(5).fill(200))
  })
})
