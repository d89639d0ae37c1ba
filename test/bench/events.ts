/** What it costs to tell everyone at once: how soon an end is heard, how many come through, and what each open answer holds. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { type Ending, generateHubKeys, generateSite, sqliteStore, type Store } from 'session-hub/hub'

import { importSigningKey } from '../../sdk/tokens/keys.js'
import { random128 } from '../../sdk/tokens/random.js'
import { signToken } from '../../sdk/tokens/sign.js'
import { Visitor } from '../support/visitor.js'
import { createLoad } from './load.js'
import type { Listened } from './roles.js'
import { type Group, type Row, spreadRow } from './row.js'
import { type BenchServer, startServer } from './server.js'
import { spreadOf } from './spread.js'

const ROUNDS = 9
/** So many streams at once, and so many events in a round through each. */
const CASES = [
  { sites: 1, each: 20_000, who: 'one site' },
  { sites: 20, each: 5000, who: '20 sites' },
] as const
const ENDS = 31
/** Longer than the hub takes from one look at its list to the next: an end comes at any moment between two. */
const LOOK_MS = 250

/** Open answers whose memory is measured, and those before them, so that nothing counts that is made once. */
const OPEN = 1000
const OPEN_BEFORE = 100
/** Below what the hub allows one site, and a site one session. */
const OPEN_PER_SITE = 250
const OPEN_PER_SESSION = 30

export const events: Group = {
  name: 'events',
  async measure() {
    const rows: Row[] = []
    for (const one of CASES) rows.push(...(await told(one)))
    const [bare, stream, page] = [await heldByBare(), await heldByStream(), await heldByPage()]
    const kilobytes = (what: string, bytes: number, rest: Pick<Row, 'note' | 'target'>): Row => ({
      what,
      figure: bytes / 1024,
      unit: 'KiB',
      ...rest,
    })
    return [
      ...rows,
      kilobytes('memory of one open answer of a bare Express app', bare, {
        note: `Heap and buffers after garbage collection, ${OPEN} open; the kernel's share of a connection is not in it.`,
      }),
      kilobytes('memory of one open event stream at the hub', stream, { target: { atMost: 40 } }),
      kilobytes('memory of one page that listens at a site', page, { target: { atMost: 40 } }),
    ]
  },
}

// Told

async function told({ sites: siteCount, each, who }: (typeof CASES)[number]): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'session-hub-bench-'))
  const path = join(folder, 'sessions.db')
  const [hub, listener] = [await startServer('hub.localhost'), await startServer('127.0.0.1')]
  const sites = await Promise.all(
    Array.from({ length: siteCount }, (_, at) => generateSite(`https://site-${at}.example`)),
  )
  await hub.become({
    name: 'hub',
    options: {
      origin: hub.origin,
      keys: generateHubKeys(),
      sites: sites.map(({ registration }) => registration),
    },
    path,
  })
  await listener.become({
    name: 'listener',
    hub: hub.origin,
    sites: sites.map(({ keys, registration: { origin } }) => ({ origin, keys })),
  })
  const store = sqliteStore(path)
  const load = createLoad()
  let written = 0
  const heardAll = async () => JSON.parse(await load.ask(`${listener.origin}/heard/${written}`)) as Listened
  const end = async (count: number) => {
    await write(store, count)
    written += count
  }
  try {
    // Every stream is open once it has heard this.
    await end(1)
    await heardAll()
    const delays: number[] = []
    for (let at = 0; at < ENDS; at += 1) {
      await delay(Math.random() * LOOK_MS)
      const startMs = performance.now()
      await end(1)
      await heardAll()
      delays.push(performance.now() - startMs)
    }
    const rates: number[] = []
    const costs: number[] = []
    for (let round = -2; round < ROUNDS; round += 1) {
      const usedBefore = await hub.cpuMicros()
      await end(each)
      const { betweenMs } = await heardAll()
      if (round < 0) continue
      rates.push((each * siteCount) / (betweenMs / 1000))
      costs.push(((await hub.cpuMicros()) - usedBefore) / (each * siteCount))
    }
    const isFirst = siteCount === 1
    return [
      spreadRow(spreadOf(delays), {
        what: `from the end of a session until it is known to ${who}`,
        unit: 'ms',
        target: { atMost: 1000 },
        ...(isFirst && {
          note: 'From before it is written into a SQLite file, by another process than the hub’s, until each site has heard it.',
        }),
      }),
      spreadRow(spreadOf(rates), {
        what: `events through the stream of ${who}`,
        unit: 'events/s',
        target: { atLeast: 1000 },
        ...(isFirst && {
          note: 'Of all streams together, from the first that is heard to the last. The hub is one process, the sites are another.',
        }),
      }),
      spreadRow(spreadOf(costs), {
        what: `CPU time of the hub for one of them, with ${who}`,
        unit: 'us',
      }),
    ]
  } finally {
    load.close()
    await store.close()
    await Promise.all([listener.stop(), hub.stop()])
    await rm(folder, { recursive: true, force: true })
  }
}

