/** The SDK of OpenTelemetry, as an application starts it; and spans of its own, to compare ours with. */
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import type { Traces } from 'session-hub/traces'

/** Makes OpenTelemetry's context known, and uses it once: from then on, Node 20 and 22 follow every promise of the process. */
export function followPromises(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  context.with(context.active(), () => undefined)
}

/** Without an exporter: what that costs is the application's choice. */
export const providerOf = (sampled: 'all' | 'none'): BasicTracerProvider =>
  new BasicTracerProvider({ sampler: sampled === 'all' ? new AlwaysOnSampler() : new AlwaysOffSampler() })

/** The least that makes a span of the SDK of each of ours: a name, a context, an end. */
export function bareSpans(provider: BasicTracerProvider): Traces {
  const tracer = provider.getTracer('bare')
  return {
    span: ({ name }, work) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await work({ traceparent: undefined })
        } finally {
          span.end()
        }
      }),
  }
}
