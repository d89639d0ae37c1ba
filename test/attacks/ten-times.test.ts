/** R31, R38: one site, one of its sessions and one address ask for ten times what they may. Who visits other sites meanwhile, and what is left. */
import http from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect } from 'chai'

import { siteToken } from '../support/forge.js'
import { binding, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const LIMITS = { perAddress: 150, perSession: 15, perSite: 150 }
const AT_ONCE = 8
const MEGABYTE = 2 ** 20
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

  before(async () => {
    world = await startWorld({ sites: ['greedy', 'shop', 'travel'], hub: { limits: LIMITS } })
    world.hub.listener.app.set('trust proxy', 1)
    greedy = world.siteOf('greedy').origin
    hub = world.hub.origin
    authorization = `Bearer ${siteToken(world, world.siteOf('greedy'))}`
  })
  after(async () => {
    agent.destroy()
    await world.close()
  })

  function ask(url: string, headers: Record<string, string>, body?: string): Promise<number> {
    const { port, host, pathname, search } = new URL(url)
    const method = body === undefined ? 'GET' : 'POST'
    return new Promise((resolve, reject) => {
      const req = http.request(
        { agent, host: '127.0.0.1', port, method, path: pathname + search, headers: { host, ...headers } },
        (res) => res.resume().on('end', () => resolve(res.statusCode ?? 0)),
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

  it('each of them gets as much as it may, and takes nothing of anybody else', async () => {
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
    const attacking = { isOver: false }
    let visits = 0
    const visiting = async () => {
      for (; !attacking.isOver && visits < MOST_VISITORS; visits += 1) await visit(`user-${visits}`)
    }
    const attackOn = async () => {
      const outcome = await attack(9)
      attacking.isOver = true
      return outcome
    }
    const [rest] = await Promise.all([attackOn(), visiting()])
    const afterMb = heapMb()

    expect(visits).to.be.at.least(5)
    for (const [at, most] of Object.values(LIMITS).entries())
      expect(first[at]!.answered).to.be.within(most - 3, most)
    for (const [at, { answered, refused }] of rest.entries())
      expect({ at, answered, refused }).to.deep.equal({ at, answered: 0, refused: [1350, 135, 1350][at] })
    expect(afterMb - beforeMb, 'megabytes').to.be.below(5)
  })
})
