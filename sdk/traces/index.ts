/** `session-hub/traces`: OpenTelemetry spans for what the hub and a site do. */
import {
  type Context,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type TracerProvider,
} from '@opentelemetry/api'

import { toSessionHubError } from '../protocol/errors.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import type { TracedSpan, TracedWork, Traces } from '../settings/traces.js'

export type { TracedSpan, TracedWork, Traces }

export interface OpenTelemetryOptions {
  /** The provider whose tracer makes the spans. @default the one that your application has registered */
  readonly tracerProvider?: TracerProvider
}

const KINDS: Record<TracedWork['kind'], SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  store: SpanKind.INTERNAL,
}

/**
 * Makes the spans for `createHub({ traces })` and `createSite({ traces })`. Requires the package `@opentelemetry/api`, and an OpenTelemetry
 * SDK that records them.
 *
 * @throws SessionHubError `options_invalid`
 * @example
 * const site = await createSite({ ..., traces: openTelemetry() })
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Traces {
  refuseUnknown('openTelemetry', options, ['tracerProvider'])
  const { tracerProvider = trace } = options
  if (typeof (tracerProvider as Partial<TracerProvider>).getTracer !== 'function')
    throw wrong('openTelemetry', '"tracerProvider" has to be a TracerProvider of OpenTelemetry')
  const tracer = tracerProvider.getTracer('session-hub')
  /** Recorded spans of our own answers. What the hub asks its store in the background belongs to none of them. */
  const answering = new WeakSet<Span>()

  async function recorded<Result>(
    span: Span,
    inside: Context,
    work: Work<Result>,
    told: TracedSpan,
  ): Promise<Result> {
    try {
      return await context.with(inside, work, undefined, told)
    } catch (thrown) {
      // Only the code: messages and causes may quote what a visitor sent.
      const { code, status } = toSessionHubError(thrown)
      span.setAttribute('error.type', code)
      // An error of a visitor or a site is not a fault of the server that answers.
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      throw thrown
    } finally {
      span.end()
    }
  }

  return {
    span(of, work) {
      const { kind, name, site } = of
      const around = context.active()
      const active = trace.getSpan(around)
      if (kind === 'store' && !(active && answering.has(active))) return work(NOBODY)
      const span = tracer.startSpan(titleOf(kind, name), { kind: KINDS[kind] }, parentOf(around, of))
      const isRecording = span.isRecording()
      // There is no SDK.
      if (!isRecording && !isSpanContextValid(span.spanContext())) return work(NOBODY)
      const inside = trace.setSpan(around, span)
      const told = kind === 'client' ? { traceparent: traceparentOf(span) } : NOBODY
      // Other code that makes spans inside the work learns that this trace is not recorded.
      if (!isRecording) return context.with(inside, work, undefined, told)
      span.setAttribute('session_hub.operation', name)
      if (site !== undefined) span.setAttribute('session_hub.site', site)
      if (kind === 'server') answering.add(span)
      return recorded(span, inside, work, told)
    },
  }
}

type Work<Result> = (span: TracedSpan) => Promise<Result>

const NOBODY: TracedSpan = { traceparent: undefined }

const titleOf = (kind: TracedWork['kind'], name: string): string =>
  kind === 'store' ? `session-hub store ${name}` : `session-hub ${name}`

/** If the application has a span of its own, such as that of an instrumented server, that span has already read the request's headers. */
function parentOf(around: Context, { parent }: TracedWork): Context {
  if (parent === undefined || trace.getSpan(around)) return around
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(parent) ?? []
  const remote = { traceId, spanId, traceFlags: Number(flags), isRemote: true }
  return isSpanContextValid(remote) ? trace.setSpanContext(around, remote) : around
}

/** https://www.w3.org/TR/trace-context-1: version 00, in which only the flag "sampled" has a meaning. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])$/

function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return isSpanContextValid({ traceId, spanId, traceFlags })
    ? `00-${traceId}-${spanId}-0${traceFlags & 1}`
    : undefined
}
