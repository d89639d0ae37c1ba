/** What it costs a handover that somebody watches: metrics at the hub, and spans at hub and site, beside the same without. */
import { type Company, startCompany } from './company.js'
import { compared, inTurns, type Work } from './cpu.js'
import { type Handover, handoverOf } from './handover.js'
import { createLoad, type Load } from './load.js'
import type { Watched } from './roles.js'
import { type Group, type Row, spreadRow } from './row.js'
import { spansAlone } from './spans.js'
import { middleHalfOf, spreadOf } from './spread.js'

const TIMES = 100
/** Three in a hundred is little: it takes many rounds to see it. */
const ROUNDS = 60

const most = { atMost: 3 }
const KINDS = ['none', 'again', 'metrics', 'context', 'unsampled', 'traces', 'bare'] as const
type Kind = (typeof KINDS)[number]

const watchedAs = (kind: Kind): Watched | undefined =>
  kind === 'none' || kind === 'again' ? undefined : kind

export const watching: Group = {
  name: 'watching',
  async measure() {
    const companies = new Map<Kind, Company>()
    for (const kind of KINDS) companies.set(kind, await startCompany(watchedAs(kind)))
    const load = createLoad()
    try {
      const works = Object.fromEntries(
        [...companies].map(([kind, company]) => [
          kind,
          workOf(company, handoverOf(load, company), load.repeat),
        ]),
      ) as Record<Kind, Work>
      const micros = await inTurns(works, ROUNDS)
      const more = (kind: Kind, than: Kind, rest: Omit<Row, 'figure' | 'range' | 'unit'>) => {
        const { median } = compared(micros[kind], micros[than], (one, other) => (one / other - 1) * 100)
        const percents = micros[kind].map((one, round) => (one / micros[than][round]! - 1) * 100)
        const { min, max } = middleHalfOf(percents)
        return spreadRow({ median, min, max }, { unit: '%', ...rest })
      }
      const handover = spreadOf(micros.none)
      const alone = await spansAlone()
      const share = (kind: keyof typeof alone) =>
        spreadOf(alone[kind].map((us) => (us / handover.median) * 100))
      return [
        more('again', 'none', {
          what: 'a handover with nothing more: the noise',
          note: 'A second hub and site like the first.',
        }),
        more('metrics', 'none', {
          what: 'metrics: CPU time of a handover against none',
          note: 'Frame and redeeming, hub and site together; the range is that of the middle half of the rounds.',
          target: most,
        }),
        more('context', 'none', {
          what: 'OpenTelemetry’s context around each request, no spans, against none',
          note: 'The instrumentation of any server costs this, and its span besides; Node 20 and 22 then follow every promise.',
        }),
        more('unsampled', 'context', {
          what: 'our spans where none is recorded, against the context alone',
          target: most,
        }),
        more('traces', 'context', {
          what: 'our spans, all recorded, against the context alone',
          note: 'Without an exporter: what that costs is the application’s choice.',
          target: most,
        }),
        more('bare', 'context', { what: 'as many spans of the SDK itself, against the context alone' }),
        spreadRow(handover, { what: 'CPU time of a handover without any of it', unit: 'us' }),
        spreadRow(share('unsampled'), {
          what: 'our spans of a handover by themselves, none recorded, of that time',
          unit: '%',
          target: most,
        }),
        spreadRow(share('traces'), {
          what: 'our spans of a handover by themselves, all recorded, of that time',
          unit: '%',
          target: most,
        }),
        spreadRow(share('bare'), {
          what: 'as many spans of the SDK itself by themselves, of that time',
          unit: '%',
        }),
      ]
    } finally {
      load.close()
      await Promise.all([...companies.values()].map((company) => company.stop()))
    }
  },
}

const workOf = ({ hub, site }: Company, { frame, redeem }: Handover, repeat: Load['repeat']): Work => ({
  servers: [hub, site],
  times: TIMES,
  run: (times) => repeat(times, async () => redeem(await frame())),
})
