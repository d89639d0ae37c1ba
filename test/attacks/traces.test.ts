/** What a trace tells to whoever reads traces, and whom it believes: nothing of a visitor, and no stranger (R30, R40). */
import { SpanKind } from '@opentelemetry/api'
import { expect } from 'chai'
import type { RequestHandler } from 'express'

import { openTicket, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { type RecordedSpans, recordSpans } from '../support/recorded-spans.js'
import { binding, send, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

describe('traces', () => {
  let spans: RecordedSpans
  let world: World
  let ada: Visitor
  let shop: string
  let travel: string
  /** What came to the hub and to the sites, and what they answered. */
  let heard: { readonly to: 'hub' | 'site'; readonly path: string; readonly traceparent: unknown }[]
  let answered: string[]

  beforeEach(async () => {
    spans = recordSpans()
    heard = []
    answered = []
    const { traces } = spans
    const watch =
      (to: 'hub' | 'site'): RequestHandler =>
      (req, res, next) => {
        heard.push({ to, path: req.path, traceparent: req.headers['traceparent'] })
        res.on('finish', () => answered.push(...res.getHeaderNames()))
        next()
      }
    world = await startWorld({
      sites: ['shop', 'travel'],
      hub: { traces, store: watchedStore() },
      site: { traces },
      inFrontOfHub: watch('hub'),
      inFrontOfSites: watch('site'),
    })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    ada = new Visitor(world.hub.origin)
  })
  afterEach(async () => {
    await world.close()
    await spans.close()
  })

  const written = () =>
    JSON.stringify(
      spans
        .all()
        .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
    )

  it('contain no session, user, handle, ticket, cookie or data of a whole journey with its refusals', async () => {
    const canaries = new Set<string>()
    const keepJar = () => {
      for (const jar of ada.jar.values())
        for (const [name, value] of jar) {
          canaries.add(value)
          const handle = name === '__Host-session' ? handleIn(value) : undefined
          if (handle) canaries.add(handle)
        }
    }
    await ada.post(shop, '/cart', { item: 'canary-boots' })
    keepJar()
    await ada.post(shop, '/sign-in', { name: 'canary-ada' })
    await ada.sync(shop)
    keepJar()
    const { verifier, nonce } = binding()
    const { data } = await ada.frame(travel, nonce)
    const { ticket = '' } = data.message
    for (const value of [
      ticket,
      verifier,
      nonce,
      data.proof,
      JSON.stringify(openTicket(world.siteOf('travel'), ticket).claims),
    ])
      canaries.add(value)
    await ada.sync(travel)
    keepJar()
    await send(`${world.hub.origin}/backchannel/read`, {
      method: 'POST',
      body: { handle: 'canary-handle' },
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf('shop'))}`,
      },
    })
    await send(`${world.hub.origin}/frame?site=canary-site&nonce=canary-nonce`, {
      headers: { cookie: '__Host-hub=canary-cookie' },
    })
    await ada.post(shop, '/sign-out', {})

    expect(spans.all().length).to.be.above(10)
    const text = written()
    expect(text).not.to.include('canary')
    for (const canary of canaries) if (canary.length > 3) expect(text).not.to.include(canary)
    const names = new Set(spans.all().flatMap(({ attributes }) => Object.keys(attributes)))
    expect([...names]).to.have.members(['session_hub.operation', 'session_hub.site', 'error.type'])
  })

  it('go with the back-channel, and never to a browser or on from one', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await ada.ask(`${shop}/sign-in`, {
      method: 'POST',
      body: { name: 'ada' },
      headers: { 'content-type': 'application/json', traceparent },
    })
    await ada.sync(shop)
    await ada.ask(`${world.hub.origin}/frame?site=${shop}&nonce=${'n'.repeat(43)}`, {
      headers: { traceparent },
    })

    const backchannel = heard.filter(
      ({ path }) => path.startsWith('/backchannel/') && path !== '/backchannel/events',
    )
    expect(backchannel).not.to.deep.equal([])
    for (const { traceparent: sent } of backchannel)
      expect(sent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(answered.filter((name) => /trace|baggage/i.test(name))).to.deep.equal([])
    for (const span of spans.all()) expect(span.spanContext().traceId).not.to.equal('a'.repeat(32))
  })

  const readAs = (token: string, traceparent: string) =>
    send(`${world.hub.origin}/backchannel/read`, {
      method: 'POST',
      body: { handle: 'h'.repeat(43) },
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, traceparent },
    })

  it('are not joined by a stranger on the back-channel, and are by a site', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await readAs('stranger', traceparent)
    expect(spans.all()).to.deep.equal([])

    await readAs(siteToken(world, world.siteOf('shop')), traceparent)
    const [span] = spans.all().filter(({ kind }) => kind === SpanKind.SERVER)
    expect(span?.spanContext().traceId).to.equal('a'.repeat(32))
  })

  const malformed = {
    'of another form': 'canary',
    'with a trace of zeros': `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    'with a span of zeros': `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`,
    'with more behind it': `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01-canary`,
    'of another version': `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  }
  for (const [what, traceparent] of Object.entries(malformed)) {
    it(`begin anew at a traceparent ${what}`, async () => {
      await readAs(siteToken(world, world.siteOf('shop')), traceparent)

      const [span] = spans.all().filter(({ kind }) => kind === SpanKind.SERVER)
      expect(span?.parentSpanContext).to.equal(undefined)
    })
  }
})
