/**
 * What a store full of sessions costs beside an almost empty one: reads and writes in CPU time, and how long the event loop stands still. By default
 * 100,000 sessions; `--sessions 1000000` takes some minutes.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { generateHubKeys, generateSite, sqliteStore } from 'session-hub/hub'

import { cookieNames } from '../../sdk/protocol/wire.js'
import { importSigningKey } from '../../sdk/tokens/keys.js'
import { sha256 } from '../../sdk/tokens/random.js'
import { signToken } from '../../sdk/tokens/sign.js'
import { compared, inTurns, thisProcess, type Work } from './cpu.js'
import { growFile, handleOf, subjectOf } from './grown-file.js'
import { askFrame, redeemAt, type Ticket } from './handover.js'
import { createLoad, type Load } from './load.js'
import { type Group, type Row, spreadRow } from './row.js'
import { type BenchServer, startServer } from './server.js'
import { stalls } from './stalls.js'

const FEW = 100
const TIMES = 100
const ROUNDS = 8

export const growth: Group = {
  name: 'growth',
  async measure({ sessions }) {
    const folder = await mkdtemp(join(tmpdir(), 'session-hub-bench-'))
    const [few, many] = [join(folder, 'few.db'), join(folder, 'many.db')]
    const load = createLoad()
    const servers: BenchServer[] = []
    try {
      await growFile({ path: few, sessions: FEW })
      await growFile({ path: many, sessions })
      const empty = await startWith(few, FEW, load, servers)
      const grown = await startWith(many, sessions, load, servers)
      const figures = await inTurns(
        {
          findEmpty: empty.find,
          findGrown: grown.find,
          frameEmpty: empty.frame,
          frameGrown: grown.frame,
          redeemEmpty: empty.redeem,
          redeemGrown: grown.redeem,
          signInEmpty: empty.signIn,
          signInGrown: grown.signIn,
        },
        ROUNDS,
      )
      await Promise.all([empty.close(), grown.close(), ...servers.map((server) => server.stop())])

      const against = (name: string, [grown, empty]: [number[], number[]], atMost: number, note?: string) =>
        spreadRow(
          compared(grown, empty, (a, b) => a / b),
          {
            what: `${name} at ${sessions.toLocaleString('en')} sessions, against ${FEW}`,
            unit: 'of that',
            target: { atMost },
            ...(note !== undefined && { note }),
          },
        )
      const { findGrown, findEmpty, frameGrown, frameEmpty } = figures
      const { redeemGrown, redeemEmpty, signInGrown, signInEmpty } = figures
      const costs: Row[] = [
        against(
          'find',
          [findGrown, findEmpty],
          1.5,
          'CPU time of the store alone, SQLite in a file; a random session each time.',
        ),
        against(
          'GET /frame with a ticket',
          [frameGrown, frameEmpty],
          1.15,
          'CPU time of the hub; a random visitor each time, so that few pages of the file are at hand.',
        ),
        against('a redemption at the hub', [redeemGrown, redeemEmpty], 1.15),
        against('a sign-in at the hub', [signInGrown, signInEmpty], 1.15),
      ]
      return [...costs, ...(await stalls(many, sessions))]
    } finally {
      load.close()
      await Promise.all(servers.map((server) => server.stop()))
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** A hub and one of its sites on a file of so many sessions. */
async function startWith(path: string, sessions: number, load: Load, servers: BenchServer[]) {
  const hub = await startServer('hub.localhost')
  const site = await startServer('shop.localhost')
  servers.push(hub, site)
  const { keys, registration } = await generateSite(site.origin)
  await hub.become({
    name: 'hub',
    options: { origin: hub.origin, keys: generateHubKeys(), sites: [registration] },
    path,
  })
  await site.become({ name: 'site', options: { origin: site.origin, hub: hub.origin, keys } })
  const signingKey = await importSigningKey(keys.signing, 'bench')
  const store = sqliteStore(path)
  const anyone = () => Math.floor(Math.random() * sessions)
  let tickets: Ticket[] = []

  const frame = () => askFrame(load, hub.origin, site.origin, `${cookieNames.hub}=${handleOf(anyone())}`)
  const work = (run: Work['run']): Work => ({ servers: [hub], times: TIMES, run })
  const find: Work = {
    servers: [thisProcess],
    times: TIMES * 10,
    async run(times) {
      for (let time = 0; time < times; time += 1)
        if (!(await store.find(sha256(handleOf(anyone()))))) throw new Error('There is no such session')
    },
  }
  return {
    find,
    frame: work(async (times) => {
      tickets = []
      await load.repeat(times, async () => {
        tickets.push(await frame())
      })
    }),
    redeem: work((times) => load.repeat(times, (index) => redeemAt(load, site.origin, tickets[index]!))),
    signIn: work(async (times) => {
      const iat = Math.floor(Date.now() / 1000)
      const claims = { iss: site.origin, aud: hub.origin, iat, exp: iat + 60 }
      const token = await signToken('site+jwt', claims, signingKey)
      await load.repeat(times, () =>
        load.ask(`${hub.origin}/backchannel/sign-in`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          body: { handle: null, subject: subjectOf(anyone()), claims: { name: 'Ada Lovelace' } },
        }),
      )
    }),
    close: () => store.close(),
  }
}
