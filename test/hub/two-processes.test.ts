/** Two processes of one hub on one SQLite file, behind one name. */
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import type { Request, Response } from 'express'
import { generateHubKeys, generateSite } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'

import { createGate } from '../support/gate.js'
import { forkHub, type HubProcess } from '../support/hub-worker.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { until } from '../support/until.js'
import { Visitor } from '../support/visitor.js'

const TICKETS = 20

describe('two hub processes on one file', () => {
  let folder: string
  let front: Listener
  let processes: HubProcess[] = []
  let listeners: Listener[] = []
  let sites: Site[] = []
  let visitor: Visitor
  let shop: string
  let travel: string
  const gate = createGate()
  /** Which process the next request goes to. */
  let next: () => number
  /** Which process the sites’ event streams come from, and which they came from. */
  let listensTo: number
  let listened: number[]
  /** Which process answered a redemption with which status. */
  let redeemed: { by: number; status: number }[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'session-hub-two-'))
    front = await listen('hub.localhost')
    const keys = generateHubKeys()
    listeners = [await listen('shop.localhost'), await listen('travel.localhost')]
    const made = await Promise.all(listeners.map(({ origin }) => generateSite(origin)))
    const registrations = made.map(({ registration }) => registration)
    const store = { kind: 'sqlite', path: join(folder, 'hub.sqlite') } as const
    // At once: of two processes that find no file yet, one makes it and both start.
    processes = await Promise.all(
      [0, 1].map(() => forkHub({ store, port: 0, origin: front.origin, keys, sites: registrations })),
    )
    sites = await Promise.all(
      listeners.map(({ origin }, index) =>
        createSite({ origin, hub: front.origin, keys: made[index]!.keys }),
      ),
    )
    for (const [index, listener] of listeners.entries()) listener.use(siteApp(String(index), sites[index]!))
    ;[shop, travel] = listeners.map(({ origin }) => origin) as [string, string]
    redeemed = []
    listened = []
    listensTo = 1
    always(0)
    front.use(gate.handler)
    front.use((req, res) => {
      if (req.url === '/backchannel/events') {
        listened.push(listensTo)
        pass(req, res, processes[listensTo]!.port)
        return
      }
      const by = next()
      if (req.url === '/backchannel/redeem') {
        res.on('finish', () => redeemed.push({ by, status: res.statusCode }))
      }
      pass(req, res, processes[by]!.port)
    })
    visitor = new Visitor(front.origin)
  })
  afterEach(async () => {
    for (const site of sites) site.close()
    for (const hub of processes) await hub.kill()
    for (const listener of [...listeners, front]) await listener.close()
    await rm(folder, { recursive: true })
  })

  const always = (index: number) => {
    next = () => index
  }
  const inTurn = () => {
    let count = 0
    next = () => count++ % 2
  }

  it('does each know what was done through the other?', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    always(1)
    expect(await visitor.whoami(shop)).to.deep.include({ data: { cart: ['boots'] } })
    await visitor.post(shop, '/cart', { item: 'laces' })
    always(0)
    expect(await visitor.whoami(shop)).to.deep.include({ data: { cart: ['boots', 'laces'] } })
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    always(1)
    expect(await visitor.whoami(shop)).to.deep.include({ subject: 'ada', data: { cart: ['boots', 'laces'] } })
    await visitor.post(shop, '/sign-out', {})
    always(0)
    expect(await visitor.whoami(shop)).to.deep.include({ session: 'none' })
  })

  it('does a sync work whose every request goes to the other process than the one before?', async () => {
    inTurn()
    await visitor.post(shop, '/cart', { item: 'boots' })
    expect(await visitor.sync(shop)).to.include({ outcome: 'adopt' })
    expect(await visitor.sync(travel)).to.include({ outcome: 'replace' })
    expect(await visitor.sync(travel)).to.include({ outcome: 'keep' })
    expect(await visitor.whoami(travel)).to.deep.include({ data: { cart: ['boots'] } })
  })

  describe('does an ending that was made through one', () => {
    const session = async (site: string) => (await visitor.ask(`${site}/who`)).json.session
    const isSignedOutAt = (site: string) => until(async () => (await session(site)) === 'none')

    beforeEach(async () => {
      await visitor.post(shop, '/sign-in', { name: 'ada' })
      await visitor.sync(shop)
      await visitor.sync(travel)
      expect(await session(travel)).to.equal('signed-in')
      await until(() => listened.length === 2)
    })

    it('reach a site that listens to the other?', async () => {
      await visitor.post(shop, '/sign-out', {})
      await isSignedOutAt(travel)
      expect(listened).to.deep.equal([1, 1])
    })

    it('reach a site whose process was killed, at the other one?', async () => {
      listensTo = 0
      await processes[1]!.kill()
      await visitor.post(shop, '/sign-out', {})
      await isSignedOutAt(travel)
      expect(listened).to.include.members([0])
    })
  })

  it('is a ticket that both are shown at once spent by exactly one?', async () => {
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.sync(shop)
    inTurn()
    for (let made = 1; made <= TICKETS; made += 1) {
      const { ticket, verifier } = await visitor.ticket(travel)
      const browsers = [new Visitor(front.origin), new Visitor(front.origin)]
      gate.holdUntil(2, '/backchannel/redeem')
      const replies = await Promise.all(
        browsers.map((browser) => browser.post(travel, '/session-hub/redeem', { ticket, verifier })),
      )
      expect(replies.map(({ status }) => status).sort()).to.deep.equal([200, 401])
      expect(replies.find(({ status }) => status === 401)!.json.error).to.equal('ticket_spent')

      const winner = browsers[replies.findIndex(({ status }) => status === 200)]!
      expect(await winner.whoami(travel)).to.deep.include({ data: { cart: ['boots'] } })
    }
    for (let at = 0; at < redeemed.length; at += 2) {
      const pair = redeemed.slice(at, at + 2)
      expect(pair.map(({ by }) => by).sort(), 'both were asked').to.deep.equal([0, 1])
      expect(pair.map(({ status }) => status).sort()).to.deep.equal([200, 401])
    }
    expect(redeemed).to.have.length(2 * TICKETS)
  })

  it('is every update that was answered there, and no other, when both write at once?', async () => {
    await visitor.post(shop, '/cart', { item: 'first' })
    await visitor.sync(shop)
    await visitor.sync(travel)
    inTurn()
    const items = Array.from({ length: 24 }, (_, index) => `item ${index}`)
    const replies = await Promise.all(
      items.map((item, index) => visitor.post(index % 2 ? shop : travel, '/cart', { item })),
    )
    const answered = items.filter((_, index) => replies[index]!.status === 200)
    const { data } = (await visitor.whoami(shop)) as { data: { cart: string[] } }
    expect(answered).to.not.be.empty
    expect(data.cart.toSorted()).to.deep.equal(['first', ...answered].toSorted())
  })
})

function pass(req: Request, res: Response, port: number): void {
  const { url: path, method, headers } = req
  const onward = http.request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(res)
    // A process that is killed breaks off in the middle.
    answer.on('error', () => res.destroy())
  })
  onward.on('error', () => res.destroy())
  req.pipe(onward)
}
