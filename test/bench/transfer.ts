/** What it costs the servers to bring a session to a site: the frame with its ticket, and the whole of it with the redeeming. */
import { startCompany } from './company.js'
import { compared, inTurns } from './cpu.js'
import { handoverOf, type Ticket } from './handover.js'
import { createLoad } from './load.js'
import { type Group, type Row, spreadRow } from './row.js'
import { startServer } from './server.js'
import { spreadOf } from './spread.js'

const TIMES = 500

export const transfer: Group = {
  name: 'transfer',
  async measure() {
    const bare = await startServer('127.0.0.1')
    await bare.become({ name: 'bare' })
    const company = await startCompany()
    const load = createLoad()
    const { hub, site } = company
    const { frame, redeem } = handoverOf(load, company)

    const post = (origin: string, path: string, body: object) =>
      load.ask(origin + path, { method: 'POST', body, headers: { origin, 'sec-fetch-site': 'same-origin' } })

    /** Tickets of the last round's frames, with what redeems them. */
    let tickets: Ticket[] = []
    const atHub: number[] = []

    try {
      const works = await inTurns({
        bare: {
          servers: [bare],
          times: TIMES,
          run: (times) => load.repeat(times, () => post(bare.origin, '/', { name: 'ada', items: [1, 2, 3] })),
        },
        frame: {
          servers: [hub],
          times: TIMES,
          run: async (times) => {
            tickets = []
            await load.repeat(times, async () => {
              tickets.push(await frame())
            })
          },
        },
        redeem: {
          servers: [hub, site],
          times: TIMES,
          run: async (times) => {
            const before = await hub.cpuMicros()
            await load.repeat(times, (index) => redeem(tickets[index]!))
            atHub.push(((await hub.cpuMicros()) - before) / times)
          },
        },
      })
      return rows(works, atHub.slice(-works.redeem.length))
    } finally {
      load.close()
      await Promise.all([bare.stop(), company.stop()])
    }
  },
}

function rows(
  { bare, frame, redeem }: Record<'bare' | 'frame' | 'redeem', number[]>,
  atHub: number[],
): Row[] {
  const transfer = frame.map((micros, round) => micros + redeem[round]!)
  const byBare = (micros: number, one: number) => micros / one
  return [
    spreadRow(
      compared(bare, frame, (one, micros) => one / micros),
      {
        what: 'GET /frame with a ticket: rate against a bare POST',
        unit: 'of bare',
        target: { atLeast: 1 },
        note: 'Bare: Express, helmet() and express.json(), answering what it was sent. Rates on one core: CPU time of a bare POST by CPU time of a frame.',
      },
    ),
    spreadRow(compared(transfer, bare, byBare), {
      what: 'a whole transfer: frame, redeem at the site, redeem at the hub',
      unit: 'bare POSTs',
      target: { atMost: 3.5 },
      note: 'CPU time of hub and site together, SQLite in a file included. The visitor is signed in, and new at the site.',
    }),
    spreadRow(spreadOf(bare), { what: 'CPU time of a bare POST', unit: 'us' }),
    spreadRow(spreadOf(frame), { what: 'CPU time of GET /frame with a ticket', unit: 'us' }),
    spreadRow(spreadOf(redeem), { what: 'CPU time of redeeming it, site and hub', unit: 'us' }),
    spreadRow(spreadOf(atHub), { what: 'of that, at the hub', unit: 'us' }),
  ]
}
