/** How long an administrator waits for a page of the list, by how many sessions there are. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { generateHubKeys, type HubOptions, type Session, sqliteStore, type Store } from 'session-hub/hub'

import { random128 } from '../../sdk/tokens/random.js'
import { Administrator, newToken } from '../support/administrator.js'
import type { Reply } from '../support/visitor.js'
import { type Group, spreadRow } from './row.js'
import { startServer } from './server.js'
import { spreadOf } from './spread.js'

const MANY = 100_000
const FEW = 1000
const ROUNDS = 25
const SITES = 20

export const admin: Group = {
  name: 'admin',
  async measure() {
    const folder = await mkdtemp(join(tmpdir(), 'session-hub-bench-'))
    const { token, known } = newToken('bench', 'read', 'logout')
    const keys = generateHubKeys()
    const start = async (count: number) => {
      const path = join(folder, `${count}.db`)
      const store = sqliteStore(path)
      await fill(store, count)
      const server = await startServer('hub.localhost')
      const options: HubOptions = { origin: server.origin, keys, admin: { tokens: [known] } }
      await server.become({ name: 'hub', options, path })
      const browser = new Administrator(server.origin)
      await browser.signIn(token)
      return { store, server, browser }
    }
    const [many, few] = [await start(MANY), await start(FEW)]
    const last = await lastPage(many.store)

    try {
      const pages = {
        first: () => many.browser.read('/admin'),
        ofFew: () => few.browser.read('/admin'),
        old: () => many.browser.read(`/admin?before=${last}`),
        subject: () => many.browser.read('/admin?subject=user%2077'),
        rare: () => many.browser.read('/admin?site=https%3A%2F%2Fsite7.example&before=2026-01-02'),
      }
      const { first, ofFew, old, subject, rare } = await inTurns(pages)
      await cutHalf(many.store)
      const { first: afterCut } = await inTurns({ first: pages.first })
      return [
        spreadRow(spreadOf(first), {
          what: `the first page of /admin, of ${MANY.toLocaleString('en')} sessions on SQLite`,
          unit: 'ms',
          target: { atMost: 150 },
          note: 'From the request to the last byte, as HTML, the audit row included.',
        }),
        spreadRow(spreadOf(first.map((took, at) => took / ofFew[at]!)), {
          what: `the same, against a hub with ${FEW.toLocaleString('en')} sessions`,
          unit: 'of that',
        }),
        spreadRow(spreadOf(old), { what: 'the last page', unit: 'ms' }),
        spreadRow(spreadOf(subject), { what: 'the page of one user', unit: 'ms' }),
        spreadRow(spreadOf(rare), { what: 'a page of one site of twenty, with a time', unit: 'ms' }),
        spreadRow(spreadOf(afterCut), {
          what: 'the first page, after the newest 50,000 were ended user by user',
          unit: 'ms',
          target: { atMost: 150 },
          note: 'The worst there is: ended in one write each, they still lie before the first live one until they are swept.',
        }),
      ]
    } finally {
      await Promise.all([many, few].map(({ store }) => store.close()))
      await Promise.all([many, few].map(({ server }) => server.stop()))
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** Each once, then each once more: what the machine does beside falls on all of them. */
async function inTurns<Name extends string>(
  pages: Readonly<Record<Name, () => Promise<Reply>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(pages) as Name[]
  const took = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of names) {
      const from = performance.now()
      const { status, text } = await pages[name]()
      if (status !== 200 || !text.includes('name="one"')) throw new Error(`"${name}" is no list: ${status}`)
      if (round > 0) took[name].push(performance.now() - from)
    }
  }
  return took
}

const DAY_MS = 86_400_000
const BEGAN_MS = Date.parse('2026-01-01T00:00:00Z')
/** Sessions of one user each, ten to a user. */
const userOf = (at: number) => `user ${Math.floor(at / 10)}`

async function fill(store: Store, count: number): Promise<void> {
  const nowMs = Date.now()
  for (let from = 0; from < count; from += 1000) {
    const sessions = Array.from({ length: 1000 }, (_, at) => sessionOf(from + at, nowMs))
    const subjects = Array.from({ length: 100 }, (_, at) => ({
      subject: userOf(from + at * 10),
      generation: 10,
      endedUpTo: -1,
      endedAtMs: null,
      endReason: null,
      untilMs: nowMs + 90 * DAY_MS,
    }))
    await store.transact({ handles: [] }, () => ({ changes: { sessions, subjects }, result: undefined }))
  }
}

const sessionOf = (at: number, nowMs: number): Session => ({
  id: random128(),
  subject: userOf(at),
  claims: { name: 'Ada Lovelace', locale: 'en-GB' },
  data: { cart: ['a kettle, blue, 1.7 litres'] },
  version: 1,
  createdAtMs: BEGAN_MS + at * 1000,
  authTimeMs: nowMs,
  seenAtMs: nowMs,
  expiresAtMs: nowMs + 30 * DAY_MS,
  untilMs: nowMs + 90 * DAY_MS,
  isRemembered: true,
  generation: (at % 10) + 1,
  site: `https://site${at % SITES}.example`,
  agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  endedAtMs: null,
  endReason: null,
})

/** When the fifty-first of the oldest began, in seconds. */
async function lastPage(store: Store): Promise<number> {
  const found = await store.search({ beforeMs: BEGAN_MS + 50_000, nowMs: Date.now(), limit: 100 })
  if (found.length !== 50) throw new Error('The last page has not fifty sessions')
  return BEGAN_MS / 1000 + 50
}

/** Ends all sessions of those users whose sessions are the newest. */
async function cutHalf(store: Store): Promise<void> {
  const nowMs = Date.now()
  const subjects = Array.from({ length: MANY / 20 }, (_, at) => ({
    subject: userOf(MANY / 2 + at * 10),
    generation: 10,
    endedUpTo: 10,
    endedAtMs: nowMs,
    endReason: 'revoked' as const,
    untilMs: nowMs + 90 * DAY_MS,
  }))
  await store.transact({ handles: [] }, () => ({ changes: { subjects }, result: undefined }))
}
