/** What a sign-in costs the hub where a user may have one session, by how many it ends: the same, however many there are. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  generateHubKeys,
  generateSite,
  type HubOptions,
  type Session,
  sqliteStore,
  type Store,
} from 'session-hub/hub'

import { importSigningKey } from '../../sdk/tokens/keys.js'
import { random128 } from '../../sdk/tokens/random.js'
import { signToken } from '../../sdk/tokens/sign.js'
import { compared, inTurns } from './cpu.js'
import { createLoad } from './load.js'
import { type Group, spreadRow } from './row.js'
import { startServer } from './server.js'
import { spreadOf } from './spread.js'

/** How many users sign in in a round; each has so many sessions before. */
const USERS = 100
const SITE = 'https://shop.example'

export const signIn: Group = {
  name: 'sign-in',
  async measure() {
    const folder = await mkdtemp(join(tmpdir(), 'session-hub-bench-'))
    const path = join(folder, 'sessions.db')
    const [bare, hub] = [await startServer('127.0.0.1'), await startServer('hub.localhost')]
    const { keys, registration } = await generateSite(SITE)
    const options: HubOptions = {
      origin: hub.origin,
      keys: generateHubKeys(),
      sites: [registration],
      singleSession: true,
    }
    await bare.become({ name: 'bare' })
    await hub.become({ name: 'hub', options, path })
    const store = sqliteStore(path)
    const load = createLoad()
    const signingKey = await importSigningKey(keys.signing, 'bench')

    /** Signs in every user once, each of whom has so many sessions. */
    const ofUsersWith = (count: number) => ({
      servers: [hub],
      times: USERS,
      run: async (times: number) => {
        for (let user = 0; user < times; user += 1) await revive(store, nameOf(count, user), count)
        const iat = Math.floor(Date.now() / 1000)
        const token = await signToken(
          'site+jwt',
          { iss: SITE, aud: hub.origin, iat, exp: iat + 60 },
          signingKey,
        )
        await load.repeat(times, (user) =>
          load.ask(`${hub.origin}/backchannel/sign-in`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}` },
            body: { handle: null, subject: nameOf(count, user), claims: { name: 'Ada Lovelace' } },
          }),
        )
      },
    })

    try {
      for (const count of [1, 10, 1000]) await fill(store, count)
      const { post, one, ten, thousand } = await inTurns({
        post: {
          servers: [bare],
          times: USERS,
          run: (times) =>
            load.repeat(times, () =>
              load.ask(`${bare.origin}/`, { method: 'POST', body: { name: 'ada', items: [1, 2, 3] } }),
            ),
        },
        one: ofUsersWith(1),
        ten: ofUsersWith(10),
        thousand: ofUsersWith(1000),
      })
      await expectOneLeft(store)
      const ratio = (micros: number, other: number) => micros / other
      return [
        spreadRow(compared(ten, one, ratio), {
          what: 'a sign-in that ends 10 sessions of the user, against one that ends 1',
          unit: 'of that',
          target: { atMost: 1.2 },
          note: 'CPU time of the hub, SQLite in a file included; singleSession: true. The users take turns, and have their sessions back before each round.',
        }),
        spreadRow(compared(thousand, one, ratio), {
          what: 'a sign-in that ends 1,000 sessions of the user, against one that ends 1',
          unit: 'of that',
          target: { atMost: 1.2 },
        }),
        spreadRow(compared(one, post, ratio), {
          what: 'a sign-in at the hub that ends 1 session of the user',
          unit: 'bare POSTs',
        }),
        spreadRow(spreadOf(one), { what: 'CPU time of that sign-in', unit: 'us' }),
      ]
    } finally {
      load.close()
      await store.close()
      await Promise.all([bare.stop(), hub.stop()])
      await rm(folder, { recursive: true, force: true })
    }
  },
}

const nameOf = (count: number, user: number) => `user ${user} of ${count}`
const DAY_MS = 86_400_000

/** Users with so many live sessions each. */
async function fill(store: Store, count: number): Promise<void> {
  const nowMs = Date.now()
  for (let user = 0; user < USERS; user += 1) {
    const subject = nameOf(count, user)
    const sessions = Array.from({ length: count }, (_, at) => sessionOf(subject, at + 1, nowMs))
    const record = { subject, generation: count, endedUpTo: -1, endedAtMs: null, endReason: null }
    const subjects = [{ ...record, untilMs: nowMs + 90 * DAY_MS }]
    await store.transact({ handles: [] }, () => ({ changes: { sessions, subjects }, result: undefined }))
  }
}

const sessionOf = (subject: string, generation: number, nowMs: number): Session => ({
  id: random128(),
  subject,
  claims: { name: 'Ada Lovelace', locale: 'en-GB' },
  data: { cart: ['a kettle, blue, 1.7 litres'] },
  version: 1,
  createdAtMs: nowMs,
  authTimeMs: nowMs,
  seenAtMs: nowMs,
  expiresAtMs: nowMs + 30 * DAY_MS,
  untilMs: nowMs + 90 * DAY_MS,
  isRemembered: true,
  generation,
  site: SITE,
  agent: null,
  endedAtMs: null,
  endReason: null,
})

/** Takes the cut back, and ends what has been begun since: exactly the first so many are live again. */
async function revive(store: Store, subject: string, count: number): Promise<void> {
  const nowMs = Date.now()
  await store.transact(
    { handles: [], subject: { subject, sessions: 1000, nowMs } },
    ({ subject: known, sessions }) => {
      const later = sessions.filter(({ generation }) => generation > count)
      return {
        changes: {
          subjects: known ? [{ ...known, endedUpTo: -1, endedAtMs: null, endReason: null }] : [],
          sessions: later.map((one) => ({ ...one, endedAtMs: nowMs, endReason: 'signed-out' as const })),
        },
        result: undefined,
      }
    },
  )
}

/** So that nothing quick was measured that did not do its work. */
async function expectOneLeft(store: Store): Promise<void> {
  for (const count of [1, 10, 1000]) {
    const { length } = await store.list(nameOf(count, 0), Date.now(), 1000)
    if (length !== 1) throw new Error(`A sign-in has left ${length} sessions of ${count}`)
  }
}
