/** OpenTelemetry's own SDK, which records every span into memory. */
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { openTelemetry, type Traces } from 'session-hub/traces'

type Span = ReturnType<InMemorySpanExporter['getFinishedSpans']>[number]

export interface RecordedSpans {
  readonly traces: Traces
  /** In the order of their ends. */
  all(): readonly Span[]
  named(name: string): readonly Span[]
  /** The tracer of the application, for spans around ours. */
  readonly provider: BasicTracerProvider
  close(): Promise<void>
}

/** The context belongs to the process: one of these at a time. */
export function recordSpans(sampler: Sampler = new AlwaysOnSampler()): RecordedSpans {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    sampler,
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  return {
    traces: openTelemetry({ tracerProvider: provider }),
    provider,
    all: () => exporter.getFinishedSpans(),
    named: (name) => exporter.getFinishedSpans().filter((span) => span.name === name),
    async close() {
      context.disable()
      await provider.shutdown()
    },
  }
}
