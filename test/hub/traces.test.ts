/** `session-hub/traces`: what hub and site do, as spans that belong together. */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace-base'
import { expect } from 'chai'
import { createHub, generateHubKeys, generateSite, memoryStore } from 'session-hub/hub'
import { createSite } from 'session-hub/site'
import { openTelemetry } from 'session-hub/traces'

import { expectOptionFault } from '../support/option-fault.js'
import { type RecordedSpans, recordSpans } from '../support/recorded-spans.js'
import { siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('traces', () => {
  let spans: RecordedSpans
  let world: World
  let shop: string
  let visitor: Visitor

  beforeEach(async () => {
    spans = recordSpans()
    const { traces } = spans
    world = await startWorld({ sites: ['shop', 'travel'], hub: { traces }, site: { traces } })
    shop = world.siteOf('shop').origin
    visitor = new Visitor(world.hub.origin)
  })
  afterEach(async () => {
    await world.close()
    await spans.close()
  })

  it('follow a sign-in from the site to the hub and to its store, in one trace', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })

    const [asked, answered] = [SpanKind.CLIENT, SpanKind.SERVER].map((kind) =>
      spans.named('session-hub sign-in').find((span) => span.kind === kind),
    )
    expect(answered?.parentSpanContext?.spanId).to.equal(asked?.spanContext().spanId)
    expect(answered?.attributes).to.deep.equal({
      'session_hub.operation': 'sign-in',
      'session_hub.site': shop,
    })
    const stored = spans
      .named('session-hub store transact')
      .map(({ parentSpanContext }) => parentSpanContext?.spanId)
    expect(stored).to.include(answered?.spanContext().spanId)
    expect(new Set(spans.all().map((span) => span.spanContext().traceId)).size).to.equal(1)
  })

  it('follow what browsers ask the hub for', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)

    const [frame] = spans.named('session-hub frame')
    expect(frame?.kind).to.equal(SpanKind.SERVER)
    expect(frame?.parentSpanContext).to.equal(undefined)
    expect(spans.named('session-hub exchange')).to.have.length(1)
  })

  it('join the span in which the application asks', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const request = visitor.cookies(shop)
    const around = spans.provider.getTracer('application').startSpan('page')
    world.advance(200)
    const cookie = [...request].map(([name, value]) => `${name}=${value}`).join('; ')
    await context.with(trace.setSpan(context.active(), around), () =>
      world
        .siteOf('shop')
        .site.read(new Request(`${shop}/`, { headers: { cookie, host: new URL(shop).host } })),
    )
    around.end()

    const asked = spans.named('session-hub read').find(({ kind }) => kind === SpanKind.CLIENT)
    expect(asked?.parentSpanContext?.spanId).to.equal(around.spanContext().spanId)
  })

  it('keep acts that travel together apart', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    const handle = handleIn(visitor.cookies(shop).get('__Host-session')!)!
    const parents = ['1'.repeat(16), '2'.repeat(16)]
    const lines = parents.map((parent) =>
      JSON.stringify({ act: 'read', body: { handle }, traceparent: `00-${'a'.repeat(32)}-${parent}-01` }),
    )
    const { status } = await send(`${world.hub.origin}/backchannel/batch`, {
      method: 'POST',
      body: `${lines.join('\n')}\n`,
      headers: {
        'content-type': 'application/x-ndjson',
        authorization: `Bearer ${siteToken(world, world.siteOf('shop'))}`,
      },
    })

    expect(status).to.equal(200)
    const read = spans.named('session-hub read').filter(({ kind }) => kind === SpanKind.SERVER)
    expect(read.map(({ parentSpanContext }) => parentSpanContext?.spanId).sort()).to.deep.equal(parents)
  })

  it('say of what failed only by which code, and call a fault what is one of ours', async () => {
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await world.hub.store.close()
    await visitor.post(shop, '/cart', { item: 'boots' })

    const failed = spans.all().filter(({ attributes }) => attributes['error.type'] !== undefined)
    expect(failed).not.to.deep.equal([])
    for (const { attributes, status, events } of failed) {
      expect(attributes['error.type']).to.equal('unavailable')
      expect(status).to.deep.equal({ code: SpanStatusCode.ERROR })
      expect(events).to.deep.equal([])
    }
  })

  it('call no fault what a visitor or a site did wrong', async () => {
    await send(`${world.hub.origin}/backchannel/read`, {
      method: 'POST',
      body: { handle: 'h'.repeat(43) },
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf('shop'))}`,
      },
    })

    const [refused] = spans.named('session-hub read')
    expect(refused?.attributes['error.type']).to.equal('session_ended')
    expect(refused?.status).to.deep.equal({ code: SpanStatusCode.UNSET })
  })

  it('follow nothing where nobody records: the hub hears so, and no span of others begins a trace of its own', async () => {
    await world.close()
    await spans.close()
    spans = recordSpans(new ParentBasedSampler({ root: new AlwaysOffSampler() }))
    const { traces } = spans
    const heard: unknown[] = []
    const asked = { kind: 'client', name: 'read' } as const
    await traces.span(asked, async ({ traceparent }) => {
      heard.push(traceparent)
      spans.provider.getTracer('a library').startSpan('pg.query').end()
    })
    const [parent] = heard as [string]
    expect(parent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    await traces.span({ kind: 'server', name: 'read', parent }, () =>
      traces.span({ kind: 'store', name: 'find' }, async () => {
        spans.provider.getTracer('a library').startSpan('pg.query').end()
      }),
    )
    expect(spans.all()).to.deep.equal([])

    const twin = await traces.span({ kind: 'server', name: 'read', parent: `${parent.slice(0, -1)}1` }, () =>
      traces.span({ kind: 'store', name: 'find' }, () => Promise.resolve('found')),
    )
    expect(twin).to.equal('found')
    expect(spans.all().map(({ name }) => name)).to.deep.equal(['session-hub store find', 'session-hub read'])
    world = await startWorld({ sites: [] })
  })

  it('are none where the application has no SDK, and all goes on', async () => {
    const without = openTelemetry()
    const told = await without.span({ kind: 'client', name: 'read' }, ({ traceparent }) =>
      Promise.resolve({ traceparent }),
    )
    expect(told).to.deep.equal({ traceparent: undefined })
    const thrown: unknown = await without
      .span({ kind: 'server', name: 'read' }, () => Promise.reject(new TypeError('as it was')))
      .catch((reason: unknown) => reason)
    expect(thrown).to.be.instanceOf(TypeError).with.property('message', 'as it was')
  })

  it('are made by openTelemetry(), whose options are checked', async () => {
    await expectOptionFault(
      async () => openTelemetry({ tracerProvider: 'otel' as never }),
      ['"tracerProvider"'],
    )
    await expectOptionFault(async () => openTelemetry({ provider: spans.provider } as never), ['"provider"'])
    const traces = { spans: true } as never
    await expectOptionFault(
      () =>
        createHub({ origin: 'http://hub.localhost', keys: generateHubKeys(), store: memoryStore(), traces }),
      ['"traces"'],
    )
    const { keys } = await generateSite('http://shop.localhost')
    await expectOptionFault(
      () => createSite({ origin: 'http://shop.localhost', hub: 'http://hub.localhost', keys, traces }),
      ['"traces"'],
    )
  })
})
