/** `session-hub/hub/metrics`: what a hub counts, and that dashboard, alerts and documentation know just that. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { expect } from 'chai'
import { Registry } from 'prom-client'
import { createHub, generateHubKeys, memoryStore } from 'session-hub/hub'
import { type HubMetrics, hubMetrics } from 'session-hub/hub/metrics'
import { parse } from 'yaml'

import { errorCodes } from '../../sdk/protocol/errors.js'
import { listenTo } from '../support/event-source.js'
import { expectOptionFault } from '../support/option-fault.js'
import { siteToken } from '../support/forge.js'
import { root } from '../support/titles.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const text = (name: string) => readFileSync(join(root, name), 'utf8')

describe('the metrics of a hub', () => {
  let metrics: HubMetrics
  let world: World
  let shop: string

  beforeEach(async () => {
    metrics = hubMetrics({ registry: new Registry() })
    world = await startWorld({ sites: ['shop', 'travel'], hub: { metrics } })
    shop = world.siteOf('shop').origin
  })
  afterEach(() => world.close())

  const valueOf = async (name: string, labels: Record<string, string> = {}) => {
    const found = (await metrics.registry.getMetricsAsJSON()).find((metric) => metric.name === name)
    const values = (found?.values ?? []) as { value: number; metricName?: string; labels: object }[]
    return values
      .filter(({ metricName }) => metricName === undefined || metricName === `${name}_count`)
      .filter(({ labels: own }) =>
        Object.entries(labels).every(([label, value]) => String(Reflect.get(own, label)) === value),
      )
      .reduce((sum, { value }) => sum + value, 0)
  }

  it('count a session that goes from one site to another: requests, outcomes, the redemption, the store', async () => {
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.sync(shop)
    await visitor.sync(world.siteOf('travel').origin)
    expect(await visitor.whoami(world.siteOf('travel').origin)).to.include({ subject: 'ada' })

    expect(
      await valueOf('session_hub_request_duration_seconds', { route: 'sign-in', status: '200' }),
    ).to.equal(1)
    expect(await valueOf('session_hub_request_duration_seconds', { route: 'frame', status: '200' })).to.equal(
      2,
    )
    expect(await valueOf('session_hub_syncs_total', { rung: 'frame', outcome: 'offer' })).to.equal(1)
    expect(await valueOf('session_hub_syncs_total', { rung: 'frame', outcome: 'replace' })).to.equal(1)
    expect(await valueOf('session_hub_redemptions_total', { result: 'redeemed' })).to.equal(1)
    expect(await valueOf('session_hub_store_duration_seconds', { method: 'transact' })).to.be.at.least(2)
    expect(await valueOf('session_hub_store_failures_total')).to.equal(0)
  })

  it('count the outcomes of links and of redirects as rungs of their own, those that fail too', async () => {
    const travel = world.siteOf('travel').origin
    const of = (rung: string, outcome: string) => valueOf('session_hub_syncs_total', { rung, outcome })
    for (const { origin, registration } of Object.values(world.sites))
      world.register({ ...registration, sisters: [shop, travel].filter((site) => site !== origin) })
    const visitor = new Visitor(world.hub.origin)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.follow(shop, `${travel}/whoami`)
    expect(await visitor.whoami(travel)).to.include({ subject: 'ada' })
    expect([await of('link', 'replace'), await of('link', 'failed')]).to.deep.equal([1, 0])

    world.unregister(travel)
    await visitor.post(shop, '/session-hub/link', { to: travel })
    expect(await of('link', 'failed')).to.equal(1)
    world.register(world.siteOf('travel').registration)

    const stranger = new Visitor(world.hub.origin)
    await stranger.redirect(shop)
    expect(await of('redirect', 'none')).to.be.at.least(1)
    await visitor.post(shop, '/session-hub/link', { to: travel })
    expect(await of('link', 'replace')).to.equal(2)
  })

  it('count each refusal by its code, also beyond what the log says, and no word of a stranger’s', async () => {
    for (let at = 0; at < 25; at += 1)
      await send(`${world.hub.origin}/frame?site=https://stranger-${at}.example&nonce=${'n'.repeat(43)}`, {
        headers: { 'sec-fetch-dest': 'iframe' },
      })
    await send(`${world.hub.origin}/backchannel/stranger`, { method: 'POST' })
    expect(await valueOf('session_hub_refusals_total', { code: 'site_unknown' })).to.equal(25)
    expect(await valueOf('session_hub_request_duration_seconds', { route: 'other' })).to.equal(1)
    expect(await metrics.registry.metrics()).to.not.include('stranger')
  })

  it('count open streams, and a store that fails', async () => {
    const own = { origin: shop, keys: world.siteOf('shop').keys }
    const authorization = `Bearer ${siteToken(world, own)}`
    const stream = await listenTo(`${world.hub.origin}/backchannel/events`, { authorization })
    await stream.heard('hello')
    expect(await valueOf('session_hub_event_streams')).to.equal(1)
    stream.close()

    const broken = memoryStore()
    broken.ping = () => Promise.reject(new Error('gone'))
    const counted = hubMetrics({ registry: new Registry() })
    const hub = await createHub({
      origin: 'https://hub.example',
      keys: generateHubKeys(),
      store: broken,
      metrics: counted,
    })
    const server = createServer(
      hub.listener((req, res) => void hub.router(req as never, res as never, () => res.end())),
    )
    const at = await listening(server)
    expect((await send(`${at}/readyz`)).status).to.equal(503)
    const said = await counted.registry.metrics()
    await hub.close()
    server.close()
    server.closeAllConnections()
    expect(said).to.include('session_hub_store_failures_total{method="ping"} 1')
  })

  it('count the live sessions of the whole store: once, however often they are read', async () => {
    const { origin } = world.siteOf('travel')
    for (const name of ['ada', 'bob']) {
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(shop, '/sign-in', { name })
      if (name === 'bob') await visitor.post(shop, '/sign-out', {})
      else await visitor.sync(origin)
    }
    for (let times = 0; times < 3; times += 1) expect(await valueOf('session_hub_live_sessions')).to.equal(1)
    expect(await valueOf('session_hub_store_duration_seconds', { method: 'countLive' })).to.equal(1)
  })

  it('say nothing of live sessions while the store does not answer, or cannot count them', async () => {
    const away = Object.assign(memoryStore(), { countLive: () => Promise.reject(new Error('gone')) })
    for (const store of [away, Object.assign(memoryStore(), { countLive: undefined })]) {
      const counted = hubMetrics({ registry: new Registry() })
      const hub = await createHub({
        origin: 'https://hub.example',
        keys: generateHubKeys(),
        store,
        metrics: counted,
      })
      const said = await counted.registry.metrics()
      await hub.close()
      expect(said).to.include('# TYPE session_hub_live_sessions gauge')
      expect(said).to.not.match(/^session_hub_live_sessions /m)
    }
  })

  it('are read at /metrics, and nothing else is there', async () => {
    const server = createServer(hubMetrics().listener)
    const at = await listening(server)
    const answer = await send(`${at}/metrics`)
    expect(answer.status).to.equal(200)
    expect(answer.headers['content-type']).to.include('text/plain')
    for (const name of ['session_hub_syncs_total', 'nodejs_eventloop_lag_p99_seconds'])
      expect(answer.text).to.include(`# TYPE ${name} `)
    expect((await send(`${at}/`)).status).to.equal(404)
    expect((await send(`${at}/metrics`, { method: 'POST' })).status).to.equal(404)
    server.close()
    server.closeAllConnections()
  })

  it('are refused where they are something else', async () => {
    await expectOptionFault(
      () => Promise.resolve().then(() => hubMetrics({ registry: {} as never })),
      ['registry'],
    )
    const options = { origin: 'https://hub.example', keys: generateHubKeys(), store: memoryStore() }
    await expectOptionFault(() => createHub({ ...options, metrics: {} as never }), ['metrics'])
  })

  describe('the files for those who watch', () => {
    const names = async () => (await hubMetrics().registry.getMetricsAsJSON()).map(({ name }) => name)
    /** Without what a histogram adds to its name. */
    const usedIn = (file: string) => [
      ...new Set(
        [...text(file).matchAll(/\b(session_hub_\w+|nodejs_\w+)/g)].map(([, name]) =>
          name!.replace(/_(bucket|sum|count)$/, ''),
        ),
      ),
    ]

    for (const file of ['ops/grafana-dashboard.json', 'ops/alerts.yml', 'docs/metrics.md'])
      it(`${file} names only metrics that there are`, async () => {
        expect(usedIn(file)).to.have.length.above(3)
        expect(await names()).to.include.members(usedIn(file))
      })

    it('the documentation lists each metric, and has a place for each alert', async () => {
      const own = (await names()).filter((name) => name.startsWith('session_hub_'))
      expect(own).to.have.length(8)
      expect(usedIn('docs/metrics.md')).to.include.members(own)
      const alerts = [...text('ops/alerts.yml').matchAll(/- alert: (\w+)[^]*?runbook_url: \S+#(\S+)/g)]
      expect(alerts).to.have.length.above(4)
      const headings = [...text('docs/metrics.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
      expect(alerts.map(([, name]) => name)).to.have.members(headings)
      for (const [, name, anchor] of alerts) expect(anchor).to.equal(name!.toLowerCase())
    })

    it('alerts and dashboard name only labels that their metrics have, and only codes and results that there are', async () => {
      const registry = hubMetrics().registry
      const labelsOf = (name: string) => {
        const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] }
        // Prometheus adds the last one itself.
        return [...labelNames, 'le', 'instance']
      }
      const values: Record<string, readonly string[]> = {
        code: errorCodes,
        result: ['redeemed', 'refused'],
      }
      const rules = parse(text('ops/alerts.yml')) as {
        groups: { rules: { alert: string; expr: string; for: string }[] }[]
      }
      const alerts = rules.groups.flatMap((group) => group.rules)
      for (const { alert, for: time } of alerts) expect(time, alert).to.match(/^\d+m$/)
      const { panels } = JSON.parse(text('ops/grafana-dashboard.json')) as {
        panels: { targets: { expr: string }[] }[]
      }
      const shown = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
      let looked = 0
      for (const expr of [...alerts.map((rule) => rule.expr), ...shown]) {
        const [first = ''] = /\b(session_hub_\w+)/.exec(expr) ?? []
        const own = first === '' ? [] : labelsOf(first.replace(/_(bucket|sum|count)$/, ''))
        for (const [, by = ''] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
          if (own.length > 0) expect(own, expr).to.include.members(by.split(/, */))
          looked += 1
        }
        for (const [, label = '', given = ''] of expr.matchAll(/[{,] *(\w+)=~?"([^"]*)"/g)) {
          expect(own, expr).to.include(label)
          if (values[label]) expect(values[label], expr).to.include.members(given.split('|'))
          looked += 1
        }
      }
      expect(looked).to.be.above(8)
    })

    it('the dashboard is JSON, and each panel asks for something', () => {
      const { panels } = JSON.parse(text('ops/grafana-dashboard.json')) as {
        panels: { title: string; targets: { expr: string }[] }[]
      }
      expect(panels).to.have.length.above(6)
      for (const { title, targets } of panels)
        for (const { expr } of targets) expect(expr, title).to.match(/session_hub_|nodejs_|process_/)
    })
  })
})

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
