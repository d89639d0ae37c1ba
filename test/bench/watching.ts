/** What it costs a handover that somebody watches: metrics at the hub, and spans at hub and site, beside the same without. */
import { type Company, startCompany } from './company.js'
import { compared, inTurns, type Work } from './cpu.js'
import { type Handover, handoverOf } from './handover.js'
import { createLoad, type Load } from './load.js'
import type { Watched } from './roles.js'
import { type Group, spreadRow } from './row.js'
import { middleHalfOf, spreadOf } from './spread.js'

const TIMES = 100
/** Three in a hundred is little: it takes many rounds to see it. */
const ROUNDS = 25

const most = { atMost: 3 }

export const watching: Group = {
  name: 'watching',
  async measure() {
    const kinds: readonly (Watched | undefined)[] = [undefined, undefined, 'metrics', 'unsampled', 'traces']
    const companies: Company[] = []
    for (const kind of kinds) companies.push(await startCompany(kind))
    const load = createLoad()
    try {
      const [none, again, metrics, unsampled, traces] = companies.map((company) =>
        workOf(company, handoverOf(load, company), load.repeat),
      )
      const works = await inTurns(
        { none: none!, again: again!, metrics: metrics!, unsampled: unsampled!, traces: traces! },
        ROUNDS,
      )
      const row = (name: 'again' | 'metrics' | 'unsampled' | 'traces', what: string, note: string) => {
        const more = compared(works[name], works.none, (one, bare) => (one / bare - 1) * 100)
        const { min, max } = middleHalfOf(works[name].map((one, at) => (one / works.none[at]! - 1) * 100))
        const target = name === 'again' ? {} : { target: most }
        return spreadRow({ median: more.median, min, max }, { what, unit: '%', note, ...target })
      }
      return [
        row('again', 'a handover with nothing more: the noise', 'A second hub and site like the first.'),
        row(
          'metrics',
          'metrics: CPU time of a handover against none',
          'Frame and redeeming, hub and site together; the range is that of the middle half of the rounds.',
        ),
        row(
          'unsampled',
          'a tracer that samples nothing, against none',
          'OpenTelemetry at hub and site, as where one request in many is recorded.',
        ),
        row(
          'traces',
          'a tracer that records every span, against none',
          'Without an exporter: what that costs is the application’s choice.',
        ),
        spreadRow(spreadOf(works.none), { what: 'CPU time of a handover without any of it', unit: 'us' }),
      ]
    } finally {
      load.close()
      await Promise.all(companies.map((company) => company.stop()))
    }
  },
}

const workOf = ({ hub, site }: Company, { frame, redeem }: Handover, repeat: Load['repeat']): Work => ({
  servers: [hub, site],
  times: TIMES,
  run: (times) => repeat(times, async () => redeem(await frame())),
})
