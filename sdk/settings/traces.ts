/**
 * What a tracer can follow while hub and site work (`session-hub/traces`). No name comes from a request: each is one of a short list, and no
 * span contains a session, a user or a ticket.
 */
import type { Check } from './option-rows.js'
import { wrong } from './refuse-unknown.js'

export interface Traces {
  /** Runs the work inside a span, which ends with it; rethrows what it throws. */
  span<Result>(of: TracedWork, work: (span: TracedSpan) => Promise<Result>): Promise<Result>
}

export interface TracedWork {
  /** `server`: the hub answers. `client`: a site asks the hub. `store`: the hub asks its store; traced only within an answer. */
  readonly kind: 'server' | 'client' | 'store'
  readonly name: string
  /** The registered origin of the site. */
  readonly site?: string
  /** The `traceparent` of the site that asked, after it has authenticated itself: a stranger could add spans to anybody's trace. */
  readonly parent?: string | undefined
}

export interface TracedSpan {
  /** What a `client` sends with its request (W3C Trace Context), also to say that the trace is not recorded; `undefined`: nothing. */
  readonly traceparent: string | undefined
}

export const tracesOption: Check<Traces> = {
  type: 'Traces',
  read(where, name, given) {
    const { span }: { span?: unknown } = given ?? {}
    if (typeof span === 'function') return given as Traces
    throw wrong(where, `"${name}" has to be what openTelemetry() of session-hub/traces returns`)
  },
}
