/** The SDK of OpenTelemetry, as an application starts it; and spans of its own, to compare ours with. */
import type { RequestListener } from 'node:http'

import { context, createContextKey } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import type { Traces } from 'session-hub/traces'

/** The usual one. From its first use on, Node 20 and 22 follow every promise of the process. */
export function useContext(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
}

/** As the instrumentation of Node's servers does it, without its span. */
export function inContext(handle: RequestListener): RequestListener {
  const key = createContextKey('request')
  return (req, res) => {
    context.with(context.active().setValue(key, req), () => {
      handle(req, res)
    })
  }
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