const write = (store: Store, count: number) =>
  store.transact({ handles: [] }, () => ({
    changes: { endings: Array.from({ length: count }, endingNow) },
    result: undefined,
  }))

const endingNow = (): Ending => ({
  sessionId: random128(),
  subject: null,
  generation: 0,
  reason: 'signed-out',
  atMs: Date.now(),
})

// Held

/** Bytes that one more open answer takes. */
async function heldBy(server: BenchServer, open: (at: number) => Promise<ClientRequest>): Promise<number> {
  const requests: ClientRequest[] = []
  const openUpTo = async (count: number) => {
    while (requests.length < count) requests.push(await open(requests.length))
  }
  try {
    await openUpTo(OPEN_BEFORE)
    const before = await server.memoryBytes()
    await openUpTo(OPEN_BEFORE + OPEN)
    return ((await server.memoryBytes()) - before) / OPEN
  } finally {
    for (const request of requests) request.destroy()
  }
}

async function heldByBare(): Promise<number> {
  const bare = await startServer('127.0.0.1')
  try {
    await bare.become({ name: 'bare' })
    return await heldBy(bare, () => openAnswer(`${bare.origin}/open`, {}))
  } finally {
    await bare.stop()
  }
}

async function heldByStream(): Promise<number> {
  const hub = await startServer('hub.localhost')
  const count = Math.ceil((OPEN_BEFORE + OPEN) / OPEN_PER_SITE)
  const sites = await Promise.all(
    Array.from({ length: count }, (_, at) => generateSite(`https://site-${at}.example`)),
  )
  const registrations = sites.map(({ registration }) => registration)
  try {
    await hub.become({
      name: 'hub',
      options: { origin: hub.origin, keys: generateHubKeys(), sites: registrations },
    })
    const tokens = await Promise.all(
      sites.map(async ({ keys, registration: { origin } }) => {
        const iat = Math.floor(Date.now() / 1000)
        const claims = { iss: origin, aud: hub.origin, iat, exp: iat + 120 }
        return signToken('site+jwt', claims, await importSigningKey(keys.signing, 'bench'))
      }),
    )
    return await heldBy(hub, (at) =>
      openAnswer(`${hub.origin}/backchannel/events`, { authorization: `Bearer ${tokens[at % count]!}` }),
    )
  } finally {
    await hub.stop()
  }
}

async function heldByPage(): Promise<number> {
  const [hub, site] = [await startServer('hub.localhost'), await startServer('shop.localhost')]
  const { keys, registration } = await generateSite(site.origin)
  try {
    await hub.become({
      name: 'hub',
      options: { origin: hub.origin, keys: generateHubKeys(), sites: [registration] },
    })
    await site.become({ name: 'site', options: { origin: site.origin, hub: hub.origin, keys, live: true } })
    const cookies: string[] = []
    while (cookies.length * OPEN_PER_SESSION < OPEN_BEFORE + OPEN) {
      const visitor = new Visitor(hub.origin)
      await visitor.post(site.origin, '/sign-in', { subject: `user ${cookies.length}` })
      cookies.push([...visitor.cookies(site.origin)].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    return await heldBy(site, (at) =>
      openAnswer(`${site.origin}/session-hub/live`, {
        'sec-fetch-site': 'same-origin',
        cookie: cookies[at % cookies.length]!,
      }),
    )
  } finally {
    await Promise.all([site.stop(), hub.stop()])
  }
}

/** Resolves when its first words have come. */
async function openAnswer(url: string, headers: Record<string, string>): Promise<ClientRequest> {
  const { host, port, pathname } = new URL(url)
  const req = http.request({
    host: '127.0.0.1',
    port,
    path: pathname,
    headers: { host, ...headers },
    agent: false,
  })
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  if (res.statusCode !== 200) throw new Error(`${url} was answered with ${res.statusCode}`)
  // The server goes before the connection does.
  req.on('error', () => undefined)
  res.on('error', () => undefined)
  await once(res, 'data')
  return req
}
