/** What an application with a thousand domains costs, against the same with one: to start, to hold, and to redeem a ticket. */
import { generateApp, generateHubKeys, generateSite, type GeneratedSiteKeys } from 'session-hub/hub'

import { signedInVisitor } from './company.js'
import { compared, inTurns } from './cpu.js'
import { askFrame, redeemAt, type Ticket } from './handover.js'
import { createLoad } from './load.js'
import { registered } from './registered.js'
import { type Group, type Row, spreadRow } from './row.js'
import { type BenchServer, startServer } from './server.js'
import { spreadOf } from './spread.js'

const DOMAINS = 1000
const TIMES = 500
const STARTS = 7

const target = { atMost: 1.1 }

export const domains: Group = {
  name: 'domains',
  async measure() {
    const hub = await startServer('hub.localhost')
    const one = await startServer('shop.localhost')
    const many = await startServer('app.localhost')
    const load = createLoad()
    try {
      const origins = originsAt(many)
      const app = await generateApp('shop', origins)
      const alone = await generateSite(one.origin)
      await hub.become({
        name: 'hub',
        options: {
          origin: hub.origin,
          keys: generateHubKeys(),
          sites: [alone.registration, ...app.registrations],
        },
      })
      await become(one, hub, alone.keys)
      await become(many, hub, app.keys)
      const cookie = await signedInVisitor(hub.origin, one.origin)

      /** Each round takes up where the one before has ended, so that all domains have their turn. */
      function redeemsAt(server: BenchServer, sites: readonly string[]) {
        const made: (Ticket & { site: string })[] = []
        let next = 0
        return {
          frames: {
            servers: [hub],
            times: TIMES,
            run: async (times: number) => {
              made.length = 0
              await load.repeat(times, async () => {
                const site = sites[next++ % sites.length]!
                made.push({ site, ...(await askFrame(load, hub.origin, site, cookie)) })
              })
            },
          },
          redeems: {
            servers: [server],
            times: TIMES,
            run: (times: number) =>
              load.repeat(times, (index) => redeemAt(load, made[index]!.site, made[index]!)),
          },
        }
      }

      const atOne = redeemsAt(one, [one.origin])
      const atMany = redeemsAt(many, origins)
      const works = await inTurns({
        framesOne: atOne.frames,
        one: atOne.redeems,
        framesMany: atMany.frames,
        many: atMany.redeems,
      })
      const [heldByOne, heldByMany] = [await one.memoryBytes(), await many.memoryBytes()]
      return [
        spreadRow(compared(works.many, works.one, quotient), {
          what: `redeeming at one of ${DOMAINS} domains of one process, against a process with one`,
          unit: 'of one',
          target,
          note: 'CPU time of the site process. Every domain has its turn, several times.',
        }),
        {
          what: `memory of a process with ${DOMAINS} domains, each visited, against one`,
          figure: (await many.residentBytes()) / (await one.residentBytes()),
          unit: 'of one',
          target,
          note: 'Resident memory. Both have redeemed as many tickets.',
        },
        {
          what: 'heap of one more domain',
          figure: (heldByMany - heldByOne) / DOMAINS / 1024,
          unit: 'KiB',
        },
        ...(await starts(hub)),
        ...(await registered()),
      ]
    } finally {
      load.close()
      await Promise.all([hub.stop(), one.stop(), many.stop()])
    }
  },
}

/** From nothing to a process that could answer, in turns. */
async function starts(hub: BenchServer): Promise<Row[]> {
  const took = { one: [] as number[], many: [] as number[] }
  for (let round = 0; round < STARTS; round += 1) {
    for (const name of ['one', 'many'] as const) {
      const server = await startServer('app.localhost')
      const { keys } =
        name === 'one' ? await generateSite(server.origin) : await generateApp('shop', originsAt(server))
      await become(server, hub, keys)
      took[name].push(await server.cpuMicros())
      await server.stop()
    }
  }
  return [
    spreadRow(compared(took.many, took.one, quotient), {
      what: `start-up of a process with ${DOMAINS} domains, against one`,
      unit: 'of one',
      target,
      note: 'CPU time from nothing until it could answer.',
    }),
    spreadRow(spreadOf(took.many.map((micros) => micros / 1000)), {
      what: `start-up with ${DOMAINS} domains`,
      unit: 'ms',
    }),
  ]
}

const quotient = (some: number, one: number) => some / one

const originsAt = ({ origin }: BenchServer): string[] =>
  Array.from({ length: DOMAINS }, (_, index) => `http://d${index}.localhost:${new URL(origin).port}`)

const become = (server: BenchServer, hub: BenchServer, keys: GeneratedSiteKeys): Promise<void> =>
  server.become({
    name: 'site',
    options:
      keys.app === undefined
        ? { origin: server.origin, hub: hub.origin, keys }
        : { origins: originsAt(server), hub: hub.origin, keys },
  })
