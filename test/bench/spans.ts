/** The spans of one handover alone, without its work: where they are few microseconds of many, this tells them from the noise. */
import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { openTelemetry, type Traces } from 'session-hub/traces'

import { inTurns, thisProcess, type Work } from './cpu.js'
import { bareSpans, providerOf, useContext } from './open-telemetry.js'

const TIMES = 5000
const SITE = 'http://shop.localhost'
const nothing = () => Promise.resolve()

/** As hub and site ask for them: the frame's, and those of the redeeming, which begins at the site. */
async function ofHandover(traces: Traces): Promise<void> {
  const answer = (name: string, stored: string, more = {}) =>
    traces.span({ kind: 'server', name, ...more }, async () => {
      await traces.span({ kind: 'store', name: stored }, nothing)
    })
  await answer('frame', 'find')
  await traces.span({ kind: 'client', name: 'redeem' }, ({ traceparent }) =>
    // The hub is another process.
    context.with(ROOT_CONTEXT, () => answer('redeem', 'transact', { site: SITE, parent: traceparent })),
  )
}

/** @returns CPU time of one handover's spans in microseconds, round by round, above that of the same calls without spans */
export async function spansAlone(): Promise<Record<'unsampled' | 'traces' | 'bare', readonly number[]>> {
  useContext()
  try {
    const workOf = (traces: Traces): Work => ({
      servers: [thisProcess],
      times: TIMES,
      async run(times) {
        for (let time = 0; time < times; time += 1) await ofHandover(traces)
      },
    })
    const { without, ...works } = await inTurns({
      without: workOf({ span: (_of, work) => work({ traceparent: undefined }) }),
      unsampled: workOf(openTelemetry({ tracerProvider: providerOf('none') })),
      traces: workOf(openTelemetry({ tracerProvider: providerOf('all') })),
      bare: workOf(bareSpans(providerOf('all'))),
    })
    const above = (figures: readonly number[]) => figures.map((figure, round) => figure - without[round]!)
    return {
      unsampled: above(works.unsampled),
      traces: above(works.traces),
      bare: above(works.bare),
    }
  } finally {
    context.disable()
  }
}
