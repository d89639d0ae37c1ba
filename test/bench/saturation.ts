/**
 * What a hub does at and over its capacity: how much of what comes it still does, how long that takes, and whether anybody can see meanwhile
 * that it is alive. Three of four requests are frames with a ticket, the fourth is a site that writes into a session.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { generateHubKeys, generateSite } from 'session-hub/hub'

import { importSigningKey, type NamedKey } from '../../sdk/tokens/keys.js'
import { signToken } from '../../sdk/tokens/sign.js'
import { signedInVisitor } from './company.js'
import { drive, type Driven } from './drive.js'
import { createLoad } from './load.js'
import type { Group, Row } from './row.js'
import { startServer } from './server.js'

const SECONDS = 4
const LEVELS = [0.5, 1, 2, 4]
/** What finds the capacity: so many at a time, the next when the last is answered. */
const AT_ONCE = 16
/** Of a proxy in front of the hub. */
const CONNECTIONS = 500
const HEALTH_EVERY_MS = 50
const MOST_MS = 250

export const saturation: Group = {
  name: 'saturation',
  async measure() {
    const hub = await startServer('hub.localhost')
    const site = await startServer('shop.localhost')
    const { keys, registration } = await generateSite(site.origin)
    await hub.become({
      name: 'hub',
      options: { origin: hub.origin, keys: generateHubKeys(), sites: [registration] },
    })
    await site.become({ name: 'site', options: { origin: site.origin, hub: hub.origin, keys } })
    try {
      const hubCookie = await signedInVisitor(hub.origin, site.origin)
      const signingKey = await importSigningKey(keys.signing, 'bench')
      const { host, port } = new URL(hub.origin)
      const requests = async () => {
        const token = await siteToken(site.origin, hub.origin, signingKey)
        return inTurn(frameRequests(host, site.origin, hubCookie), await updates(hub.origin, host, token))
      }
      const course = async () => ({ port: Number(port), seconds: SECONDS, next: await requests() })

      await drive({ ...(await course()), connections: AT_ONCE })
      const capacity = rateOf(await drive({ ...(await course()), connections: AT_ONCE }))
      const rows: Row[] = [
        {
          what: `answers per second, ${AT_ONCE} requests at a time`,
          figure: capacity,
          unit: 'per s',
          note: 'The capacity. Wall-clock time: of a machine that does something else too, only what is said against it means anything.',
        },
      ]
      const rates: number[] = [capacity]
      for (const level of LEVELS) {
        const watched = watchHealth(hub.origin)
        const perSecond = capacity * level
        const driven = await drive({ ...(await course()), connections: CONNECTIONS, perSecond })
        const healthMs = await watched.stop()
        rates.push(rateOf(driven))
        rows.push(...rowsOf(level, driven, healthMs))
        await delay(500) // what is left of the last level is no part of the next one
      }
      const [, , ...full] = rates
      rows.push({
        what: 'the lowest rate from capacity on, against the best',
        figure: Math.min(...full) / Math.max(...rates),
        unit: 'of that',
        target: { atLeast: 0.9 },
      })
      return rows
    } finally {
      await Promise.all([hub.stop(), site.stop()])
    }
  },
}

function rowsOf(level: number, driven: Driven, healthMs: readonly number[]): Row[] {
  const { takenMs, lost } = driven
  const done = takenMs.get(200) ?? []
  const refused = takenMs.get(503)?.length ?? 0
  const all = [...takenMs.values()].reduce((sum, { length }) => sum + length, lost)
  const at = `at ${level} of the capacity`
  return [
    { what: `${at}: done`, figure: rateOf(driven), unit: 'per s' },
    {
      what: `${at}: 99th percentile of what is done`,
      figure: percentile(done, 0.99),
      unit: 'ms',
      target: { atMost: MOST_MS },
    },
    {
      what: `${at}: 99th percentile of how late the bench itself was`,
      figure: percentile(driven.lateMs, 0.99),
      unit: 'ms',
    },
    { what: `${at}: refused with 503`, figure: refused / all, unit: 'of all' },
    { what: `${at}: neither done nor refused`, figure: all - done.length - refused, unit: 'requests' },
    {
      what: `${at}: the slowest answer of /healthz`,
      figure: Math.max(...healthMs),
      unit: 'ms',
      target: { atMost: 1000 },
    },
  ]
}

const rateOf = ({ takenMs, seconds }: Driven): number => (takenMs.get(200)?.length ?? 0) / seconds

function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** Three of the first, then one of the second. */
function inTurn(often: readonly string[], seldom: readonly string[]): () => string {
  let at = 0
  return () => {
    at += 1
    const from = at % 4 === 0 ? seldom : often
    return from[at % from.length]!
  }
}

function frameRequests(host: string, site: string, cookie: string): string[] {
  return Array.from({ length: 997 }, () => {
    const query = new URLSearchParams({ site, nonce: randomBytes(32).toString('base64url') })
    return requestOf(`GET /frame?${query}`, host, {
      cookie,
      referer: `${site}/`,
      'sec-fetch-dest': 'iframe',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-storage-access': 'active',
    })
  })
}

/** Each writes into a session of its own. */
async function updates(hub: string, host: string, token: string): Promise<string[]> {
  const load = createLoad()
  const authorization = `Bearer ${token}`
  const handles: string[] = []
  await load.repeat(101, async () => {
    const body = { handle: null, patch: { cart: ['a kettle'] } }
    const made = await load.ask(`${hub}/backchannel/update`, {
      method: 'POST',
      headers: { authorization },
      body,
    })
    handles.push((JSON.parse(made) as { handle: string }).handle)
  })
  load.close()
  return handles.map((handle, at) =>
    requestOf('POST /backchannel/update', host, { authorization }, { handle, patch: { seen: at } }),
  )
}

function requestOf(line: string, host: string, headers: Record<string, string>, body?: object): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const all = {
    host,
    ...headers,
    ...(body && { 'content-type': 'application/json', 'content-length': String(text.length) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
}

function siteToken(site: string, hub: string, key: NamedKey): Promise<string> {
  const iat = Math.floor(Date.now() / 1000)
  return signToken('site+jwt', { iss: site, aud: hub, iat, exp: iat + 60 }, key)
}

/** Asks as an orchestrator does, only more often. */
function watchHealth(hub: string) {
  const load = createLoad()
  const takenMs: number[] = []
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      const beganMs = performance.now()
      await load.ask(`${hub}/healthz`)
      takenMs.push(performance.now() - beganMs)
      await delay(HEALTH_EVERY_MS)
    }
  })()
  return {
    async stop() {
      over.abort()
      await watching
      load.close()
      return takenMs
    },
  }
}
