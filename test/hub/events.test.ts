/** The hub's end of the event streams: who is told what, for how long, and what a bad listener costs. */
import net from 'node:net'

import { expect } from 'chai'
import { generateSite, memoryStore, type Store } from 'session-hub/hub'

import { listenTo, type Listening } from '../support/event-source.js'
import { startStreamsHub, type StreamsHub } from '../support/events-route.js'
import { startOwnStream } from '../support/own-stream.js'
import { expectRefusal } from '../support/refusal.js'
import { until } from '../support/until.js'
import { send } from '../support/visitor.js'

const PATH = '/backchannel/events'
/** Far longer than the time between two questions to the store. */
const SILENCE_MS = 800

describe('GET /backchannel/events', () => {
  let hub: StreamsHub
  let epoch: string
  const closing: (() => unknown)[] = []

  async function begin(beatMs = 60_000, store: Store = memoryStore()): Promise<void> {
    hub = await startStreamsHub(beatMs, store)
    epoch = (await store.endingsRange()).epoch
    closing.push(() => hub.close())
  }
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  async function open(lastEventId?: string): Promise<Listening> {
    const headers = { ...hub.headers(), ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) }
    const listening = await listenTo(hub.listener.origin + PATH, headers)
    closing.push(() => listening.close())
    return listening
  }
  const states = (events: Listening['events']) =>
    events.map(({ data }) => (JSON.parse(data) as { session_tag: string }).session_tag)

  /** Sends a request and reads nothing of the answer. */
  async function openAndDoNotRead(): Promise<net.Socket> {
    const socket = net.connect(hub.listener.port, '127.0.0.1').pause()
    closing.push(() => socket.destroy())
    socket.write(requestText())
    return socket
  }
  const requestText = () =>
    [
      `GET ${PATH} HTTP/1.1`,
      'Host: hub.localhost',
      `Authorization: ${hub.headers().authorization}`,
      '',
      '',
    ].join('\r\n')

  it('says hello, and where it is', async () => {
    await begin()
    const stream = await open()
    expect(stream.status).to.equal(200)
    expect(stream.headers).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    })
    expect(await stream.heard('hello')).to.deep.equal([{ event: 'hello', id: `${epoch}-0`, data: '{}' }])
  })

  it('begins with everything that is known, and goes on where it was left', async () => {
    await begin()
    const first = await hub.end(3)
    const stream = await open()
    expect(states(await stream.heard('ended', 3))).to.deep.equal(first)
    const lastId = stream.events.at(-1)?.id
    stream.close()
    const second = await hub.end(2)
    const again = await open(lastId)
    expect(states(await again.heard('ended', 2))).to.deep.equal(second)
    expect(again.events[0]).to.include({ event: 'hello', id: lastId })
  })

  it('says reset to one that was away for longer than the hub remembers, and hello to one that was not', async () => {
    const store = memoryStore()
    await begin(60_000, store)
    await hub.end(3)
    await store.sweep(
      { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: Number.MAX_SAFE_INTEGER, auditBeforeMs: 0 },
      2,
    )
    for (const [id, event] of [
      ['0', 'reset'],
      ['1', 'reset'],
      ['2', 'hello'],
      ['3', 'hello'],
    ] as const) {
      const stream = await open(`${epoch}-${id}`)
      expect((await stream.heard(event))[0], id).to.include({ event })
      if (event === 'reset') expect(stream.events[0]?.id, 'and goes on from here').to.equal(`${epoch}-3`)
    }
    await store.sweep(
      { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: Number.MAX_SAFE_INTEGER, auditBeforeMs: 0 },
      10,
    )
    expect((await (await open(`${epoch}-3`)).heard('hello'))[0]?.id).to.equal(`${epoch}-3`)
    expect((await (await open(`${epoch}-2`)).heard('reset'))[0]?.id).to.equal(`${epoch}-3`)
    expect((await (await open()).heard('hello'))[0]?.id).to.equal(`${epoch}-3`)
  })

  it('says reset to one that comes with the number of another epoch, or with a number alone', async () => {
    const store = memoryStore()
    await begin(60_000, store)
    await hub.end(3)
    const before = epoch
    const [left] = await (await open()).heard('hello')
    expect(left?.id).to.equal(`${before}-0`)
    epoch = await store.renewEpoch()
    for (const id of [`${before}-2`, `${before}-3`, '2', '3']) {
      const [first] = await (await open(id)).heard('reset')
      expect(first, id).to.include({ id: `${epoch}-3` })
    }
    const going = await open(`${epoch}-2`)
    expect(await going.heard('hello')).to.have.lengthOf(1)
    expect((await going.heard('ended'))[0]?.id).to.equal(`${epoch}-3`)
  })

  it('speaks at every beat', async () => {
    await begin(20)
    const stream = await open()
    await until(() => stream.text().endsWith(':\n\n:\n\n:\n\n'))
  })

  it('cuts off a listener that reads nothing from one beat to the next; one that reads is told everything', async function () {
    this.timeout(30_000)
    let isFlooding = true
    let last = 0
    await begin(200, {
      ...bound(memoryStore()),
      /** Without end, until what the system keeps for a connection that nobody reads is full. */
      async endings(afterSeq, limit) {
        if (isFlooding) last = Math.max(last, afterSeq + limit)
        return Array.from({ length: Math.min(limit, last - afterSeq) }, (_, at) => ({
          seq: afterSeq + 1 + at,
          sessionId: 'session',
          subject: null,
          generation: 0,
          reason: 'revoked' as const,
          atMs: 0,
        }))
      },
    })
    await openAndDoNotRead()
    const reading = await open()
    await until(() => hub.open() === 2)
    await until(() => hub.open() === 1)
    isFlooding = false
    await until(() => reading.events.at(-1)?.id === `${epoch}-${last}`)
    expect(reading.events.map(({ id }) => Number(id?.split('-')[1]))).to.deep.equal(
      Array.from({ length: last + 1 }, (_, seq) => seq),
    )
  })

  it('lets it come back, and go on', async () => {
    await begin(50)
    await hub.end(5)
    const own = await startOwnStream(hub.site, hub.listener.origin)
    closing.push(() => own.close())
    await until(() => own.heard.length === 5)
    hub.register({ enabled: false })
    await until(() => own.log.some(({ event }) => event === 'stream_lost'))
    const missed = await hub.end(5)
    hub.register({ enabled: true })
    await until(() => own.heard.length === 10)
    expect(own.heard.slice(5)).to.deep.equal(missed)
    expect(own.resets()).to.equal(0)
  })

  it('ends within a beat when a key of the site is another one, also under its old name; a key beside it ends nothing', async () => {
    await begin(50)
    const [own, other] = [hub.registration(), (await generateSite('http://other.localhost')).registration]
    const [[key], [stranger]] = [own.signingKeys, other.signingKeys] as [{ kid: string }[], object[]]
    const stream = await open()
    await stream.heard('hello')
    hub.register({ signingKeys: [stranger!, key!] })
    const beats = stream.text().length
    await until(() => stream.text().length > beats + 10)
    hub.register({ signingKeys: [{ ...stranger, kid: key!.kid }] })
    await stream.ended
    hub.register({ signingKeys: [key!] })
    expect((await open()).status).to.equal(200)
  })

  it('lasts an hour: whoever found one token of the site has to show another then', async () => {
    await begin(20)
    const stream = await open()
    await stream.heard('hello')
    hub.advance(3590)
    const beats = stream.text().length
    await until(() => stream.text().length > beats + 10)
    hub.advance(10)
    await stream.ended
    expect((await open()).status).to.equal(200)
  })

  it('ends for a site whose keys have changed, and lasts for one whose have not', async () => {
    await begin(20)
    const stream = await open()
    await stream.heard('hello')
    hub.register({ sisters: [] })
    const beats = stream.text().length
    await until(() => stream.text().length > beats + 10)
    hub.register({ signingKeys: (await generateSite('http://shop.localhost')).registration.signingKeys })
    await stream.ended
    expect((await open()).status, 'by a token of the old key').to.equal(401)
  })

  it('ends for a site that has become another app’s, whose tags it would not know', async () => {
    await begin(20)
    const stream = await open()
    await stream.heard('hello')
    hub.register({ app: 'shop' })
    await stream.ended
    const again = await open()
    await again.heard('hello')
    hub.register({ app: 'shop', sisters: [] })
    const beats = again.text().length
    await until(() => again.text().length > beats + 10)
  })

  it('keeps no place for those who go before they are answered, nor for those who went', async () => {
    const inner = memoryStore()
    let isHeld = false
    let asked = 0
    const waiting: (() => void)[] = []
    await begin(60_000, {
      ...bound(inner),
      async endingsRange() {
        asked += 1
        if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve))
        return inner.endingsRange()
      },
    })
    isHeld = true
    asked = 0
    for (let index = 0; index < 300; index += 1) {
      const socket = await openAndDoNotRead()
      await until(() => asked === index + 1)
      const closed = new Promise((resolve) => socket.on('close', resolve))
      socket.destroy()
      await closed
    }
    isHeld = false
    for (const pass of waiting) pass()
    for (let index = 0; index < 3; index += 1) {
      const stream = await open()
      expect(stream.status).to.equal(200)
      stream.close()
    }
  })

  it('takes no request that waits behind another on the same connection', async () => {
    await begin()
    const socket = net.connect(hub.listener.port, '127.0.0.1')
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.resume()
    socket.write(requestText().repeat(50))
    await until(() => hub.listener.seen.length === 50)
    socket.destroy()
    await closed
    const streams = await Promise.all(Array.from({ length: 256 }, () => open()))
    expect(streams.map(({ status }) => status)).to.deep.equal(Array<number>(256).fill(200))
  })

  it('ends with the feed, and is refused from then on', async () => {
    await begin()
    const stream = await open()
    await stream.heard('hello')
    hub.stopFeed()
    await stream.ended
    expect(stream.text(), 'there is another process').to.match(/\nretry: 200\n\n$/)
    expectRefusal(await send(hub.listener.origin + PATH, { headers: hub.headers() }), 503, 'unavailable')
  })

  it('asks the store for nobody, and says once that it cannot be asked', async () => {
    const inner = memoryStore()
    let asked = 0
    let askedMs = 0
    let isBroken = false
    await begin(60_000, {
      ...bound(inner),
      async endings(...given) {
        asked += 1
        askedMs = performance.now()
        if (isBroken) throw new Error('connect ECONNREFUSED')
        return inner.endings(...given)
      },
    })
    const stream = await open()
    await until(() => asked > 2)
    isBroken = true
    const before = asked
    await until(() => asked > before + 3)
    expect(hub.log.map(({ event, where }) => ({ event, where }))).to.deep.equal([
      { event: 'request_failed', where: 'endings' },
    ])
    isBroken = false
    const ended = await hub.end(2)
    expect(states(await stream.heard('ended', 2))).to.deep.equal(ended)
    stream.close()
    await until(() => performance.now() - askedMs > SILENCE_MS)
  })
})

/** A store's methods by themselves, to change some of them. */
function bound(store: Store): Store {
  return {
    find: (hash) => store.find(hash),
    transact: (question, decide) => store.transact(question, decide),
    sessions: (ids) => store.sessions(ids),
    list: (subject, nowMs, limit) => store.list(subject, nowMs, limit),
    places: (ids) => store.places(ids),
    search: (search) => store.search(search),
    audit: (search) => store.audit(search),
    isSpent: (issuer, jti) => store.isSpent(issuer, jti),
    endings: (afterSeq, limit) => store.endings(afterSeq, limit),
    endingsRange: () => store.endingsRange(),
    renewEpoch: () => store.renewEpoch(),
    putSite: (site) => store.putSite(site),
    sites: (afterSeq, limit) => store.sites(afterSeq, limit),
    sitesRange: () => store.sitesRange(),
    ping: () => store.ping(),
    sweep: (times, limit) => store.sweep(times, limit),
    close: () => store.close(),
  }
}
