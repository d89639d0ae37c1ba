/** R31, R38: one site, one of its sessions and one address ask for ten times what they may. Who visits other sites meanwhile, and what is left. */
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect } from 'chai'

import { type Listening, listenTo } from '../support/event-source.js'
import { siteToken } from '../support/forge.js'
import { until } from '../support/until.js'
import { binding, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const LIMITS = { perAddress: 150, perSession: 15, perSite: 150 }
const AT_ONCE = 8
const MEGABYTE = 2 ** 20
/** Of one site or app: hub/routes/events.ts. */
const MOST_STREAMS = 256
/** What their limits leave room for, behind the very address of the attack. */
const MOST_VISITORS = 20

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Where the session asks from; all others ask from one address, the good visitors too. */
const ELSEWHERE = { 'x-forwarded-for': '192.0.2.1' }

describe('Ten times the limits: good visitors on other sites unharmed, memory flat', () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 3 * AT_ONCE })
  let world: World
  let greedy: string
  let hub: string
  let authorization: string

  async function begin(limits: Partial<typeof LIMITS>): Promise<void> {
    world = await startWorld({ sites: ['greedy', 'shop', 'travel'], hub: { limits } })
    world.hub.listener.app.set('trust proxy', 1)
    greedy = world.siteOf('greedy').origin
    hub = world.hub.origin
    authorization = `Bearer ${siteToken(world, world.siteOf('greedy'))}`
  }
  afterEach(() => world.close())
  after(() => {
    agent.destroy()
  })

  async function ask(url: string, headers: Record<string, string>, body?: string): Promise<number> {
    return (await reply(url, headers, body)).status
  }

  function reply(url: string, headers: Record<string, string>, body?: string) {
    const { port, host, pathname, search } = new URL(url)
    const method = body === undefined ? 'GET' : 'POST'
    return new Promise<{ readonly status: number; readonly lines: readonly string[] }>((resolve, reject) => {
      const req = http.request(
        { agent, host: '127.0.0.1', port, method, path: pathname + search, headers: { host, ...headers } },
        (res) => {
          void text(res).then((said) => {
            resolve({ status: res.statusCode ?? 0, lines: said.trimEnd().split('\n') })
          }, reject)
        },
      )
      req.on('error', reject)
      req.end(body)
    })
  }

  const frame = (cookie?: string) => {
    const asked = { 'sec-fetch-dest': 'iframe', 'sec-fetch-storage-access': 'active', referer: `${greedy}/` }
    const headers = { ...asked, ...(cookie !== undefined && { ...ELSEWHERE, cookie }) }
    return ask(`${hub}/frame?site=${greedy}&nonce=${binding().nonce}`, headers)
  }
  const act = () => {
    const headers = { 'content-type': 'application/json', authorization }
    return ask(`${hub}/backchannel/end`, headers, JSON.stringify({ handle: binding().verifier }))
  }

  /** @returns how many of so many were answered, and how many refused: for their number, or for all that the hub has to do */
  async function times(count: number, one: () => Promise<number>) {
    const statuses: number[] = []
    let begun = 0
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while ((begun += 1) <= count) statuses.push(await one())
      }),
    )
    const withStatus = (wanted: number) => statuses.filter((status) => status === wanted).length
    return { answered: withStatus(200), refused: withStatus(429) + withStatus(503) }
  }

  function heapMb(): number {
    for (const { listener } of [world.hub, ...Object.values(world.sites)]) listener.seen.length = 0
    world.log.length = 0
    collectGarbage()
    return process.memoryUsage().heapUsed / MEGABYTE
  }

  /** At the attacker's own address: signs in on one site, and is signed in on the other. */
  async function visit(name: string): Promise<void> {
    const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    const visitor = new Visitor(hub)
    expect((await visitor.post(shop, '/sign-in', { name })).status).to.equal(200)
    expect((await visitor.sync(shop)).outcome).to.equal('adopt')
    expect((await visitor.sync(travel)).outcome).to.equal('replace')
    expect(await visitor.whoami(travel)).to.include({ subject: name })
  }

  /** @returns what came of the attack, and how many visits to other sites went well while it ran */
  async function besideVisits<Outcome>(attack: () => Promise<Outcome>) {
    const attacking = { isOver: false }
    let visits = 0
    const visiting = async () => {
      for (; !attacking.isOver && visits < MOST_VISITORS; visits += 1) await visit(`user-${visits}`)
    }
    const attackOn = async () => {
      const outcome = await attack()
      attacking.isOver = true
      return outcome
    }
    const [outcome] = await Promise.all([attackOn(), visiting()])
    return { outcome, visits }
  }

  it('each of them gets as much as it may, and takes nothing of anybody else', async () => {
    await begin(LIMITS)
    const member = new Visitor(hub)
    await member.post(greedy, '/sign-in', { name: 'greedy' })
    await member.sync(greedy)
    const cookie = [...member.cookies(hub)].map((pair) => pair.join('=')).join('; ')
    const attack = async (share: number) =>
      Promise.all([
        times(LIMITS.perAddress * share, () => frame()),
        times(LIMITS.perSession * share, () => frame(cookie)),
        times(LIMITS.perSite * share, act),
      ])

    // The first of ten parts uses all of it up; the heap has found its size then.
    const first = await attack(1)
    const beforeMb = heapMb()
    const { outcome: rest, visits } = await besideVisits(() => attack(9))
    const afterMb = heapMb()

    expect(visits).to.be.at.least(5)
    for (const [at, most] of Object.values(LIMITS).entries())
      expect(first[at]!.answered).to.be.within(most - 3, most)
    for (const [at, { answered, refused }] of rest.entries())
      expect({ at, answered, refused }).to.deep.equal({ at, answered: 0, refused: [1350, 135, 1350][at] })
    expect(afterMb - beforeMb, 'megabytes').to.be.below(5)
  })

  it('a site that opens ten times its event streams has as many as it may; other sites hear of ends at once', async () => {
    await begin({ perAddress: LIMITS.perAddress, perSession: LIMITS.perSession })
    const streams: Listening[] = []
    const open = async () => {
      const stream = await listenTo(`${hub}/backchannel/events`, { authorization })
      if (stream.status === 200) streams.push(stream)
      else stream.close()
      return stream.status
    }
    try {
      const first = await times(MOST_STREAMS, open)
      const beforeMb = heapMb()
      const { outcome: rest, visits } = await besideVisits(() => times(9 * MOST_STREAMS, open))
      const afterMb = heapMb()

      expect(visits).to.be.at.least(5)
      expect(first).to.deep.equal({ answered: MOST_STREAMS, refused: 0 })
      expect(rest).to.deep.equal({ answered: 0, refused: 9 * MOST_STREAMS })
      expect(afterMb - beforeMb, 'megabytes').to.be.below(5)

      const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
      const visitor = new Visitor(hub)
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
      await visitor.sync(travel)
      expect((await visitor.ask(`${travel}/who`)).json).to.include({ session: 'signed-in' })
      const endedMs = performance.now()
      await visitor.post(shop, '/sign-out', {})
      await until(async () => (await visitor.ask(`${travel}/who`)).json['session'] === 'none')
      expect(performance.now() - endedMs, 'milliseconds').to.be.below(1000)

      streams.pop()?.close()
      await until(async () => (await open()) === 200)
    } finally {
      for (const stream of streams) stream.close()
    }
  })

  const LINES = 16
  const batches = {
    'acts that it may not have': {
      line: () => JSON.stringify({ act: 'read', body: { handle: binding().verifier } }),
      answered: 410,
    },
    'lines that nobody can read': { line: () => '{"act":', answered: 400 },
    'acts for a site of somebody else': {
      line: () =>
        JSON.stringify({
          act: 'read',
          site: world.siteOf('shop').origin,
          body: { handle: binding().verifier },
        }),
      answered: 401,
    },
  }
  for (const [what, { line, answered }] of Object.entries(batches)) {
    it(`a site that sends ten times its acts in batches, as ${what}, has each counted, and costs no other site anything`, async () => {
      await begin(LIMITS)
      const headers = { 'content-type': 'application/x-ndjson', authorization }
      const batch = async () => {
        const body = Array.from({ length: LINES }, () => `${line()}\n`).join('')
        const { status, lines } = await reply(`${hub}/backchannel/batch`, headers, body)
        expect(status).to.equal(200)
        return lines.map((text) => (JSON.parse(text) as { status: number }).status)
      }
      const share = async (acts: number) => {
        const statuses: number[] = []
        await times(Math.ceil(acts / LINES), async () => {
          statuses.push(...(await batch()))
          return 200
        })
        const withStatus = (wanted: number) => statuses.filter((status) => status === wanted).length
        return {
          sent: statuses.length,
          answered: withStatus(answered),
          refused: withStatus(429),
        }
      }
      const first = await share(LIMITS.perSite)
      const beforeMb = heapMb()
      const { outcome: rest, visits } = await besideVisits(() => share(9 * LIMITS.perSite))
      const afterMb = heapMb()

      expect(visits).to.be.at.least(1)
      expect(first.answered).to.be.within(LIMITS.perSite - 3, LIMITS.perSite)
      expect(first.answered + first.refused).to.equal(first.sent)
      expect(rest).to.deep.equal({ sent: rest.sent, answered: 0, refused: rest.sent })
      expect(rest.sent).to.be.at.least(9 * LIMITS.perSite)
      expect(afterMb - beforeMb, 'megabytes').to.be.below(5)
    })
  }
})
